/** A small picture of a stage, each with its own cuts. Made when the page has nothing better to do. */

import { useEffect, useRef } from "preact/hooks";
import { ampNumbers, engine, opening, revision } from "../state/bench";
import { shownPart } from "../state/view";

const WIDTH = 112;
const HEIGHT = 84;

const whenIdle: (work: () => void) => number =
  globalThis.requestIdleCallback ?? ((work) => window.setTimeout(work, 60));
const forgetIdle: (handle: number) => void = globalThis.cancelIdleCallback ?? clearTimeout;

/** Thumbnails are made one after the other, so that the large picture never waits for more than one. */
let queue: Promise<void> = Promise.resolve();

async function drawInto(
  canvas: HTMLCanvasElement,
  stage: string,
  amps: number[],
  isWanted: () => boolean,
): Promise<void> {
  const source = engine.peek();
  const part = shownPart();
  if (!source || !part || !isWanted()) return;
  const found = await source.cuts(stage, null, "99.5%", amps);
  if (!isWanted()) return;
  // Wider than the picture's own cuts: in so small a picture noise hides the stars.
  const cuts = { low: found.low, high: found.low + 2.5 * (found.high - found.low) };
  const bitmap = await source.render({
    width: WIDTH,
    height: HEIGHT,
    x: part.x0 + (part.width - 1) / 2,
    y: part.y0 + (part.height - 1) / 2,
    scale: Math.max(WIDTH / part.width, HEIGHT / part.height),
    stage,
    against: stage,
    mode: "single",
    split: 0.5,
    ...cuts,
    againstCuts: null,
    stretch: "asinh",
    colour: "grey",
    invert: false,
    maskBits: 0,
    amps,
  });
  canvas.getContext("2d")?.drawImage(bitmap, 0, 0);
  bitmap.close();
}

export function Thumbnail({ stage, off }: { stage: string; off: boolean }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const version = revision.value;
  const amps = ampNumbers.value;
  const isOpening = opening.value;
  useEffect(() => {
    // While an exposure is opened, most stages are not there yet.
    if (isOpening) return undefined;
    let wanted = true;
    const handle = whenIdle(() => {
      const element = canvas.current;
      if (element) queue = queue.then(() => drawInto(element, stage, amps, () => wanted)).catch(() => undefined);
    });
    return () => {
      wanted = false;
      forgetIdle(handle);
    };
  }, [stage, version, amps, isOpening]);
  return (
    <canvas ref={canvas} class={off ? "thumbnail off" : "thumbnail"} width={WIDTH} height={HEIGHT} aria-hidden="true" />
  );
}
