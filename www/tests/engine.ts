/** The page on the real engine, and the command beside it. */

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Page } from "@playwright/test";
import { expect, settled, test as base } from "./bench";

/** The command, built beside the page. */
export const RAWSKY = process.env["RAWSKY"] ?? resolve("../target/release/rawsky");

export const test = base.extend<{ page: Page }>({
  page: async ({ page, baseURL }, use) => {
    const wrong: string[] = [];
    page.on("request", (request) => {
      const address = request.url();
      if (!address.startsWith(baseURL ?? "") && !/^(blob|data):/.test(address)) wrong.push(address);
    });
    page.on("pageerror", (error) => wrong.push(error.message));
    page.on("console", (message) => message.type() === "error" && wrong.push(message.text()));
    await page.goto("./");
    await page.locator("canvas[data-drawn]").waitFor();
    // The first picture is there before the steps are done.
    await settled(page, 60_000);
    await use(page);
    expect(wrong, "requests to other places, or errors").toEqual([]);
  },
});

export async function rms(page: Page, stage: string): Promise<number> {
  const text = await page.locator(`[data-stage="${stage}"] .rail-rms`).innerText();
  return Number.parseFloat(text.replace(/[^\d.]/g, ""));
}

/** Waits until every step has been done. */
export async function reduced(page: Page, timeout = 30_000): Promise<void> {
  await expect(page.locator('[data-stage="split"] .rail-state')).toContainText(/\d m?s/, { timeout });
}

/** Runs the command in a folder. */
export function run(folder: string, line: string): void {
  execFileSync(RAWSKY, line.split(" "), { cwd: folder });
}

/** Chooses files as a person does; the same as dropping them. */
export async function choose(page: Page, paths: string[]): Promise<void> {
  await page.getByRole("button", { name: "Open", exact: true }).click();
  const [chooser] = await Promise.all([
    page.waitForEvent("filechooser"),
    page.getByRole("button", { name: "Choose files", exact: true }).click(),
  ]);
  await chooser.setFiles(paths);
}

export async function exported(page: Page, item: string): Promise<{ name: string; bytes: Buffer }> {
  const [download] = await Promise.all([
    page.waitForEvent("download", { timeout: 120_000 }),
    page
      .getByRole("button", { name: "Export" })
      .click()
      .then(() => page.locator("#export-menu button", { hasText: item }).first().click()),
  ]);
  return { name: download.suggestedFilename(), bytes: readFileSync(await download.path()) };
}
