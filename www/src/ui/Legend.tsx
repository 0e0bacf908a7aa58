/** Which line of a plot is which. */

import type { Plot } from "../engine/protocol";

function swatch(style: "line" | "points" | "clipped", place: number): string {
  return style === "clipped" ? "swatch clipped" : `swatch series-${place % 5} ${style}`;
}

export function Legend({ of }: { of: Plot }) {
  return (
    <ul class="legend" aria-label="Lines">
      {of.series.map((series, i) => (
        <li key={series.label}>
          <span class={swatch(series.style, i)} aria-hidden="true" />
          {series.label}
        </li>
      ))}
    </ul>
  );
}
