import { defineConfig } from "@playwright/test";

/** Debian's browser; the tool's own download is not used. */
const CHROMIUM = process.env["CHROMIUM"] ?? "/usr/bin/chromium";
const PORT = 4174;

export default defineConfig({
  testDir: "tests",
  timeout: 60_000,
  expect: { timeout: 15_000 },
  workers: 1,
  forbidOnly: true,
  // A busy machine may hold a browser up for seconds; what passes only at the second try is listed as flaky.
  retries: 1,
  reporter: "list",
  use: {
    baseURL: `http://localhost:${PORT}/`,
    launchOptions: {
      executablePath: CHROMIUM,
      args: [
        "--no-sandbox",
        "--disable-dev-shm-usage",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--no-first-run",
        // WebGL2 in software: its pictures are compared with those of the engine.
        "--use-gl=angle",
        "--use-angle=swiftshader",
        "--enable-unsafe-swiftshader",
      ],
    },
    viewport: { width: 1440, height: 900 },
  },
  webServer: { command: `npx vite preview --port ${PORT} --strictPort`, port: PORT, reuseExistingServer: false },
});
