/** The measurements of `cargo xtask bench`: the tests' browser and server, nothing beside them. */

import { defineConfig } from "@playwright/test";
import tests from "./playwright.config";

export default defineConfig({ ...tests, testDir: "bench", retries: 0, reporter: "line" });
