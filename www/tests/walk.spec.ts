import { expect, openBench, picture, step, test } from "./bench";

test("the first screen shows a reduced simulated exposure with its rms to the truth", async ({ bench }) => {
  await expect(bench.locator(".badge")).toHaveText("simulated");
  await expect(bench.getByText("Drop a raw exposure here")).toBeVisible();
  await expect(bench.getByText("Your data stays on this computer.")).toBeVisible();
  const first = parseFloat(
    await bench
      .locator('[data-stage="raw"] .rail-rms')
      .innerText()
      .then((text) => text.replace(/[^\d.]/g, "")),
  );
  const last = parseFloat(
    await bench
      .locator('[data-stage="split"] .rail-rms')
      .innerText()
      .then((text) => text.replace(/[^\d.]/g, "")),
  );
  expect(last).toBeLessThan(first / 5);
});

test("a parameter changes the numbers, names the steps that ran, and can be undone", async ({ bench }) => {
  await step(bench, "overscan").click();
  const rms = bench.locator('[data-stage="overscan"] .rail-rms');
  const before = await rms.innerText();
  const field = bench.getByRole("spinbutton", { name: "Legendre terms" });
  await field.fill("1");
  await field.press("Enter");
  await expect(rms).not.toHaveText(before);
  await expect(bench.locator(".status-bar")).toContainText("overscan, linearity");
  await expect(bench.locator(".status-bar")).not.toContainText("saturation");
  await bench.getByRole("button", { name: /^Undo overscan terms/ }).click();
  await expect(field).toHaveValue("3");
  await expect(rms).toHaveText(before);
  await bench.getByRole("button", { name: /^Redo/ }).click();
  await expect(field).toHaveValue("1");
});

test("a change of cuts or colors runs no step", async ({ bench }) => {
  const status = await bench.locator(".status-bar").innerText();
  const before = await picture(bench);
  await bench.getByRole("combobox", { name: "colors" }).selectOption("viridis");
  await expect.poll(() => picture(bench)).not.toBe(before);
  expect(await bench.locator(".status-bar").innerText()).toBe(status);
});

test("a step in a place that it may not have is refused with the reason", async ({ bench }) => {
  await step(bench, "bias").click();
  await bench.getByRole("button", { name: "Move bias later" }).click();
  await expect(bench.getByRole("alert")).toContainText("bias must stand before flat");
  const order = await bench
    .locator(".rail-item")
    .evaluateAll((items) => items.map((item) => (item as HTMLElement).dataset["stage"]));
  expect(order.indexOf("bias")).toBeLessThan(order.indexOf("flat"));
});

test("a switched-off step says so and can be switched on again", async ({ bench }) => {
  const item = bench.locator('[data-stage="pocket"]');
  await item.getByRole("switch").click();
  await expect(item.locator(".rail-state")).toContainText("off");
  await item.getByRole("switch").click();
  await expect(item.locator(".rail-pick")).not.toContainText("off");
});

test("this pixel shows the arithmetic of every step and the truth", async ({ bench }) => {
  const box = await bench.locator(".stage-box").boundingBox();
  if (!box) throw new Error("no picture");
  await bench.mouse.click(box.x + box.width * 0.42, box.y + box.height * 0.4);
  const table = bench.locator(".pixel-table");
  await expect(table.locator("tbody tr")).toHaveCount(11);
  await expect(table.locator("tr", { hasText: "overscan" })).toContainText("−");
  await expect(table.locator("tr.truth")).toContainText("σ");
  await expect(bench.getByRole("button", { name: "pin" })).toHaveAttribute("aria-pressed", "true");
});

test("split, blink and difference compare any two stages", async ({ bench }) => {
  const split = await picture(bench);
  await bench.getByRole("slider", { name: /Divider/ }).press("End");
  await expect.poll(() => picture(bench)).not.toBe(split);
  await bench.getByRole("radio", { name: "difference" }).check();
  await expect(bench.locator(".stage-label")).toHaveText("science − raw");
  await bench.getByRole("radio", { name: "blink" }).check();
  await expect(bench.locator(".stage-label")).toHaveText("raw");
  await expect(bench.locator(".stage-label")).toHaveText("science");
});

