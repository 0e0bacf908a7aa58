/** A full-size exposure, Rice-compressed as the archive has them, on the real engine. */

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, settled } from "./bench";
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
