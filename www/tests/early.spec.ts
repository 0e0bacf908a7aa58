/** An exposure is seen before its masters are made; one that cannot be made is missing, and named. */

import type { Page } from "@playwright/test";
import { expect, settled } from "./bench";
import { exported } from "./engine";
import { Folder, hasCommand, NO_COMMAND, test } from "./command";

const facts = (page: Page, stage: string) => page.locator(`.rail-item[data-stage="${stage}"]`);

/** Notes what the rail said of the bias at the first picture of an exposure. */
function watch(): void {
  const seen = globalThis as unknown as { bias: string | null };
  seen.bias = null;
  new MutationObserver((changes) => {
    const isDrawn = changes.some(({ attributeName }) => attributeName === "data-drawn");
    if (isDrawn) seen.bias ??= document.querySelector('[data-stage="bias"]')?.textContent ?? "";
  }).observe(document, { subtree: true, attributes: true, attributeFilter: ["data-drawn"] });
}

const atFirst = (page: Page): Promise<string | null> =>
  page.evaluate(() => (globalThis as unknown as { bias: string | null }).bias);

test("the first picture does not wait for the masters", async ({ page }) => {
  await page.addInitScript(watch);
  await page.reload();
  await settled(page, 60_000);
  expect(await atFirst(page)).not.toContain("✓");
  await expect(facts(page, "bias")).toContainText("✓");
});

test.describe("dropped frames", () => {
  test.skip(!hasCommand, NO_COMMAND);
  let folder: Folder;

  test.beforeAll(() => {
    folder = new Folder();
    folder.run("simulate --camera teaching --out night --biases 3 --flats 2 --leds 3 --exposures 1 --seed 8");
  });

  test.afterAll(() => folder.remove());

  const ending = (end: string): string[] => folder.files("night/raw").filter((name) => name.endsWith(end));

  test("too few biases are named, and the exposure is reduced without them", async ({ page }) => {
    await folder.choose(page, [...ending("_o.fits.fz"), ...ending("_b.fits.fz").slice(0, 2)]);
    await expect(page.getByRole("alert")).toContainText("stacking 2 biases", { timeout: 20_000 });
    await expect(page.getByRole("alert")).toContainText("at least 3");
    await expect(page.locator("main.bench")).toHaveAttribute("aria-busy", "false", { timeout: 20_000 });
    await expect(page.locator(".exposure-name")).toContainText("_o.fits.fz");
    await expect(facts(page, "bias")).toContainText("skipped");
    await expect(facts(page, "split")).toContainText("✓");
    await expect(page.getByText(/Not found beside the exposure:.*master bias/)).toBeVisible();
  });

  test("what is taken away has its masters though their making was stopped", async ({ page }) => {
    test.setTimeout(180_000);
    const files = [..."ofb"].flatMap((role) => ending(`_${role}.fits.fz`));
    await folder.choose(page, files);
    await expect(page.locator(".badge")).toHaveCount(0);
    await page.getByText(/stacking \d (biases|flats)/).first().waitFor();
    await page.keyboard.press("Escape");
    await settled(page, 30_000);
    const early = await exported(page, "FITS");
    await page.reload();
    await settled(page, 60_000);
    await folder.choose(page, files);
    await expect(page.locator(".badge")).toHaveCount(0);
    await expect(facts(page, "split")).toContainText("✓", { timeout: 30_000 });
    await settled(page, 30_000);
    const late = await exported(page, "FITS");
    expect(early.bytes.equals(late.bytes)).toBe(true);
  });
});
