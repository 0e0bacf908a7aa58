/** Sends the recipe to the engine: one run at a time, and always the newest recipe next. */

import type { StepSetting } from "../engine/protocol";
import {
  busy,
  engine,
  lastRun,
  lastStage,
  memoryBytes,
  notice,
  photometry,
  progress,
  report,
  revision,
  settings,
  stages,
  stagesByAmp,
} from "./bench";

let waiting = false;

/** Lets the engine catch up with the recipe. */
export async function runRecipe(): Promise<void> {
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

async function runOnce(recipe: StepSetting[]): Promise<void> {
  const source = engine.peek();
  if (!source) return;
  const start = performance.now();
  notice.value = null;
  try {
    const { executed } = await source.setSteps(recipe);
    const names = new Set(executed.map((one) => one.step));
    const seconds = ((performance.now() - start) / 1000).toFixed(2);
    await refresh();
    lastRun.value = `${seconds} s; ${names.size} of ${recipe.length} steps run again${names.size ? ": " + [...names].join(", ") : ""}${endText()}`;
  } catch (cause) {
    report(cause);
    await restoreFromEngine();
  }
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

/** Asks the engine for everything that follows from the stages. */
export async function refresh(): Promise<void> {
  const source = engine.peek();
  if (!source) return;
  const amps = [...stagesByAmp.peek().keys()];
  const lists = await Promise.all(amps.map((amp) => source.stages(amp)));
  stagesByAmp.value = new Map(amps.map((amp, i) => [amp, lists[i] ?? []]));
  revision.value++;
  progress.value = null;
  memoryBytes.value = await source.memory();
  photometry.value = await source.photometry().catch(() => null);
}

export function stopRun(): void {
  engine.peek()?.cancel();
}
