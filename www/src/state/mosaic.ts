/** The focal plane: what it is made of, what was read of it, and how it is shown. */

import { batch, computed, signal } from "@preact/signals";
import type { ColourMap, CutsKind, Progress, Stretch } from "../engine/protocol";
import type {
  MosaicEngine,
  MosaicInfo,
  MosaicLevel,
  MosaicListener,
  MosaicMember,
  MosaicPixel,
  MosaicPlace,
  MosaicSource,
  MosaicView,
} from "../engine/mosaic/protocol";
import { openFiles, openMember } from "./actions";
import { notice, problem, report, screen } from "./bench";
import { NO_CAMERA, pendingLink } from "./source";
import { MAX_SCALE, type Place } from "./view";

export const mosaic = signal<MosaicInfo | null>(null);
export const mosaicProgress = signal<Progress | null>(null);
/** Grows whenever the picture has more to show. */
export const mosaicRevision = signal(0);
export const mosaicMemory = signal(0);

/** What is known of an amplifier: its numbers, or why it could not be read. */
export type Known = MosaicLevel | { failure: string };
export const levels = signal<ReadonlyMap<string, Known>>(new Map());
export const keyOf = (detector: number, amp: number): string => `${detector} ${amp}`;

export interface MosaicLook {
  stretch: Stretch;
  colour: ColourMap;
  invert: boolean;
  kind: CutsKind;
  low: number;
  high: number;
}
export const mosaicLook = signal<MosaicLook>({
  stretch: "linear",
  colour: "grey",
  invert: false,
  kind: "zscale",
  low: 0,
  high: 1,
});
export const mosaicPlace = signal<Place>({ x: 0, y: 0, scale: 1 });
/** Size of the picture (CSS pixels). */
export const mosaicSize = signal({ width: 0, height: 0 });
export const mosaicPixel = signal<MosaicPixel | null>(null);

let engine: MosaicEngine | null = null;
let files: File[] = [];

export const mosaicEngine = (): MosaicEngine | null => engine;

/** The median of a detector's amplifiers that were read, in their order; `null` for the others. */
export interface DetectorRow {
  place: MosaicPlace;
  members: MosaicMember[];
  known: (Known | null)[];
  /** Largest median over the smallest, less one (%), once all are positive and there are two. */
  jump: number | null;
}

export const detectorRows = computed<DetectorRow[]>(() => {
  const info = mosaic.value;
  if (!info) return [];
  const rows = info.places.map((place) => {
    const members = info.members.filter((member) => member.detector === place.detector);
    const known = members.map((member) => levels.value.get(keyOf(member.detector, member.amp)) ?? null);
    return { place, members, known, jump: jumpOf(known) };
  });
  return rows.filter((row) => row.members.length > 0);
});

function jumpOf(known: (Known | null)[]): number | null {
  const medians = known.flatMap((one) => (one && "median" in one && one.median !== null ? [one.median] : []));
  const least = Math.min(...medians);
  if (medians.length < 2 || medians.length < known.length || least <= 0) return null;
  return 100 * (Math.max(...medians) / least - 1);
}

const listener: MosaicListener = {
  level(level) {
    levels.value = new Map(levels.peek()).set(keyOf(level.detector, level.amp), level);
    mosaicRevision.value++;
    void takeCuts();
  },
  failed({ detector, amp }, error) {
    levels.value = new Map(levels.peek()).set(keyOf(detector, amp), { failure: error.message });
  },
  progress: (value) => (mosaicProgress.value = value),
  sharper() {
    mosaicRevision.value++;
    void askMemory();
  },
};

async function made(): Promise<MosaicEngine> {
  engine?.dispose();
  const { createMosaic } = await import("../engine/mosaic/client");
  engine = createMosaic(listener);
  return engine;
}

/** Opens the focal plane of these files, if that is what they are. */
export async function openMosaic(source: MosaicSource): Promise<boolean> {
  const kept = mosaic.peek();
  const before = engine;
  engine = null;
  const own = await made();
  const info = await own.open(source).catch((cause: unknown) => {
    report(cause);
    return null;
  });
  if (!info) {
    own.dispose();
    engine = before;
    mosaic.value = kept;
    mosaicProgress.value = null;
    return false;
  }
  before?.dispose();
  files = source.kind === "files" ? source.files : [];
  batch(() => {
    mosaic.value = info;
    levels.value = new Map();
    mosaicPixel.value = null;
    problem.value = null;
    notice.value = null;
    screen.value = "mosaic";
    fitMosaic();
  });
  void read(own);
  return true;
}

