/** The page on the real engine, with files that the command makes. */

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import AxeBuilder from "@axe-core/playwright";
import type { Page } from "@playwright/test";
import { expect } from "./bench";
import { exported as downloaded, RAWSKY, run, test as base } from "./engine";

export const hasCommand = existsSync(RAWSKY);
export const NO_COMMAND = `needs the command at ${RAWSKY}: cargo build --release --package rawsky`;

/** The page with the simulated exposure reduced and measured. */
export const test = base.extend<{ page: Page }>({
  page: async ({ page }, use) => {
    await expect(page.locator('[data-stage="photometry"]')).toContainText("stars", { timeout: 30_000 });
    await use(page);
  },
});

/** A folder of the command's products, gone after the tests. */
export class Folder {
  readonly path = mkdtempSync(join(tmpdir(), "rawsky-page-"));

  run(line: string): void {
    run(this.path, line);
  }

  /** Files below a folder, relative to the whole. */
  files(below: string): string[] {
    const entries = readdirSync(join(this.path, below), { recursive: true, withFileTypes: true });
    const plain = entries.filter((entry) => entry.isFile());
    return plain.map((entry) => join(entry.parentPath, entry.name).slice(this.path.length + 1)).sort();
  }

  bytes(name: string): Buffer {
    return readFileSync(join(this.path, name));
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }

  /** Opens files with the dialog, as a person does. */
  async choose(page: Page, names: string[], camera = ""): Promise<void> {
    await page.getByRole("button", { name: "Open", exact: true }).first().click();
    await page.locator("dialog[open]").getByLabel("camera").selectOption(camera);
    const [chooser] = await Promise.all([
      page.waitForEvent("filechooser"),
      page.getByRole("button", { name: "Choose files", exact: true }).click(),
    ]);
    await chooser.setFiles(names.map((name) => join(this.path, name)));
  }
}

/** A night of the camera for teaching below `night`, its masters, and its science images below `out`. */
export function reduceNight(folder: Folder): void {
  folder.run("simulate --camera teaching --out night --biases 5 --flats 3 --leds 3 --exposures 1 --seed 8");
  const raws = folder.files("night/raw");
  const of = (end: string) => raws.filter((name) => name.endsWith(end)).join(" ");
  folder.run(`master-bias ${of("_b.fits.fz")} -o bias.fits --camera teaching`);
  folder.run(`master-flat ${of("_f.fits.fz")} --bias bias.fits -o flat.fits --camera teaching`);
  detrend(folder, "out", "");
}

/** Writes the science images of that night once more, in another way. */
export function detrend(folder: Folder, into: string, more: string): void {
  const [science] = folder.files("night/raw").filter((name) => name.endsWith("_o.fits.fz"));
  const beside = "--headers night/headers --masks night/masks --camera teaching";
  folder.run(`detrend ${science} --bias bias.fits --flat flat.fits ${beside}${more} -o ${into}`);
}

/** Bytes of a product of the page. */
export async function exported(page: Page, item: string): Promise<Buffer> {
  return (await downloaded(page, item)).bytes;
}

/** No violation of the rules of accessibility, and nothing sticks out of the page. */
export async function keepsTheRules(page: Page): Promise<void> {
  // From the top: further down, the row of tabs that stays covers a part of whatever has been scrolled below it.
  await page.evaluate(() => scrollTo({ top: 0, behavior: "instant" }));
  const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
  const { violations } = await new AxeBuilder({ page }).withTags(tags).analyze();
  expect(violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.target.join(" ")).join(", ")}`)).toEqual([]);
  const beyond = await page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  );
  expect(beyond, "pixels beyond the right edge").toBeLessThanOrEqual(0);
}
