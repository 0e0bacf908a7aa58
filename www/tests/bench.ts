import { expect, test as base, type Page } from "@playwright/test";

/** Opens the bench on the invented engine; any request to another origin fails the test. */
export const test = base.extend<{ bench: Page }>({
  bench: async ({ page, baseURL }, use) => {
    const foreign: string[] = [];
    const errors: string[] = [];
    page.on("request", (request) => {
      const address = request.url();
      if (!address.startsWith(baseURL ?? "") && !/^(blob|data):/.test(address)) foreign.push(address);
    });
    page.on("pageerror", (error) => errors.push(error.message));
    page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
    await openBench(page);
    await use(page);
    expect(foreign, "requests to other places").toEqual([]);
    expect(errors, "errors on the page").toEqual([]);
  },
});

export async function openBench(page: Page, hash = ""): Promise<void> {
  await page.goto(`./?engine=mock${hash}`);
  await page.locator("canvas[data-drawn]").waitFor();
}

/** Bytes of the picture, as the browser's own digest of the canvas. */
export function picture(page: Page): Promise<string> {
  return page.locator(".stage-focus canvas").evaluate((canvas) => (canvas as HTMLCanvasElement).toDataURL());
}

/** Waits until the exposure is open and the engine has caught up with the recipe. */
export async function settled(page: Page, timeout = 15_000): Promise<void> {
  await expect(page.locator("main.bench")).toHaveAttribute("aria-busy", "false", { timeout });
}

export const step = (page: Page, name: string) => page.locator(`.rail-item[data-stage="${name}"] .rail-pick`);

export { expect };
