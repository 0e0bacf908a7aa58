/** Histogram of the shown stage; its two ends are sliders, for the hand and for the keyboard. */

import { computed, effect, signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Plot } from "../engine/protocol";
import { changeLook } from "../state/actions";
import { engine, revision, stages, stageUnit } from "../state/bench";
import { activeCuts, comparison, plotAmp, type Cuts } from "../state/view";
import { decimals, digitsFor } from "./format";
import { latest } from "./latest";

const BINS = 128;
const STEPS = 1000;

const histogram = signal<Plot | null>(null);
/** Ends of the histogram; they follow automatic cuts, and give way when a cut is moved beyond them. */
const domain = signal({ low: 0, high: 1 });

function widen(cuts: Cuts): void {
  const span = cuts.high - cuts.low || 1;
  const now = domain.peek();
  if (cuts.kind !== "typed") domain.value = { low: cuts.low - 0.35 * span, high: cuts.high + 0.35 * span };
  else if (cuts.low < now.low || cuts.high > now.high)
    domain.value = { low: Math.min(now.low, cuts.low), high: Math.max(now.high, cuts.high) };
}

const request = computed(() => ({
  stage: comparison.value.stage,
  ...domain.value,
  amp: plotAmp.value,
  revision: revision.value,
  difference: comparison.value.mode === "difference",
  known: stages.value.length > 0,
}));

function useHistogram(): void {
  useEffect(() => {
    const ask = latest<ReturnType<typeof request.peek>, Plot | null>(
      async ({ stage, low, high, amp }) =>
        (await engine.peek()?.plot({ kind: "histogram", stage, low, high, bins: BINS, sampled: true, amp })) ?? null,
      (plot) => (histogram.value = plot),
      () => (histogram.value = null),
    );
    const stopDomain = effect(() => widen(activeCuts.value));
    const stopAsking = effect(() => {
      const question = request.value;
      if (question.difference || !question.known) histogram.value = null;
      else ask(question);
    });
    return () => {
      stopDomain();
      stopAsking();
    };
  }, []);
}

/** Bars of the logarithm of the counts: a single star pixel stays visible beside a million of sky. */
function barPath(plot: Plot): string {
  const counts = plot.series[0]?.y ?? new Float64Array(0);
  const highest = Math.log1p(counts.reduce((a, b) => Math.max(a, b), 1));
  let path = `M0 100`;
  counts.forEach((value, i) => (path += `V${(100 - (96 * Math.log1p(value)) / highest).toFixed(1)}H${i + 1}`));
  return `${path}V100Z`;
}

function setCut(end: "low" | "high", value: number): void {
  if (!Number.isFinite(value)) return;
  const before = activeCuts.peek();
  const next = { ...before, kind: "typed" as const, [end]: value };
  if (next.low >= next.high) return;
  changeLook(`${end} cut`, { [comparison.peek().mode === "difference" ? "differenceCuts" : "cuts"]: next });
}

function Slider({ end }: { end: "low" | "high" }) {
  const { low, high } = domain.value;
  const value = activeCuts.value[end];
  const place = Math.round(((value - low) / (high - low || 1)) * STEPS);
  return (
    <input
      type="range"
      class={`cut-slider ${end}`}
      min={0}
      max={STEPS}
      value={place}
      aria-label={`${end === "low" ? "Low" : "High"} cut`}
      aria-valuetext={`${decimals(value, 1)} ${stageUnit(comparison.value.stage)}`}
      onInput={(event) => setCut(end, low + (Number(event.currentTarget.value) / STEPS) * (high - low))}
    />
  );
}

function Typed({ end }: { end: "low" | "high" }) {
  const { low, high } = activeCuts.value;
  const digits = digitsFor(high - low);
  return (
    <label class={`inline cut-typed ${end}`}>
      <span class="unseen">{end} cut</span>
      <input
        type="number"
        step="any"
        value={activeCuts.value[end].toFixed(digits)}
        onChange={(event) => setCut(end, Number(event.currentTarget.value))}
      />
      <span class="unit">{stageUnit(comparison.value.stage)}</span>
    </label>
  );
}

export function CutsHistogram() {
  useHistogram();
  const cuts = activeCuts.value;
  const { low, high } = domain.value;
  const share = (value: number) => Math.min(100, Math.max(0, (100 * (value - low)) / (high - low || 1)));
  return (
    <div class="cuts" role="group" aria-label="Cuts">
      <Typed end="low" />
      <div class="cuts-plot">
        <svg viewBox={`0 0 ${BINS} 100`} preserveAspectRatio="none" aria-hidden="true">
          {histogram.value && <path d={barPath(histogram.value)} />}
        </svg>
        <span class="cuts-outside" style={{ left: "0", width: `${share(cuts.low)}%` }} />
        <span class="cuts-outside" style={{ left: `${share(cuts.high)}%`, right: "0" }} />
        <Slider end="low" />
        <Slider end="high" />
      </div>
      <Typed end="high" />
    </div>
  );
}
