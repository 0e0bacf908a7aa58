/**
 * Puts the engine's pictures on the canvas. While a new one is on its way the last one is shown, moved
 * and scaled to the new place, so that the hand never waits for the engine.
 */

import { effect } from "@preact/signals";
import type { View } from "../engine/protocol";
import { dragging, engine, isPreview, isVisible, pictures, previews, report, revision, settings } from "../state/bench";
import { tellPreview } from "../state/run";
import { blinkOn, comparison, viewFor } from "../state/view";
import { latest } from "./latest";

/** Which piece of the detector a picture shows, and how large. */
type Frame = Pick<View, "width" | "height" | "x" | "y" | "scale">;

/** A picture with the frame it was made for. */
export interface Drawn {
  bitmap: ImageBitmap;
  view: Frame;
}

export function pixelRatio(): number {
  // Above 2 nobody sees the difference, and the picture takes twice the time.
  return Math.min(globalThis.devicePixelRatio || 1, 2);
}

/** Draws a bitmap made for one view as it would lie in another one. */
export function paint(canvas: HTMLCanvasElement, shown: Drawn, view: Frame): void {
  if (canvas.width !== view.width) canvas.width = view.width;
  if (canvas.height !== view.height) canvas.height = view.height;
  const context = canvas.getContext("2d");
  if (!context) return;
  const zoom = view.scale / shown.view.scale;
  const left = view.width / 2 + (shown.view.x - view.x) * view.scale - (shown.view.width / 2) * zoom;
  const top = view.height / 2 - (shown.view.y - view.y) * view.scale - (shown.view.height / 2) * zoom;
  context.imageSmoothingEnabled = false;
  context.clearRect(0, 0, view.width, view.height);
  context.drawImage(shown.bitmap, left, top, shown.view.width * zoom, shown.view.height * zoom);
}

/** Keeps the canvas up to date until the returned function is called. */
export function keepPicture(canvas: HTMLCanvasElement): () => void {
  let shown: Drawn | null = null;
  let wanted: View | null = null;
  let isAsked = false;
  const ask = latest<View, ImageBitmap | null>(
    async (view) => {
      if (!isPreview.peek()) return (await engine.peek()?.render(view)) ?? null;
      // The slider has been let go: what runs now will be drawn when it is done.
      if (!dragging.peek()) return null;
      const begin = performance.now();
      const bitmap = await engine.peek()?.preview(view, settings.peek());
      tellPreview(view.stage, performance.now() - begin);
      return bitmap ?? null;
    },
    (bitmap, view) => {
      if (!bitmap) return;
      shown?.bitmap.close();
      shown = { bitmap, view };
      paint(canvas, shown, wanted ?? view);
      canvas.dataset["drawn"] = `${view.stage} ${view.mode}`;
      pictures.value++;
    },
    report,
  );
  const tick = (): void => {
    isAsked = false;
    if (!wanted) return;
    if (shown) paint(canvas, shown, wanted);
    ask(wanted);
  };
  /** Nothing of an exposure that was closed is shown in the place of the new one. */
  const stopClearing = effect(() => {
    if (isVisible.value) return;
    shown?.bitmap.close();
    shown = null;
    canvas.getContext("2d")?.clearRect(0, 0, canvas.width, canvas.height);
  });
  const stop = effect(() => {
    void revision.value;
    void previews.value;
    const { stage, against, mode } = comparison.value;
    const blinkedOff = mode === "blink" && !blinkOn.value;
    wanted = viewFor(blinkedOff ? against : stage, pixelRatio());
    if (wanted && !isAsked) queueMicrotask(tick);
    isAsked = wanted !== null;
  });
  return () => {
    stop();
    stopClearing();
    wanted = null;
  };
}
