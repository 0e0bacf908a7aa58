/** Which plot is asked for, and its answer. */

import { computed, effect, signal } from "@preact/signals";
import type { EngineError, Plot, PlotRequest } from "../engine/protocol";
import { engine, exposure, photometry, revision, selectedStar, stages } from "../state/bench";
import { zero, zeroAgainst, zeroRefusal } from "../state/zero";
import { activeCuts, comparison, cursor, plotAmp } from "../state/view";
import { dockTab } from "./dock";
import { latest } from "./latest";

export const plot = signal<Plot | null>(null);
/** Why there is no plot. */
export const plotRefusal = signal("");
/** Lines on each side of the profile that are averaged. */
export const halfWidth = signal(0);
export const wholeAmplifier = signal(false);
/** Stages in the profile besides the shown one. */
export const overlaid = signal<string[]>([]);

const middle = (size: number | undefined): number => Math.floor((size ?? 2) / 2);

function profileStages(): string[] {
  const { stage, against, mode } = comparison.value;
  const known = new Set(stages.value.map((info) => info.stage));
  const wanted = [stage, ...(mode === "single" ? [] : [against]), ...overlaid.value];
  return [...new Set(wanted)].filter((name) => known.has(name)).slice(0, 5);
}

const request = computed<PlotRequest | null>(() => {
  if (stages.value.length === 0) return null;
  const amp = plotAmp.value;
  const { stage } = comparison.value;
  const at = cursor.value;
  const info = exposure.value;
  switch (dockTab.value) {
    case "row":
      return {
        kind: wholeAmplifier.value ? "mean-row" : "row",
        at: at?.y ?? middle(info?.height),
        halfWidth: halfWidth.value,
        stages: profileStages(),
        amp,
      };
    case "column":
      return {
        kind: wholeAmplifier.value ? "mean-column" : "column",
        at: at?.x ?? middle(info?.width),
        halfWidth: halfWidth.value,
        stages: profileStages(),
        amp,
      };
    case "histogram":
      return { kind: "histogram", stage, low: activeCuts.value.low, high: activeCuts.value.high, bins: 200, amp };
    case "residual":
      return { kind: "residual", stage, amp };
    case "growth":
      return photometry.value ? { kind: "growth", star: selectedStar.value ?? 0, amp } : null;
    case "linearity":
    case "overscan":
      return { kind: dockTab.value, amp };
    default:
      return null;
  }
});

export function keepPlot(): () => void {
  const ask = latest<PlotRequest, Plot | null>(
    async (question) => (await engine.peek()?.plot(question)) ?? null,
    (found) => {
      plot.value = found;
      plotRefusal.value = "";
    },
    (cause) => {
      plot.value = null;
      plotRefusal.value = (cause as Partial<EngineError>).message ?? "There is nothing to plot.";
    },
  );
  return effect(() => {
    void revision.value;
    const question = request.value;
    if (dockTab.value === "zero") {
      // It came with the objects.
      plot.value = zero.value?.plots[zeroAgainst.value] ?? zero.value?.plots[0] ?? null;
      plotRefusal.value = zeroRefusal.value;
    } else if (question) ask(question);
    else plot.value = null;
  });
}
