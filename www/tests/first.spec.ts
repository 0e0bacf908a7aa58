import { readFileSync } from "node:fs";
import { brotliCompressSync } from "node:zlib";
import type { Page } from "@playwright/test";
import { expect, settled } from "./bench";
import { exported, test } from "./engine";

const built = (address: string): URL => new URL(`../dist${new URL(address).pathname}`, import.meta.url);

/** Whether the service worker keeps the part that a first picture does not need. */
const keepsTheRest = (page: Page): Promise<boolean> =>
  page.evaluate(async () => {
    for (const name of await caches.keys()) {
      const kept = await (await caches.open(name)).keys();
      if (kept.some((request) => request.url.includes("rawsky_web_bg"))) return true;
    }
    return false;
  });

/** What comes when the first picture is up: without it there is nothing beside the picture but the picture. */
const AFTER = /rawsky_rest|PlotPanel|objects-|Legend|PixelPanel|MaskPanel|RegionPanel|formulas/;

test("the first picture needs at most 350 kB, and nothing that comes after it", async ({ browser }) => {
  const context = await browser.newContext({ serviceWorkers: "block" });
  const page = await context.newPage();
  const asked = new Set<string>();
  page.on("response", (response) => asked.add(response.url().replace(/\/$/, "/index.html")));
  await context.route(AFTER, (route) => route.abort());
  await page.goto("./");
  await page.locator("canvas[data-drawn]").waitFor();
  await settled(page, 60_000);
  await expect(page.locator('[data-stage="split"] .rail-rms')).toContainText("DN");
  const files = [...asked].filter((address) => address.startsWith("http"));
  expect(files.some((address) => address.includes("rawsky_start_bg"))).toBe(true);
  expect(files.filter((address) => address.includes("rawsky_web"))).toEqual([]);
  const sizes = files.map((address) => brotliCompressSync(readFileSync(built(address))).length);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(350_000);
  await context.close();
});

test("the rest of the small module comes by itself, and then measures the stars", async ({ browser }) => {
  const context = await browser.newContext({ serviceWorkers: "block" });
  const page = await context.newPage();
  const asked: string[] = [];
  page.on("response", (response) => asked.push(response.url()));
  await page.goto("./");
  await expect(page.locator('[data-stage="photometry"]')).toContainText("stars", { timeout: 60_000 });
  expect(asked.filter((address) => address.includes("rawsky_rest"))).toHaveLength(1);
  expect(asked.filter((address) => address.includes("rawsky_web"))).toEqual([]);
  await context.close();
});

test("what works without a network comes after the first picture, and writes files then", async ({ page, context }) => {
  await expect.poll(() => keepsTheRest(page), { timeout: 60_000 }).toBe(true);
  await context.setOffline(true);
  await page.reload();
  await page.locator("canvas[data-drawn]").waitFor();
  await settled(page, 60_000);
  const { name, bytes } = await exported(page, "Recipe");
  expect(name).toMatch(/\.toml$/);
  expect(bytes.toString()).toContain('step = "overscan"');
  await expect(page.locator('[data-stage="split"] .rail-rms')).toContainText("DN");
});

test("a simulated exposure that is exported stays as it was set", async ({ page }) => {
  await settled(page, 60_000);
  const flat = page.locator('.rail-item[data-stage="flat"] input[type="checkbox"]');
  await flat.uncheck();
  await settled(page, 60_000);
  const before = await page.locator('[data-stage="split"] .rail-rms').innerText();
  const { bytes } = await exported(page, "Recipe");
  expect(bytes.toString().split("[[science]]").some((step) => step.includes('"flat"'))).toBe(false);
  await settled(page, 60_000);
  await expect(flat).not.toBeChecked();
  expect(await page.locator('[data-stage="split"] .rail-rms').innerText()).toBe(before);
});
