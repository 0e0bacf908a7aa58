/** Files that are looked at as they are: plain images, science images, masters. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "@playwright/test";
import { expect } from "./bench";
import { detrend, exported, Folder, hasCommand, keepsTheRules, NO_COMMAND, reduceNight, test } from "./command";

const banner = (page: Page) => page.locator(".banner[role=status]");

/** Waits until the image of this size is open and drawn. */
async function shown(page: Page, name: string): Promise<void> {
  await expect(page.locator(".exposure-name")).toContainText(name, { timeout: 20_000 });
  await expect(page.locator(".badge")).toHaveText("image");
  await expect(page.locator("canvas[data-drawn='image single']")).toBeVisible();
}

/** Puts the cursor on a pixel with a key. */
async function pixelRow(page: Page): Promise<void> {
  await page.locator("#viewer").press("ArrowRight");
  await expect(page.locator(".pixel-table tbody tr").first()).toBeVisible();
}

/** A FITS image of whole numbers of 16 bits, `100 row + column`, without anything that names a camera. */
function plainFits(columns: number, rows: number, first = "SIMPLE  =                    T"): Buffer {
  const card = (text: string): string => text.padEnd(80);
  const number = (key: string, value: number): string => card(`${key.padEnd(8)}= ${String(value).padStart(20)}`);
  const cards = [
    card(first),
    number("BITPIX", 16),
    number("NAXIS", 2),
    number("NAXIS1", columns),
    number("NAXIS2", rows),
    card("BUNIT   = 'adu     '"),
    card("END"),
  ];
  const data = Buffer.alloc(2 * columns * rows);
  for (let row = 0; row < rows; row += 1)
    for (let column = 0; column < columns; column += 1)
      data.writeInt16BE(100 * row + column, 2 * (row * columns + column));
  const padded = (part: Buffer, fill: string): Buffer =>
    Buffer.concat([part, Buffer.alloc((2880 - (part.length % 2880)) % 2880, fill)]);
  return Buffer.concat([padded(Buffer.from(cards.join("")), " "), padded(data, "\0")]);
}

