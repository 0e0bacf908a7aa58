/** The frames of a master at one pixel: which values were kept, which were cut by which pass, and the result. */

import { useEffect, useMemo, useState } from "preact/hooks";
import type { Plot, StackedPixel, StackInfo } from "../engine/protocol";
import { report } from "../state/bench";
import { holdMaster, masterUnit, showMaster, stacks } from "../state/masters";
import { comparison, cursor } from "../state/view";
import { Chart } from "./Chart";
import { plotAsCsv } from "./ChartTable";
import { download } from "./download";
import { decimals } from "./format";
import {
  askedPixel,
  asksFirst,
  chosenStack,
  fate,
  keepStacked,
  reducing,
  refusal,
  stack,
  stackedPixel,
  stackPlot,
} from "./mastersState";
import { Legend } from "./Legend";
import { Spoken } from "./Spoken";
import { Thumbnail } from "./Thumbnail";

function Choice() {
  return (
    <label class="inline">
      <span>stack</span>
      <select
        value={String(stack.value ? stacks.value.indexOf(stack.value) : 0)}
        onChange={(event) => (chosenStack.value = Number(event.currentTarget.value))}
      >
        {stacks.value.map((info, i) => (
          <option key={info.title} value={String(i)}>
            {info.title}: {info.frames.length} frames
          </option>
        ))}
      </select>
    </label>
  );
}

/** Of a large exposure the frames are reduced only when somebody asks. */
function Ask({ info }: { info: StackInfo }) {
  if (!asksFirst.value || reducing.value) return null;
  const at = cursor.value;
  return (
    <button type="button" disabled={!at} onClick={() => (askedPixel.value = at && { ...at })}>
      Reduce the {info.frames.length} frames at {at ? `x ${Math.floor(at.x)}, y ${Math.floor(at.y)}` : "a pixel"}
    </button>
  );
}

function Waiting() {
  const now = reducing.value;
  if (now)
    return (
      <p class="quiet" role="status">
        <progress value={now.loaded} max={now.frames} aria-label="frames reduced" /> {now.loaded} of {now.frames} frames
        reduced
      </p>
    );
  return (
    <p class="quiet" role="status">
      {refusal.value || "Point at a pixel: its value in every frame appears here."}
    </p>
  );
}

function Passes({ pixel }: { pixel: StackedPixel }) {
  if (pixel.passes.length === 0) return <p>Too few values to cut any.</p>;
  return (
    <table class="numbers-table">
      <caption>Passes of the clip (DN)</caption>
      <thead>
        <tr>
          {["pass", "values", "median", "σ", "from", "to", "cut"].map((name) => (
            <th key={name} scope="col">
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {pixel.passes.map((pass, i) => (
          <tr key={i}>
            <th scope="row">{i + 1}</th>
            <td>{pass.given}</td>
            <td>{decimals(pass.center, 2)}</td>
            <td>{decimals(pass.sigma, 2)}</td>
            <td>{decimals(pass.low, 2)}</td>
            <td>{decimals(pass.high, 2)}</td>
            <td>{pass.cut}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Values({ info, pixel }: { info: StackInfo; pixel: StackedPixel }) {
  return (
    <table class="numbers-table">
      <caption>Values of the frames</caption>
      <thead>
        <tr>
          <th scope="col">frame</th>
          <th scope="col">DN</th>
          <th scope="col">in the stack</th>
          <th scope="col">file</th>
        </tr>
      </thead>
      <tbody>
        {pixel.values.map((value, i) => (
          <tr key={i} class={value.cutIn === null ? "" : "cut"}>
            <th scope="row">{i + 1}</th>
            <td>{value.dn === null ? "none" : decimals(value.dn, 2)}</td>
            <td>{fate(value)}</td>
            <td class="breaks quiet">{info.frames[i]}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** What stands between the merged value and the master. */
function Result({ info, pixel }: { info: StackInfo; pixel: StackedPixel }) {
  if (pixel.master === null) return <p>The {info.master} has no value here.</p>;
  const value = `${decimals(pixel.master, info.master.endsWith("flat") ? 4 : 2)} ${masterUnit(info.master)}`;
  return (
    <p>
      The {info.master} here: <b>{value}</b>
      {info.master.endsWith("flat") &&
        ", which is the merged value less the master bias, over the level of the lamp, averaged over the lamps"}
      .
    </p>
  );
}

function MasterPicture({ info }: { info: StackInfo }) {
  const [held, setHeld] = useState("");
  useEffect(() => {
    holdMaster(info.master).then(() => setHeld(info.master), report);
  }, [info]);
  const isShown = comparison.value.stage === info.master;
  return (
    <div class="row">
      {held === info.master && <Thumbnail stage={info.master} off={false} />}
      <button type="button" disabled={isShown} onClick={() => void showMaster(info.master)}>
        {isShown ? `The picture shows the ${info.master}` : `Show the ${info.master} in the picture`}
      </button>
    </div>
  );
}

function Words({ info, pixel, plot }: { info: StackInfo; pixel: StackedPixel | null; plot: Plot | null }) {
  return (
    <div class="plot-words masters-words" tabIndex={0} role="region" aria-label="Values and passes">
      <div class="row">
        <Choice />
        <Ask info={info} />
        {plot && (
          <button
            type="button"
            aria-label="CSV file of the values"
            onClick={() => download("stack.csv", plotAsCsv(plot), "text/csv")}
          >
            CSV
          </button>
        )}
      </div>
      {plot && (
        <div class="row">
          <h3>{plot.title}</h3>
          <Legend of={plot} />
        </div>
      )}
      {plot && <p>{plot.summary}</p>}
      {pixel && <Result info={info} pixel={pixel} />}
      <MasterPicture info={info} />
      {pixel && <Passes pixel={pixel} />}
      {pixel && <Values info={info} pixel={pixel} />}
      {info.leftOut > 0 && (
        <p class="quiet">{info.leftOut} earlier frames were there and not taken: the recipe takes the last ones.</p>
      )}
      <Spoken text={plot ? `${plot.title}. ${plot.summary}` : ""} />
    </div>
  );
}

export function MastersPanel() {
  useEffect(keepStacked, []);
  const info = stack.value;
  const pixel = stackedPixel.value;
  const plot = useMemo(() => (info && pixel ? stackPlot(info, pixel) : null), [info, pixel]);
  if (!info)
    return <p class="quiet plot-none">No master was made on the spot: finished masters do not keep their frames.</p>;
  return (
    <div class="plot">
      {plot ? (
        <Chart plot={plot} />
      ) : (
        <div class="plot-none">
          <Waiting />
        </div>
      )}
      <Words info={info} plot={plot} pixel={pixel} />
    </div>
  );
}
