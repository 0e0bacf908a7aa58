/** The exposure itself: what it is, what was found beside it, and another simulated one. */

import { signal } from "@preact/signals";
import type { StageInfo } from "../engine/protocol";
import { openSimulated } from "../state/actions";
import { exposure } from "../state/bench";
import { FormulaOf } from "./formulas";
import { StageFacts } from "./StepPanel";

const seed = signal(1);

function SimulatedAgain() {
  return (
    <form
      class="row"
      onSubmit={(event) => {
        event.preventDefault();
        void openSimulated(seed.peek());
      }}
    >
      <label class="inline">
        <span>seed</span>
        <input
          type="number"
          min={0}
          max={4294967295}
          step={1}
          value={seed.value}
          onInput={(event) => (seed.value = Math.max(0, Math.floor(Number(event.currentTarget.value))))}
        />
      </label>
      <button type="submit">Simulate</button>
      <button
        type="button"
        onClick={() => {
          seed.value += 1;
          void openSimulated(seed.peek());
        }}
      >
        Next sky
      </button>
    </form>
  );
}

export function ExposurePanel({ stage }: { stage: StageInfo | undefined }) {
  const info = exposure.value;
  if (!info) return <p>No exposure is open.</p>;
  return (
    <>
      <header class="panel-head">
        <h2>{stage?.title ?? "exposure"}</h2>
      </header>
      <p class="summary breaks">{info.name}</p>
      <dl class="facts">
        <div>
          <dt>camera</dt>
          <dd>
            {info.camera}, detector {info.detector}
          </dd>
        </div>
        <div>
          <dt>size</dt>
          <dd>
            {info.width} × {info.height} pixels, {info.amps.length} amplifiers
          </dd>
        </div>
        {info.band && (
          <div>
            <dt>band</dt>
            <dd>{info.band}</dd>
          </div>
        )}
        {info.exposureS !== null && (
          <div>
            <dt>exposure</dt>
            <dd>{info.exposureS} s</dd>
          </div>
        )}
        {info.start && (
          <div>
            <dt>start</dt>
            <dd>{info.start.replace("T", " ").replace("Z", " UTC")}</dd>
          </div>
        )}
        {info.calibration.map((one) => (
          <div key={one.what}>
            <dt>{one.what}</dt>
            <dd>{one.found ?? "missing"}</dd>
          </div>
        ))}
      </dl>
      {info.simulated && <SimulatedAgain />}
      <FormulaOf step="raw" />
      {stage && <StageFacts info={stage} />}
    </>
  );
}
