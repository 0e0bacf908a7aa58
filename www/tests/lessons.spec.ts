import { expect, settled, test } from "./bench";

test("a lesson opens the bench, refuses a wrong answer with a hint and takes a right one", async ({ bench }) => {
  await bench.getByRole("button", { name: "Lessons" }).click();
  await bench.getByRole("button", { name: /^Which overscan columns/ }).click();
  await expect(bench.getByRole("heading", { name: "Which overscan columns" })).toBeFocused();
  const columns = bench.getByRole("spinbutton", { name: "last columns" });
  await expect(columns).toHaveValue("30");
  await bench.getByRole("button", { name: "Check" }).click();
  await expect(bench.locator(".verdict")).toContainText("Not yet");
  await columns.fill("5");
  await columns.press("Enter");
  await bench.getByRole("button", { name: "Check" }).click();
  await expect(bench.locator(".verdict")).toContainText("Right");
});

test("an answer that is read off the bench is checked against the bench", async ({ bench }) => {
  await bench.getByRole("button", { name: "Lessons" }).click();
  await bench.getByRole("button", { name: /^How bent/ }).click();
  const terms = bench.getByRole("spinbutton", { name: "Legendre terms" });
  await expect(terms).toHaveValue("1");
  await terms.fill("3");
  await terms.press("Enter");
  await settled(bench);
  const rms = (await bench.locator('[data-stage="overscan"] .rail-rms').innerText()).replace(/[^\d.]/g, "");
  await bench.getByRole("spinbutton", { name: "answer" }).fill(String(Number(rms) * 3));
  await bench.keyboard.press("Enter");
  await expect(bench.locator(".verdict")).toContainText("Not yet");
  await bench.getByRole("spinbutton", { name: "answer" }).fill(rms);
  await bench.keyboard.press("Enter");
  await expect(bench.locator(".verdict")).toContainText("Right");
});

test("every lesson opens and has a right answer", async ({ bench }) => {
  test.setTimeout(120_000);
  await bench.getByRole("button", { name: "Lessons" }).click();
  await bench.locator(".lesson-list button").first().waitFor();
  const count = await bench.locator(".lesson-list button").count();
  expect(count).toBeGreaterThanOrEqual(8);
  await bench.locator(".lesson-list button").first().click();
  const places = new Set<number>();
  for (let i = 1; i <= count; i++) {
    await expect(bench.locator(".lesson .quiet").first()).toHaveText(`lesson ${i} of ${count}`);
    await expect(bench.getByRole("alert")).toHaveCount(0);
    const choices = await bench.locator(".lesson-choice input").all();
    const verdicts: string[] = [];
    for (const choice of choices) {
      await choice.check();
      await bench.getByRole("button", { name: "Check" }).click();
      verdicts.push((await bench.locator(".verdict b").innerText()).replace(/[^\w ]/g, "").trim());
    }
    const right = verdicts.filter((verdict) => verdict === "Right").length;
    expect(right, verdicts.join(", ")).toBe(choices.length ? 1 : 0);
    places.add(verdicts.indexOf("Right"));
    const next = bench.getByRole("button", { name: "Next lesson" });
    if (await next.count()) await next.click();
  }
  // Whoever always takes the first choice is not always right.
  expect(places.size).toBeGreaterThan(2);
});

test("a lesson is worked through with the keyboard alone", async ({ bench }) => {
  await bench.getByRole("button", { name: "Lessons" }).focus();
  await bench.keyboard.press("Enter");
  await bench.getByRole("button", { name: /^A clip that cannot clip/ }).focus();
  await bench.keyboard.press("Enter");
  await expect(bench.getByRole("heading", { name: "A clip that cannot clip" })).toBeFocused();
  await bench.keyboard.press("Tab");
  await bench.keyboard.type("7");
  await bench.keyboard.press("Enter");
  await expect(bench.locator(".verdict")).toContainText("Right");
});
