/** What the page knows: one signal for each thing that the engine told or the person chose. */

import { batch, computed, signal } from "@preact/signals";
import type {
  Engine,
  EngineError,
  ExposureInfo,
  Json,
  Photometry,
  Progress,
  Raster,
  StageInfo,
  StepInfo,
  StepSetting,
} from "../engine/protocol";
import { LARGE_AMPLIFIER } from "../engine/protocol";

/** Which of the two screens is shown. */
export const screen = signal<"bench" | "mosaic">("bench");

export const engine = signal<Engine | null>(null);
export const exposure = signal<ExposureInfo | null>(null);
export const cameras = signal<{ name: string; description: string }[]>([]);

/** The steps that exist, and the recipe as it is set now. */
export const stepInfos = signal<StepInfo[]>([]);
export const settings = signal<StepSetting[]>([]);
export const stagesByAmp = signal<ReadonlyMap<number, StageInfo[]>>(new Map());

/** Grows whenever pixels of any stage have changed. */
export const revision = signal(0);

/** Grows when an amplifier can be seen for the first time, or a master, or what a slider that is held would do. */
export const previews = signal(0);
/** The picture is a preview of steps that have not been run. */
export const isPreview = signal(false);
/** Grows with every picture on the screen. */
export const pictures = signal(0);
/** A slider of a parameter is held; no step is run meanwhile. */
export const dragging = signal(false);

export const progress = signal<Progress | null>(null);
/** The engine has not yet caught up with the recipe. */
export const busy = signal(false);
/** An exposure is being opened. */
export const opening = signal(false);
export const problem = signal<EngineError | null>(null);
export const notice = signal<string | null>(null);
/** The last run in words, for the status line. */
export const lastRun = signal("");
export const memoryBytes = signal(0);
/** Who draws the picture; `null` until the engine says so. */
export const drawnBy = signal<Raster | null>(null);

export const photometry = signal<Photometry | null>(null);
export const aperture = signal<{ [key: string]: Json }>({});
export const selectedStar = signal<number | null>(null);

/** Amplifier that is looked at; 0 stands for all of them. */
export const shownAmp = signal(0);

/** A pseudo-step of the rail: apertures on the last stage. */
export const PHOTOMETRY = "photometry";
/** What the rail has selected: a stage, or photometry. */
export const selected = signal("raw");

export const ampNumbers = computed(() => {
  const all = exposure.value?.amps.map((amp) => amp.amp) ?? [];
  return shownAmp.value === 0 ? all : all.filter((amp) => amp === shownAmp.value);
});

const STATE_ORDER: StageInfo["state"][] = ["ok", "off", "skipped", "stale", "running", "failed"];

function worst(states: StageInfo["state"][]): StageInfo["state"] {
  return states.reduce((a, b) => (STATE_ORDER.indexOf(b) > STATE_ORDER.indexOf(a) ? b : a), "ok");
}

/** Root mean square and median over amplifiers, each with the weight of its pixels. */
function joinTruth(parts: StageInfo[]): StageInfo["toTruth"] {
  let pixels = 0;
  let squares = 0;
  let medians = 0;
  for (const { toTruth, stats } of parts) {
    if (!toTruth) continue;
    const weight = stats?.nPixels ?? 1;
    pixels += weight;
    squares += weight * toTruth.rms ** 2;
    medians += weight * toTruth.median;
  }
  return pixels > 0 ? { rms: Math.sqrt(squares / pixels), median: medians / pixels } : null;
}

function joinStage(parts: StageInfo[]): StageInfo {
  const first = parts[0] as StageInfo;
  if (parts.length === 1) return first;
  return {
    ...first,
    state: worst(parts.map((part) => part.state)),
    reason: parts.find((part) => part.reason)?.reason ?? null,
    stats: null,
    toTruth: joinTruth(parts),
    ms: parts.reduce((sum, part) => sum + (part.ms ?? 0), 0),
    warnings: [...new Set(parts.flatMap((part) => part.warnings))],
  };
}

