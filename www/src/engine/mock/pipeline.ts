/** What the invented engine does to one amplifier, step by step. */

import type { Json, StageInfo, StepSetting } from "../protocol";
import {
  FULL_DN,
  GAIN,
  OVERSCAN_COLUMNS,
  READ_NOISE_ELECTRON,
  readColumn,
  SIDE,
  trapForward,
  type RawAmp,
} from "./scene";
import { middle, robustSigma, statistics } from "./statistics";
import { STEPS } from "./schema";

export interface OverscanFit {
  level: Float64Array;
  model: Float64Array;
  kept: boolean[];
}

export interface Stage {
  info: StageInfo;
  image: Float32Array;
  variance: Float32Array;
  mask: Uint32Array;
}

export interface AmpRun {
  stages: Stage[];
  overscan: OverscanFit | null;
}

type Params = { [key: string]: Json };
type Planes = Pick<Stage, "image" | "variance" | "mask">;

function numberOf(params: Params, key: string, otherwise: number): number {
  const value = params[key];
  return typeof value === "number" ? value : otherwise;
}

function legendre(term: number, t: number): number {
  if (term === 0) return 1;
  let before = 1;
  let here = t;
  for (let n = 1; n < term; n++) [before, here] = [here, ((2 * n + 1) * t * here - n * before) / (n + 1)];
  return here;
}

/** Solves the symmetric system by elimination; small and well conditioned. */
function solve(matrix: number[][], right: number[]): number[] {
  const n = right.length;
  const rows = matrix.map((row, i) => [...row, right[i] ?? 0]);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      if (i === j) continue;
      const factor = (rows[j]?.[i] ?? 0) / (rows[i]?.[i] ?? 1);
      rows[j] = (rows[j] ?? []).map((value, k) => value - factor * (rows[i]?.[k] ?? 0));
    }
  }
  return rows.map((row, i) => (row[n] ?? 0) / (row[i] ?? 1));
}

function fitLegendre(level: Float64Array, kept: boolean[], terms: number): Float64Array {
  const n = level.length;
  const basis = Array.from({ length: terms }, (_, term) =>
    Float64Array.from(level, (_v, i) => legendre(term, (2 * i) / (n - 1) - 1)),
  );
  const sum = (f: (i: number) => number) => kept.reduce((total, keep, i) => (keep ? total + f(i) : total), 0);
  const matrix = basis.map((p) => basis.map((q) => sum((i) => (p[i] ?? 0) * (q[i] ?? 0))));
  const coefficients = solve(
    matrix,
    basis.map((p) => sum((i) => (p[i] ?? 0) * (level[i] ?? 0))),
  );
  return Float64Array.from(level, (_v, i) =>
    coefficients.reduce((total, c, term) => total + c * (basis[term]?.[i] ?? 0), 0),
  );
}

function rowLevel(amp: RawAmp, last: number, how: Json | undefined): Float64Array {
  return Float64Array.from({ length: SIDE }, (_, y) => {
    const columns = amp.overscan.subarray(y * OVERSCAN_COLUMNS + OVERSCAN_COLUMNS - last, (y + 1) * OVERSCAN_COLUMNS);
    if (how === "median") return middle(Float64Array.from(columns).sort());
    return columns.reduce((total, value) => total + value, 0) / columns.length;
  });
}

export function fitOverscan(amp: RawAmp, params: Params): OverscanFit {
  const columns = params["columns"];
  const last = columns && typeof columns === "object" && !Array.isArray(columns) ? numberOf(columns, "last", 5) : 5;
  const level = rowLevel(amp, Math.max(1, Math.min(30, last)), params["row"]);
  let kept = Array.from(level, () => true);
  let model = fitLegendre(level, kept, numberOf(params, "terms", 3));
  for (let pass = 0; pass < 10; pass++) {
    const rest = Float64Array.from(level, (value, i) => value - (model[i] ?? 0));
    const sorted = rest.slice().sort();
    const center = middle(sorted);
    const limit = numberOf(params, "clip_sigma", 3) * robustSigma(sorted, center);
    const next = Array.from(rest, (value) => Math.abs(value - center) <= limit);
    if (next.every((keep, i) => keep === kept[i])) break;
    kept = next;
    model = fitLegendre(level, kept, numberOf(params, "terms", 3));
  }
  return { level, model, kept };
}

function undoPocket(image: Float32Array, amp: RawAmp, passes: number): Float32Array {
  const out = new Float32Array(image.length);
  const read = new Float64Array(SIDE);
  for (let y = 0; y < SIDE; y++) {
    for (let x = 0; x < SIDE; x++) read[readColumn(amp.info, x)] = image[y * SIDE + x] ?? 0;
    const guess = read.slice();
    for (let pass = 0; pass < passes; pass++) {
      const trial = guess.slice();
      trapForward(trial, amp.trap);
      for (let i = 0; i < SIDE; i++) guess[i] = (guess[i] ?? 0) + (read[i] ?? 0) - (trial[i] ?? 0);
    }
    for (let x = 0; x < SIDE; x++) out[y * SIDE + x] = guess[readColumn(amp.info, x)] ?? 0;
  }
  return out;
}

