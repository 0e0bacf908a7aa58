/** The two rasters of the real engine give the same picture, and the GPU's leaves quietly. */

import type { Page, Worker as PageWorker } from "@playwright/test";
import type { View } from "../src/engine/protocol";
import { expect, picture, test as base } from "./bench";

/** What the tests read and do in the worker: its WebGL2 context, and what was sent to it. */
interface Probe {
  context: WebGL2RenderingContext | null;
  /** Textures that were allocated for images, and the bytes of all pixels that were sent. */
  allocated: number;
  bytes: number;
}
type Probed = typeof globalThis & { probe: Probe };

/** Runs in the worker before its own script. */
const PROBE = `
const probe = (self.probe = { context: null, allocated: 0, bytes: 0 });
const getContext = OffscreenCanvas.prototype.getContext;
OffscreenCanvas.prototype.getContext = function (...wanted) {
  return (probe.context = getContext.apply(this, wanted));
};
const gl2 = WebGL2RenderingContext.prototype;
const { texStorage2D, texImage2D, texSubImage2D } = gl2;
gl2.texStorage2D = function (...all) { probe.allocated += 1; return texStorage2D.apply(this, all); };
gl2.texImage2D = function (...all) { probe.bytes += all.at(-1).byteLength; return texImage2D.apply(this, all); };
gl2.texSubImage2D = function (...all) { probe.bytes += all.at(-1).byteLength; return texSubImage2D.apply(this, all); };
`;

const SMALL_NIGHT = { biases: 3, flats_per_lamp: 2, lamps: [3], exposures: 1, seed: 5 };

/** An engine's worker of its own on a page, without the page's client. */
class Bench {
  private constructor(
    private readonly page: Page,
    readonly worker: PageWorker,
  ) {}

  static async open(page: Page): Promise<Bench> {
    const bench = await Bench.start(page);
    await bench.simulate(SMALL_NIGHT);
    return bench;
  }

  async simulate(night: typeof SMALL_NIGHT): Promise<void> {
    await this.ask({ kind: "simulate", camera: "teaching", night });
    await this.hold([1, 2, 3, 4]);
  }

  /** Runs the steps of these amplifiers. */
  private hold(amps: number[]): Promise<null> {
    return this.ask({ kind: "hold", amps, held: amps });
  }

  static async start(page: Page): Promise<Bench> {
    const script = page.workers()[0]?.url() ?? "";
    const appears = page.waitForEvent("worker");
    await page.evaluate((url) => {
      const worker = new Worker(url, { type: "module" });
      const waiting = new Map<number, { resolve(value: unknown): void; reject(cause: unknown): void }>();
      worker.onmessage = ({ data }) => {
        if (data.kind === "answer") waiting.get(data.id)?.resolve(data.value);
        if (data.kind === "failure") waiting.get(data.id)?.reject(new Error(data.error.message));
      };
      let last = 0;
      const ask = (request: unknown) =>
        new Promise((resolve, reject) => {
          waiting.set(++last, { resolve, reject });
          worker.postMessage({ id: last, request });
        });
      Object.assign(window, { ask });
    }, script);
    return new Bench(page, await appears);
  }

  /** Opens a FITS file. */
  async drop(name: string, bytes: Buffer): Promise<void> {
    await this.page.evaluate(
      ([name, text]) => {
        const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
        const files = [{ name, file: new File([bytes], name) }];
        return (window as unknown as Asking).ask({ kind: "drop", camera: "generic", files, hdu: null });
      },
      [name, bytes.toString("base64")] as const,
    );
    await this.hold([1]);
  }

  ask<T>(request: unknown): Promise<T> {
    return this.page.evaluate((wanted) => (window as unknown as Asking).ask(wanted), request) as Promise<T>;
  }

