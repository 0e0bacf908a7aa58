/** The focal plane: picture, levels, progress. */

import "../../style/mosaic.css";
import { exposure } from "../../state/bench";
import {
  changeMosaicLook,
  detectorRows,
  fitMosaic,
  levels,
  mosaic,
  mosaicDone,
  mosaicLook,
  mosaicMemory,
  mosaicPixel,
  mosaicPlace,
  mosaicProgress,
  readMosaic,
  showBench,
  stopMosaic,
  zoomMosaic,
} from "../../state/mosaic";
import { bytes, decimals } from "../format";
import { Choice } from "../Looks";
import { LevelTable } from "./Levels";
import { MosaicPicture } from "./Picture";

function zoomText(scale: number): string {
  return scale >= 1 ? `${Number(scale.toFixed(1))}:1` : `1:${Number((1 / scale).toFixed(1))}`;
}

function Zoom() {
  return (
    <div class="group zoom" role="group" aria-label="Zoom">
      <button type="button" onClick={() => zoomMosaic(1 / 1.5)} aria-label="Zoom out" title="Zoom out (key −)">
        −
      </button>
      <output class="zoom-value" aria-label="Zoom">
        {zoomText(mosaicPlace.value.scale)}
      </output>
      <button type="button" onClick={() => zoomMosaic(1.5)} aria-label="Zoom in" title="Zoom in (key +)">
        +
      </button>
      <button type="button" onClick={fitMosaic} title="Whole focal plane (key 0)">
        fit
      </button>
    </div>
  );
}

function Looks() {
  const { kind, stretch, colour, invert, low, high } = mosaicLook.value;
  return (
    <>
      <Choice
        label="cuts"
        value={kind}
        options={["zscale", "minmax", "99.5%", "98%", "95%"]}
        onChange={(value) => changeMosaicLook({ kind: value })}
      />
      <span class="quiet">
        {decimals(low, 1)} to {decimals(high, 1)} <span class="unit">DN</span>
      </span>
      <span class="spring" />
      <Choice
        label="stretch"
        value={stretch}
        options={["linear", "log", "sqrt", "asinh"]}
        onChange={(value) => changeMosaicLook({ stretch: value })}
      />
      <Choice
        label="colors"
        value={colour}
        options={["grey", "viridis", "cividis", "magma"]}
        onChange={(value) => changeMosaicLook({ colour: value })}
      />
      <label class="inline check">
        <input type="checkbox" checked={invert} onChange={() => changeMosaicLook({ invert: !invert })} />
        <span>invert</span>
      </label>
    </>
  );
}

/** What is read now, or that all is. */
function Reading() {
  const now = mosaicProgress.value;
  if (now)
    return (
      <span class="status-progress">
        <progress value={now.done} max={now.total} aria-label="Amplifiers read" /> {now.label}: {now.done} of {now.total}
        <button type="button" class="plain" onClick={stopMosaic}>
          stop (Esc)
        </button>
      </span>
    );
  if (!mosaicDone.value)
    return (
      <span class="status-progress">
        Stopped: {levels.value.size} of {mosaic.value?.members.length} amplifiers.
        <button type="button" class="plain" onClick={readMosaic}>
          read the others
        </button>
      </span>
    );
  return (
    <span role="status">
      {detectorRows.value.length} {detectorRows.value.length === 1 ? "detector" : "detectors"} read, one amplifier at a time; {bytes(mosaicMemory.value)} kept.
    </span>
  );
}

function UnderPointer() {
  const at = mosaicPixel.value;
  if (!at) return <span class="quiet">Point at a detector for its value; click or Enter opens it.</span>;
  const value = at.value === null ? "no value" : `${decimals(at.value, 1)} DN`;
  return (
    <span>
      detector <b>{at.detector}</b> amplifier <b>{at.amp}</b> x <b>{at.x}</b> y <b>{at.y}</b>: <b>{value}</b>
      {at.is_mean && <span class="quiet"> mean of 8 × 8 pixels</span>}
    </span>
  );
}

export function MosaicScreen() {
  const info = mosaic.value;
  if (!info) return null;
  return (
    <main class="mosaic" aria-label="Focal plane" aria-busy={mosaicProgress.value !== null}>
      <div class="bar mosaic-head">
        <h2>focal plane of the camera {info.camera}</h2>
        <Reading />
        <span class="spring" />
        {exposure.value && (
          <button type="button" onClick={showBench}>
            Back to the bench
          </button>
        )}
      </div>
      <div class="mosaic-view">
        <MosaicPicture />
        <div class="bar mosaic-controls">
          <Zoom />
          <Looks />
        </div>
        <p class="mosaic-value">
          <UnderPointer />
        </p>
      </div>
      <div class="mosaic-side">
        <LevelTable />
        {info.leftOut.map((text) => (
          <p key={text} class="note breaks">
            left out: {text}
          </p>
        ))}
        <p class="quiet">
          Drop exposures or science images of several detectors of one camera to see yours. Zoomed in, the real pixels
          are read from the files; at most 256 MB of them are kept.
        </p>
      </div>
    </main>
  );
}
