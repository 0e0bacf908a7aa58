/** One pixel through the stack of a master: which one, how far its frames are reduced, what the clip did. */

import { computed, effect, signal } from "@preact/signals";
import type { EngineError, Plot, StackedPixel, StackInfo } from "../engine/protocol";
import { engine, exposure, isLarge } from "../state/bench";
import { stacks } from "../state/masters";
import { cursor } from "../state/view";
import { decimals } from "./format";
import { latest } from "./latest";

export const chosenStack = signal(0);
/** The pixel with the stack that was asked. */
const answer = signal<{ info: StackInfo | null; pixel: StackedPixel } | null>(null);
/** Frames that are reduced, of how many, while not all are. */
export const reducing = signal<{ loaded: number; frames: number } | null>(null);
export const refusal = signal("");
/** Of a large exposure frames take seconds: the pixel for which somebody asked. */
export const askedPixel = signal<{ x: number; y: number } | null>(null);

export const stack = computed<StackInfo | null>(() => stacks.value[chosenStack.value] ?? stacks.value[0] ?? null);

export const asksFirst = computed(() => exposure.value !== null && isLarge(exposure.value));

/** The pixel in the chosen stack, once it is there. */
export const stackedPixel = computed(() => (answer.value?.info === stack.value ? (answer.value?.pixel ?? null) : null));

interface Question {
  stack: number;
  x: number;
  y: number;
}

const question = computed<Question | null>(() => {
  const at = asksFirst.value ? askedPixel.value : cursor.value;
  if (!stack.value || !at) return null;
  return { stack: Math.max(0, stacks.value.indexOf(stack.value)), x: Math.floor(at.x), y: Math.floor(at.y) };
});

/** Frame after frame, so that the engine answers other questions between them. */
async function follow({ stack: index, x, y }: Question): Promise<StackedPixel | null> {
  for (;;) {
    const found = await engine.peek()?.stacked(index, x, y);
    if (!found || found.pixel) return found?.pixel ?? null;
    reducing.value = { loaded: found.loaded, frames: found.frames };
  }
}

export function keepStacked(): () => void {
  const ask = latest<Question, StackedPixel | null>(
    follow,
    (found, { stack: index }) => {
      answer.value = found && { info: stacks.peek()[index] ?? null, pixel: found };
      reducing.value = null;
      refusal.value = found ? "" : "This pixel belongs to no amplifier.";
    },
    (cause) => {
      answer.value = null;
      reducing.value = null;
      refusal.value = (cause as Partial<EngineError>).message ?? "The frames cannot be reduced.";
    },
  );
  return effect(() => {
    const now = question.value;
    if (now) ask(now);
    else answer.value = null;
  });
}

/** What became of a value, in words. */
export function fate({ dn, cutIn }: StackedPixel["values"][number]): string {
  if (dn === null) return "not used: no value, or saturated";
  return cutIn === null ? "kept" : `cut in pass ${cutIn}`;
}

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? "" : "s"}`;

function summary(info: StackInfo, pixel: StackedPixel): string {
  const cut = pixel.values.filter((value) => value.cutIn !== null).length;
  const kept = pixel.values.filter((value) => value.dn !== null).length - cut;
  const merged = pixel.mergedDn === null ? "no value" : `${decimals(pixel.mergedDn, 2)} DN`;
  const passes = counted(pixel.passes.length, "pass").replace(/passs$/, "passes");
  return `${kept} of ${counted(pixel.values.length, "value")} kept, ${cut} cut in ${passes} at ${info.clipSigma} σ. Their ${info.merge}: ${merged}.`;
}

/** The values of the pixel frame by frame, with the merged value and the limits of the last pass. */
export function stackPlot(info: StackInfo, pixel: StackedPixel): Plot {
  const of = (wanted: (value: StackedPixel["values"][number]) => boolean): Float64Array =>
    Float64Array.from(pixel.values, (value) => (value.dn !== null && wanted(value) ? value.dn : Number.NaN));
  const level = (value: number | null | undefined): Float64Array =>
    Float64Array.from(pixel.values, () => value ?? Number.NaN);
  const last = pixel.passes.at(-1);
  const cut = pixel.values.some((value) => value.cutIn !== null);
  return {
    title: `${info.title}, pixel x ${pixel.x}, y ${pixel.y}`,
    xLabel: "frame, in order of time",
    yLabel: "value (DN)",
    x: Float64Array.from(pixel.values, (_, i) => i + 1),
    series: [
      { label: "kept", y: of((value) => value.cutIn === null), style: "points" },
      { label: info.merge, y: level(pixel.mergedDn), style: "line" },
      ...(last ? [{ label: "lowest that stays", y: level(last.low), style: "line" as const }] : []),
      ...(last ? [{ label: "highest that stays", y: level(last.high), style: "line" as const }] : []),
      ...(cut ? [{ label: "cut", y: of((value) => value.cutIn !== null), style: "clipped" as const }] : []),
    ],
    summary: summary(info, pixel),
  };
}
