/** Steps dragged to another place of the rail, with a mouse and with a finger. */

import type { Page } from "@playwright/test";
import { expect, openBench, settled, step, test } from "./bench";

const order = (page: Page): Promise<string[]> =>
  page.locator(".rail-item").evaluateAll((items) => items.map((item) => (item as HTMLElement).dataset["stage"] ?? ""));

/** Presses on a step and moves the mouse onto another one. */
async function dragOnto(page: Page, name: string, other: string): Promise<void> {
  await step(page, name).hover();
  await page.mouse.down();
  const box = await step(page, other).boundingBox();
  if (!box) throw new Error(`${other} is not to be seen`);
  await page.mouse.move(box.x + box.width * 0.2, box.y + box.height / 2, { steps: 4 });
  await page.mouse.move(box.x + box.width * 0.8, box.y + box.height / 2, { steps: 4 });
}

test("a step is dragged to another place, runs there, and the move can be undone", async ({ bench }) => {
  const before = await order(bench);
  const chosen = await bench.locator(".rail-item.chosen").getAttribute("data-stage");
  await dragOnto(bench, "pocket", "variance");
  await expect(bench.locator('[data-stage="variance"]')).not.toHaveClass(/drop-before/);
  await expect(bench.locator('[data-stage="assemble"]')).toHaveClass(/drop-before/);
  expect(await order(bench), "before the mouse is up").toEqual(before);
  await bench.mouse.up();
  await expect.poll(() => order(bench)).toEqual(
    before.map((name) => (name === "pocket" ? "variance" : name === "variance" ? "pocket" : name)),
  );
  await settled(bench);
  // A drag is no click: the inspector stays where it was.
  await expect(bench.locator(`.rail-item.chosen`)).toHaveAttribute("data-stage", chosen ?? "");
  await bench.getByRole("button", { name: "Undo place of pocket" }).click();
  await expect.poll(() => order(bench)).toEqual(before);
});

test("a step dragged where it may not stand is refused with the reason of the buttons", async ({ bench }) => {
  const before = await order(bench);
  await dragOnto(bench, "bias", "flat");
  await bench.mouse.up();
  await expect(bench.getByRole("alert")).toContainText("bias must stand before flat");
  await expect.poll(() => order(bench)).toEqual(before);
});

test("Escape gives a drag up, and the next click counts", async ({ bench }) => {
  const before = await order(bench);
  await dragOnto(bench, "pocket", "variance");
  await expect(bench.locator(".rail-item.dragged")).toHaveCount(1);
  await bench.keyboard.press("Escape");
  await expect(bench.locator(".rail-item.dragged")).toHaveCount(0);
  await bench.mouse.up();
  expect(await order(bench)).toEqual(before);
  await expect(async () => {
    await step(bench, "flat").click();
    await expect(bench.locator('[data-stage="flat"]')).toHaveClass(/chosen/, { timeout: 500 });
  }).toPass();
});

test.describe("with a finger", () => {
  test.use({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });

  type Finger = { x: number; y: number };

  async function fingers(page: Page) {
    const client = await page.context().newCDPSession(page);
    return (type: "touchStart" | "touchMove" | "touchEnd", points: Finger[]) =>
      client.send("Input.dispatchTouchEvent", { type, touchPoints: points });
  }

  async function center(page: Page, name: string): Promise<Finger> {
    const box = await step(page, name).boundingBox();
    if (!box) throw new Error(`${name} is not to be seen`);
    return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
  }

  test("a long press takes a step, which is put where the finger goes up", async ({ page }) => {
    await openBench(page);
    await step(page, "pocket").scrollIntoViewIfNeeded();
    const touch = await fingers(page);
    const [pocket, linearity] = [await center(page, "pocket"), await center(page, "linearity")];
    await touch("touchStart", [pocket]);
    await expect(page.locator('[data-stage="pocket"]')).toHaveClass(/dragged/);
    for (let part = 1; part <= 10; part += 1)
      await touch("touchMove", [{ x: pocket.x + ((linearity.x - 20 - pocket.x) * part) / 10, y: pocket.y }]);
    await expect(page.locator('[data-stage="linearity"]')).toHaveClass(/drop-before/);
    await touch("touchEnd", []);
    await expect
      .poll(async () => {
        const names = await order(page);
        return names.indexOf("linearity") - names.indexOf("pocket");
      })
      .toBe(1);
  });

  test("a swipe scrolls the rail and moves no step", async ({ page }) => {
    await openBench(page);
    const before = await order(page);
    const rail = page.locator(".rail");
    const touch = await fingers(page);
    const { x, y } = await center(page, "overscan");
    await touch("touchStart", [{ x, y }]);
    for (let d = 10; d <= 80; d += 10) await touch("touchMove", [{ x: x - d, y }]);
    await touch("touchEnd", []);
    await expect.poll(() => rail.evaluate((element) => element.scrollLeft)).toBeGreaterThan(20);
    await expect(page.locator(".rail-item.dragged")).toHaveCount(0);
    expect(await order(page)).toEqual(before);
  });
});