  /** Draws one view by both and compares them. */
  compare(view: View): Promise<Comparison> {
    return this.page.evaluate(async (wanted) => {
      const { ask } = window as unknown as Asking;
      const context = new OffscreenCanvas(wanted.width, wanted.height).getContext("2d");
      if (!context) throw new Error("no 2-D context");
      const draw = async (choice: string): Promise<{ data: Uint8ClampedArray; isBitmap: boolean }> => {
        await ask({ kind: "raster", choice });
        const drawn = (await ask({ kind: "draw", view: wanted })) as ImageData | ImageBitmap;
        if (drawn instanceof ImageData) return { data: drawn.data, isBitmap: false };
        context.clearRect(0, 0, wanted.width, wanted.height);
        context.drawImage(drawn, 0, 0);
        return { data: context.getImageData(0, 0, wanted.width, wanted.height).data, isBitmap: true };
      };
      const cpu = await draw("cpu");
      const gl2 = await draw("gl2");
      const colors = new Set<number>();
      const result = { byGl2: gl2.isBitmap && !cpu.isBitmap, largest: 0, differing: 0, colors: 0, empty: 0, nan: 0 };
      for (let at = 0; at < cpu.data.length; at += 4) {
        const [red, green, blue, alpha] = [0, 1, 2, 3].map((part) => cpu.data[at + part] ?? 0);
        colors.add(((red ?? 0) << 16) | ((green ?? 0) << 8) | (blue ?? 0));
        if (alpha === 0) result.empty += 1;
        if ((red === 98 && green === 98 && blue === 108) || (red === 138 && green === 138 && blue === 150))
          result.nan += 1;
        const parts = [0, 1, 2, 3].map((part) => Math.abs((cpu.data[at + part] ?? 0) - (gl2.data[at + part] ?? 0)));
        const difference = Math.max(...parts);
        if (difference > 0) result.differing += 1;
        result.largest = Math.max(result.largest, difference);
      }
      result.colors = colors.size;
      return result;
    }, view);
  }

  probe(): Promise<{ allocated: number; bytes: number; lost: boolean }> {
    return this.worker.evaluate(() => {
      const { allocated, bytes, context } = (self as unknown as Probed).probe;
      return { allocated, bytes, lost: context?.isContextLost() ?? true };
    });
  }
}

interface Asking {
  ask(request: unknown): Promise<unknown>;
}

interface Comparison {
  /** Whether the one picture came from the GPU and the other from the CPU. */
  byGl2: boolean;
  /** Largest difference of a channel, and how many pixels differ at all. */
  largest: number;
  differing: number;
  /** Colors of the picture; its empty pixels; those that show the checker of NaN. */
  colors: number;
  empty: number;
  nan: number;
}

/** The page with a probe in every worker, after more of such a script. */
async function start(page: Page, address: string, more = ""): Promise<void> {
  await page.route("**/worker-*.js", async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: PROBE + more + (await response.text()) });
  });
  await page.goto(address);
  await page.locator("canvas[data-drawn]").waitFor();
}

const test = base.extend<{ engine: Bench }>({
  engine: async ({ page }, use) => {
    await start(page, "./?raster=cpu");
    await use(await Bench.open(page));
  },
});
test.use({ serviceWorkers: "block" });

/** The detector has 512 × 512 pixels, four amplifiers of 256 × 256. */
const BASE: View = {
  width: 331,
  height: 247,
  x: 255.5,
  y: 255.5,
  scale: 1,
  stage: "split",
  against: "raw",
  mode: "single",
  split: 0.4,
  low: 130,
  high: 240,
  againstCuts: null,
  stretch: "linear",
  colour: "grey",
  invert: false,
  maskBits: 0,
  amps: [1, 2, 3, 4],
};

const ALL_BITS = 0x7fffffff;
const RAW: Partial<View> = { stage: "raw", low: 260, high: 400 };
const SPLIT: Partial<View> = { mode: "split", againstCuts: [260.25, 380.75] };
const TO_TRUTH: Partial<View> = { mode: "difference", against: "truth", low: -30, high: 30, colour: "diverging" };

type Change = [name: string, change: Partial<View>];

