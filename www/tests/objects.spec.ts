/** Detected objects: ellipses on the stars, arrows to the catalog, the zero point, and what hinders them. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Locator, Page } from "@playwright/test";
import { expect, openBench, settled, step, test as mocked } from "./bench";
import { Folder, keepsTheRules, test } from "./command";

const panel = (page: Page): Locator => page.getByRole("group", { name: "Detected objects" });
const checkbox = (page: Page): Locator => panel(page).getByRole("checkbox", { name: "detected objects" });
const ellipses = (page: Page): Locator => page.locator(".overlay-objects ellipse");

async function look(page: Page): Promise<void> {
  await step(page, "photometry").click();
  await checkbox(page).check();
  await expect(panel(page)).toContainText(/objects on \d amplifiers|\d objects,/, { timeout: 30_000 });
}

type Place = { x: number; y: number };

/** Middles of marks on the screen. */
const middles = (marks: Locator): Promise<Place[]> =>
  marks.evaluateAll((all) => all.map((one) => ({ x: Number(one.getAttribute("cx")), y: Number(one.getAttribute("cy")) })));

const nearest = (from: Place, to: Place[]): number => Math.min(...to.map(({ x, y }) => Math.hypot(x - from.x, y - from.y)));

test("ellipses lie on the stars of the truth, on every amplifier", async ({ page }) => {
  await expect(ellipses(page)).toHaveCount(0);
  await look(page);
  // The circles are where the true map of the simulation has the stars of its catalog.
  const [found, stars] = [await middles(ellipses(page)), await middles(page.locator(".overlay-apertures circle"))];
  expect(found.length).toBeGreaterThan(40);
  const middle = await page.locator(".stage-box").evaluate((box) => ({ x: box.clientWidth / 2, y: box.clientHeight / 2 }));
  for (const [left, below] of [[true, true], [true, false], [false, true], [false, false]]) {
    const here = found.filter(({ x, y }) => x < middle.x === left && y > middle.y === below);
    const onStars = here.filter((one) => nearest(one, stars) < 1);
    expect(here.length, "objects of an amplifier").toBeGreaterThan(7);
    expect(onStars.length / here.length, "share of them on stars").toBeGreaterThan(0.55);
  }
  // The marks come before the search, where the stars tell how wide they are.
  const rays = await panel(page).locator("tbody tr").locator("td:nth-of-type(1)").allInnerTexts();
  expect(rays.slice(0, 4).filter((cell) => Number(cell) > 0).length, "amplifiers with cosmic rays").toBeGreaterThan(1);
  // What has flags is dashed, whatever its color.
  const flagged = page.locator(".overlay-objects ellipse.flagged").first();
  await expect(flagged).toHaveCSS("stroke-dasharray", /\d/);
  await expect(page.locator(".overlay-objects ellipse:not(.flagged)").first()).toHaveCSS("stroke-dasharray", "none");
  await checkbox(page).uncheck();
  await expect(ellipses(page)).toHaveCount(0);
});

test("residuals are arrows with a bar, and told in numbers", async ({ page }) => {
  await look(page);
  const words = panel(page).getByText(/stars of the catalog are matched/);
  const [, matched, of, east, north, factor] =
    /^([\d,]+) of ([\d,]+) stars .* rms ([\d.]+)″ east and ([\d.]+)″ north.* ([\d,]+) times/.exec(await words.innerText()) ?? [];
  expect(Number(matched)).toBeGreaterThan(30);
  expect(Number(of)).toBeGreaterThanOrEqual(Number(matched));
  for (const rms of [east, north]) expect(Number(rms)).toBeLessThan(0.4);
  await expect(page.locator(".overlay-arrows")).toHaveAttribute("data-arrows", String(matched));
  const bar = page.locator(".overlay-bar text");
  await expect(bar).toHaveText(new RegExp(`″ of residual, drawn × ${(factor ?? "").replace(",", "")}$`));
  // Nearer, residuals are larger on the screen, and the arrows need less of a factor.
  const before = await bar.textContent();
  await page.locator("#viewer").press("+");
  await page.locator("#viewer").press("+");
  await page.locator("#viewer").press("+");
  await expect(bar).not.toHaveText(before ?? "");
});

test("the zero point is that of the simulation, with its plot", async ({ page }) => {
  await look(page);
  await panel(page).getByRole("button", { name: "Plot of the zero point" }).click();
  const summary = page.locator(".plot-words p").first();
  await expect(summary).toContainText("Zero point");
  const [, zero, rms] = /Zero point ([\d.]+) .* rms ([\d.]+) mag/.exec(await summary.innerText()) ?? [];
  // Magnitude 26.3 gives 1 DN before the flat takes the median response of the detector out of it.
  expect(Math.abs(Number(zero) - 26.3)).toBeLessThan(0.08);
  expect(Number(rms)).toBeLessThan(0.1);
  await expect(page.getByRole("img", { name: /Zero point against magnitude/ })).toBeVisible();
  await expect(page.locator(".legend")).toContainText("left out");
  await page.getByRole("button", { name: "table", exact: true }).click();
  await expect(page.getByRole("region", { name: /Numbers of Zero point/ }).locator("tbody tr").first()).toBeVisible();
});

