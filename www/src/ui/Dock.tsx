/** Below the picture: plots, the table of stars, the header. */

import { signal } from "@preact/signals";
import type { FunctionComponent } from "preact";
import { useEffect } from "preact/hooks";
import type { Plot } from "../engine/protocol";
import { busy, exposure, isImage, opening, stages } from "../state/bench";
import { stacks } from "../state/masters";
import { ChartTable, plotAsCsv } from "./ChartTable";
import { dockTab, openDock, type DockTab } from "./dock";
import { download } from "./download";
import { later } from "./later";
import { Legend } from "./Legend";
import { halfWidth, keepPlot, overlaid, plot, plotRefusal, wholeAmplifier } from "./plotState";
import { Spoken } from "./Spoken";

const TABS: { tab: DockTab; label: string }[] = [
  { tab: "row", label: "row" },
  { tab: "column", label: "column" },
  { tab: "histogram", label: "histogram" },
  { tab: "residual", label: "residual" },
  { tab: "overscan", label: "overscan fit" },
  { tab: "linearity", label: "linearity" },
  { tab: "growth", label: "curve of growth" },
  { tab: "masters", label: "masters" },
  { tab: "stars", label: "stars" },
  { tab: "header", label: "header" },
];

/** Plots come after the first picture. */
const Chart = later(
  () => import("./Chart").then((part) => part.Chart),
  () => !busy.value && !opening.value,
);
const MastersPanel = later(() => import("./MastersPanel").then((part) => part.MastersPanel));
const StarTable = later(() => import("./StarTable").then((part) => part.StarTable));
const HeaderPanel = later(() => import("./HeaderPanel").then((part) => part.HeaderPanel));

const asTable = signal(false);

/** Plots of steps, which an image has none of. */
const OF_STEPS: readonly DockTab[] = ["overscan", "linearity"];

function tabs(): typeof TABS {
  const without: DockTab[] = [
    ...(exposure.value?.simulated === false ? (["residual"] as const) : []),
    ...(stacks.value.length === 0 ? (["masters"] as const) : []),
    ...(isImage.value ? OF_STEPS : []),
  ];
  return TABS.filter((one) => !without.includes(one.tab));
}

function onTabKey(event: KeyboardEvent): void {
  const list = tabs();
  const at = list.findIndex((one) => one.tab === dockTab.peek());
  const moves: Record<string, number> = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: list.length - 1 };
  const to = moves[event.key];
  if (to === undefined) return;
  event.preventDefault();
  event.stopPropagation();
  const next = list[(to + list.length) % list.length];
  if (!next) return;
  openDock(next.tab);
  document.getElementById(`tab-${next.tab}`)?.focus();
}

function Tabs() {
  return (
    <div class="tabs" role="tablist" aria-label="Plots and tables" onKeyDown={onTabKey}>
      {tabs().map(({ tab, label }) => (
        <button
          key={tab}
          id={`tab-${tab}`}
          type="button"
          role="tab"
          aria-selected={dockTab.value === tab}
          aria-controls="dock-panel"
          tabIndex={dockTab.value === tab ? 0 : -1}
          onClick={() => openDock(tab)}
        >
          {label}
        </button>
      ))}
    </div>
  );
}

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
    </div>
  );
}

function PlotActions() {
  const shown = plot.value;
  if (!shown || dockTab.value in PANELS) return null;
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

function PlotPanel() {
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

/** What is no plot of the engine. */
const PANELS: Partial<Record<DockTab, FunctionComponent>> = {
  masters: MastersPanel,
  stars: StarTable,
  header: HeaderPanel,
};

export function Dock() {
  const tab = dockTab.value;
  const Panel = PANELS[tab] ?? PlotPanel;
  return (
    <section class="panel panel-dock" aria-label="Plots and tables">
      <div class="dock-head">
        <Tabs />
        <PlotActions />
      </div>
      <div id="dock-panel" class="dock-panel" role="tabpanel" aria-labelledby={`tab-${tab}`} tabIndex={-1}>
        <Panel />
      </div>
    </section>
  );
}