const VIEWS: Change[] = [
  ...(["linear", "log", "sqrt", "asinh"] as const).flatMap((stretch): Change[] => [
    [`${stretch}, grey`, { stretch }],
    [`${stretch}, viridis, inverted`, { stretch, colour: "viridis", invert: true }],
  ]),
  ["narrow cuts at a high level", { ...RAW, low: 290.01, high: 290.51, stretch: "log", colour: "magma" }],
  ["cuts as narrow as numbers are apart", { low: 160, high: 160.06, stretch: "log", colour: "viridis" }],
  ["equal cuts", { ...RAW, low: 290, high: 290 }],
  ["wide cuts", { low: -1e5, high: 1e30, colour: "cividis" }],
  ["split", SPLIT],
  ["split at the left edge", { ...SPLIT, split: 0 }],
  ["split without the other stage", { ...SPLIT, against: "none" }],
  ["split, zoomed out", { ...SPLIT, scale: 0.23, stretch: "asinh" }],
  ["difference to the raw image", { mode: "difference", low: -160, high: -110, colour: "diverging" }],
  ["difference to the truth", TO_TRUTH],
  ["difference to the truth, zoomed out", { ...TO_TRUTH, scale: 0.3 }],
  ["difference to itself", { ...TO_TRUTH, against: "split", low: 0, high: 0 }],
  ["all mask bits", { maskBits: ALL_BITS }],
  ["all mask bits, zoomed in", { maskBits: ALL_BITS, scale: 5.5 }],
  ["all mask bits, zoomed out", { maskBits: ALL_BITS, scale: 0.4 }],
  ["all mask bits, split", { ...SPLIT, maskBits: ALL_BITS, scale: 2 }],
  ...[1 / 8, 1 / 4, 1 / 2, 0.7, 2, 3.3, 8, 32].map((scale): Change => [`scale ${scale}`, { scale }]),
  ["fractional center", { x: 131.37, y: 400.0625, scale: 1.9 }],
  ["center on the edge of a pixel", { x: 255.5, y: 256.5, scale: 3 }],
  ["lower left corner", { x: 0, y: 0 }],
  ["upper right corner", { x: 511, y: 511, scale: 4 }],
  ["far outside", { x: -5000, y: 9000 }],
  ["an amplifier alone", { amps: [3], x: 384, y: 128 }],
  ["no amplifier", { amps: [] }],
  ["a stage that is not there", { stage: "none" }],
  ["the truth", { stage: "truth" }],
];

/** Draws every view by both rasters, which must agree in every byte; what was seen in each. */
async function compareAll(engine: Bench, views: Change[], first: View): Promise<Map<string, Comparison>> {
  const found = new Map<string, Comparison>();
  for (const [name, change] of views) {
    const one = await engine.compare({ ...first, ...change });
    expect.soft(one.byGl2, `${name}: drawn by WebGL2`).toBe(true);
    expect.soft({ differing: one.differing, largest: one.largest }, name).toEqual({ differing: 0, largest: 0 });
    found.set(name, one);
  }
  const largest = Math.max(...[...found.values()].map((one) => one.largest));
  test.info().annotations.push({ type: "largest difference", description: `${largest} of 255 in ${found.size} views` });
  return found;
}

test("both rasters draw the same picture", async ({ engine }) => {
  const found = await compareAll(engine, VIEWS, BASE);
  const colors = (name: string) => found.get(name)?.colors ?? 0;
  for (const name of ["linear, grey", "split", "difference to the truth", "scale 0.125", "scale 8"])
    expect(colors(name), `colors of ${name}`).toBeGreaterThan(30);
  for (const name of ["narrow cuts at a high level", "cuts as narrow as numbers are apart"])
    expect(colors(name), `colors of ${name}`).toBeGreaterThan(5);
  expect(colors("all mask bits")).toBeGreaterThan(colors("linear, grey"));
  expect(found.get("lower left corner")?.empty).toBeGreaterThan(1000);
  expect(found.get("far outside")?.empty).toBe(BASE.width * BASE.height);
});

