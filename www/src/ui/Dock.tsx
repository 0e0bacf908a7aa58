/** Below the picture: plots, the table of stars, the header. */

import type { FunctionComponent } from "preact";
import { exposure, isImage } from "../state/bench";
import { stacks } from "../state/masters";
import { showObjects } from "../state/view";
import { dockTab, openDock, type DockTab } from "./dock";
import { isPictureUp, later } from "./later";

const TABS: { tab: DockTab; label: string }[] = [
  { tab: "row", label: "row" },
  { tab: "column", label: "column" },
  { tab: "histogram", label: "histogram" },
  { tab: "residual", label: "residual" },
  { tab: "overscan", label: "overscan fit" },
  { tab: "linearity", label: "linearity" },
  { tab: "growth", label: "curve of growth" },
  { tab: "zero", label: "zero point" },
  { tab: "masters", label: "masters" },
  { tab: "stars", label: "stars" },
  { tab: "header", label: "header" },
];

/** Plots come after the first picture. */
const PlotPanel = later(() => import("./PlotPanel").then((part) => part.PlotPanel), isPictureUp);
const PlotActions = later(() => import("./PlotPanel").then((part) => part.PlotActions), isPictureUp);
const MastersPanel = later(() => import("./MastersPanel").then((part) => part.MastersPanel));
const StarTable = later(() => import("./StarTable").then((part) => part.StarTable));
const HeaderPanel = later(() => import("./HeaderPanel").then((part) => part.HeaderPanel));

/** Plots of steps, which an image has none of. */
const OF_STEPS: readonly DockTab[] = ["overscan", "linearity"];

function tabs(): typeof TABS {
  const without: DockTab[] = [
    ...(exposure.value?.simulated === false ? (["residual"] as const) : []),
    ...(stacks.value.length === 0 ? (["masters"] as const) : []),
    ...(isImage.value ? OF_STEPS : []),
    ...(showObjects.value ? [] : (["zero"] as const)),
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
        {!(tab in PANELS) && <PlotActions />}
      </div>
      <div id="dock-panel" class="dock-panel" role="tabpanel" aria-labelledby={`tab-${tab}`} tabIndex={-1}>
        <Panel />
      </div>
    </section>
  );
}