test("a link brings recipe, view and pinned pixel back", async ({ bench, context }) => {
  await bench.getByRole("spinbutton", { name: "last columns" }).fill("12");
  await bench.getByRole("spinbutton", { name: "last columns" }).press("Enter");
  await bench.getByRole("radio", { name: "difference" }).check();
  await bench.getByRole("button", { name: "One pixel right" }).click();
  const place = await bench.locator(".pixel-place span").first().innerText();
  await bench.getByRole("button", { name: "Share" }).click();
  const field = bench.getByRole("textbox", { name: "link" });
  await expect(field).toHaveValue(/#s=/);
  const link = await field.inputValue();
  const other = await context.newPage();
  await other.goto(link);
  await other.locator("canvas[data-drawn]").waitFor();
  await expect(other.locator(".stage-label.right")).toHaveText("science − raw");
  await other.locator('.rail-item[data-stage="overscan"] .rail-pick').click();
  await expect(other.getByRole("spinbutton", { name: "last columns" })).toHaveValue("12");
  await expect(other.locator(".pixel-place span").first()).toHaveText(place);
});

test("a damaged link is named, and the page works", async ({ page }) => {
  await openBench(page, "#s=AAAA");
  await expect(page.getByRole("alert")).toContainText("damaged");
});

test("files can be opened and a file that is none is refused by name", async ({ bench }) => {
  const drop = (name: string) =>
    bench.evaluate((file) => {
      const data = new DataTransfer();
      data.items.add(new File(["SIMPLE  =                    T"], file));
      document.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
    }, name);
  await drop("notes.txt");
  await expect(bench.getByRole("alert")).toContainText("notes.txt");
  await drop("my_raw.fits");
  await expect(bench.locator(".exposure-name")).toContainText("my_raw.fits");
  await expect(bench.locator(".badge")).toHaveCount(0);
});

test("stars are listed, sorted, and chosen from table or picture", async ({ bench }) => {
  await step(bench, "photometry").click();
  await bench.getByRole("button", { name: "Table of stars" }).click();
  await bench.locator(".stars").getByRole("button", { name: "f_3", exact: true }).click();
  await bench
    .locator(".stars")
    .getByRole("button", { name: /^star / })
    .first()
    .click();
  await expect(bench.locator(".overlay-apertures .chosen")).toHaveCount(1);
  await bench.getByRole("button", { name: /^Curve of growth of star/ }).click();
  await expect(bench.locator(".plot-words")).toContainText("% of the flux");
});

test("an aperture changes the table and no step", async ({ bench }) => {
  await step(bench, "photometry").click();
  const field = bench.getByRole("spinbutton", { name: "annulus to" });
  await field.fill("30");
  await field.press("Enter");
  await expect(bench.locator(".summary")).toContainText("30 pixels");
  await expect(bench.locator(".status-bar")).toContainText("only photometry");
});

test("region statistics follow the typed size", async ({ bench }) => {
  await bench.getByRole("button", { name: "circle" }).click();
  const pixels = bench.locator(".panel-region .facts div", { hasText: "pixels" }).first();
  const before = await pixels.innerText();
  await bench.getByRole("spinbutton", { name: "radius" }).fill("30");
  await expect(pixels).not.toHaveText(before);
});

test("mask bits are laid over the picture", async ({ bench }) => {
  const before = await picture(bench);
  await bench.getByRole("checkbox", { name: /SATURATED/ }).check();
  await expect.poll(() => picture(bench)).not.toBe(before);
});

test("the header can be searched", async ({ bench }) => {
  await bench.getByRole("tab", { name: "header" }).click();
  await bench.getByRole("searchbox").fill("gain");
  await expect(bench.locator(".header-table tbody tr")).toHaveCount(1);
});

test("picture, image, tables, recipe and plot can be taken away", async ({ bench }) => {
  for (const [item, name] of [
    ["PNG", /\.png$/],
    ["FITS", /\.fits$/],
    ["parquet", /\.parquet$/],
    ["CSV", /\.csv$/],
    ["recipe", /\.toml$/],
  ] as const) {
    await bench.getByRole("button", { name: "Export" }).click();
    const waiting = bench.waitForEvent("download");
    await bench.locator("#export-menu button", { hasText: item }).click();
    expect((await waiting).suggestedFilename()).toMatch(name);
  }
});

test("a running job shows its progress and can be stopped; the picture stays, marked stale", async ({ page }) => {
  await page.goto("./?engine=mock&delay=400");
  await page.locator("canvas[data-drawn]").waitFor();
  const before = await picture(page);
  await page.locator('[data-stage="overscan"]').getByRole("switch").click();
  await expect(page.getByRole("progressbar")).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.locator('[data-stage="flat"] .rail-state')).toHaveText(/stale/);
  await expect(page.locator(".status-bar")).toContainText("stopped");
  expect((await picture(page)).length).toBeGreaterThan(before.length / 2);
});

test("a change says by how much the rms to the truth grew or fell", async ({ bench }) => {
  await bench.locator('[data-stage="flat"]').getByRole("switch").click();
  await expect(bench.locator('[data-stage="split"] .rail-change')).toHaveClass(/worse/);
  await bench.locator('[data-stage="flat"]').getByRole("switch").click();
  await expect(bench.locator('[data-stage="split"] .rail-change')).toHaveClass(/better/);
});

test("two headers are compared card by card, in words and signs", async ({ bench }) => {
  await bench.getByRole("tab", { name: "header" }).click();
  const table = bench.locator(".header-table");
  await bench.getByRole("combobox", { name: "compare with" }).selectOption({ label: "raw amplifier" });
  await expect(table.getByRole("row", { name: "+ added BUNIT DN unit of the image" })).toBeVisible();
  await expect(table.getByRole("row", { name: "≠ changed NAXIS1 256 280 columns" })).toBeVisible();
  await expect(table.getByRole("row", { name: /− removed DATASEC/ })).toBeVisible();
  await expect(bench.locator(".header-panel [role=status]")).toContainText("1 added, 2 changed, ");
  await expect(table).not.toContainText("EXPTIME");
  await bench.getByRole("searchbox").fill("280");
  await expect(table.locator("tbody tr")).toHaveCount(1);
  await bench.getByRole("searchbox").fill("");
  await bench.getByRole("checkbox", { name: "only differences" }).uncheck();
  await expect(table.getByRole("row", { name: /= same EXPTIME/ })).toBeVisible();
});