/** Level of this detector against the focal plane's, for the choice of the flat's normalization. */
const FOCAL_PLANE_RATIO = 1.031;

function apply(name: string, params: Params, from: Planes, amp: RawAmp, run: AmpRun): Planes {
  const { image, variance, mask } = from;
  switch (name) {
    case "saturation": {
      const level = numberOf(params, "level_dn", FULL_DN);
      return { image, variance, mask: mask.map((bits, i) => ((image[i] ?? 0) >= level ? bits | 256 : bits)) };
    }
    case "overscan": {
      const fit = fitOverscan(amp, params);
      run.overscan = fit;
      return { image: image.map((value, i) => value - (fit.model[Math.floor(i / SIDE)] ?? 0)), variance, mask };
    }
    case "linearity": {
      const { a, b } = amp.linearity;
      return { image: image.map((x) => x / (a * x * x + b * x + 1)), variance, mask };
    }
    case "pocket":
      return {
        image: undoPocket(image, amp, params["solver"] === "passes" ? numberOf(params, "iterations", 3) : 12),
        variance,
        mask,
      };
    case "variance": {
      const gain = numberOf(params, "gain_electron_per_dn", GAIN);
      const read = (READ_NOISE_ELECTRON / gain) ** 2;
      return { image, variance: image.map((value) => Math.max(value, 0) / gain + read), mask };
    }
    case "bias":
      return {
        image: image.map((value, i) => value - (amp.masterBias[i] ?? 0)),
        variance: variance.map((v) => v + 0.31),
        mask,
      };
    case "flat": {
      const scale = params["level"] === "detector" ? FOCAL_PLANE_RATIO : 1;
      return { image: image.map((value, i) => (scale * value) / (amp.masterFlat[i] ?? 1)), variance, mask };
    }
    default:
      return from;
  }
}

/** The noise-free value that the image should have: DN of the amplifier, of the sky after the flat. */
export function truthOf(amp: RawAmp, afterFlat: boolean, i: number): number {
  return (amp.light[i] ?? 0) * (afterFlat ? 1 : (amp.response[i] ?? 1));
}

function stageInfo(
  stage: string,
  title: string,
  planes: Planes,
  amp: RawAmp,
  afterFlat: boolean,
  ms: number,
): StageInfo {
  const rest = planes.image.filter((_v, i) => (planes.mask[i] ?? 0) === 0).map((_v) => _v);
  let k = 0;
  planes.image.forEach((value, i) => {
    if ((planes.mask[i] ?? 0) === 0) rest[k++] = value - truthOf(amp, afterFlat, i);
  });
  const sorted = Float64Array.from(rest).sort();
  const cut = sorted.subarray(Math.floor(sorted.length * 0.005), Math.ceil(sorted.length * 0.995));
  const rms = Math.sqrt(cut.reduce((sum, value) => sum + value * value, 0) / cut.length);
  return {
    stage,
    title,
    unit: "DN",
    state: "ok",
    reason: null,
    stats: statistics(planes.image, planes.mask),
    toTruth: { median: middle(sorted), rms },
    ms,
    warnings: [],
    report: null,
  };
}

function runOne(setting: StepSetting, before: Stage, amp: RawAmp, run: AmpRun, afterFlat: boolean): Stage {
  const title = STEPS.find((info) => info.step === setting.step)?.title ?? setting.step;
  if (!setting.on) {
    return {
      ...before,
      info: { ...before.info, stage: setting.step, title, state: "off", reason: null, ms: 0, report: null },
    };
  }
  const start = performance.now();
  const planes = apply(setting.step, setting.params, before, amp, run);
  const ms = performance.now() - start;
  const info = stageInfo(setting.step, title, planes, amp, afterFlat, ms);
  if (setting.step === "overscan" && run.overscan) {
    info.report = {
      level_dn: middle(run.overscan.model.slice().sort()),
      rows_left_out: run.overscan.kept.filter((keep) => !keep).length,
    };
  }
  return { ...planes, info };
}

/** Runs the recipe from step `first` on; the stages before it are kept. */
export function runAmp(amp: RawAmp, settings: StepSetting[], first: number, kept: AmpRun | null): AmpRun {
  const run: AmpRun = { stages: kept ? kept.stages.slice(0, first + 1) : [], overscan: kept?.overscan ?? null };
  for (const stage of run.stages) if (stage.info.state === "stale") stage.info = { ...stage.info, state: "ok" };
  if (run.stages.length === 0) {
    const planes = {
      image: amp.raw,
      variance: new Float32Array(SIDE * SIDE).fill(2.3),
      mask: new Uint32Array(SIDE * SIDE),
    };
    run.stages.push({ ...planes, info: stageInfo("raw", "raw", planes, amp, false, 0) });
  }
  for (let k = run.stages.length - 1; k < settings.length; k++) {
    const setting = settings[k] as StepSetting;
    const afterFlat = settings.slice(0, k + 1).some((s) => s.step === "flat");
    run.stages.push(runOne(setting, run.stages[k] as Stage, amp, run, afterFlat));
  }
  for (const stage of run.stages.slice(0, first + 1)) stage.info = { ...stage.info, ms: kept ? 0 : stage.info.ms };
  return run;
}
