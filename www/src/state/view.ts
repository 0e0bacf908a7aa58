/** How the picture is shown: place, zoom, stages, cuts and colors. */

import { computed, signal } from "@preact/signals";
import type { ColourMap, CutsKind, Region, Stretch, View, ViewMode } from "../engine/protocol";
import { ampNumbers, exposure, hasStages, heldMasters, isVisible, selected, shownAmp } from "./bench";

export type BenchMode = ViewMode | "blink";

export interface Cuts {
  kind: CutsKind | "typed";
  low: number;
  high: number;
}

/** What belongs to the look of a picture and can be undone. */
export interface Look {
  stretch: Stretch;
  colour: ColourMap;
  invert: boolean;
  cuts: Cuts;
  differenceCuts: Cuts;
  /** Whether the other stage of a split or blink has cuts of its own, by the same rule. */
  ownCuts: boolean;
}

/** Detector coordinates of the middle of the picture; screen pixels per detector pixel. */
export interface Place {
  x: number;
  y: number;
  scale: number;
}

export interface Comparison {
  stage: string;
  against: string;
  mode: BenchMode;
  split: number;
}

export const FIRST_LOOK: Look = {
  stretch: "linear",
  colour: "grey",
  invert: false,
  cuts: { kind: "99.5%", low: 0, high: 1 },
  differenceCuts: { kind: "98%", low: -1, high: 1 },
  ownCuts: true,
};

export const look = signal<Look>(FIRST_LOOK);
export const place = signal<Place>({ x: 0, y: 0, scale: 1 });
export const comparison = signal<Comparison>({ stage: "raw", against: "raw", mode: "single", split: 0.5 });
export const maskBits = signal(0);
export const showApertures = signal(false);
/** Objects are looked for and marked. */
export const showObjects = signal(false);
export const searching = signal(false);
/** Size of the viewer (CSS pixels). */
export const viewerSize = signal({ width: 0, height: 0 });

export const cursor = signal<{ x: number; y: number } | null>(null);
export const pinned = signal(false);
export type Tool = "pan" | "rectangle" | "circle" | "annulus";
export const tool = signal<Tool>("pan");
export const region = signal<Region | null>(null);
/** Which of the two stages blinks on, while mode is `blink`. */
export const blinkOn = signal(true);

export const activeCuts = computed(() =>
  comparison.value.mode === "difference" ? look.value.differenceCuts : look.value.cuts,
);

/** The cuts of the other stage, found by the rule of the shown one. */
export const againstCuts = signal<{ low: number; high: number } | null>(null);

/** Whether two stages with cuts of their own are compared. */
export const comparesOwnCuts = computed(() => {
  const { mode } = comparison.value;
  const { ownCuts, cuts } = look.value;
  return ownCuts && cuts.kind !== "typed" && (mode === "split" || mode === "blink");
});

export const MIN_SCALE = 1 / 64;
export const MAX_SCALE = 64;

/** What "fit" shows: the shown amplifier, or the whole detector. */
export function shownPart(): { x0: number; y0: number; width: number; height: number } | null {
  const info = exposure.peek();
  if (!info) return null;
  const one = info.amps.find((amp) => amp.amp === shownAmp.peek());
  return one ?? { x0: 0, y0: 0, width: info.width, height: info.height };
}

export function fitScale(): number {
  const part = shownPart();
  const size = viewerSize.peek();
  if (!part || size.width === 0) return 1;
  return Math.min(size.width / part.width, size.height / part.height);
}

/** The place that fitted last. */
let fitted: Place | null = null;

/** Whether nobody has moved the picture since it was made to fit. */
export const isFitted = (): boolean => place.peek() === fitted;

export function fit(): void {
  const part = shownPart();
  if (!part) return;
  const { x0, y0, width, height } = part;
  fitted = { x: x0 + (width - 1) / 2, y: y0 + (height - 1) / 2, scale: fitScale() };
  place.value = fitted;
}

/** Zooms so that the detector point under (`px`, `py`), counted from the middle of the picture, stays. */
export function zoomBy(factor: number, px = 0, py = 0): void {
  const { x, y, scale } = place.peek();
  const next = Math.min(MAX_SCALE, Math.max(MIN_SCALE, scale * factor));
  place.value = { x: x + px / scale - px / next, y: y - py / scale + py / next, scale: next };
}