test("a change of the recipe brings the objects of the new image", async ({ page }) => {
  await look(page);
  const before = await panel(page).getByRole("status").first().innerText();
  const overscan = page.locator('.rail-item[data-stage="flat"] input[type="checkbox"]');
  await overscan.uncheck();
  await settled(page, 60_000);
  await expect(panel(page).getByRole("status").first()).not.toHaveText(before);
  await expect(ellipses(page)).not.toHaveCount(0);
});

test("keys reach everything, and the object under the cursor is told", async ({ page }) => {
  await step(page, "photometry").click();
  await checkbox(page).focus();
  await page.keyboard.press("Space");
  const rows = panel(page).getByRole("region", { name: "Objects by brightness" }).getByRole("button");
  await rows.first().focus();
  await page.keyboard.press("Enter");
  await expect(rows.first()).toHaveAttribute("aria-pressed", "true");
  const facts = panel(page).getByLabel("Object under the cursor");
  await expect(facts).toContainText(/flux\s*[\d]+ ± \d+ DN/);
  await expect(facts).toContainText(/FWHM\s*(\d\.\d+ pixels|not measured)/);
  await expect(page.locator(".overlay-objects ellipse.chosen")).toHaveCount(1);
  // The cursor leaves it by keys.
  for (let i = 0; i < 3; i += 1) await page.locator("#viewer").press("Shift+ArrowRight");
  await expect(rows.first()).toHaveAttribute("aria-pressed", "false");
});

for (const [name, width, height] of [["desk", 1440, 900], ["narrowest", 320, 640]] as const)
  for (const colorScheme of ["light", "dark"] as const)
    test(`the panel keeps the rules: ${name}, ${colorScheme}`, async ({ page }) => {
      await page.setViewportSize({ width, height });
      await page.emulateMedia({ colorScheme });
      await look(page);
      await keepsTheRules(page);
      const parts = await panel(page).locator("> *").all();
      let end = -Infinity;
      for (const part of parts) {
        const box = await part.boundingBox();
        if (!box) continue;
        expect(box.y, "top of a part of the panel").toBeGreaterThanOrEqual(end - 0.5);
        expect(box.x + box.width).toBeLessThanOrEqual(width);
        end = box.y + box.height;
      }
      await panel(page).getByRole("button", { name: "Plot of the zero point" }).click();
      await expect(page.locator(".plot-words")).toContainText("Zero point");
      await keepsTheRules(page);
    });

/** A FITS image of some stars on noise, without a word on where it lies. */
function stars(side: number): Buffer {
  const number = (key: string, value: number): string => `${key.padEnd(8)}= ${String(value).padStart(20)}`;
  const lines = ["SIMPLE  =                    T", number("BITPIX", -32), number("NAXIS", 2), number("NAXIS1", side), number("NAXIS2", side), "END"];
  const data = Buffer.alloc(4 * side * side);
  let state = 12345;
  const noise = (): number => (state = (state * 1103515245 + 12345) % 2 ** 31) / 2 ** 31 - 0.5;
  for (let y = 0; y < side; y += 1)
    for (let x = 0; x < side; x += 1) {
      const [dx, dy] = [(x % 40) - 20, (y % 40) - 20];
      data.writeFloatBE(100 + 10 * noise() + 900 * Math.exp(-(dx * dx + dy * dy) / 4.5), 4 * (y * side + x));
    }
  const padded = (part: Buffer, fill: string): Buffer =>
    Buffer.concat([part, Buffer.alloc((2880 - (part.length % 2880)) % 2880, fill)]);
  return Buffer.concat([padded(Buffer.from(lines.map((line) => line.padEnd(80)).join("")), " "), padded(data, "\0")]);
}

test("an image without a catalog shows its objects, and says what the match lacks", async ({ page }) => {
  const folder = new Folder();
  writeFileSync(join(folder.path, "field.fits"), stars(200));
  await folder.choose(page, ["field.fits"]);
  await expect(page.locator(".exposure-name")).toContainText("field.fits", { timeout: 20_000 });
  await settled(page, 30_000);
  await look(page);
  await expect(panel(page)).toContainText("25 objects");
  await expect(ellipses(page)).toHaveCount(25);
  await expect(panel(page).locator(".note")).toContainText("There is no catalogue to match with");
  await expect(page.locator(".overlay-arrows")).toHaveCount(0);
  await panel(page).getByRole("button", { name: "Plot of the zero point" }).click();
  await expect(page.locator(".plot-none")).toContainText("There is no catalogue");
  folder.remove();
});

mocked("the search can be stopped, and then nothing is shown", async ({ page }) => {
  await page.goto("./?engine=mock&delay=400");
  await page.locator("canvas[data-drawn]").waitFor({ timeout: 20_000 });
  await settled(page);
  await step(page, "photometry").click();
  await checkbox(page).check();
  await page.locator(".status-bar").getByRole("button", { name: /stop/ }).click();
  await expect(checkbox(page)).not.toBeChecked();
  await expect(page.locator(".status-bar")).toContainText("stopped");
  await expect(ellipses(page)).toHaveCount(0);
});

mocked("nothing of it is loaded before it is asked for", async ({ page }) => {
  const asked: string[] = [];
  page.on("request", (request) => asked.push(request.url()));
  await openBench(page);
  await settled(page);
  expect(asked.filter((address) => /ObjectMarks|search-/.test(address))).toEqual([]);
  await step(page, "photometry").click();
  await checkbox(page).check();
  await expect(ellipses(page)).not.toHaveCount(0);
  expect(asked.filter((address) => /ObjectMarks/.test(address))).not.toEqual([]);
});
