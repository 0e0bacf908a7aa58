/** The numbers of a plot. */

import type { Plot } from "../engine/protocol";
import { decimals } from "./format";

/** More rows than this are in the CSV file only. */
const MOST_ROWS = 1000;

export function ChartTable({ plot }: { plot: Plot }) {
  const rows = [...plot.x.slice(0, MOST_ROWS)];
  return (
    <div class="table-box" tabIndex={0} role="region" aria-label={`Numbers of ${plot.title}`}>
      <table>
        <caption class="unseen">
          {plot.title}; {plot.yLabel}
        </caption>
        <thead>
          <tr>
            <th scope="col">{plot.xLabel}</th>
            {plot.series.map((series) => (
              <th key={series.label} scope="col">
                {series.label}, {plot.yLabel}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((x, i) => (
            <tr key={i}>
              <th scope="row">{decimals(x, Number.isInteger(x) ? 0 : 2)}</th>
              {plot.series.map((series) => (
                <td key={series.label} class="number">
                  {decimals(series.y[i] ?? NaN, 2)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {plot.x.length > MOST_ROWS && (
        <p class="quiet">
          The first {MOST_ROWS} of {plot.x.length} rows; all of them are in the CSV file.
        </p>
      )}
    </div>
  );
}

const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;

export function plotAsCsv(plot: Plot): string {
  const head = [plot.xLabel, ...plot.series.map((series) => `${series.label} ${plot.yLabel}`)].map(quoted).join(",");
  const lines = Array.from(plot.x, (x, i) => [x, ...plot.series.map((series) => series.y[i] ?? NaN)].join(","));
  return [head, ...lines].join("\n") + "\n";
}
