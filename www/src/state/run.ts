/**
 * Sends the recipe to the engine: one run at a time, and always the newest recipe next. While a slider is dragged
 * only what the picture shows is run.
 */

import { effect } from "@preact/signals";
import type { Engine, Limit, StageInfo, StepSetting } from "../engine/protocol";
import {
  busy,
  dragging,
  engine,
  isVisible,
  lastRun,
  lastStage,
  memoryBytes,
  notice,
  photometry,
  pictures,
  previews,
  progress,
  report,
  revision,
  settings,
  stages,
  stagesByAmp,
  stageTitle,
} from "./bench";
import { beginEntry } from "./undo";
import { comparison, visibleAmps } from "./view";

let waiting = false;
/** What was asked for is set, but not run: the person has stopped it. */
let isStopped = false;
/** When the preview that runs was begun; `null` if none runs. */
let previewBegin: number | null = null;
/** Something has been left stale by previews. */
let previewed = false;

/** A preview that takes longer is given up for a newer one: the hand has gone on (ms). */
const SLOW_PREVIEW = 400;

/** Lets the engine catch up with the recipe. */
export async function runRecipe(): Promise<void> {
  isStopped = false;
  if (busy.peek()) {
    waiting = true;
    giveUpSlowPreview();
    return;
  }
  busy.value = true;
  try {
    do {
      waiting = false;
      if (dragging.peek()) await preview(settings.peek());
      else await runOnce(settings.peek());
    } while (waiting);
  } finally {
    busy.value = false;
  }
}

/** The engine leaves a run when a newer recipe comes; the loop of the runs then goes on with it. */
function giveUpSlowPreview(): void {
  if (previewBegin === null || performance.now() - previewBegin < SLOW_PREVIEW) return;
  previewBegin = performance.now();
  engine
    .peek()
    ?.setSteps(settings.peek(), shownLimit())
    .catch(() => undefined);
}

/** What the picture shows: the later one of the compared stages, of the amplifiers in view. */
function shownLimit(): Limit {
  const { stage, against, mode } = comparison.peek();
  const order = settings.peek().map((setting) => setting.step);
  const isLater = mode !== "single" && order.indexOf(against) > order.indexOf(stage);
  return { stage: isLater ? against : stage, amps: visibleAmps() };
}

async function preview(recipe: StepSetting[]): Promise<void> {
  const source = engine.peek();
  if (!source) return;
  const limit = shownLimit();
  const begin = performance.now();
  previewBegin = begin;
  previewed = true;
  try {
    await source.setSteps(recipe, limit);
    previews.value++;
    const seconds = ((performance.now() - begin) / 1000).toFixed(2);
    lastRun.value = `${seconds} s; preview up to ${stageTitle(limit.stage)}, the rest when the slider is let go`;
  } catch (cause) {
    report(cause);
    await restoreFromEngine();
  } finally {
    previewBegin = null;
    progress.value = null;
  }
}

/** A slider is taken: until it is let go, only what is seen follows it, and all of it is one step back. */
export function beginDragging(): void {
  beginEntry();
  dragging.value = true;
}

export function endDragging(): void {
  if (!dragging.peek()) return;
  dragging.value = false;
  beginEntry();
  if (previewed) void runRecipe();
  previewed = false;
}

/** No step of any amplifier. */
const NOTHING: Limit = { stage: "", amps: [] };

async function runOnce(recipe: StepSetting[]): Promise<void> {
  const source = engine.peek();
  if (!source) return;
  const start = performance.now();
  notice.value = null;
  try {
    const { executed } = await source.setSteps(recipe, isStopped ? NOTHING : undefined);
    const names = new Set(executed.map((one) => one.step));
    const seconds = ((performance.now() - start) / 1000).toFixed(2);
    await refresh();
    void tellNumbers(`${seconds} s; ${names.size} of ${recipe.length} steps run again${names.size ? ": " + [...names].join(", ") : ""}`);
  } catch (cause) {
    report(cause);
    await restoreFromEngine();
  }
}

async function tellNumbers(words: string): Promise<void> {
  lastRun.value = words;
  if (await takeNumbers().catch(() => false)) lastRun.value = `${words}${endText()}`;
}

/** Where the recipe ends now, in words. */
function endText(): string {
  const end = stages.peek().find((info) => info.stage === lastStage.peek());
  return end?.toTruth ? `; rms to the truth ${end.toTruth.rms.toFixed(2)} DN` : "";
}

/** After a refusal the page shows the recipe that the engine really has. */
async function restoreFromEngine(): Promise<void> {
  const source = engine.peek();
  if (!source || waiting) return;
  settings.value = (await source.steps()).settings;
  await refresh();
}

/** Shows what the engine has now. The numbers come after the picture, or it would wait for them. */
export async function refresh(): Promise<void> {
  const source = engine.peek();
  if (!source) return;
  await askStages(source);
  isVisible.value = true;
  revision.value++;
  progress.value = null;
}

async function askStages(source: Engine): Promise<void> {
  const amps = [...stagesByAmp.peek().keys()];
  const lists = await Promise.all(amps.map((amp) => source.stages(amp, false)));
  const isSame = amps.join() === [...stagesByAmp.peek().keys()].join();
  if (isSame) stagesByAmp.value = new Map(amps.map((amp, i) => [amp, lists[i] ?? []]));
}

/** Asks for the numbers of all that is shown, once the picture is up; whether they are still those of now. */
export async function takeNumbers(): Promise<boolean> {
  const source = engine.peek();
  const now = revision.peek();
  if (!source) return false;
  await nextPicture();
  const isNow = (): boolean => now === revision.peek() && source === engine.peek() && !busy.peek();
  // One amplifier at a time: what a person asks for meanwhile does not wait for all.
  const lists = new Map<number, StageInfo[]>();
  for (const amp of stagesByAmp.peek().keys()) {
    lists.set(amp, await source.stages(amp, true));
    if (!isNow()) return false;
  }
  stagesByAmp.value = lists;
  const [bytes, measured] = await Promise.all([source.memory(), source.photometry().catch(() => null)]);
  if (!isNow()) return false;
  memoryBytes.value = bytes;
  photometry.value = measured;
  return true;
}

/** Without a picture for so long (ms), none is expected. */
const NO_PICTURE = 300;

function nextPicture(): Promise<void> {
  const before = pictures.peek();
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, NO_PICTURE);
    const stop = effect(() => {
      if (pictures.value === before) return;
      clearTimeout(timer);
      resolve();
      queueMicrotask(() => stop());
    });
  });
}

export function stopRun(): void {
  isStopped = true;
  engine.peek()?.cancel();
}
