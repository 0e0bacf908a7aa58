import type { Page } from "@playwright/test";
import { expect, test } from "./bench";

/** Whether the picture has the size of its place. */
function isFilled(page: Page): Promise<boolean> {
  return page.locator(".stage-focus canvas").evaluate((element) => {
    const canvas = element as HTMLCanvasElement;
    const box = canvas.closest(".stage-box");
    const ratio = Math.min(devicePixelRatio, 2);
    const size = [box?.clientWidth ?? 0, box?.clientHeight ?? 0].map((side) => Math.round(side * ratio));
    return canvas.width === size[0] && canvas.height === size[1];
  });
}

test("keys move, zoom, compare, invert, pin and undo", async ({ bench }) => {
  const place = bench.locator(".pixel-place span").first();
  const label = bench.locator(".stage-label");
  await bench.locator("#viewer").focus();
  const before = await place.innerText();
  await bench.keyboard.press("ArrowRight");
  await expect(place).not.toHaveText(before);
  await bench.keyboard.press("Shift+ArrowUp");
  await bench.keyboard.press("d");
  await expect(label).toHaveText("science − raw");
  await bench.keyboard.press("d");
  await expect(label).toHaveText("science");
  const zoom = bench.locator(".zoom-value");
  // Comparing changes the height of the bar below the picture, and so what fits.
  await expect.poll(() => isFilled(bench)).toBe(true);
  await bench.keyboard.press("0");
  const fitted = await zoom.innerText();
  await bench.keyboard.press("+");
  await expect(zoom).not.toHaveText(fitted);
  await bench.keyboard.press("1");
  await expect(zoom).toHaveText("1:1");
  await bench.keyboard.press("0");
  await expect(zoom).toHaveText(fitted);
  await bench.keyboard.press("i");
  await expect(bench.getByRole("checkbox", { name: "invert" })).toBeChecked();
  await bench.keyboard.press("Control+z");
  await expect(bench.getByRole("checkbox", { name: "invert" })).not.toBeChecked();
  await bench.keyboard.press("Control+Shift+Z");
  await expect(bench.getByRole("checkbox", { name: "invert" })).toBeChecked();
});

test("brackets go to the previous and the next step", async ({ bench }) => {
  await bench.locator('[data-stage="bias"] .rail-pick').click();
  await bench.keyboard.press("]");
  await expect(bench.locator('[data-stage="flat"]')).toHaveClass(/chosen/);
  await bench.keyboard.press("[");
  await bench.keyboard.press("[");
  await expect(bench.locator('[data-stage="assemble"]')).toHaveClass(/chosen/);
});

test("letters that are typed into a field are no keys, and all can be turned off", async ({ bench }) => {
  await bench.getByRole("tab", { name: "header" }).click();
  await bench.getByRole("searchbox").fill("");
  await bench.keyboard.type("dib");
  await expect(bench.locator(".stage-label").first()).toHaveText("raw");
  await bench.locator("#viewer").focus();
  await bench.keyboard.press("?");
  await bench.getByRole("checkbox", { name: "single-letter keys" }).uncheck();
  await bench.keyboard.press("Escape");
  await bench.locator("#viewer").focus();
  await bench.keyboard.press("d");
  await expect(bench.locator(".stage-label").first()).toHaveText("raw");
});

test("the cuts are sliders for the keyboard", async ({ bench }) => {
  const low = bench.getByRole("slider", { name: "Low cut" });
  const before = await low.getAttribute("aria-valuetext");
  await low.focus();
  await bench.keyboard.press("ArrowRight");
  await expect(low).not.toHaveAttribute("aria-valuetext", before ?? "");
  await expect(low).toHaveAttribute("aria-valuetext", /DN$/);
  await expect(bench.getByRole("combobox", { name: "cuts" })).toHaveValue("typed");
});

test("all of the page can be reached and left with the tab key", async ({ bench }) => {
  const seen = new Set<string>();
  await bench.locator("body").press("Tab");
  for (let i = 0; i < 140; i++) {
    seen.add(
      await bench.evaluate(
        () =>
          document.activeElement
            ?.closest("section[aria-label], nav[aria-label], aside[aria-label]")
            ?.getAttribute("aria-label") ??
          document.activeElement?.tagName ??
          "",
      ),
    );
    await bench.keyboard.press("Tab");
  }
  for (const part of ["Steps", "Viewer", "Step", "This pixel", "Mask", "Region", "Plots and tables"])
    expect([...seen]).toContain(part);
});
