/** Which lesson runs, how it opens the bench, and whether an answer is right. */

import { batch, signal } from "@preact/signals";
import type { StepSetting } from "../engine/protocol";
import { changeRecipe, openSimulated } from "../state/actions";
import { exposure, lastStage, PHOTOMETRY, selected, settings, shownAmp, stages, stepInfos } from "../state/bench";
import { valueAt, withValue } from "../state/paths";
import { comparison, fit, showApertures } from "../state/view";
import { openDock } from "../ui/dock";
import { wholeAmplifier } from "../ui/plotState";
import type { Answer, Lesson, StepChange } from "./types";

export const lesson = signal<Lesson | null>(null);

function changed(setting: StepSetting, change: StepChange | undefined): StepSetting {
  if (!change) return setting;
  const params = Object.entries(change.params ?? {}).reduce(
    (all, [path, value]) => withValue(all, path, value),
    setting.params,
  );
  return { ...setting, on: change.on ?? setting.on, params };
}

/** The camera's own recipe with the lesson's changes. */
function recipeOf(wanted: StepChange[]): StepSetting[] {
  return stepInfos.peek().flatMap((info) => {
    const now = settings.peek().find((setting) => setting.step === info.step);
    return now
      ? [
          changed(
            { ...now, on: true, params: structuredClone(info.defaults) },
            wanted.find((change) => change.step === info.step),
          ),
        ]
      : [];
  });
}

export async function startLesson(next: Lesson): Promise<void> {
  const { state } = next;
  const here = exposure.peek();
  if (!(here?.simulated && here.seed === state.seed) && !(await openSimulated(state.seed))) return;
  await changeRecipe(`lesson ${next.title}`, recipeOf(state.recipe));
  const known = (stage: string): string =>
    stages.peek().some((info) => info.stage === stage) ? stage : lastStage.peek();
  batch(() => {
    lesson.value = next;
    shownAmp.value = state.amp;
    selected.value = state.step;
    comparison.value = { stage: known(state.stage), against: known(state.against), mode: state.mode, split: 0.5 };
    wholeAmplifier.value = state.whole ?? false;
    showApertures.value = state.step === PHOTOMETRY;
    openDock(state.dock);
  });
  fit();
}

/** `given` is the number typed or the index chosen; a parameter is read off the bench. */
export function isRight(answer: Answer, given: number): boolean {
  switch (answer.kind) {
    case "choice":
      return given === answer.right;
    case "number":
      return given >= answer.low && given <= answer.high;
    case "rms": {
      const rms = stages.peek().find((info) => info.stage === answer.stage)?.toTruth?.rms;
      return rms !== undefined && Math.abs(given - rms) <= answer.share * rms;
    }
    case "parameter": {
      const setting = settings.peek().find((one) => one.step === answer.step);
      const value = setting && valueAt(setting.params, answer.path);
      return typeof value === "number" && value >= answer.low && value <= answer.high;
    }
  }
}