/** An exposure of odd sides with every kind of number in it. */
function oddExposure(): Buffer {
  const [width, height] = [411, 293];
  const cards = [
    "SIMPLE  =                    T",
    "BITPIX  =                  -32",
    "NAXIS   =                    2",
    `NAXIS1  = ${String(width).padStart(20)}`,
    `NAXIS2  = ${String(height).padStart(20)}`,
    "IMAGETYP= 'object  '",
    "DATE-OBS= '2026-01-01T00:00:00'",
    "EXPTIME =                 10.0",
    "FILTER  = 'r       '",
    "END",
  ];
  const header = cards.map((card) => card.padEnd(80)).join("").padEnd(2880);
  const pixels = Buffer.alloc(Math.ceil((4 * width * height) / 2880) * 2880);
  const special = [Number.NaN, Infinity, -Infinity, 0, -0, 1e-42, -1e-42, 3e38, 1233];
  for (let at = 0; at < width * height; at++) {
    const [row, column] = [Math.floor(at / width), at % width];
    const block = row > 100 && row < 140 && column > 200 && column < 240;
    const value = block ? Number.NaN : at % 7 === 0 ? special[(at / 7) % special.length] : row * 0.37 - column * 0.11;
    pixels.writeFloatBE(value ?? 0, 4 * at);
  }
  return Buffer.concat([Buffer.from(header, "latin1"), pixels]);
}

test("pixels without a value, infinite and tiny ones are drawn alike", async ({ page }) => {
  await start(page, "./?raster=cpu");
  const engine = await Bench.start(page);
  await engine.drop("odd.fits", oddExposure());
  const first = { ...BASE, x: 205, y: 146, stage: "raw", low: -40, high: 80, amps: [1] };
  const views: Change[] = [
    ["as it is", {}],
    ["cuts at zero", { low: 0, high: 0 }],
    ["tiny cuts", { low: 0, high: 1e-40 }],
    // Single precision takes this lower cut for 1233, which is two steps above it.
    ["a lower cut between two numbers", { low: 1233 - 3e-5, high: 1233.06, stretch: "log" }],
    ["halved", { scale: 0.4 }],
    ["a hundredth", { scale: 0.01 }],
    ["the block", { x: 220, y: 120, scale: 7.7, colour: "viridis", stretch: "sqrt" }],
    ["with its mask", { x: 220, y: 120, scale: 3, maskBits: ALL_BITS }],
    ["minus itself", { mode: "difference", against: "raw", low: -1, high: 1, colour: "diverging" }],
  ];
  const found = await compareAll(engine, views, first);
  expect(found.get("as it is")?.nan).toBeGreaterThan(1600);
  expect(found.get("the block")?.nan).toBeGreaterThan(30_000);
  expect(found.get("as it is")?.colors).toBeGreaterThan(100);
});

test("an image larger than a texture is cut", async ({ page }) => {
  const limit = `
const getParameter = gl2.getParameter;
gl2.getParameter = function (name) { return name === gl2.MAX_TEXTURE_SIZE ? 190 : getParameter.call(this, name); };
`;
  await start(page, "./?raster=cpu", limit);
  const engine = await Bench.open(page);
  const changes: Change[] = [
    ["all", {}],
    ["zoomed in", { scale: 3.7, x: 189.6 }],
    ["zoomed out", { scale: 0.3 }],
    ["split with its mask", { ...SPLIT, maskBits: ALL_BITS }],
  ];
  await compareAll(engine, changes, { ...BASE, width: 187, height: 163 });
  // Four pieces of each of four amplifiers.
  expect((await engine.probe()).allocated).toBeGreaterThanOrEqual(16);
});

test("a change of place, cuts or colors sends no image, another stage does", async ({ engine }) => {
  await engine.compare(BASE);
  await engine.compare({ ...BASE, scale: 0.4 });
  const before = await engine.probe();
  expect(before.allocated, "two levels of four amplifiers").toBe(8);
  const changes: Partial<View>[] = [
    { x: 12 },
    { scale: 3 },
    { scale: 0.4 },
    { low: 145 },
    { stretch: "log" },
    { colour: "magma", invert: true },
  ];
  for (const change of changes) await engine.compare({ ...BASE, ...change });
  const after = await engine.probe();
  expect(after.allocated).toBe(before.allocated);
  expect(after.bytes - before.bytes, "bytes of tables").toBeLessThan(changes.length * 100_000);
  await engine.compare({ ...BASE, ...SPLIT });
  const split = await engine.probe();
  expect(split.allocated - after.allocated, "the other stage").toBe(4);
  // Both are still there; the divider only moves.
  for (const change of [{ split: 0.7 }, { mode: "single" as const }, { mode: "single" as const, stage: "raw" }])
    await engine.compare({ ...BASE, ...SPLIT, ...change });
  expect((await engine.probe()).allocated).toBe(split.allocated);
});

