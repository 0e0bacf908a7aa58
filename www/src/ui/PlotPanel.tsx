/** Plots with their words and numbers. */

import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Plot } from "../engine/protocol";
import { isImage, stages } from "../state/bench";
import { zero, zeroAgainst } from "../state/zero";
import { Chart } from "./Chart";
import { ChartTable, plotAsCsv } from "./ChartTable";
import { dockTab } from "./dock";
import { download } from "./download";
import { Legend } from "./Legend";
import { halfWidth, keepPlot, overlaid, plot, plotRefusal, wholeAmplifier } from "./plotState";
import { Spoken } from "./Spoken";

const asTable = signal(false);

function ProfileOptions() {
  const toggle = (stage: string): void => {
    overlaid.value = overlaid.value.includes(stage)
      ? overlaid.value.filter((one) => one !== stage)
      : [...overlaid.value, stage];
  };
  return (
    <>
      <label class="inline">
        <span>± lines</span>
        <input
          type="number"
          min={0}
          max={500}
          step={1}
          value={halfWidth.value}
          onInput={(event) => (halfWidth.value = Math.max(0, Math.floor(Number(event.currentTarget.value))))}
        />
      </label>
      <label class="inline check">
        <input
          type="checkbox"
          checked={wholeAmplifier.value}
          onChange={(event) => (wholeAmplifier.value = event.currentTarget.checked)}
        />
        <span>mean of the {isImage.value ? "image" : "amplifier"}</span>
      </label>
      <label class="inline">
        <span>add</span>
        <select value="" onChange={(event) => toggle(event.currentTarget.value)}>
          <option value="">stage…</option>
          {stages.value.map((info) => (
            <option key={info.stage} value={info.stage}>
              {overlaid.value.includes(info.stage) ? "✓ " : ""}
              {info.title}
            </option>
          ))}
        </select>
      </label>
    </>
  );
}

/** With a color term there are two plots. */
function ZeroOptions() {
  if ((zero.value?.plots.length ?? 0) < 2) return null;
  return (
    <label class="inline">
      <span>against</span>
      <select value={zeroAgainst.value} onChange={(event) => (zeroAgainst.value = Number(event.currentTarget.value))}>
        <option value={0}>magnitude</option>
        <option value={1}>color</option>
      </select>
    </label>
  );
}

function PlotWords({ of }: { of: Plot }) {
  const profile = dockTab.value === "row" || dockTab.value === "column";
  return (
    <div class="plot-words">
      <div class="row">
        <h3>{of.title}</h3>
        <Legend of={of} />
      </div>
      <p>{of.summary}</p>
      <Spoken text={of.summary} />
      {profile && (
        <div class="row">
          <ProfileOptions />
        </div>
      )}
      {dockTab.value === "zero" && <ZeroOptions />}
    </div>
  );
}

export function PlotActions() {
  const shown = plot.value;
  if (!shown) return null;
  return (
    <div class="group plot-actions">
      <button
        type="button"
        class={asTable.value ? "toggle on" : "toggle"}
        aria-pressed={asTable.value}
        onClick={() => (asTable.value = !asTable.peek())}
      >
        table
      </button>
      <button
        type="button"
        aria-label="CSV file of the plot"
        onClick={() => download(`${shown.title.replace(/[^A-Za-z0-9]+/g, "_")}.csv`, plotAsCsv(shown), "text/csv")}
      >
        CSV
      </button>
    </div>
  );
}

export function PlotPanel() {
  useEffect(keepPlot, []);
  const shown = plot.value;
  if (!shown)
    return (
      <p class="quiet plot-none" role="status">
        {plotRefusal.value || "Nothing to plot yet."}
      </p>
    );
  return (
    <div class="plot">
      {asTable.value ? <ChartTable plot={shown} /> : <Chart plot={shown} />}
      <PlotWords of={shown} />
    </div>
  );
}
