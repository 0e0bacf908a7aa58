/** Detected objects in words and tables: what was found, how it fits the catalog, what lies under the cursor. */

import "../style/objects.css";
import type { FoundOn } from "../engine/found";
import {
  arrows,
  chooseObject,
  match,
  matchRefusal,
  type ObjectAt,
  objectAtCursor,
  objects,
  shownFound,
} from "../state/objects";
import { searching, showObjects } from "../state/view";
import { zero, zeroRefusal } from "../state/zero";
import { openDock } from "./dock";
import { count, decimals } from "./format";

/** More rows than this are not listed: the brightest are. */
const MOST_ROWS = 200;

/** `2.31 ± 0.02 pixels (2.34″)` over the amplifiers, each with the weight of its stars. */
function width(list: FoundOn[]): string {
  let [stars, fwhm, variance, round, scaled] = [0, 0, 0, 0, 0];
  for (const { found } of list) {
    const one = found?.stars;
    if (!one) continue;
    stars += one.count;
    fwhm += one.count * one.fwhmPix;
    variance += (one.count * one.fwhmErrPix) ** 2;
    round += one.count * one.ellipticityRatio;
    scaled += one.count * one.fwhmPix * (found.sky?.scaleArcsec ?? NaN);
  }
  if (stars === 0) return "Too few stars are bright, whole and alone to tell a width.";
  const onSky = Number.isFinite(scaled) ? ` (${decimals(scaled / stars, 2)}″)` : "";
  return `Stars have a FWHM of ${decimals(fwhm / stars, 2)} ± ${decimals(Math.sqrt(variance) / stars, 3)} pixels${onSky} and an ellipticity of ${decimals(round / stars, 3)}, by ${stars} of them.`;
}

/** The faintest flux, in magnitudes too where there is a zero point. */
function limit(list: FoundOn[]): string {
  const all = list.flatMap(({ found }) => found?.limit ?? []);
  const [first] = all;
  if (!first) return "";
  const flux = all.reduce((sum, one) => sum + one.fluxDn, 0) / all.length;
  const magnitude = zero.value ? ` or ${decimals(zero.value.zeroPoint - 2.5 * Math.log10(flux), 2)} mag` : "";
  return ` ${decimals(flux, 0)} DN${magnitude} stand ${first.signalRatio} sigma out of the noise of a circle of ${first.radiusPix} pixels.`;
}

function summary(list: FoundOn[]): string {
  const flagged = objects.value.filter(({ of, row }) => of.flags[row]).length;
  const amps = list.filter(({ found }) => found).length;
  const where = amps === 1 ? "" : ` on ${amps} amplifiers`;
  return `${count(objects.value.length)} objects${where}, ${count(flagged)} of them with flags (dashed). ${width(list)}${limit(list)}`;
}

/** The match in words, or why there is none. */
function matchWords(): string {
  const all = match.value;
  const scaled = arrows.value;
  if (!all || !scaled) return matchRefusal.value;
  return `${count(all.stars)} of ${count(all.references)} stars of the catalog are matched, rms ${decimals(all.east, 3)}″ east and ${decimals(all.north, 3)}″ north. Arrows lead from the catalog to the object and are ${count(scaled.factor)} times as long as the residual.`;
}

function zeroWords(): string {
  return zero.value?.plots[0]?.summary ?? (match.value ? zeroRefusal.value : "");
}

