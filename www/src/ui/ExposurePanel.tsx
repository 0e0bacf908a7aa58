/** The exposure itself: what it is, what was found beside it, and another simulated one. */

import { signal } from "@preact/signals";
import type { ExposureInfo, StageInfo } from "../engine/protocol";
import { openImage, openSimulated } from "../state/actions";
import { exposure } from "../state/bench";
import { FormulaOf } from "./FormulaOf";
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

/** Other images of the file, to be looked at instead. */
export function ImageSelect() {
  const info = exposure.value;
  if (!info || info.images.length < 2) return null;
  return (
    <label class="inline">
      <span>image</span>
      <select value={String(info.hdu)} onChange={(event) => void openImage(Number(event.currentTarget.value))}>
        {info.images.map((one) => (
          <option key={one.hdu} value={String(one.hdu)}>
            HDU {one.hdu}
            {one.name && ` ${one.name}`}: {one.width} × {one.height}
          </option>
        ))}
      </select>
    </label>
  );
}

/** What an image is: where it stands, what is beside it, why it is not reduced. */
function ImageFacts({ info }: { info: ExposureInfo }) {
  return (
    <>
      <ImageSelect />
      {info.notes.map((note) => (
        <p key={note} class="quiet breaks">
          {note}
        </p>
      ))}
      <dl class="facts">
        <div>
          <dt>size</dt>
          <dd>
            {info.width} × {info.height} pixels, HDU {info.hdu}
          </dd>
        </div>
        {info.start && (
          <div>
            <dt>start</dt>
            <dd>{info.start}</dd>
          </div>
        )}
        {info.band && (
          <div>
            <dt>filter</dt>
            <dd>{info.band}</dd>
          </div>
        )}
        {info.exposureS !== null && (
          <div>
            <dt>exposure</dt>
            <dd>{info.exposureS} s</dd>
          </div>
        )}
        {info.calibration.map((one) => (
          <div key={one.what}>
            <dt>{one.what}</dt>
            <dd>{one.found ?? "none"}</dd>
          </div>
        ))}
      </dl>
    </>
  );
}

export function ExposurePanel({ stage }: { stage: StageInfo | undefined }) {
  const info = exposure.value;
  if (!info) return <p>No exposure is open.</p>;
  if (info.kind === "image")
    return (
      <>
        <header class="panel-head">
          <h2>image</h2>
        </header>
        <p class="summary breaks">{info.name}</p>
        <ImageFacts info={info} />
        {stage && <StageFacts info={stage} />}
        {stage?.reason && <p class="note">{stage.reason}</p>}
      </>
    );
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
