/** The stars of several amplifiers as one table, and as text. */

import type { Photometry, Table } from "./protocol";

/** What the worker measures on one amplifier. */
export interface Measured {
  columns: { name: string; unit: string; values: Float64Array | string[] }[];
  rows: number;
  x: Float64Array;
  y: Float64Array;
  radii: number[];
  warnings: string[];
}

export interface OfAmplifier {
  amp: number;
  /** `null` without a catalogue, or where no science image is there yet. */
  measured: Measured | null;
}

/** The tables of all amplifiers one below the other, each star with its amplifier. */
export function joined(parts: OfAmplifier[]): Photometry | null {
  const found = parts.flatMap(({ amp, measured }) => (measured === null ? [] : [{ part: measured, amp }]));
  const first = found[0];
  if (first === undefined) return null;
  const rows = found.reduce((sum, { part }) => sum + part.rows, 0);
  const amplifier = numbers(found.map(({ part, amp }) => new Float64Array(part.rows).fill(amp)));
  const columns = first.part.columns.map(({ name, unit }, index) => ({
    name,
    unit,
    values: column(found.map(({ part }) => part.columns[index]?.values ?? [])),
  }));
  const warnings = found.flatMap(({ part }) => part.warnings);
  const notes = warnings.length === 0 ? "" : ` ${warnings.join(" ")}`;
  return {
    table: { columns: [{ name: "amp", unit: "", values: amplifier }, ...columns], rows },
    x: numbers(found.map(({ part }) => part.x)),
    y: numbers(found.map(({ part }) => part.y)),
    radii: first.part.radii,
    summary: `${rows} stars of the catalogue are measured on ${found.length} amplifiers.${notes}`,
  };
}

function column(parts: (Float64Array | string[])[]): Float64Array | string[] {
  if (parts.every((part) => part instanceof Float64Array)) return numbers(parts);
  return parts.flatMap((part) => Array.from(part, String));
}

function numbers(parts: Float64Array[]): Float64Array {
  const all = new Float64Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Comma-separated values, one line of names first. */
export function csvOf(table: Table): string {
  const quoted = (text: string): string =>
    /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  const lines = [table.columns.map(({ name }) => quoted(name)).join(",")];
  for (let row = 0; row < table.rows; row += 1) {
    lines.push(table.columns.map(({ values }) => quoted(String(values[row] ?? ""))).join(","));
  }
  return `${lines.join("\n")}\n`;
}
