/** On a narrow screen one panel is shown below the picture; these buttons choose which. */

import { narrowTab, openNarrow, type NarrowTab } from "./dock";

const TABS: NarrowTab[] = ["step", "pixel", "plots", "header"];

export function NarrowTabs() {
  return (
    <nav class="narrow-tabs" aria-label="Panels">
      {TABS.map((tab) => (
        <button
          key={tab}
          type="button"
          aria-current={narrowTab.value === tab ? "true" : undefined}
          onClick={() => openNarrow(tab)}
        >
          {tab}
        </button>
      ))}
    </nav>
  );
}