function PerAmplifier({ list }: { list: FoundOn[] }) {
  return (
    <div class="table-box" tabIndex={0} role="region" aria-label="Objects by amplifier">
      <table>
        <thead>
          <tr>
            <th scope="col">amplifier</th>
            <th scope="col">cosmic rays</th>
            <th scope="col">objects</th>
            <th scope="col">
              FWHM <span class="unit">pixels</span>
            </th>
            <th scope="col">
              limit <span class="unit">DN</span>
            </th>
            <th scope="col">matched</th>
            <th scope="col">
              east <span class="unit">″</span>
            </th>
            <th scope="col">
              north <span class="unit">″</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {list.map(({ amp, found, refusal }) => (
            <tr key={amp} title={refusal ?? found?.refusal ?? undefined}>
              <th scope="row">{amp}</th>
              <td class="number">{found?.cosmicRays != null ? count(found.cosmicRays) : "–"}</td>
              <td class="number">{found ? count(found.objects.x.length) : "none"}</td>
              <td class="number">{found?.stars ? decimals(found.stars.fwhmPix, 2) : "–"}</td>
              <td class="number">{found?.limit ? decimals(found.limit.fluxDn, 0) : "–"}</td>
              <td class="number">{found?.sky ? count(found.sky.object.length) : "no"}</td>
              <td class="number">{found?.sky ? decimals(found.sky.rmsEastArcsec, 3) : "–"}</td>
              <td class="number">{found?.sky ? decimals(found.sky.rmsNorthArcsec, 3) : "–"}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function UnderCursor() {
  const one = objectAtCursor.value;
  if (!one) return <p class="quiet">No object is under the cursor.</p>;
  const { of, row } = one;
  const value = (list: number[], digits: number): string => decimals(list[row] ?? NaN, digits);
  const fwhm = of.fwhm[row] ?? NaN;
  const magnitude = zero.value ? zero.value.zeroPoint - 2.5 * Math.log10(of.fluxAper[row] ?? NaN) : NaN;
  const facts: [string, string][] = [
    ["x, y", `${value(of.x, 2)}, ${value(of.y, 2)} pixels`],
    ["flux", `${value(of.flux, 0)} ± ${value(of.fluxErr, 0)} DN`],
    ...(Number.isFinite(magnitude) ? ([["magnitude", `${decimals(magnitude, 2)} mag`]] as [string, string][]) : []),
    ["FWHM", Number.isFinite(fwhm) ? `${decimals(fwhm, 2)} pixels` : "not measured"],
    ["half of its light", `within ${value(of.halfLight, 2)} pixels`],
    ["flags", of.flags[row] || "none"],
  ];
  return (
    <dl class="facts" aria-label="Object under the cursor">
      {facts.map(([name, text]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{text}</dd>
        </div>
      ))}
    </dl>
  );
}

const flux = ({ of, row }: ObjectAt): number => of.flux[row] ?? -Infinity;

function ObjectTable() {
  const chosen = objectAtCursor.value;
  const rows = [...objects.value].sort((a, b) => flux(b) - flux(a)).slice(0, MOST_ROWS);
  const isChosen = (one: ObjectAt): boolean => one.amp === chosen?.amp && one.row === chosen.row;
  return (
    <div class="table-box" tabIndex={0} role="region" aria-label="Objects by brightness">
      <table>
        <thead>
          <tr>
            <th scope="col">object</th>
            <th scope="col">
              x, y <span class="unit">pixels</span>
            </th>
            <th scope="col">
              flux <span class="unit">DN</span>
            </th>
            <th scope="col">flags</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((one) => (
            <tr key={`${one.amp} ${one.row}`} class={isChosen(one) ? "chosen" : ""}>
              <th scope="row">
                <button type="button" class="plain" aria-pressed={isChosen(one)} onClick={() => chooseObject(one)}>
                  {one.amp}.{one.row}
                </button>
              </th>
              <td class="number">
                {decimals(one.of.x[one.row] ?? NaN, 1)}, {decimals(one.of.y[one.row] ?? NaN, 1)}
              </td>
              <td class="number">{decimals(flux(one), 0)}</td>
              <td>{one.of.flags[one.row]}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {objects.value.length > MOST_ROWS && <p class="quiet">The {MOST_ROWS} brightest are listed.</p>}
    </div>
  );
}

function What() {
  const list = shownFound.value;
  if (!list) return <p role="status">{searching.value ? "Looking for objects…" : "Nothing has been looked for."}</p>;
  return (
    <>
      <p role="status">{summary(list)}</p>
      <PerAmplifier list={list} />
      <p class={match.value ? "" : "note"} role="status">
        {matchWords()}
      </p>
      {zeroWords() && <p>{zeroWords()}</p>}
      <div class="row">
        <button type="button" onClick={() => openDock("zero")}>
          Plot of the zero point
        </button>
      </div>
      <UnderCursor />
      <ObjectTable />
    </>
  );
}

export function ObjectsPanel() {
  return (
    <div class="objects" role="group" aria-label="Detected objects">
      <label class="inline check">
        <input
          type="checkbox"
          checked={showObjects.value}
          onChange={(event) => (showObjects.value = event.currentTarget.checked)}
        />
        <span>detected objects</span>
      </label>
      <p class="quiet">Found on the last stage as by rawsky calibrate, and matched to the catalog, only while this is on.</p>
      {showObjects.value && <What />}
    </div>
  );
}
