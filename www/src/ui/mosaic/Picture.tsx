/** The picture of the focal plane: every detector at its place, a button on each that has a file. */

import { effect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { MosaicView } from "../../engine/mosaic/protocol";
import { report } from "../../state/bench";
import {
  detectorRows,
  mosaic,
  mosaicEngine,
  mosaicPixel,
  mosaicPlace,
  mosaicRevision,
  mosaicSize,
  mosaicView,
  openDetector,
  resizeMosaic,
  type DetectorRow,
} from "../../state/mosaic";
import { decimals } from "../format";
import { latest } from "../latest";
import { paint, pixelRatio, type Drawn } from "../Picture";
import { followMosaic } from "./pointer";

/** Keeps the canvas up to date until the returned function is called. */
function keepCanvas(canvas: HTMLCanvasElement): () => void {
  let shown: Drawn | null = null;
  let wanted: MosaicView | null = null;
  let frame = 0;
  const ask = latest<MosaicView, ImageBitmap | null>(
    async (view) => (await mosaicEngine()?.render(view)) ?? null,
    (bitmap, view) => {
      if (!bitmap) return;
      shown?.bitmap.close();
      shown = { bitmap, view };
      paint(canvas, shown, wanted ?? view);
      canvas.dataset["drawn"] = String(Number(canvas.dataset["drawn"] ?? 0) + 1);
    },
    report,
  );
  const tick = (): void => {
    frame = 0;
    if (!wanted) return;
    if (shown) paint(canvas, shown, wanted);
    ask(wanted);
  };
  const stop = effect(() => {
    void mosaicRevision.value;
    wanted = mosaicView(pixelRatio());
    if (wanted && frame === 0) frame = requestAnimationFrame(tick);
  });
  return () => {
    stop();
    cancelAnimationFrame(frame);
    shown?.bitmap.close();
  };
}

/** What a detector is called. */
export function nameOf({ place }: DetectorRow): string {
  return place.name ? `${place.detector} (${place.name})` : String(place.detector);
}

function words(row: DetectorRow): string {
  const medians = row.known.flatMap((one) => (one && "median" in one && one.median !== null ? [one.median] : []));
  if (medians.length === 0) return `Detector ${nameOf(row)}, not read yet: open it on the bench`;
  const list = medians.map((median) => decimals(median, 0)).join(", ");
  return `Detector ${nameOf(row)}, medians ${list} DN: open it on the bench`;
}

/** Of a detector of which every amplifier is a file of its own, the one that is pointed at. */
function ampUnderPointer(detector: number): number | null {
  const at = mosaicPixel.peek();
  return at?.detector === detector ? at.amp : null;
}

function Detectors() {
  const { width, height } = mosaicSize.value;
  const { x, y, scale } = mosaicPlace.value;
  const withFile = new Map(detectorRows.value.map((row) => [row.place.detector, row]));
  const box = (place: { x0: number; y0: number; width: number; height: number }) => ({
    left: `${width / 2 + (place.x0 - 0.5 - x) * scale}px`,
    top: `${height / 2 - (place.y0 + place.height - 0.5 - y) * scale}px`,
    width: `${place.width * scale}px`,
    height: `${place.height * scale}px`,
  });
  return (
    <>
      {mosaic.value?.places.map((place) => {
        const row = withFile.get(place.detector);
        if (!row) return <span key={place.detector} class="mosaic-empty" style={box(place)} aria-hidden="true" />;
        return (
          <button
            key={place.detector}
            type="button"
            class="mosaic-detector"
            style={box(place)}
            aria-label={words(row)}
            onClick={() => void openDetector(place.detector, ampUnderPointer(place.detector))}
          >
            <span aria-hidden="true">{nameOf(row)}</span>
          </button>
        );
      })}
    </>
  );
}

export function MosaicPicture() {
  const box = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    if (!box.current || !canvas.current) return;
    const element = box.current;
    const observer = new ResizeObserver(() => resizeMosaic(element.clientWidth, element.clientHeight));
    observer.observe(element);
    const stops = [() => observer.disconnect(), followMosaic(element), keepCanvas(canvas.current)];
    return () => {
      stops.forEach((stop) => stop());
      mosaicSize.value = { width: 0, height: 0 };
    };
  }, []);
  return (
    <div id="focal-plane" tabIndex={-1} class="mosaic-picture" ref={box} role="group" aria-label="Detectors at their places">
      <canvas ref={canvas} aria-hidden="true" />
      <Detectors />
    </div>
  );
}