/** Opens dropped files: a focal plane, if they are of several detectors, else one on the bench. */
export async function openDropped(given: File[], camera: string): Promise<void> {
  const mayBePlane = given.length > 1 && camera !== NO_CAMERA && !pendingLink.peek();
  if (mayBePlane && (await openMosaic({ kind: "files", camera, files: given }))) return;
  await openFiles(given, camera);
}

async function askMemory(): Promise<void> {
  mosaicMemory.value = (await engine?.memory().catch(() => 0)) ?? 0;
}

async function read(own: MosaicEngine): Promise<void> {
  try {
    await own.readAll();
    await askMemory();
  } catch (cause) {
    report(cause);
  }
}

export function stopMosaic(): void {
  engine?.cancel();
}

/** Reads again what a stop left out. */
export function readMosaic(): void {
  if (engine) void read(engine);
}

/** Every amplifier was read or has said why it cannot be. */
export const mosaicDone = computed(() => levels.value.size === (mosaic.value?.members.length ?? 0));

/** The camera of the simulated focal plane. */
const SIMULATED = "toy";

/** Shows the focal plane; without one, a simulated one. */
export async function showMosaic(): Promise<void> {
  if (mosaic.peek()) screen.value = "mosaic";
  else await openMosaic({ kind: "simulated", camera: SIMULATED, seed: 1 });
}

export function showBench(): void {
  screen.value = "bench";
}

/** Opens the file of an amplifier on the bench, with the files that belong to no other detector. */
export async function openDetector(detector: number, amp: number | null): Promise<void> {
  const info = mosaic.peek();
  const member = info?.members.find((one) => one.detector === detector && (amp === null || one.amp === amp));
  if (!info || !member || !engine) return;
  const members = new Set(info.members.map((one) => one.file));
  const own = files.find((file) => file.name === member.file) ?? (await engine.file(member.file));
  const beside = files.filter((file) => !members.has(file.name));
  if (!(await openMember([own, ...beside], info.camera))) screen.value = "mosaic";
}

async function takeCuts(): Promise<void> {
  const { kind } = mosaicLook.peek();
  const found = await engine?.cuts(kind).catch(() => null);
  if (found && kind === mosaicLook.peek().kind) mosaicLook.value = { ...mosaicLook.peek(), ...found };
}

export function changeMosaicLook(change: Partial<MosaicLook>): void {
  mosaicLook.value = { ...mosaicLook.peek(), ...change };
  if (change.kind) void takeCuts();
}

/** Room about the focal plane, as a part of the picture. */
const MARGIN = 0.96;

function fitScale(): number {
  const info = mosaic.peek();
  const { width, height } = mosaicSize.peek();
  if (!info || width === 0) return 1;
  return MARGIN * Math.min(width / info.width, height / info.height);
}

/** Whether the place follows the size of the picture. */
let fitted = true;

export function fitMosaic(): void {
  const info = mosaic.peek();
  fitted = true;
  if (info) mosaicPlace.value = { x: (info.width - 1) / 2, y: (info.height - 1) / 2, scale: fitScale() };
}

/** Another size of the picture shows all of it, if all of it was shown. */
export function resizeMosaic(width: number, height: number): void {
  mosaicSize.value = { width, height };
  if (fitted) fitMosaic();
}

/** Zooms so that the point under (`px`, `py`), counted from the middle of the picture, stays. */
export function zoomMosaic(factor: number, px = 0, py = 0): void {
  const { x, y, scale } = mosaicPlace.peek();
  fitted = false;
  const next = Math.min(MAX_SCALE, Math.max(fitScale() / 2, scale * factor));
  mosaicPlace.value = { x: x + px / scale - px / next, y: y - py / scale + py / next, scale: next };
}

export function panMosaic(dx: number, dy: number): void {
  fitted = false;
  const { x, y, scale } = mosaicPlace.peek();
  mosaicPlace.value = { x: x - dx / scale, y: y + dy / scale, scale };
}

/** What the engine has to draw, in device pixels; `null` while there is nothing to draw. */
export function mosaicView(ratio: number): MosaicView | null {
  const { width, height } = mosaicSize.value;
  if (!mosaic.value || width === 0) return null;
  const { stretch, colour, invert, low, high } = mosaicLook.value;
  const { x, y, scale } = mosaicPlace.value;
  return {
    width: Math.round(width * ratio),
    height: Math.round(height * ratio),
    x,
    y,
    scale: scale * ratio,
    low,
    high: high > low ? high : low + 1,
    stretch,
    colour,
    invert,
  };
}
