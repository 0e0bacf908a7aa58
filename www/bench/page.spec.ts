/**
 * What a person waits for, measured in the page and told as multiples of a fixed piece of arithmetic, so
 * that machines and busy hours can be compared. Nothing here can fail for being slow.
 */

import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";
import type { Locator, Page } from "@playwright/test";
import { settled } from "../tests/bench";
import { choose, run, test } from "../tests/engine";

interface Row {
  what: string;
  /** Milliseconds. */
  times: number[];
  /** Target on an idle machine (ms), from the specification of the page. */
  target: number;
}

const rows: Row[] = [];
const sizes: string[] = [];
let calibrationMs = 0;
let folder = "";

const median = (values: number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] ?? NaN;

/** A picture: when it was drawn, of what exposure, and which stages. */
interface Picture {
  time: number;
  exposure: string;
  shown: string;
}

/** Notes when the picture is drawn. */
function watch(): void {
  const seen = globalThis as unknown as { drawn: number[]; pictures: Picture[] };
  seen.drawn = [];
  seen.pictures = [];
  new MutationObserver((changes) => {
    const change = changes.find(({ attributeName }) => attributeName === "data-drawn");
    if (!change) return;
    const time = performance.now();
    seen.drawn.push(time);
    const exposure = document.querySelector(".exposure-name")?.textContent ?? "";
    seen.pictures.push({ time, exposure, shown: (change.target as HTMLElement).dataset["drawn"] ?? "" });
  }).observe(document, { subtree: true, attributes: true, attributeFilter: ["data-drawn"] });
}

/** When the first picture of an exposure was drawn, and the first that shows its last stage (ms). */
async function untilDrawn(page: Page, name: string): Promise<[number, number]> {
  const done = await page.waitForFunction(
    (wanted) => {
      const { pictures } = globalThis as unknown as { pictures: Picture[] };
      const own = pictures.filter(({ exposure }) => exposure.includes(wanted));
      const last = own.find(({ shown }) => shown.startsWith("split"));
      return own[0] && last ? ([own[0].time, last.time] as [number, number]) : null;
    },
    name,
    { timeout: 120_000 },
  );
  return (await done.jsonValue()) ?? [NaN, NaN];
}

/** Ten million dependent additions and multiplications. */
function calibrate(page: Page): Promise<number> {
  return page.evaluate(() => {
    const times: number[] = [];
    for (let turn = 0; turn < 5; turn++) {
      const begin = performance.now();
      let x = 0.5;
      for (let i = 0; i < 10_000_000; i++) x = 3.7 * x * (1 - x);
      times.push(performance.now() - begin + (x > 2 ? 1 : 0));
    }
    return times.sort((a, b) => a - b)[2] ?? NaN;
  });
}

/**
 * Sets a control inside the page, as a hand that holds it or at once, and waits for the picture; no time of the
 * test tool is in it.
 */
function inPage(control: Locator, values: string[], held = false): Promise<number[]> {
  return control.evaluate(
    async (element, [all, isHeld]) => {
      const field = element as HTMLInputElement | HTMLSelectElement;
      if (isHeld) field.dispatchEvent(new PointerEvent("pointerdown", { bubbles: true, button: 0 }));
      const seen = globalThis as unknown as { drawn: number[] };
      const times: number[] = [];
      for (const value of all) {
        const begin = performance.now();
        field.value = value;
        field.dispatchEvent(new Event("input", { bubbles: true }));
        field.dispatchEvent(new Event("change", { bubbles: true }));
        for (;;) {
          await new Promise((resolve) => setTimeout(resolve, 1));
          const busy = document.querySelector("main.bench")?.getAttribute("aria-busy") === "true";
          const drawn = seen.drawn.findLast((time) => time > begin);
          if (!busy && drawn !== undefined) {
            times.push(drawn - begin);
            break;
          }
          if (performance.now() - begin > 60_000) throw new Error(`nothing was drawn after ${value}`);
        }
        await new Promise((resolve) => setTimeout(resolve, 300));
      }
      if (isHeld) field.dispatchEvent(new PointerEvent("pointerup", { bubbles: true, button: 0 }));
      return times;
    },
    [values, held] as const,
  );
}

/** A dragged slider, with the last stage in the picture and with its own; the last stage is the slider's worst. */
async function sliders(page: Page, size: string): Promise<void> {
  const slider = page.getByRole("slider", { name: "Legendre terms slider" });
  const values = ["2", "3", "1", "2", "3"];
  const last = await inPage(slider, values, true);
  rows.push({ what: `dragged slider of overscan to preview of the last stage, ${size}`, times: last, target: 250 });
  await settled(page, 120_000);
  await page.locator('.rail-item[data-stage="overscan"] .rail-pick').click();
  await page.getByRole("radio", { name: "single" }).check();
  await page.locator("canvas[data-drawn='overscan single']").waitFor();
  const own = await inPage(slider, values, true);
  rows.push({ what: `dragged slider of overscan to preview of its own stage, ${size}`, times: own, target: 33 });
  await settled(page, 120_000);
}

