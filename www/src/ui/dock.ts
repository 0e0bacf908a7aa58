/** Which panel the dock shows, and which one a narrow screen shows. */

import { signal } from "@preact/signals";

export type DockTab =
  "row" | "column" | "histogram" | "residual" | "growth" | "linearity" | "overscan" | "zero" | "masters" | "stars" | "header";
export type NarrowTab = "step" | "pixel" | "plots" | "header";

export const dockTab = signal<DockTab>("row");
export const narrowTab = signal<NarrowTab>("step");

export function openDock(tab: DockTab): void {
  dockTab.value = tab;
  narrowTab.value = tab === "header" ? "header" : "plots";
}

export function openNarrow(tab: NarrowTab): void {
  narrowTab.value = tab;
  if (tab === "header") dockTab.value = "header";
  else if (tab === "plots" && dockTab.peek() === "header") dockTab.value = "row";
}
