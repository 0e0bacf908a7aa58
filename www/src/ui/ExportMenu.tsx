/** What can be taken away: the picture, images, tables, the recipe, the command. */

import { useRef } from "preact/hooks";
import type { ExportKind } from "../engine/protocol";
import { engine, exposure, isImage, notice, report } from "../state/bench";
import { comparison, plotAmp, viewFor } from "../state/view";
import { download } from "./download";

async function exportFile(kind: ExportKind): Promise<void> {
  const made = await engine.peek()?.export(kind, plotAmp.peek());
  if (!made) return;
  download(made.name, made.bytes);
  notice.value = `${made.name} is in your downloads.`;
}

async function copyCommand(): Promise<void> {
  const made = await engine.peek()?.export("command", plotAmp.peek());
  if (!made) return;
  await navigator.clipboard.writeText(new TextDecoder().decode(made.bytes));
  notice.value = "The command line is on the clipboard.";
}

async function exportPicture(): Promise<void> {
  const { stage, mode } = comparison.peek();
  const view = viewFor(stage, Math.min(devicePixelRatio, 2));
  const bitmap = view && (await engine.peek()?.render(view));
  if (!bitmap) return;
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  canvas.getContext("2d")?.drawImage(bitmap, 0, 0);
  const name = `${exposure.peek()?.name.replace(/\.fits.*$/i, "") ?? "picture"}_${stage}_${mode}.png`;
  download(name, await canvas.convertToBlob({ type: "image/png" }));
  notice.value = `${name} is in your downloads.`;
}

const ITEMS: { label: string; detail: string; rawOnly?: true; run(): Promise<void> }[] = [
  { label: "PNG", detail: "the picture as shown", run: exportPicture },
  {
    label: "FITS",
    detail: "science image, mask and variance of this amplifier",
    rawOnly: true,
    run: () => exportFile("fits"),
  },
  { label: "parquet", detail: "table of stars", run: () => exportFile("parquet") },
  { label: "CSV", detail: "table of stars", run: () => exportFile("csv") },
  { label: "recipe", detail: "TOML, for rawsky --recipe", run: () => exportFile("recipe") },
  { label: "command line", detail: "copied; does the same in bulk", run: copyCommand },
];

export function ExportMenu() {
  const menu = useRef<HTMLDivElement>(null);
  return (
    <>
      <button type="button" popovertarget="export-menu">
        Export
      </button>
      <div id="export-menu" class="menu" popover="auto" ref={menu} role="group" aria-label="Export">
        {ITEMS.filter((item) => !(item.rawOnly && isImage.value)).map((item) => (
          <button
            key={item.label}
            type="button"
            onClick={() => {
              menu.current?.hidePopover();
              item.run().catch(report);
            }}
          >
            <b>{item.label}</b>
            <span class="quiet">{item.detail}</span>
          </button>
        ))}
      </div>
    </>
  );
}