test.describe("an image", () => {
  let folder: Folder;

  test.beforeAll(() => {
    folder = new Folder();
    writeFileSync(join(folder.path, "plain.fits"), plainFits(60, 40));
  });

  test.afterAll(() => folder.remove());

  test("that no camera reads is shown as it is stored, with its numbers and the reason", async ({ page }) => {
    await folder.choose(page, ["plain.fits"]);
    await shown(page, "plain.fits");
    await expect(banner(page)).toContainText("Shown as it is, not reduced");
    await expect(page.locator("#picture-words")).toContainText("60 by 40 pixels");
    await pixelRow(page);
    const place = page.locator(".pixel-place");
    // Every pixel of the file is 100 row + column.
    await expect(async () => {
      const [, x, y] = /x (\d+)\s+y (\d+)/.exec(await place.innerText()) ?? [];
      const row = await page.locator(".pixel-table tbody tr").first().innerText();
      expect(row).toMatch(new RegExp(`\\b${100 * Number(y) + Number(x)}\\.0 adu`));
    }).toPass();
    await expect(place).not.toContainText("RA");
    // 0 … 3959 in 40 rows of 60: the median of 100 row + column.
    await expect(page.locator(".panel-step")).toContainText("1979.5 adu");
    await page.getByRole("tab", { name: "histogram" }).click();
    await expect(page.locator(".plot-words")).toContainText("2400 pixels");
    await page.getByRole("tab", { name: "header" }).click();
    await expect(page.locator(".header-table")).toContainText("adu");
    await expect(page.getByRole("tab", { name: "overscan fit" })).toHaveCount(0);
  });

  test("of a link is that of the HDU which was shown, with its colors, once the file is opened", async ({ page }) => {
    const two = [plainFits(60, 40), plainFits(30, 20, "XTENSION= 'IMAGE   '")];
    writeFileSync(join(folder.path, "two.fits"), Buffer.concat(two));
    await folder.choose(page, ["two.fits"]);
    await shown(page, "two.fits");
    await banner(page).getByLabel("image").selectOption("1");
    await expect(page.locator("#picture-words")).toContainText("30 by 20 pixels");
    await page.getByRole("combobox", { name: "colors" }).selectOption("viridis");
    await page.getByRole("button", { name: "Share" }).click();
    const field = page.getByRole("textbox", { name: "link" });
    await expect(field).toHaveValue(/#s=/);
    const link = await field.inputValue();
    await page.goto("about:blank");
    await page.goto(link);
    await expect(banner(page)).toContainText("two.fits");
    await folder.choose(page, ["two.fits"]);
    await shown(page, "two.fits");
    await expect(page.locator("#picture-words")).toContainText("30 by 20 pixels");
    await expect(page.getByRole("combobox", { name: "colors" })).toHaveValue("viridis");
    await expect(page.getByText("This link was made with")).toHaveCount(0);
    // Another file than the link's is opened at its first image, and it is said.
    await page.goto("about:blank");
    await page.goto(link);
    await expect(banner(page)).toContainText("two.fits");
    await folder.choose(page, ["plain.fits"]);
    await shown(page, "plain.fits");
    await expect(page.getByRole("alert")).toContainText("another file than plain.fits");
  });

  test("keeps the rules of accessibility, wide and narrow", async ({ page }) => {
    await folder.choose(page, ["plain.fits"]);
    await shown(page, "plain.fits");
    await keepsTheRules(page);
    await page.setViewportSize({ width: 390, height: 844 });
    await keepsTheRules(page);
  });

  test("that is cut or is no image is refused with what was found", async ({ page }) => {
    const whole = plainFits(60, 40);
    writeFileSync(join(folder.path, "cut.fits"), whole.subarray(0, 4000));
    writeFileSync(join(folder.path, "words.fits"), "this is no FITS file ".repeat(200));
    for (const name of ["cut.fits", "words.fits"]) {
      await folder.choose(page, [name]);
      await expect(page.getByRole("alert").first()).toContainText(name);
      await page.getByRole("alert").getByRole("button", { name: "Close" }).click();
      // What was open before still answers.
      const before = await page.locator(".pixel-place").innerText();
      await page.locator("#viewer").press("ArrowLeft");
      await expect(page.locator(".pixel-place")).not.toHaveText(before);
      await expect(page.locator(".badge")).toHaveText("simulated");
    }
  });
});

test.describe("products of the command", () => {
  test.skip(!hasCommand, NO_COMMAND);
  let folder: Folder;

  test.beforeAll(() => {
    folder = new Folder();
    reduceNight(folder);
    detrend(folder, "pair", " --layout ipac");
  });

  test.afterAll(() => folder.remove());

  test("are shown: of a master one amplifier, with the choice of the others", async ({ page }) => {
    await folder.choose(page, ["bias.fits"]);
    await shown(page, "bias.fits");
    await expect(banner(page)).toContainText("master bias");
    const choice = banner(page).getByLabel("image");
    await expect(choice.locator("option:checked")).toContainText("IMAGE1");
    const other = await choice.locator("option", { hasText: "IMAGE3" }).getAttribute("value");
    await choice.selectOption(other ?? "");
    await expect(banner(page).locator("option:checked")).toContainText("IMAGE3");
    await expect(page.locator(".panel-step")).toContainText(`HDU ${other}`);
  });

  test("are measured, to the byte, as the command does", async ({ page }) => {
    const [image] = folder.files("out").filter((name) => name.includes("_q2_sciimg"));
    await folder.choose(page, [image ?? "", ...folder.files("night/catalogue")]);
    await shown(page, "_q2_sciimg.fits");
    await expect(page.locator('[data-stage="photometry"]')).toContainText("stars");
    await pixelRow(page);
    await expect(page.locator(".pixel-place")).toContainText("RA");
    await expect(page.locator(".panel-mask .mask-name").first()).toBeVisible();
    writeFileSync(join(folder.path, "recipe.toml"), await exported(page, "recipe"));
    const table = await exported(page, "parquet");
    folder.run(`aperture ${image} --catalogue night/catalogue --camera teaching --recipe recipe.toml -o stars.parquet`);
    expect(table.equals(folder.bytes("stars.parquet"))).toBe(true);
  });

  test("as the archive has them: an image with its mask in another file", async ({ page }) => {
    const pair = folder.files("pair").filter((name) => name.includes("_q2_"));
    expect(pair).toHaveLength(2);
    await folder.choose(page, pair);
    await shown(page, "sciimg");
    await expect(page.locator(".panel-step")).toContainText("mskimg");
    await expect(page.locator(".panel-mask .mask-name").first()).toBeVisible();
  });

  test("whose pixels cannot be read are refused with the reason", async ({ page }) => {
    const [science] = folder.files("night/raw").filter((name) => name.endsWith("_o.fits.fz"));
    const text = folder.bytes(science ?? "").toString("latin1");
    expect(text).toContain("RICE_1");
    writeFileSync(join(folder.path, "packed.fits"), Buffer.from(text.replaceAll("RICE_1", "LZMA_9"), "latin1"));
    await folder.choose(page, ["packed.fits"], "none");
    await expect(page.getByRole("alert").first()).toContainText("LZMA_9");
    await expect(page.locator(".badge")).toHaveText("simulated");
  });

  test("are reduced if they are raw, unless somebody asks for them as they are", async ({ page }) => {
    const [science] = folder.files("night/raw").filter((name) => name.endsWith("_o.fits.fz"));
    await folder.choose(page, [science ?? ""]);
    await expect(page.locator(".badge")).toHaveCount(0, { timeout: 20_000 });
    await expect(page.locator('[data-stage="split"]')).toBeVisible();
    await folder.choose(page, [science ?? ""], "none");
    await shown(page, "_o.fits.fz");
    await expect(banner(page)).toContainText("as was asked for");
  });
});
