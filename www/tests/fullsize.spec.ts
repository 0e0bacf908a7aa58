/** A full-size exposure, Rice-compressed as the archive has them, on the real engine. */

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "@playwright/test";
import { expect, settled, step } from "./bench";
import { choose, exported, RAWSKY, reduced, run, test } from "./engine";

const SLOW = 120_000;

test.skip(!existsSync(RAWSKY), `needs the command at ${RAWSKY}: cargo build --release --package rawsky`);
let folder = "";

test.beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "rawsky-full-"));
  run(folder, "simulate --camera ztf --out night --biases 0 --flats 0 --leds 7 --exposures 1 --seed 3");
});

test.afterAll(() => rmSync(folder, { recursive: true, force: true }));

function files(below: string): string[] {
  const entries = readdirSync(join(folder, below), { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

test("a full-size exposure gives the image and the catalogue of the sandbox, to the byte", async ({ page }) => {
  test.setTimeout(5 * SLOW);
  const [raw = ""] = files("night/raw");
  const beside = [...files("night/headers"), ...files("night/masks"), ...files("night/catalogue")];
  await choose(page, [raw, ...beside]);
  await expect(page.locator(".badge")).toHaveCount(0, { timeout: SLOW });
  await reduced(page, SLOW);
  await settled(page);
  await expect(page.locator('[data-stage="flat"] .rail-state')).toContainText("skipped");
  writeFileSync(join(folder, "recipe.toml"), (await exported(page, "recipe")).bytes);
  const image = await exported(page, "FITS");
  const table = await exported(page, "parquet");
  run(
    folder,
    `detrend ${raw} --headers night/headers --masks night/masks --recipe recipe.toml --engine sandbox -o out`,
  );
  expect(image.bytes.equals(readFileSync(join(folder, "out", image.name))), image.name).toBe(true);
  run(
    folder,
    `aperture out/${image.name} --catalogue night/catalogue --recipe recipe.toml --engine sandbox -o stars.parquet`,
  );
  expect(table.bytes.equals(readFileSync(join(folder, "stars.parquet"))), table.name).toBe(true);
});

/** Alpha of the picture at the middle of each quarter of the canvas, 0 where nothing is drawn. */
function quarters(page: Page): Promise<number[]> {
  return page.locator(".stage-focus canvas").evaluate((element) => {
    const canvas = element as HTMLCanvasElement;
    const pixels = canvas.getContext("2d");
    const at = (x: number, y: number): number => pixels?.getImageData(x * canvas.width, y * canvas.height, 1, 1).data[3] ?? 0;
    // The detector is a square in the middle of a wide picture.
    return [at(0.4, 0.25), at(0.6, 0.25), at(0.4, 0.75), at(0.6, 0.75)];
  });
}

test("all amplifiers are reduced by as many workers as the computer has, and one change runs what it must", async ({
  page,
}) => {
  test.setTimeout(1.5 * SLOW);
  await choose(page, files("night/raw"));
  await expect(page.locator(".badge")).toHaveCount(0, { timeout: SLOW });
  await settled(page, SLOW);
  const cores = await page.evaluate(() => navigator.hardwareConcurrency);
  expect(page.workers()).toHaveLength(Math.min(4, cores));
  await expect(page.getByRole("combobox", { name: "Amplifier" })).toHaveValue("0");
  await page.getByRole("radio", { name: "single" }).check();
  await expect(page.locator("canvas[data-drawn='split single']")).toBeVisible();
  expect(await quarters(page)).toEqual([255, 255, 255, 255]);
  await step(page, "overscan").click();
  const terms = page.getByRole("spinbutton", { name: "Legendre terms" });
  await terms.fill("2");
  await terms.press("Enter");
  await expect(page.locator(".status-bar")).toContainText("6 of 9 steps run again: overscan, linearity", { timeout: SLOW });
  // A region over all four amplifiers, of which no worker has all.
  await page.getByRole("button", { name: "rectangle" }).click();
  const box = await page.locator(".stage-box").boundingBox();
  if (!box) throw new Error("no picture");
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  await page.mouse.move(x - 40, y - 40);
  await page.mouse.down();
  await page.mouse.move(x + 40, y + 40, { steps: 3 });
  await page.mouse.up();
  await expect(page.getByRole("region", { name: "Region" })).toContainText("clipped mean", { timeout: SLOW });
});

test("a stopped run leaves the stages that it has not reached, in every worker", async ({ page }) => {
  test.setTimeout(1.5 * SLOW);
  await choose(page, files("night/raw"));
  await expect(page.locator(".badge")).toHaveCount(0, { timeout: SLOW });
  await settled(page, SLOW);
  await step(page, "overscan").click();
  const terms = page.getByRole("spinbutton", { name: "Legendre terms" });
  await terms.fill("2");
  await terms.press("Enter");
  // The words beside the button change, and move it.
  await page.getByRole("button", { name: /^stop/ }).dispatchEvent("click");
  await settled(page, SLOW);
  await expect(page.locator('[data-stage="split"] .rail-state')).toContainText("stale");
  await expect(page.locator('[data-stage="saturation"] .rail-state')).toContainText("✓");
});
