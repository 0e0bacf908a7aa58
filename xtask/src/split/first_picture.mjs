/**
 * What the page asks the engine for its first picture. Prints the numbers of the functions that ran:
 * `first_picture.mjs GLUE MODULE MARK`, where the exported globals of that name and a number are the marks.
 */

import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [glue, module, mark] = process.argv.slice(2);
const engine = await import(pathToFileURL(glue).href);
const exports = await engine.default({ module_or_path: readFileSync(module) });

const CAMERA = "teaching";
const NIGHT = { biases: 10, flats_per_lamp: 5, lamps: [3], exposures: 1, seed: 1 };
const RULE = "99.5%";

/** What the panels beside the picture show. */
function numbers(bench, amps, stages) {
  const [stage, against] = stages;
  const [low, high] = bench.cuts(stage, undefined, RULE, amps);
  const histogram = { kind: "histogram", stage, low, high, bins: 128, sampled: true, amp: 1 };
  bench.plot(histogram);
  bench.plot({ ...histogram, low: -0.35, high: 1.35 });
  bench.mask_bits(stage, amps);
  return { stage, against: against ?? stage, low, high };
}

/** The small picture of a stage beside its name. */
function thumbnail(bench, amps, { stage }) {
  const [low, high] = bench.cuts(stage, undefined, RULE, amps);
  const side = { width: 112, height: 84, x: 255.5, y: 255.5, scale: 0.22, stage, against: stage, mode: "single", split: 0.5 };
  bench.draw({ ...side, low, high, againstCuts: null, stretch: "asinh", colour: "grey", invert: false, maskBits: 0, amps: [...amps] });
}

/** A picture, drawn by the engine. */
function picture(bench, amps, { stage, against, low, high }) {
  const side = { width: 519, height: 462, x: 255.5, y: 255.5, scale: 0.9 };
  const compared = { stage, against, mode: against === stage ? "single" : "split", split: 0.5, againstCuts: [low, high] };
  const view = { ...side, ...compared, low, high, stretch: "linear", colour: "grey", invert: false, maskBits: 0, amps: [...amps] };
  bench.draw(view);
}

engine.cameras();
engine.knows(CAMERA);
const bench = new engine.Session(CAMERA);
bench.simulate(NIGHT);
for (bench.units_left(); bench.next_unit() !== undefined; ) bench.do_unit();
const info = bench.open();
const amps = Uint32Array.from(info.amps.map(({ amp }) => amp));
bench.steps();
bench.settings();
bench.aperture();
for (const amp of amps) {
  bench.stages(amp, false);
  bench.advance(amp);
}
picture(bench, amps, numbers(bench, amps, ["raw"]));
while (bench.next_unit() !== undefined) bench.do_unit();
bench.complete();
for (const amp of amps) bench.stages(amp, false);
for (const amp of amps) while (bench.next(amp) !== undefined) bench.advance(amp);
for (const amp of amps) bench.stages(amp, true);
picture(bench, amps, numbers(bench, amps, ["split", "raw"]));
for (const stage of bench.stages(1, false)) thumbnail(bench, amps, stage);

const ran = Object.entries(exports).filter(([name, global]) => name.startsWith(mark) && global.value === 1);
console.log(JSON.stringify(ran.map(([name]) => Number(name.slice(mark.length)))));
