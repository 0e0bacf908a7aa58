/** One pixel through all stages, with the arithmetic that made each value. */

import { effect, signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { PixelInfo } from "../engine/protocol";
import { engine, isImage, previews, revision, selected } from "../state/bench";
import { cursor, moveCursor, pinned, show } from "../state/view";
import { declination, decimals, rightAscension } from "./format";
import { latest } from "./latest";
import { Spoken } from "./Spoken";

export const pixel = signal<PixelInfo | null>(null);

function useReadout(): void {
  useEffect(() => {
    const ask = latest<{ x: number; y: number }, PixelInfo | null>(
      async ({ x, y }) => (await engine.peek()?.pixel(x, y)) ?? null,
      (found) => (pixel.value = found),
      () => (pixel.value = null),
    );
    return effect(() => {
      void revision.value;
      void previews.value;
      const at = cursor.value;
      if (at) ask(at);
      else pixel.value = null;
    });
  }, []);
}

function inWords(found: PixelInfo | null): string {
  if (!found) return "";
  const row = found.rows.find((one) => one.stage === selected.value) ?? found.rows[found.rows.length - 1];
  const value = row?.value === null || row === undefined ? "no value" : `${decimals(row.value)} ${row.unit}`;
  const flags = row?.flags.length ? `, flags ${row.flags.join(", ")}` : "";
  return `Pixel x ${found.x}, y ${found.y}: ${row?.title ?? ""} ${value}${flags}.`;
}

function Position({ at }: { at: PixelInfo }) {
  return (
    <p class="pixel-place">
      <span>
        x <b>{at.x}</b> y <b>{at.y}</b> <small>(0-based)</small>
      </span>
      {!isImage.value && (
        <span>
          amplifier <b>{at.amp}</b>
        </span>
      )}
      <span>
        in the file: column <b>{at.storedX}</b>, row <b>{at.storedY}</b>
      </span>
      {at.raDeg !== null && at.decDeg !== null && (
        <span>
          RA <b>{rightAscension(at.raDeg)}</b> h, Dec <b>{declination(at.decDeg)}</b>°
        </span>
      )}
    </p>
  );
}

function Rows({ at }: { at: PixelInfo }) {
  return (
    <table class="pixel-table">
      <caption class="unseen">The pixel after each step</caption>
      <thead>
        <tr>
          <th scope="col">step</th>
          <th scope="col">arithmetic</th>
          <th scope="col">value ± error</th>
        </tr>
      </thead>
      <tbody>
        {at.rows.map((row) => (
          <tr key={row.stage} class={row.stage === selected.value ? "chosen" : ""}>
            <th scope="row">
              <button type="button" class="plain" onClick={() => show(row.stage)}>
                {row.title}
              </button>
            </th>
            <td class="arithmetic">
              {row.arithmetic}{" "}
              {row.flags.map((flag) => (
                <span key={flag} class="flag">
                  {flag}
                </span>
              ))}
            </td>
            <td class="number">
              {row.value === null ? "NaN" : decimals(row.value)}{" "}
              {row.error !== null && <small class="quiet">± {decimals(row.error)}</small>}{" "}
              <span class="unit">{row.unit}</span>
            </td>
          </tr>
        ))}
        <Truth at={at} />
      </tbody>
    </table>
  );
}

function Truth({ at }: { at: PixelInfo }) {
  if (at.truth === null) return null;
  const last = at.rows[at.rows.length - 1];
  const rest = last?.value === null || last === undefined ? null : last.value - at.truth;
  const sigmas = rest !== null && last?.error ? ` = ${decimals(rest / last.error)} σ` : "";
  return (
    <tr class="truth">
      <th scope="row">truth</th>
      <td class="arithmetic">{rest === null ? "" : `rest ${decimals(rest)} DN${sigmas}`}</td>
      <td class="number">
        {decimals(at.truth)} <span class="unit">DN</span>
        <span class="unseen"> {at.truthText}</span>
      </td>
    </tr>
  );
}

function Nudge() {
  const arrows = [
    ["←", -1, 0, "left"],
    ["↓", 0, -1, "down"],
    ["↑", 0, 1, "up"],
    ["→", 1, 0, "right"],
  ] as const;
  return (
    <div class="group nudge" role="group" aria-label="Move the cursor by one pixel">
      {arrows.map(([sign, dx, dy, name]) => (
        <button
          key={name}
          type="button"
          aria-label={`One pixel ${name}`}
          onClick={() => {
            pinned.value = true;
            moveCursor(dx, dy);
          }}
        >
          {sign}
        </button>
      ))}
    </div>
  );
}

export function PixelPanel() {
  useReadout();
  const at = pixel.value;
  return (
    <section class="panel panel-pixel" aria-label="This pixel">
      <header class="panel-head">
        <h2>this pixel</h2>
        <span class="spring" />
        <Nudge />
        <button
          type="button"
          class={pinned.value ? "toggle on" : "toggle"}
          aria-pressed={pinned.value}
          title="Keep this pixel while the pointer moves (key p)"
          onClick={() => (pinned.value = !pinned.peek())}
        >
          pin
        </button>
      </header>
      {at ? (
        <>
          <Position at={at} />
          <div class="pixel-scroll">
            <Rows at={at} />
          </div>
        </>
      ) : (
        <p class="quiet">Point at a pixel, or use the arrows: its value after every step appears here.</p>
      )}
      <Spoken text={inWords(at)} />
    </section>
  );
}