export function zoomTo(scale: number): void {
  const at = cursor.peek();
  const here = place.peek();
  place.value = { x: at?.x ?? here.x, y: at?.y ?? here.y, scale };
}

export function panBy(dx: number, dy: number): void {
  const { x, y, scale } = place.peek();
  place.value = { x: x - dx / scale, y: y + dy / scale, scale };
}

/** Shows a stage, and opens its step. */
export function show(stage: string): void {
  // A master has no step of its own.
  if (!heldMasters.peek().some((one) => one.stage === stage)) selected.value = stage;
  comparison.value = { ...comparison.peek(), stage };
}

export function setMode(mode: BenchMode): void {
  comparison.value = { ...comparison.peek(), mode };
}

export function moveCursor(dx: number, dy: number): void {
  const info = exposure.peek();
  if (!info) return;
  const from = cursor.peek() ?? { x: Math.floor(info.width / 2), y: Math.floor(info.height / 2) };
  const clamp = (value: number, size: number) => Math.min(size - 1, Math.max(0, value));
  cursor.value = { x: clamp(from.x + dx, info.width), y: clamp(from.y + dy, info.height) };
  followCursor();
}

/** Moves the picture when the cursor has left it. */
function followCursor(): void {
  const at = cursor.peek();
  const { width, height } = viewerSize.peek();
  const { x, y, scale } = place.peek();
  if (!at || width === 0) return;
  const outside = Math.abs(at.x - x) * scale > width / 2 || Math.abs(at.y - y) * scale > height / 2;
  if (outside) place.value = { x: at.x, y: at.y, scale };
}

/** The amplifier at a place of the detector. */
export function ampAt(x: number, y: number): number | null {
  const found = exposure
    .peek()
    ?.amps.find((amp) => x >= amp.x0 && x < amp.x0 + amp.width && y >= amp.y0 && y < amp.y0 + amp.height);
  return found?.amp ?? null;
}

/** The amplifiers of which the picture shows a part. */
export function visibleAmps(): number[] {
  const { width, height } = viewerSize.peek();
  const { x, y, scale } = place.peek();
  const [reachX, reachY] = [width / 2 / scale, height / 2 / scale];
  const shown = exposure.peek()?.amps.filter((amp) => ampNumbers.peek().includes(amp.amp)) ?? [];
  const inView = shown.filter(
    (amp) =>
      amp.x0 <= x + reachX && x - reachX <= amp.x0 + amp.width && amp.y0 <= y + reachY && y - reachY <= amp.y0 + amp.height,
  );
  return inView.map((amp) => amp.amp);
}

/** The amplifier whose plots are shown: the chosen one, else that under the cursor. */
export const plotAmp = computed(() => {
  const numbers = ampNumbers.value;
  const at = cursor.value;
  const under = at ? ampAt(at.x, at.y) : null;
  return under !== null && numbers.includes(under) ? under : (numbers[0] ?? 1);
});

/** What the engine has to draw, in device pixels; `null` while there is nothing to draw. */
export function viewFor(stage: string, ratio: number): View | null {
  const { width, height } = viewerSize.value;
  if (!exposure.value || width === 0 || !hasStages.value || !isVisible.value) return null;
  const { mode, against, split } = comparison.value;
  const { stretch, colour, invert } = look.value;
  const own = comparesOwnCuts.value ? againstCuts.value : null;
  const blinkedOff = mode === "blink" && stage === against;
  const { low, high } = blinkedOff && own ? own : activeCuts.value;
  const { x, y, scale } = place.value;
  return {
    width: Math.round(width * ratio),
    height: Math.round(height * ratio),
    x,
    y,
    scale: scale * ratio,
    stage,
    against,
    mode: mode === "blink" ? "single" : mode,
    split,
    low,
    high,
    againstCuts: own ? [own.low, own.high] : null,
    stretch: mode === "difference" ? "linear" : stretch,
    colour: mode === "difference" ? "diverging" : colour,
    invert,
    maskBits: maskBits.value,
    amps: ampNumbers.value,
  };
}
