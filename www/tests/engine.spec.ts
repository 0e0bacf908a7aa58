/** The page on the real engine: the first screen, and the same bytes as the command. */

import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import type { Page } from "@playwright/test";
import { expect, picture, settled, step } from "./bench";
import { choose as choosePaths, exported, RAWSKY, reduced, rms, run as runIn, test } from "./engine";

test("a simulated exposure is reduced to its noise", async ({ page }) => {
  await reduced(page);
  expect(await rms(page, "raw")).toBeGreaterThan(40);
  expect(await rms(page, "split")).toBeLessThan(8);
  await expect(page.locator('[data-stage="photometry"]')).toContainText("stars");
});

test("a change runs what depends on it and shows in picture and numbers", async ({ page }) => {
  await reduced(page);
  const before = await picture(page);
  await step(page, "overscan").click();
  await page.getByRole("combobox", { name: "Columns" }).selectOption({ label: "the first 5" });
  await expect(page.locator(".status-bar")).toContainText("overscan, linearity");
  await expect(page.locator(".status-bar")).not.toContainText("saturation");
  await expect.poll(() => picture(page)).not.toBe(before);
});

test("while a slider is dragged what is shown follows, and the rest when it is let go", async ({ page }) => {
  await reduced(page);
  await step(page, "overscan").click();
  await page.getByRole("radio", { name: "single" }).check();
  await expect(page.locator("canvas[data-drawn='overscan single']")).toBeVisible();
  const slider = page.getByRole("slider", { name: "Legendre terms slider" });
  const [before, terms] = [await picture(page), await slider.inputValue()];
  const box = await slider.boundingBox();
  if (!box) throw new Error("the slider is not to be seen");
  const middle = box.y + box.height / 2;
  await page.mouse.move(box.x + box.width * 0.3, middle);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.6, middle, { steps: 3 });
  await expect(page.locator(".status-bar")).toContainText("preview up to Overscan");
  await expect.poll(() => picture(page)).not.toBe(before);
  await expect(page.locator('[data-stage="flat"] .rail-state')).toHaveText(/stale/);
  await page.mouse.move(box.x + box.width * 0.9, middle, { steps: 3 });
  await page.mouse.up();
  await reduced(page);
  await expect(page.locator(".status-bar")).toContainText("steps run again");
  expect(await slider.inputValue()).not.toBe(terms);
  // However long it took, the whole drag is one step back.
  await page.getByRole("button", { name: "Undo overscan terms" }).click();
  await expect(slider).toHaveValue(terms);
  await reduced(page);
  await expect.poll(() => picture(page)).toBe(before);
});

test("a stop leaves undone what was asked for last, too", async ({ page }) => {
  await reduced(page);
  await step(page, "overscan").click();
  const terms = page.getByRole("spinbutton", { name: "Legendre terms" });
  // Faster than any hand: the second change waits for the first one when the stop comes.
  await terms.evaluate((element) => {
    const field = element as HTMLInputElement;
    for (const value of ["1", "2"]) {
      field.value = value;
      field.dispatchEvent(new Event("change", { bubbles: true }));
    }
    document.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true }));
  });
  await settled(page, 60_000);
  await expect(terms).toHaveValue("2");
  await expect(page.locator('[data-stage="split"] .rail-state')).toContainText("stale");
  const recipe = (await exported(page, "recipe")).bytes.toString();
  expect(recipe).toContain("terms = 2");
  await terms.fill("3");
  await terms.press("Enter");
  await expect(page.locator('[data-stage="split"]')).not.toContainText("stale");
});

