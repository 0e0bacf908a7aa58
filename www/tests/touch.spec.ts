import type { CDPSession, Page } from "@playwright/test";
import { expect, openBench, test } from "./bench";

test.use({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });

interface Finger {
  x: number;
  y: number;
}

async function touch(
  client: CDPSession,
  type: "touchStart" | "touchMove" | "touchEnd",
  fingers: Finger[],
): Promise<void> {
  await client.send("Input.dispatchTouchEvent", {
    type,
    touchPoints: fingers.map((finger, id) => ({ ...finger, id })),
  });
}

async function middle(page: Page): Promise<Finger> {
  const box = await page.locator(".stage-box").boundingBox();
  if (!box) throw new Error("no picture");
  // Beside the divider, which has its own pointer.
  return { x: box.x + box.width * 0.25, y: box.y + box.height * 0.5 };
}

test("two fingers zoom, one moves, a long press pins", async ({ page }) => {
  await openBench(page);
  const client = await page.context().newCDPSession(page);
  const { x, y } = await middle(page);
  const zoom = page.locator(".zoom-value");
  const fitted = await zoom.innerText();

  await touch(client, "touchStart", [
    { x: x - 20, y },
    { x: x + 20, y },
  ]);
  for (let d = 25; d <= 60; d += 5)
    await touch(client, "touchMove", [
      { x: x - d, y },
      { x: x + d, y },
    ]);
  await touch(client, "touchEnd", []);
  await expect(zoom).not.toHaveText(fitted);

  const label = page.locator(".overlay-amps text").first();
  const before = await label.getAttribute("x");
  await touch(client, "touchStart", [{ x, y }]);
  for (let d = 5; d <= 40; d += 5) await touch(client, "touchMove", [{ x: x + d, y }]);
  await touch(client, "touchEnd", []);
  await expect(label).not.toHaveAttribute("x", before ?? "");

  await page.getByRole("navigation", { name: "Panels" }).getByRole("button", { name: "pixel" }).click();
  const pin = page.getByRole("button", { name: "pin" });
  await expect(pin).toHaveAttribute("aria-pressed", "false");
  await page.evaluate(() => scrollTo(0, 0));
  const again = await middle(page);
  await touch(client, "touchStart", [again]);
  await page.waitForTimeout(700);
  await touch(client, "touchEnd", []);
  await expect(pin).toHaveAttribute("aria-pressed", "true");
});

test("the panels below the picture are chosen by buttons", async ({ page }) => {
  await openBench(page);
  const panels = page.getByRole("navigation", { name: "Panels" });
  for (const [name, panel] of [
    ["pixel", ".panel-pixel"],
    ["plots", ".chart"],
    ["header", ".header-table"],
    ["step", ".panel-step"],
  ] as const) {
    await panels.getByRole("button", { name }).click();
    await expect(page.locator(panel)).toBeVisible();
  }
});