test("images of stages that are no longer shown are given back", async ({ page }) => {
  const count = `
probe.live = new Set();
const { createTexture, deleteTexture } = gl2;
gl2.createTexture = function () { const made = createTexture.call(this); probe.live.add(made); return made; };
gl2.deleteTexture = function (one) { probe.live.delete(one); return deleteTexture.call(this, one); };
`;
  await start(page, "./?raster=cpu", count);
  const engine = await Bench.open(page);
  const live = () =>
    engine.worker.evaluate(() => (self as unknown as { probe: { live: Set<unknown> } }).probe.live.size);
  for (const stage of ["raw", "overscan", "bias", "flat", "split"]) await engine.compare({ ...BASE, stage });
  // Two tables, and four amplifiers of two stages.
  expect(await live()).toBe(2 + 8);
  await engine.compare({ ...BASE, amps: [2] });
  expect(await live()).toBe(2 + 2);
  await engine.simulate({ ...SMALL_NIGHT, seed: 6 });
  expect(await live()).toBe(2);
  expect((await engine.compare(BASE)).differing).toBe(0);
});

test("a step that is done again is drawn anew", async ({ engine }) => {
  const before = await engine.compare({ ...BASE, ...TO_TRUTH });
  const { settings } = await engine.ask<{ settings: { step: string; on: boolean }[] }>({ kind: "steps" });
  await engine.ask({ kind: "set", settings: settings.map((one) => ({ ...one, on: one.step !== "flat" && one.on })) });
  const after = await engine.compare({ ...BASE, ...TO_TRUTH });
  expect([after.byGl2, after.differing]).toEqual([true, 0]);
  expect(after.colors).not.toBe(before.colors);
});

test("a view that the core refuses is refused, and the GPU draws the next one", async ({ engine }) => {
  await engine.ask({ kind: "raster", choice: "gl2" });
  await expect(engine.ask({ kind: "draw", view: { ...BASE, low: 300, high: 100 } })).rejects.toThrow("cuts");
  expect(await engine.compare(BASE)).toMatchObject({ byGl2: true, differing: 0 });
});

const loseContext = (worker: PageWorker) =>
  worker.evaluate(() => {
    const { probe } = self as unknown as Probed;
    Object.assign(probe, { handle: probe.context?.getExtension("WEBGL_lose_context") });
    (probe as unknown as { handle: WEBGL_lose_context }).handle.loseContext();
  });
const restoreContext = (worker: PageWorker) =>
  worker.evaluate(() => (self as unknown as { probe: { handle: WEBGL_lose_context } }).probe.handle.restoreContext());

/** The picture once no newer one follows. */
async function lastPicture(page: Page): Promise<string> {
  await expect(page.locator("main.bench")).toHaveAttribute("aria-busy", "false");
  let last = "";
  const isLast = async (): Promise<boolean> => {
    const before = last;
    last = await picture(page);
    return last === before;
  };
  await expect.poll(isLast, { intervals: [500] }).toBe(true);
  return last;
}

const status = (page: Page) => page.locator(".status-bar");

test("while a context is lost the CPU draws the same picture, and then the GPU again", async ({ engine }) => {
  const views = [BASE, { ...BASE, ...SPLIT, maskBits: ALL_BITS }];
  for (const view of views) expect(await engine.compare(view)).toMatchObject({ byGl2: true, differing: 0 });
  for (let loss = 0; loss < 2; loss++) {
    await loseContext(engine.worker);
    expect((await engine.probe()).lost).toBe(true);
    for (const view of views) expect(await engine.compare(view)).toMatchObject({ byGl2: false, differing: 0 });
    await restoreContext(engine.worker);
    await expect.poll(async () => (await engine.compare(BASE)).byGl2).toBe(true);
    for (const view of views) expect(await engine.compare(view)).toMatchObject({ byGl2: true, differing: 0 });
  }
});

