/** Opening and closing again and again, on the real engine. */

import type { Page } from "@playwright/test";
import { expect, settled } from "./bench";
import { reduced, test } from "./engine";

const CYCLES = 20;

/** Memory of the engine (MB), as the status line tells it. */
async function memory(page: Page): Promise<number> {
  // It is told when the picture is up.
  await expect(page.locator(".status-bar")).toContainText(/memory [\d.]+ MB/);
  const text = await page.locator(".status-bar").innerText();
  return Number(/memory ([\d.]+) MB/.exec(text)?.[1]);
}

test("twenty exposures one after the other take no more memory than three", async ({ page }) => {
  test.setTimeout(300_000);
  // The one that asks the engine for pixels; left to itself the page may take it up after the third.
  await page.goto("./?raster=gl2");
  await expect(page.locator(".status-bar")).toContainText("drawn by GPU");
  await reduced(page);
  let third = NaN;
  for (let seed = 2; seed < 2 + CYCLES; seed++) {
    await page.getByRole("button", { name: "Open", exact: true }).click();
    await page.getByRole("spinbutton", { name: "seed" }).fill(String(seed));
    await page.getByRole("button", { name: "Simulate", exact: true }).click();
    await settled(page, 60_000);
    if (seed === 4) third = await memory(page);
  }
  expect(third).toBeGreaterThan(20);
  // One exposure that is not let go takes more than half of what three in a row need.
  expect(await memory(page)).toBeLessThan(1.2 * third);
});
