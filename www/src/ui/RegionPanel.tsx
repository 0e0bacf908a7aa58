/** Statistics of a rectangle, circle or annulus, drawn on the picture or typed. */

import { effect, signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Region, RegionStats } from "../engine/protocol";
import { engine, exposure, report, revision, stageUnit } from "../state/bench";
import { comparison, cursor, region, tool } from "../state/view";
import { count, decimals } from "./format";
import { latest } from "./latest";
import { Spoken } from "./Spoken";

const stats = signal<RegionStats | null>(null);

function useStats(): void {
  useEffect(() => {
    const ask = latest<{ shape: Region; stage: string }, RegionStats | null>(
      async ({ shape, stage }) => (await engine.peek()?.region(shape, stage)) ?? null,
      (found) => (stats.value = found),
      report,
    );
    return effect(() => {
      void revision.value;
      const shape = region.value;
      if (shape) ask({ shape, stage: comparison.value.stage });
      else stats.value = null;
    });
  }, []);
}

/** Places a shape at the cursor and lets a drag draw the next one; once more: a drag moves again. */
function choose(kind: Region["kind"]): void {
  if (tool.peek() === kind) {
    tool.value = "pan";
    return;
  }
  const info = exposure.peek();
  const { x, y } = cursor.peek() ?? { x: Math.floor((info?.width ?? 0) / 2), y: Math.floor((info?.height ?? 0) / 2) };
  tool.value = kind;
  if (kind === "rectangle") region.value = { kind, x: x - 20, y: y - 20, width: 41, height: 41 };
  else if (kind === "circle") region.value = { kind, x, y, radius: 12 };
  else region.value = { kind, x, y, inner: 14, outer: 20 };
}

function Sizes({ shape }: { shape: Region }) {
  const fields = Object.entries(shape).filter((entry): entry is [string, number] => typeof entry[1] === "number");
  return (
    <div class="region-sizes">
      {fields.map(([name, value]) => (
        <label key={name} class="inline">
          <span>{name}</span>
          <input
            type="number"
            step={1}
            value={value}
            onInput={(event) => (region.value = { ...shape, [name]: Number(event.currentTarget.value) } as Region)}
          />
        </label>
      ))}
      <span class="unit">pixels</span>
    </div>
  );
}

function Numbers({ of }: { of: RegionStats }) {
  const dn: [string, number][] = [
    ["mean", of.mean],
    ["median", of.median],
    ["scatter (1.4826 MAD)", of.sigma],
    ["clipped mean (3 σ)", of.clippedMean],
    ["clipped σ", of.clippedSigma],
    ["minimum", of.min],
    ["maximum", of.max],
  ];
  return (
    <dl class="facts">
      <div>
        <dt>pixels</dt>
        <dd>{count(of.nPixels)}</dd>
      </div>
      <div>
        <dt>masked, NaN</dt>
        <dd>
          {count(of.nMasked)}, {count(of.nNan)} pixels
        </dd>
      </div>
      {dn.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            {decimals(value, 2)} {stageUnit(comparison.value.stage)}
          </dd>
        </div>
      ))}
    </dl>
  );
}

export function RegionPanel() {
  useStats();
  const shape = region.value;
  return (
    <section class="panel panel-region" aria-label="Region">
      <header class="panel-head">
        <h2>region</h2>
        <span class="spring" />
        {(["rectangle", "circle", "annulus"] as const).map((kind) => (
          <button
            key={kind}
            type="button"
            class={tool.value === kind ? "toggle on" : "toggle"}
            aria-pressed={tool.value === kind}
            onClick={() => choose(kind)}
          >
            {kind}
          </button>
        ))}
        {shape && (
          <button
            type="button"
            class="plain"
            aria-label="Remove the region"
            onClick={() => {
              region.value = null;
              tool.value = "pan";
            }}
          >
            ×
          </button>
        )}
      </header>
      {shape ? (
        <Sizes shape={shape} />
      ) : (
        <p class="quiet">
          A shape is placed at the cursor; while its button is down, a drag on the picture draws another.
        </p>
      )}
      {shape && stats.value && <Numbers of={stats.value} />}
      <Spoken
        text={
          shape && stats.value
            ? `Region of ${stats.value.nPixels} pixels: median ${decimals(stats.value.median)}, scatter ${decimals(stats.value.sigma, 2)} ${stageUnit(comparison.value.stage)}.`
            : ""
        }
      />
    </section>
  );
}
