/** The measured stars; a row and its mark on the picture choose each other. */

import { signal } from "@preact/signals";
import type { Table } from "../engine/protocol";
import { photometry, selectedStar } from "../state/bench";
import { cursor, pinned, place, showApertures } from "../state/view";
import { count, decimals } from "./format";
import { openDock } from "./dock";

const MOST_ROWS = 300;
const sortedBy = signal<{ column: number; down: boolean } | null>(null);

function order(table: Table): number[] {
  const rows = Array.from({ length: table.rows }, (_, i) => i);
  const sort = sortedBy.value;
  const values = sort && table.columns[sort.column]?.values;
  if (!sort || !values) return rows;
  const compare = (a: number, b: number): number => {
    const left = values[a] ?? 0;
    const right = values[b] ?? 0;
    return typeof left === "number" && typeof right === "number"
      ? left - right
      : String(left).localeCompare(String(right));
  };
  return rows.sort((a, b) => (sort.down ? compare(b, a) : compare(a, b)));
}

export function chooseStar(row: number): void {
  const found = photometry.peek();
  const x = found?.x[row];
  const y = found?.y[row];
  if (x === undefined || y === undefined) return;
  selectedStar.value = row;
  showApertures.value = true;
  cursor.value = { x: Math.round(x), y: Math.round(y) };
  pinned.value = true;
  place.value = { ...place.peek(), x, y };
}

function Head({ table }: { table: Table }) {
  const sort = sortedBy.value;
  return (
    <tr>
      <th scope="col">star</th>
      {table.columns.map((column, i) => (
        <th
          key={column.name}
          scope="col"
          aria-sort={sort?.column === i ? (sort.down ? "descending" : "ascending") : undefined}
        >
          <button
            type="button"
            class="plain"
            onClick={() => (sortedBy.value = { column: i, down: sort?.column === i ? !sort.down : true })}
          >
            {column.name}
            {sort?.column === i ? (sort.down ? " ↓" : " ↑") : ""}
          </button>
          <span class="unit">{column.unit}</span>
        </th>
      ))}
    </tr>
  );
}

function cell(value: number | string | undefined): string {
  return typeof value === "number" ? decimals(value, 1) : (value ?? "");
}

export function StarTable() {
  const found = photometry.value;
  if (!found)
    return <p class="quiet plot-none">No stars: the exposure has no catalog, or the recipe has not reached its end.</p>;
  const rows = order(found.table).slice(0, MOST_ROWS);
  return (
    <div class="stars">
      <div class="row">
        <p class="quiet" role="status">
          {found.summary}
          {found.table.rows > MOST_ROWS ? ` The first ${count(MOST_ROWS)} rows are listed.` : ""}
        </p>
        {selectedStar.value !== null && (
          <button type="button" onClick={() => openDock("growth")}>
            Curve of growth of star {selectedStar.value}
          </button>
        )}
      </div>
      <div class="table-box" tabIndex={0} role="region" aria-label="Stars">
        <table>
          <thead>
            <Head table={found.table} />
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={row} class={row === selectedStar.value ? "chosen" : ""}>
                <th scope="row">
                  <button
                    type="button"
                    class="plain"
                    aria-pressed={row === selectedStar.value}
                    onClick={() => chooseStar(row)}
                  >
                    star {row}
                  </button>
                </th>
                {found.table.columns.map((column) => (
                  <td key={column.name} class="number">
                    {cell(column.values[row])}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </div>
  );
}
