/** Below the picture: zoom, cuts, stretch, colors. */

import type { ColourMap, Stretch } from "../engine/protocol";
import { changeLook } from "../state/actions";
import { activeCuts, comparison, fit, look, place, zoomBy, zoomTo, type Cuts } from "../state/view";
import { CutsHistogram } from "./CutsHistogram";

const KINDS: Cuts["kind"][] = ["zscale", "minmax", "99.5%", "98%", "95%", "typed"];
const STRETCHES: Stretch[] = ["linear", "log", "sqrt", "asinh"];
const COLORS: ColourMap[] = ["grey", "viridis", "cividis", "magma"];

function zoomText(scale: number): string {
  return scale >= 1 ? `${Number(scale.toFixed(1))}:1` : `1:${Number((1 / scale).toFixed(1))}`;
}

function Zoom() {
  return (
    <div class="group zoom" role="group" aria-label="Zoom">
      <button type="button" onClick={() => zoomBy(1 / 1.5)} aria-label="Zoom out" title="Zoom out (key −)">−</button>
      <output class="zoom-value" aria-label="Zoom">{zoomText(place.value.scale)}</output>
      <button type="button" onClick={() => zoomBy(1.5)} aria-label="Zoom in" title="Zoom in (key +)">+</button>
      <button type="button" onClick={fit} title="Whole detector (key 0)">fit</button>
      <button type="button" onClick={() => zoomTo(1)} title="One picture pixel per detector pixel (key 1)">1:1</button>
    </div>
  );
}

function Choice<T extends string>({ label, value, options, onChange, disabled }: { label: string; value: T; options: T[]; onChange(value: T): void; disabled?: boolean }) {
  return (
    <label class="inline">
      <span class="unseen">{label}</span>
      <select title={label} value={value} disabled={disabled ?? false} onChange={(event) => onChange(event.currentTarget.value as T)}>
        {options.map((option) => <option key={option} value={option}>{option}</option>)}
      </select>
    </label>
  );
}

function setKind(kind: Cuts["kind"]): void {
  const name = comparison.peek().mode === "difference" ? "differenceCuts" : "cuts";
  changeLook("kind of cuts", { [name]: { ...activeCuts.peek(), kind } });
}

export function ViewerControls() {
  const difference = comparison.value.mode === "difference";
  const { stretch, colour, invert } = look.value;
  return (
    <div class="bar viewer-controls">
      <Zoom />
      <CutsHistogram />
      <div class="group looks">
        <Choice label="cuts" value={activeCuts.value.kind} options={KINDS} onChange={setKind} />
        <Choice label="stretch" value={difference ? "linear" : stretch} options={STRETCHES} disabled={difference} onChange={(value) => changeLook("stretch", { stretch: value })} />
        <Choice label="colors" value={difference ? "diverging" : colour} options={difference ? ["diverging"] : COLORS} disabled={difference} onChange={(value) => changeLook("colors", { colour: value })} />
        <label class="inline check" title="Invert the colors (key i)">
          <input type="checkbox" checked={invert} onChange={() => changeLook("invert", { invert: !invert })} />
          <span>invert</span>
        </label>
      </div>
    </div>
  );
}
