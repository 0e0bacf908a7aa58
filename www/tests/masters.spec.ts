/** The frames of the masters: what the clip does to the values of one pixel. */

import type { Page } from "@playwright/test";
import { expect, picture, test as mockTest } from "./bench";
import { exported, Folder, hasCommand, keepsTheRules, NO_COMMAND, reduceNight, test } from "./command";

const words = (page: Page) => page.locator(".masters-words");
const passes = (page: Page) => words(page).getByRole("table", { name: "Passes of the clip (DN)" }).locator("tbody tr");
const values = (page: Page) => words(page).getByRole("table", { name: "Values of the frames" }).locator("tbody tr");

const openMasters = (page: Page): Promise<void> => page.getByRole("tab", { name: "masters" }).click();

mockTest("a value that the clip cuts is marked and named with its pass, a pixel without one has none", async ({ bench }) => {
  await openMasters(bench);
  // Every fifth pixel of the invented biases has been hit in frame 5.
  await expect(values(bench).nth(4)).toContainText("cut in pass 1");
  await expect(values(bench).filter({ hasText: "kept" })).toHaveCount(11);
  await expect(passes(bench)).toHaveCount(2);
  await expect(words(bench)).toContainText("11 of 12 values kept, 1 cut in 2 passes at 3 σ. Their median: 1.00 DN.");
  await expect(words(bench).getByRole("list", { name: "Lines" })).toContainText("cut");
  await expect(bench.getByRole("img", { name: /11 of 12 values kept/ })).toBeVisible();
  await bench.getByRole("button", { name: "One pixel right" }).click();
  await expect(words(bench)).toContainText("12 of 12 values kept");
  await expect(words(bench).getByRole("list", { name: "Lines" })).not.toContainText("cut");
  const waiting = bench.waitForEvent("download");
  await words(bench).getByRole("button", { name: "CSV file of the values" }).click();
  expect((await waiting).suggestedFilename()).toBe("stack.csv");
});

/** The number before a unit in a text. */
function before(text: string, unit: string): number {
  const found = new RegExp(`([−\\d.]+) ${unit}`).exec(text)?.[1] ?? "NaN";
  return Number(found.replace("−", "-"));
}

test("the simulated exposure's own biases and flats give the masters that are used", async ({ page }) => {
  await openMasters(page);
  await expect(values(page)).toHaveCount(10);
  await expect(words(page).getByText("The master bias here")).toBeVisible();
  const merged = before(await words(page).getByText("values kept").innerText(), "DN");
  expect(merged).toBe(before(await words(page).getByText("The master bias here").innerText(), "DN"));
  // The same number is subtracted in the arithmetic of the pixel.
  const bias = page.locator(".pixel-table tr", { hasText: "Bias" }).locator(".arithmetic");
  await expect(bias).toContainText(`− ${merged.toFixed(2)}`);
  await words(page).getByLabel("stack").selectOption({ label: "flats of lamp 3: 5 frames" });
  await expect(values(page)).toHaveCount(5);
  const flat = before(await words(page).getByText("The master flat here").innerText(), "relative");
  const divided = page.locator(".pixel-table tr", { hasText: "Flat field" }).locator(".arithmetic");
  await expect(divided).toContainText(`/ ${flat.toFixed(4).slice(0, 5)}`);
  await keepsTheRules(page);
});

test("a master is shown in the picture with its own unit, and a link shows the last stage instead", async ({ page }) => {
  await openMasters(page);
  await words(page).getByLabel("stack").selectOption({ label: "flats of lamp 3: 5 frames" });
  await words(page).getByRole("button", { name: "Show the master flat in the picture" }).click();
  await expect(page.locator("canvas[data-drawn='master flat single']")).toBeVisible();
  const low = page.locator(".cut-typed").first();
  await expect(low).toContainText("relative");
  await expect(async () => expect(Number(await low.locator("input").inputValue())).toBeLessThan(1.1)).toPass();
  // Files are written by another module, in which the exposure is made again.
  const before = await picture(page);
  await exported(page, "Recipe");
  await page.getByRole("combobox", { name: "colors" }).selectOption("viridis");
  await expect.poll(() => picture(page)).not.toBe(before);
  await page.getByRole("combobox", { name: "colors" }).selectOption("grey");
  await expect.poll(() => picture(page)).toBe(before);
  await page.getByRole("button", { name: "Share" }).click();
  const field = page.getByRole("textbox", { name: "link" });
  await expect(field).toHaveValue(/#s=/);
  const link = await field.inputValue();
  await page.goto("about:blank");
  await page.goto(link);
  await expect(page.locator("canvas[data-drawn='split single']")).toBeVisible();
});

test.describe("dropped frames", () => {
  test.skip(!hasCommand, NO_COMMAND);
  let folder: Folder;

  test.beforeAll(() => {
    folder = new Folder();
    reduceNight(folder);
  });

  test.afterAll(() => folder.remove());

  test("are followed when they were stacked on the spot, and finished masters have none", async ({ page }) => {
    const raws = folder.files("night/raw");
    const science = raws.filter((name) => name.endsWith("_o.fits.fz"));
    const biases = raws.filter((name) => name.endsWith("_b.fits.fz"));
    await folder.choose(page, [...science, ...biases]);
    await expect(page.locator(".badge")).toHaveCount(0, { timeout: 20_000 });
    await openMasters(page);
    await expect(words(page).getByLabel("stack").locator("option")).toHaveText(["biases: 5 frames"]);
    await page.getByRole("button", { name: "One pixel right" }).click();
    await expect(values(page)).toHaveCount(5);
    await expect(values(page).first()).toContainText("_b.fits.fz");
    await folder.choose(page, [...science, "bias.fits"]);
    await expect(page.getByRole("tab", { name: "masters" })).toHaveCount(0, { timeout: 20_000 });
    await expect(page.locator(".dock-panel")).toContainText("No master was made on the spot");
  });
});