/** A run that is stopped after a while (ms): when the engine is free again. */
async function stops(page: Page, size: string): Promise<void> {
  const terms = page.getByRole("spinbutton", { name: "Legendre terms" });
  const times: number[] = [];
  for (const [at, after] of [60, 200, 350, 550, 800, 1100].entries()) {
    const time = await terms.evaluate(
      async (element, [value, delay]) => {
        const isBusy = (): boolean => document.querySelector("main.bench")?.getAttribute("aria-busy") === "true";
        const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
        (element as HTMLInputElement).value = value;
        element.dispatchEvent(new Event("input", { bubbles: true }));
        element.dispatchEvent(new Event("change", { bubbles: true }));
        await pause(delay);
        if (!isBusy()) return null;
        const begin = performance.now();
        document.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true }));
        while (isBusy()) await pause(1);
        return performance.now() - begin;
      },
      [String(1 + (at % 3)), after] as const,
    );
    if (time !== null) times.push(time);
    await settled(page, 120_000);
  }
  rows.push({ what: `stop of a run until the engine is free, ${size}`, times, target: 100 });
}

test.beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "rawsky-bench-"));
  for (const compress of ["float-rice", "rice16", "none"]) {
    run(folder, `simulate --camera ztf --out ${compress} --biases 0 --flats 0 --leds 7 --exposures 1 --compress ${compress}`);
  }
});

test.afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
  console.log(`\n${sizes.join("\n")}`);
  console.log(`\ncalibration loop: ${calibrationMs.toFixed(1)} ms\n`);
  console.log("| what | median (ms) | least to most | loops | target on an idle machine (ms) |");
  console.log("|---|---|---|---|---|");
  for (const { what, times, target } of rows) {
    const [middle, least, most] = [median(times), Math.min(...times), Math.max(...times)];
    const loops = (middle / calibrationMs).toFixed(2);
    console.log(`| ${what} | ${middle.toFixed(0)} | ${least.toFixed(0)} to ${most.toFixed(0)} | ${loops} | ${target} |`);
  }
});

test("size of the first load", () => {
  const dist = readdirSync("dist", { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  for (const end of [".wasm", ".js", ".css", ".html"]) {
    const files = dist.filter((entry) => entry.name.endsWith(end));
    const bytes = files.map((entry) => readFileSync(join(entry.parentPath, entry.name)));
    const kilobytes = (pack: (one: Buffer) => Buffer): number =>
      bytes.reduce((sum, one) => sum + pack(one).length, 0) / 1000;
    const packed = [kilobytes(gzipSync), kilobytes(brotliCompressSync)].map((size) => size.toFixed(0));
    sizes.push(`${end}: ${kilobytes((one) => one).toFixed(0)} kB, gzip ${packed[0]} kB, brotli ${packed[1]} kB`);
  }
});

test("simulated exposure", async ({ page }) => {
  test.setTimeout(300_000);
  await page.addInitScript(watch);
  const [first, last]: [number[], number[]] = [[], []];
  for (let turn = 0; turn < 5; turn++) {
    await page.reload();
    const times = await untilDrawn(page, "");
    first.push(times[0]);
    last.push(times[1]);
  }
  rows.push({ what: "simulated exposure, first picture after the address", times: first, target: 1000 });
  rows.push({ what: "simulated exposure, picture of the last stage after the address", times: last, target: 1000 });
  await settled(page, 60_000);
  calibrationMs = await calibrate(page);
  const terms = await inPage(page.getByRole("spinbutton", { name: "Legendre terms" }), ["1", "2", "3", "1", "2"]);
  rows.push({ what: "parameter of overscan to all stages and picture, 512 x 512", times: terms, target: 250 });
  await sliders(page, "512 x 512");
  const colors = await inPage(page.getByRole("combobox", { name: "colors" }), ["viridis", "grey", "magma", "grey"]);
  rows.push({ what: "change of colors to picture", times: colors, target: 17 });
});

for (const compress of ["float-rice", "rice16", "none"]) {
  test(`full-size exposure, ${compress}`, async ({ page }) => {
    test.setTimeout(600_000);
    await page.evaluate(watch);
    const entries = readdirSync(join(folder, compress, "raw"), { recursive: true, withFileTypes: true });
    const raw = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    const begin = await page.evaluate(() => performance.now());
    await choose(page, raw);
    const [first, last] = (await untilDrawn(page, "ztf")).map((time) => time - begin) as [number, number];
    const what = `dropped ${compress} exposure of 6144 x 6160`;
    rows.push({ what: `${what}, first picture`, times: [first], target: 1500 });
    rows.push({ what: `${what}, picture of the last stage of all amplifiers`, times: [last], target: 1500 });
    await settled(page, 120_000);
    await stops(page, `${compress}, 6144 x 6160`);
    if (compress === "none") await sliders(page, "6144 x 6160");
  });
}