test("a lost context leaves the picture of the page as it is, and comes back", async ({ page }) => {
  await start(page, "./?raster=gl2");
  await expect(status(page)).toContainText("drawn by GPU");
  const worker = page.workers()[0] as PageWorker;
  await page.locator("#viewer").focus();
  const first = await lastPicture(page);
  await loseContext(worker);
  expect((await lastPicture(page)) === first, "the picture stays").toBe(true);
  await page.keyboard.press("i");
  await expect(status(page)).toContainText("drawn by CPU");
  await expect.poll(async () => (await picture(page)) === first).toBe(false);
  await restoreContext(worker);
  await expect(async () => {
    await page.keyboard.press("i");
    await expect(status(page)).toContainText("drawn by GPU", { timeout: 1000 });
  }).toPass();
  await expect(page.getByRole("alert")).toHaveCount(0);
});

const FAILURES: [name: string, script: string][] = [
  ["there is no WebGL2", "OffscreenCanvas.prototype.getContext = function () { return null; };"],
  ["a texture cannot be allocated", "gl2.getError = () => gl2.OUT_OF_MEMORY;"],
  ["the program is refused", "gl2.getProgramParameter = () => false;"],
  ["the context is lost again and again", "gl2.isContextLost = () => true;"],
  [
    "the context is lost while it draws",
    "gl2.drawArrays = function () { this.getExtension('WEBGL_lose_context')?.loseContext(); };",
  ],
];

for (const [name, script] of FAILURES)
  test(`the CPU draws where ${name}`, async ({ page }) => {
    const errors: string[] = [];
    page.on("pageerror", (error) => errors.push(error.message));
    await start(page, "./?raster=gl2", script);
    await expect(status(page)).toContainText("drawn by CPU");
    await expect(page.getByRole("alert")).toHaveCount(0);
    const engine = await Bench.open(page);
    for (const view of [BASE, { ...BASE, ...SPLIT }]) {
      const found = await engine.compare(view);
      expect([found.byGl2, found.differing], "drawn by WebGL2, differing pixels").toEqual([false, 0]);
    }
    expect(errors).toEqual([]);
  });

/** Makes something in the worker last so long (ms). */
const SLOWLY = `const slowly = (ms) => { const end = performance.now() + ms; while (performance.now() < end); };`;
const SLOW_CPU = `${SLOWLY}
const Plain = ImageData;
self.ImageData = function (...all) { slowly(150); return new Plain(...all); };
self.ImageData.prototype = Plain.prototype;
`;
const SLOW_GPU = `${SLOWLY}
const readPixels = gl2.readPixels;
gl2.readPixels = function (...all) { probe.tried = true; slowly(400); return readPixels.apply(this, all); };
`;

test("the GPU draws once it has been found to be faster", async ({ page }) => {
  await start(page, "./", SLOW_CPU);
  await expect(page.locator("main.bench")).toHaveAttribute("aria-busy", "false");
  await page.locator("#viewer").focus();
  await expect(status(page)).toContainText("drawn by CPU");
  await expect(async () => {
    await page.keyboard.press("i");
    await expect(status(page)).toContainText("drawn by GPU", { timeout: 1500 });
  }).toPass();
});

test("the CPU goes on drawing where it is faster, and the GPU gets its memory back", async ({ page }) => {
  await start(page, "./", SLOW_GPU);
  const worker = page.workers()[0] as PageWorker;
  await expect.poll(() => worker.evaluate(() => "tried" in (self as unknown as Probed).probe)).toBe(true);
  await expect.poll(() => worker.evaluate(() => (self as unknown as Probed).probe.context?.isContextLost())).toBe(true);
  await page.locator("#viewer").focus();
  const first = await lastPicture(page);
  await page.keyboard.press("i");
  await expect.poll(async () => (await picture(page)) === first).toBe(false);
  await expect(status(page)).toContainText("drawn by CPU");
});
