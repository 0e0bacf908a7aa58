/** The focal plane: several detectors at their places, from files and simulated. */

import { existsSync } from "node:fs";
import type { Page } from "@playwright/test";
import { expect } from "./bench";
import { Folder, hasCommand, keepsTheRules, NO_COMMAND, reduceNight, test } from "./command";

const detector = (page: Page, number: number) =>
  page.locator(".mosaic-picture").getByRole("button", { name: new RegExp(`^Detector ${number},`) });
const rows = (page: Page) => page.locator(".mosaic-levels tbody tr");

/** Waits until every amplifier of so many detectors was read, and the picture shows it. */
async function read(page: Page, detectors: number): Promise<void> {
  await expect(page.locator(".mosaic-head [role=status]")).toContainText(`${detectors} detectors read`, {
    timeout: 30_000,
  });
  await expect(page.locator(".mosaic-picture canvas[data-drawn]")).toBeVisible();
}

/** Medians of a row of the table (DN). */
async function medians(page: Page, row: number): Promise<number[]> {
  const cells = await rows(page).nth(row).locator("td").allInnerTexts();
  return cells.slice(0, -1).map((text) => Number.parseFloat(text.replaceAll(",", "")));
}

/** How many different colors the picture has. */
function colors(page: Page): Promise<number> {
  return page.locator(".mosaic-picture canvas").evaluate((element) => {
    const canvas = element as HTMLCanvasElement;
    const pixels = canvas.getContext("2d")?.getImageData(0, 0, canvas.width, canvas.height).data ?? [];
    const seen = new Set<number>();
    for (let at = 0; at < pixels.length; at += 4) seen.add((pixels[at] ?? 0) + 256 * (pixels[at + 3] ?? 0));
    return seen.size;
  });
}

test.describe("a simulated focal plane", () => {
  test.beforeEach(async ({ page }) => {
    await page.getByRole("button", { name: "Focal plane" }).click();
    await read(page, 2);
  });

  test("shows both detectors with the level of every amplifier", async ({ page }) => {
    await expect(rows(page)).toHaveCount(2);
    for (const row of [0, 1]) {
      const found = await medians(page, row);
      expect(found).toHaveLength(4);
      for (const median of found) expect(median).toBeGreaterThan(50);
    }
    await expect.poll(() => colors(page)).toBeGreaterThan(20);
    // The camera has detector 2 at the left.
    const [one, two] = await Promise.all([detector(page, 1).boundingBox(), detector(page, 2).boundingBox()]);
    expect(two?.x ?? 0).toBeLessThan(one?.x ?? 0);
  });

  test("tells the value under the pointer: close by that of the pixel itself", async ({ page }) => {
    await detector(page, 1).hover({ position: { x: 60, y: 60 } });
    await expect(page.locator(".mosaic-value")).toContainText(/detector 1 amplifier 3 .* DN/);
    await expect(page.locator(".mosaic-value")).not.toContainText("mean of");
  });

  test("opens a detector on the bench with Enter, and comes back as it was", async ({ page }) => {
    const before = await medians(page, 1);
    await detector(page, 2).focus();
    await page.keyboard.press("Enter");
    await expect(page.locator(".exposure-name")).toContainText("d02", { timeout: 20_000 });
    await expect(page.locator('[data-stage="split"] .rail-state')).toContainText("✓");
    await page.getByRole("button", { name: "Back to the focal plane" }).click();
    await read(page, 2);
    expect(await medians(page, 1)).toEqual(before);
    await page.getByRole("button", { name: "Back to the bench" }).click();
    await expect(page.locator(".exposure-name")).toContainText("d02");
  });

  test("is moved and zoomed with keys, wheel and drag; a drag opens nothing", async ({ page }) => {
    const zoom = page.locator(".mosaic .zoom-value");
    const fit = await zoom.innerText();
    await page.keyboard.press("+");
    await expect(zoom).not.toHaveText(fit);
    await page.keyboard.press("0");
    await expect(zoom).toHaveText(fit);
    const box = await detector(page, 1).boundingBox();
    const [x, y] = [(box?.x ?? 0) + 80, (box?.y ?? 0) + 80];
    await page.mouse.move(x, y);
    await page.mouse.down();
    await page.mouse.move(x - 50, y + 30, { steps: 4 });
    await page.mouse.up();
    await expect.poll(async () => Math.round((await detector(page, 1).boundingBox())?.x ?? 0)).toBe(
      Math.round((box?.x ?? 0) - 50),
    );
    await expect(page.locator(".mosaic")).toBeVisible();
    await page.mouse.wheel(0, -200);
    await expect(zoom).not.toHaveText(fit);
  });

  test("keeps the rules of accessibility, wide, narrow and dark", async ({ page }) => {
    await keepsTheRules(page);
    await page.emulateMedia({ colorScheme: "dark" });
    await page.setViewportSize({ width: 390, height: 844 });
    await keepsTheRules(page);
  });
});

test.describe("dropped files", () => {
  test.skip(!hasCommand, NO_COMMAND);
  let folder: Folder;

  test.beforeAll(() => {
    folder = new Folder();
    folder.run("simulate --camera toy --ccds 1,2 --out toy --biases 3 --flats 2 --exposures 1 --seed 4");
    reduceNight(folder);
  });

  test.afterAll(() => folder.remove());

  test("of several detectors become a focal plane, and each opens with what belongs to it", async ({ page }) => {
    const raws = folder.files("toy/raw");
    expect(raws.every((name) => existsSync(`${folder.path}/${name}`))).toBe(true);
    await folder.choose(page, raws);
    await read(page, 2);
    await expect(page.locator(".mosaic-head")).toContainText("camera toy");
    await detector(page, 1).click();
    await expect(page.locator(".exposure-name")).toContainText("d01", { timeout: 20_000 });
    // The biases of the detector were dropped with it and are stacked.
    await expect(page.locator('[data-stage="bias"] .rail-state')).toContainText("✓");
    await page.getByRole("button", { name: "Back to the focal plane" }).click();
    await page.getByRole("button", { name: "Open detector 2 on the bench" }).click();
    await expect(page.locator(".exposure-name")).toContainText("d02", { timeout: 20_000 });
  });

  test("that are the science images of one detector lie side by side", async ({ page }) => {
    const images = folder.files("out").filter((name) => name.includes("sciimg"));
    expect(images).toHaveLength(4);
    await folder.choose(page, images);
    await expect(page.locator(".mosaic-head [role=status]")).toContainText("1 detector", { timeout: 30_000 });
    for (const median of await medians(page, 0)) expect(median).toBeGreaterThan(0);
    await detector(page, 1).click({ position: { x: 40, y: 40 } });
    await expect(page.locator(".exposure-name")).toContainText("_q", { timeout: 20_000 });
    await expect(page.locator(".badge")).toHaveText("image");
  });

  test("of one detector open on the bench at once", async ({ page }) => {
    const raws = folder.files("toy/raw").filter((name) => name.includes("-d02-"));
    await folder.choose(page, raws);
    await expect(page.locator(".exposure-name")).toContainText("d02", { timeout: 20_000 });
    await expect(page.getByRole("button", { name: "Focal plane" })).toBeVisible();
  });
});
