import AxeBuilder from "@axe-core/playwright";
import type { Page } from "@playwright/test";
import { expect, openBench, test } from "./bench";

async function noViolations(page: Page, part = "html"): Promise<void> {
  const { violations } = await new AxeBuilder({ page })
    .include(part)
    .withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"])
    .analyze();
  const words = violations.map(
    (one) =>
      `${one.id}: ${one.nodes.map((node) => `${node.target.join(" ")} (${node.failureSummary ?? ""})`).join(" | ")}`,
  );
  expect(words).toEqual([]);
}

/** Nothing sticks out of the page, and no control is smaller than 24 pixels. */
async function fits(page: Page): Promise<void> {
  const tooWide = await page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  );
  expect(tooWide, "pixels beyond the right edge").toBeLessThanOrEqual(0);
  const small = await page.evaluate(() =>
    [...document.querySelectorAll("button, select, input, [role=slider]")]
      .filter((element) => (element as HTMLElement).checkVisibility())
      .map((element) => ({ element, box: (element.closest("label") ?? element).getBoundingClientRect() }))
      .filter(({ box }) => box.width > 0 && (box.width < 23.9 || box.height < 23.9))
      .map(
        ({ element, box }) =>
          `${element.tagName} ${element.getAttribute("aria-label") ?? element.textContent ?? ""} ${Math.round(box.width)}x${Math.round(box.height)}`,
      ),
  );
  expect(small, "controls smaller than 24 pixels").toEqual([]);
}

const SIZES = [
  ["desk", 1440, 900],
  ["tablet", 820, 1180],
  ["phone", 390, 844],
  ["narrowest", 320, 640],
  ["desk at 200 %", 720, 450],
] as const;

for (const [name, width, height] of SIZES) {
  for (const colorScheme of ["light", "dark"] as const) {
    test(`${name}, ${colorScheme}: no violation of the rules, nothing sticks out`, async ({ page }) => {
      await page.setViewportSize({ width, height });
      await page.emulateMedia({ colorScheme });
      await openBench(page);
      await noViolations(page);
      await fits(page);
    });
  }
}

for (const tab of [
  "column",
  "histogram",
  "residual",
  "overscan fit",
  "linearity",
  "curve of growth",
  "masters",
  "stars",
  "header",
]) {
  test(`the panel ${tab} keeps the rules`, async ({ bench }) => {
    await bench.getByRole("tab", { name: tab }).click();
    await bench.waitForTimeout(300);
    await noViolations(bench);
  });
}

for (const name of ["Open", "Lessons", "Share", "Keys and help"]) {
  test(`the dialog ${name} keeps the rules and gives the focus back`, async ({ bench }) => {
    const button = bench.getByRole("button", { name, exact: true });
    await button.click();
    await expect(bench.locator("dialog[open]")).toBeVisible();
    await noViolations(bench);
    await bench.keyboard.press("Escape");
    await expect(button).toBeFocused();
  });
}

test("every step keeps the rules", async ({ bench }) => {
  test.setTimeout(90_000);
  for (const item of await bench.locator(".rail-pick").all()) {
    await item.click();
    await noViolations(bench, ".panel-step");
  }
});

test("plots have words and a table", async ({ bench }) => {
  await expect(bench.getByRole("img", { name: /row \d+/ })).toBeVisible();
  await bench.getByRole("button", { name: "table", exact: true }).click();
  await expect(
    bench
      .getByRole("region", { name: /Numbers of/ })
      .locator("tbody tr")
      .first(),
  ).toBeVisible();
});

test("forced colors and reduced motion keep the page usable", async ({ page }) => {
  await page.emulateMedia({ forcedColors: "active", reducedMotion: "reduce" });
  await openBench(page);
  await expect(page.getByRole("button", { name: "Open", exact: true })).toBeVisible();
});
