import { readdirSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { expect, openBench, test } from "./bench";

test("once loaded the page works without a network", async ({ page, context }) => {
  await openBench(page);
  await page.evaluate(() => navigator.serviceWorker.ready);
  await context.setOffline(true);
  await page.reload();
  await page.locator("canvas[data-drawn]").waitFor();
  await expect(page.locator('[data-stage="split"] .rail-rms')).toContainText("DN");
});

test("the page's own policy forbids a request to another place", async ({ page }) => {
  await openBench(page);
  const refused = await page.evaluate(
    () =>
      new Promise<string>((resolve) => {
        document.addEventListener("securitypolicyviolation", (event) => resolve(event.effectiveDirective));
        fetch("https://example.org/").catch(() => undefined);
      }),
  );
  expect(refused).toBe("connect-src");
});

test("the page's script stays within 80 kB compressed", () => {
  const folder = new URL("../dist/assets/", import.meta.url);
  const main = readdirSync(folder).filter((name) => /^(main|create|client)-.*\.js$/.test(name));
  const bytes = main.reduce((sum, name) => sum + gzipSync(readFileSync(new URL(name, folder))).length, 0);
  expect(main.length).toBeGreaterThan(0);
  expect(bytes).toBeLessThanOrEqual(80_000);
});