/** The stages of the shown amplifiers as one list. */
export const stages = computed<StageInfo[]>(() => {
  const lists = ampNumbers.value.map((amp) => stagesByAmp.value.get(amp) ?? []).filter((list) => list.length > 0);
  const first = lists[0] ?? [];
  return first.map((stage) => joinStage(lists.flatMap((list) => list.filter((other) => other.stage === stage.stage))));
});

/** Rms to the truth of each stage before the last change of the recipe, and for which amplifiers. */
interface Before {
  amps: string;
  rms: ReadonlyMap<string, number>;
}

export const rmsBefore = signal<Before | null>(null);

export function keepRms(): void {
  const rms = new Map(stages.peek().flatMap(({ stage, toTruth }) => (toTruth ? [[stage, toTruth.rms]] : [])));
  rmsBefore.value = { amps: ampNumbers.peek().join(), rms };
}

/** Smaller changes are not worth a word (DN). */
const LEAST_CHANGE = 0.005;

/** What the last change of the recipe did to the rms of a stage; `null` if nothing. */
export function rmsChange(info: StageInfo): number | null {
  const kept = rmsBefore.value;
  const before = kept?.rms.get(info.stage);
  if (before === undefined || !info.toTruth || kept?.amps !== ampNumbers.value.join()) return null;
  const change = info.toTruth.rms - before;
  return Math.abs(change) < LEAST_CHANGE ? null : change;
}

/** Whether the engine has told of any; a picture need not be drawn again when one of them changes its state. */
export const hasStages = computed(() => stages.value.length > 0);

export const lastStage = computed(() => stages.value[stages.value.length - 1]?.stage ?? "raw");

/** Masters that can be drawn like stages; they are none of the steps. */
export const heldMasters = signal<{ stage: string; title: string; unit: string }[]>([]);

/** All that can be drawn. */
export const drawable = computed(() => [...stages.value, ...heldMasters.value]);

/** What the numbers of a stage count. */
export function stageUnit(stage: string): string {
  return drawable.value.find((info) => info.stage === stage)?.unit ?? "DN";
}

/** Whether what is open is looked at and not reduced. */
export const isImage = computed(() => exposure.value?.kind === "image");

export function stageTitle(stage: string): string {
  return stages.value.find((info) => info.stage === stage)?.title ?? stage;
}

/** Says what went wrong; a job that was stopped is no error. */
export function report(cause: unknown): void {
  const error = cause as Partial<EngineError>;
  if (error.class === "cancelled") {
    notice.value = error.message ?? "stopped";
    return;
  }
  problem.value = { class: error.class ?? "page", message: error.message ?? String(cause) };
}

/** Whether work on a whole amplifier is felt. */
export function isLarge(info: ExposureInfo): boolean {
  return info.amps.some((amp) => amp.width * amp.height > LARGE_AMPLIFIER);
}

/** There is something to see of the exposure: the first stage of an amplifier. */
export const isVisible = signal(false);

/** Takes what the engine told of an amplifier; while an exposure is opened, amplifiers appear one by one. */
export function takeStages(amp: number, list: StageInfo[]): void {
  const appears = list[0]?.state === "ok" && stagesByAmp.peek().get(amp)?.[0]?.state !== "ok";
  stagesByAmp.value = new Map(stagesByAmp.peek()).set(amp, list);
  if (!opening.peek() || !appears || !ampNumbers.peek().includes(amp)) return;
  isVisible.value = true;
  previews.value++;
}

export function resetForExposure(info: ExposureInfo): void {
  batch(() => {
    exposure.value = info;
    stagesByAmp.value = new Map();
    heldMasters.value = [];
    photometry.value = null;
    rmsBefore.value = null;
    selectedStar.value = null;
    isVisible.value = false;
    const [first] = info.amps;
    shownAmp.value = first && info.oneAtATime ? first.amp : 0;
  });
}
