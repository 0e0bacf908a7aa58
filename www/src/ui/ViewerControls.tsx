/** Below the picture: zoom and cuts. */

import { changeLook } from "../state/actions";
import { activeCuts, comparison, fit, look, place, zoomBy, zoomTo, type Cuts } from "../state/view";
import { CutsHistogram } from "./CutsHistogram";
import { Choice } from "./Looks";

const KINDS: Cuts["kind"][] = ["zscale", "minmax", "99.5%", "98%", "95%", "typed"];

function zoomText(scale: number): string {
  return scale >= 1 ? `${Number(scale.toFixed(1))}:1` : `1:${Number((1 / scale).toFixed(1))}`;
}

function Zoom() {
  return (
    <div class="group zoom" role="group" aria-label="Zoom">
      <button type="button" onClick={() => zoomBy(1 / 1.5)} aria-label="Zoom out" title="Zoom out (key −)">
        −
      </button>
      <output class="zoom-value" aria-label="Zoom">
        {zoomText(place.value.scale)}
      </output>
      <button type="button" onClick={() => zoomBy(1.5)} aria-label="Zoom in" title="Zoom in (key +)">
        +
      </button>
      <button type="button" onClick={fit} title="Whole detector (key 0)">
        fit
      </button>
      <button type="button" onClick={() => zoomTo(1)} title="One picture pixel per detector pixel (key 1)">
        1:1
      </button>
    </div>
  );
}

function setKind(kind: Cuts["kind"]): void {
  const name = comparison.peek().mode === "difference" ? "differenceCuts" : "cuts";
  changeLook("kind of cuts", { [name]: { ...activeCuts.peek(), kind } });
}

export function ViewerControls() {
  const { invert, ownCuts } = look.value;
  const compared = ["split", "blink"].includes(comparison.value.mode);
  return (
    <div class="bar viewer-controls">
      <Zoom />
      <Choice label="cuts" value={activeCuts.value.kind} options={KINDS} onChange={setKind} />
      <CutsHistogram />
      {compared && (
        <label class="inline check" title="Cuts of its own for the stage that it is compared with, by the same rule">
          <input type="checkbox" checked={ownCuts} onChange={() => changeLook("own cuts", { ownCuts: !ownCuts })} />
          <span>own cuts</span>
        </label>
      )}
      <label class="inline check" title="Invert the colors (key i)">
        <input type="checkbox" checked={invert} onChange={() => changeLook("invert", { invert: !invert })} />
        <span>invert</span>
      </label>
    </div>
  );
}
