/**
 * Sends the recipe to the engine: one run at a time, and always the newest recipe next. While a slider is held
 * nothing is run: the picture shows what the steps would give.
 */

import { effect } from "@preact/signals";
import type { Engine, StageInfo, StepSetting } from "../engine/protocol";
import {
  busy,
  dragging,
  engine,
  isPreview,
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

let waiting = false;
/** What was asked for is set, but not run: the person has stopped it. */
let isStopped = false;

/** Lets the engine catch up with the recipe; while a slider is held, the picture alone. */
export async function runRecipe(): Promise<void> {
  isStopped = false;
  if (dragging.peek()) {
    isPreview.value = true;
    previews.value++;
    return;
  }
  if (busy.peek()) {
    waiting = true;
    return;
  }
  busy.value = true;
  try {
    do {
      waiting = false;
      await runOnce(settings.peek());
    } while (waiting);
  } finally {
    busy.value = false;
  }
}

/** What a picture is of whose steps have not been run. */
export function tellPreview(stage: string, ms: number): void {
  const seconds = (ms / 1000).toFixed(2);
  lastRun.value = `${seconds} s; preview up to ${stageTitle(stage)}, the rest when the slider is let go`;
}

/** A slider is taken: until it is let go, only the picture follows it, and all of it is one step back. */
export function beginDragging(): void {
  beginEntry();
  dragging.value = true;
}

export function endDragging(): void {
  if (!dragging.peek()) return;
  dragging.value = false;
  beginEntry();
  if (isPreview.peek()) void runRecipe();
}

async function runOnce(recipe: StepSetting[]): Promise<void> {
  const source = engine.peek();
  if (!source) return;
  const start = performance.now();
  notice.value = null;
  try {
    const { executed } = await source.setSteps(recipe, isStopped);
    const names = new Set(executed.map((one) => one.step));
    const seconds = ((performance.now() - start) / 1000).toFixed(2);
    // A newer preview has left it undone.
    if (dragging.peek()) return;
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
  isPreview.value = false;
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