test("the header of a science image is compared with that of its raw amplifier and of its file", async ({ page }) => {
  await reduced(page);
  await page.getByRole("tab", { name: "header" }).click();
  const against = page.getByRole("combobox", { name: "compare with" });
  await against.selectOption({ label: "raw amplifier" });
  const row = (key: string) => page.locator(".header-table tbody tr", { has: page.getByRole("rowheader", { name: key, exact: true }) });
  await expect(row("FLTNORM")).toContainText("+ added");
  await expect(row("EXPTIME")).toHaveCount(0);
  await step(page, "flat").locator("..").getByRole("switch").click();
  await expect(row("FLTNORM")).toHaveCount(0);
  await against.selectOption({ label: "master bias" });
  await expect(row("NFRAMES")).toContainText("− removed");
  await against.selectOption("hdu 0");
  await expect(page.locator(".header-table thead")).toContainText("file, HDU 0");
});

test.describe("dropped files", () => {
  test.skip(!existsSync(RAWSKY), `needs the command at ${RAWSKY}: cargo build --release --package rawsky`);
  let folder = "";

  test.beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "rawsky-page-"));
    const night = "--camera teaching --out night --biases 5 --flats 3 --leds 3 --exposures 1 --seed 8";
    run(`simulate ${night}`);
    const raws = files("night/raw");
    const of = (end: string) => raws.filter((name) => name.endsWith(end)).join(" ");
    run(`master-bias ${of("_b.fits.fz")} -o bias.fits --camera teaching`);
    run(`master-flat ${of("_f.fits.fz")} --bias bias.fits -o flat.fits --camera teaching`);
    run("focal-plane flat.fits -o level.json --camera teaching");
  });

  test.afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const run = (line: string): void => runIn(folder, line);

  function files(below: string): string[] {
    const entries = readdirSync(join(folder, below), { recursive: true, withFileTypes: true });
    const plain = entries.filter((entry) => entry.isFile());
    return plain.map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1)).sort();
  }

  const choose = (page: Page, names: string[]): Promise<void> =>
    choosePaths(
      page,
      names.map((name) => join(folder, name)),
    );

  async function drop(page: Page, names: string[]): Promise<void> {
    await choose(page, names);
    await expect(page.locator(".badge")).toHaveCount(0, { timeout: 20_000 });
    await reduced(page);
  }

  test("give the same science image, to the byte, as the command does", async ({ page }) => {
    const science = files("night/raw").filter((name) => name.endsWith("_o.fits.fz"));
    const beside = [...files("night/headers"), ...files("night/masks"), ...files("night/catalogue")];
    await drop(page, [...science, "bias.fits", "flat.fits", "level.json", ...beside]);
    const recipe = await exported(page, "recipe");
    writeFileSync(join(folder, "recipe.toml"), recipe.bytes);
    const image = await exported(page, "FITS");
    run(
      `detrend ${science[0]} --bias bias.fits --flat flat.fits --focal-plane level.json ` +
        "--headers night/headers --masks night/masks --camera teaching --recipe recipe.toml -o out",
    );
    const same = readFileSync(join(folder, "out", image.name));
    expect(image.bytes.equals(same), `${image.name}: ${image.bytes.length} and ${same.length} bytes`).toBe(true);
    const table = await exported(page, "parquet");
    run(
      `aperture out/${image.name} --catalogue night/catalogue --camera teaching --recipe recipe.toml -o stars.parquet`,
    );
    expect(table.bytes.equals(readFileSync(join(folder, "stars.parquet"))), table.name).toBe(true);
  });

  async function copied(page: Page): Promise<string> {
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    await page.getByRole("button", { name: "Export" }).click();
    await page.locator("#export-menu button", { hasText: "command line" }).click();
    await expect(page.locator(".status-bar")).toContainText("clipboard");
    return page.evaluate(() => navigator.clipboard.readText());
  }

  test("and the command line that is exported give the same science image, to the byte", async ({ page }) => {
    const one = mkdtempSync(join(folder, "one-"));
    const names = files("night").filter((name) => !name.startsWith("night/truth"));
    for (const name of names) copyFileSync(join(folder, name), join(one, basename(name)));
    const inOne = (name: string): string => join(basename(one), basename(name));
    await drop(page, names.map(inOne));
    writeFileSync(join(one, "recipe.toml"), (await exported(page, "recipe")).bytes);
    const image = await exported(page, "FITS");
    const commands = (await copied(page)).trim().split("\n");
    expect(commands.map((line) => line.split(" ")[1])).toEqual(
      ["master-bias", "master-flat", "focal-plane", "detrend"].concat(Array(4).fill("aperture")),
    );
    for (const line of commands) runIn(one, line.slice("rawsky ".length));
    expect(image.bytes.equals(readFileSync(join(one, "OUT", image.name))), image.name).toBe(true);
  });

  test("and so do the commands of the simulated exposure, but for the names of the masters", async ({ page }) => {
    await reduced(page);
    await step(page, "overscan").click();
    await page.getByRole("spinbutton", { name: "Legendre terms" }).fill("2");
    await page.getByRole("spinbutton", { name: "Legendre terms" }).press("Enter");
    await expect(page.locator(".status-bar")).toContainText("steps run again");
    const again = mkdtempSync(join(folder, "again-"));
    writeFileSync(join(again, "recipe.toml"), (await exported(page, "recipe")).bytes);
    const image = await exported(page, "FITS");
    const table = await exported(page, "parquet");
    const commands = (await copied(page)).trim().split("\n");
    expect(commands.map((line) => line.split(" ")[1])).toEqual(["simulate", "reduce"]);
    for (const line of commands) runIn(again, line.slice("rawsky ".length));
    const made = (name: string): Buffer => readFileSync(join(again, "RUN", "products", name));
    // A run names its masters by their night and makes them with the same recipe; both stand in HISTORY.
    const [ours, theirs] = [primary(image.bytes), primary(made(image.name))];
    expect(ours.cards.length).toBeGreaterThan(50);
    expect(theirs.cards).toEqual(ours.cards);
    expect(theirs.rest.equals(ours.rest), "pixels, mask and variance").toBe(true);
    expect(columns(made(table.name)).equals(columns(table.bytes)), table.name).toBe(true);
  });

  /** Cards of the primary header without HISTORY, and all that follows the header. */
  function primary(file: Buffer): { cards: string[]; rest: Buffer } {
    const cards: string[] = [];
    for (let at = 0; !cards.at(-1)?.startsWith("END     "); at += 80) cards.push(file.toString("latin1", at, at + 80));
    const rest = file.subarray(Math.ceil(cards.length / 36) * 2880);
    return { cards: cards.filter((card) => !card.startsWith("HISTORY ")), rest };
  }

  /** The columns of a parquet file: what stands before its metadata, whose length stands at its end. */
  function columns(file: Buffer): Buffer {
    const metadata = file.readUInt32LE(file.length - 8);
    expect(metadata).toBeLessThan(file.length - 100);
    return file.subarray(0, file.length - 8 - metadata);
  }

  test("that are raw frames are stacked on the spot, and what is missing is said", async ({ page }) => {
    const raws = files("night/raw").filter((name) => !name.endsWith("_f.fits.fz"));
    await drop(page, raws);
    await expect(page.locator('[data-stage="flat"] .rail-state')).toContainText(/skipped/i);
    await expect(page.locator('[data-stage="bias"] .rail-state')).toContainText("ms");
  });

  test("that are damaged are refused with the reason", async ({ page }) => {
    const [science] = files("night/raw").filter((name) => name.endsWith("_o.fits.fz"));
    const bytes = readFileSync(join(folder, science ?? ""));
    writeFileSync(join(folder, "cut.fits"), bytes.subarray(0, 5000));
    writeFileSync(join(folder, "words.fits"), "this is no FITS file");
    for (const name of ["cut.fits", "words.fits"]) {
      await choose(page, [name]);
      await expect(page.getByRole("alert").first()).toContainText(name);
      await page.reload();
      await page.locator("canvas[data-drawn]").waitFor();
    }
  });
});
