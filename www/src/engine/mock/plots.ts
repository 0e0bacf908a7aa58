/** Plots of the invented engine. */

import type { Plot, PlotRequest } from "../protocol";
import type { MockEngine } from "../mock";
import type { Stage } from "./pipeline";
import { truthOf } from "./pipeline";
import { apertureSum, RADII, skyLevel } from "./photometry";
import { SIDE, type RawAmp, type Star } from "./scene";
import { middle, statistics } from "./statistics";

const text = (value: number, digits = 1) => value.toFixed(digits);

type Profile = Extract<PlotRequest, { halfWidth: number }>;

function profileOf(image: (x: number, y: number) => number | undefined, request: Profile, amp: RawAmp): Float64Array {
  const along = request.kind === "row" || request.kind === "mean-row";
  const whole = request.kind.startsWith("mean");
  const origin = along ? amp.info.y0 : amp.info.x0;
  const from = whole ? origin : request.at - request.halfWidth;
  const to = whole ? origin + SIDE - 1 : request.at + request.halfWidth;
  return Float64Array.from({ length: whole ? SIDE : 512 }, (_, k) => {
    let sum = 0;
    let n = 0;
    const place = whole ? k + (along ? amp.info.x0 : amp.info.y0) : k;
    for (let line = from; line <= to; line++) {
      const value = along ? image(place, line) : image(line, place);
      if (value !== undefined) {
        sum += value;
        n++;
      }
    }
    return n ? sum / n : NaN;
  });
}

function profile(engine: MockEngine, request: Profile, amp: RawAmp): Plot {
  const series = request.stages.map((stage) => ({
    label: engine.titleOf(stage),
    y: profileOf((x, y) => engine.valueAt(stage, x, y), request, amp),
    style: "line" as const,
  }));
  const along = request.kind === "row" || request.kind === "mean-row";
  const first = series[0]?.y ?? new Float64Array(0);
  const stats = statistics(first);
  const whole = request.kind.startsWith("mean");
  const start = whole ? (along ? amp.info.x0 : amp.info.y0) : 0;
  return {
    title: whole
      ? `mean of the amplifier's ${along ? "rows" : "columns"}`
      : `${along ? "row" : "column"} ${request.at}`,
    xLabel: along ? "column x (pixel)" : "row y (pixel)",
    yLabel: "value (DN)",
    x: Float64Array.from(first, (_v, i) => i + start),
    series,
    summary: `${engine.titleOf(request.stages[0] ?? "")}: median ${text(stats.median)} DN, scatter ${text(stats.sigma)} DN, from ${text(stats.min)} to ${text(stats.max)} DN.`,
  };
}

function histogram(engine: MockEngine, request: Extract<PlotRequest, { kind: "histogram" }>): Plot {
  const counts = new Float64Array(request.bins);
  const width = (request.high - request.low) / request.bins;
  let outside = 0;
  engine.planes(request.stage, request.amp).forEach((stage) =>
    stage.image.forEach((value) => {
      const bin = Math.floor((value - request.low) / width);
      if (bin >= 0 && bin < request.bins) counts[bin] = (counts[bin] ?? 0) + 1;
      else outside++;
    }),
  );
  const peak = counts.indexOf(Math.max(...counts));
  return {
    title: `histogram of ${request.stage}`,
    xLabel: "value (DN)",
    yLabel: "pixels",
    x: Float64Array.from(counts, (_c, i) => request.low + (i + 0.5) * width),
    series: [{ label: "pixels", y: counts, style: "line" }],
    summary: `Most pixels are near ${text(request.low + (peak + 0.5) * width)} DN; ${outside} lie outside of the plot.`,
  };
}

function overscan(engine: MockEngine, amp: RawAmp): Plot {
  const fit = engine.overscanFit(amp.info.amp);
  if (!fit) throw { class: "parameter", message: "overscan is off: there is no fit to show" };
  const left = fit.kept.filter((keep) => !keep).length;
  const drop = (fit.model[0] ?? 0) - (fit.model[SIDE - 1] ?? 0);
  return {
    title: `overscan level of amplifier ${amp.info.amp}`,
    xLabel: "row (pixel)",
    yLabel: "level (DN)",
    x: Float64Array.from({ length: SIDE }, (_, i) => i),
    series: [
      { label: "row level", y: fit.level.map((v, i) => (fit.kept[i] ? v : NaN)), style: "points" },
      { label: "left out", y: fit.level.map((v, i) => (fit.kept[i] ? NaN : v)), style: "clipped" },
      { label: "model", y: fit.model, style: "line" },
    ],
    summary: `The model changes by ${text(Math.abs(drop), 2)} DN from the first row to the last; ${left} of ${SIDE} rows are left out.`,
  };
}

function linearity(amp: RawAmp): Plot {
  const { a, b } = amp.linearity;
  const x = Float64Array.from({ length: 120 }, (_, i) => (i + 1) * 500);
  const y = x.map((v) => 100 * (1 / (a * v * v + b * v + 1) - 1));
  return {
    title: `linearity of amplifier ${amp.info.amp}`,
    xLabel: "signal (DN)",
    yLabel: "correction (%)",
    x,
    series: [{ label: "correction", y, style: "line" }],
    summary: `The correction is ${text(Math.min(...y), 2)} % at most, at ${text(x[y.indexOf(Math.min(...y))] ?? 0, 0)} DN.`,
  };
}

function residual(engine: MockEngine, request: Extract<PlotRequest, { kind: "residual" }>, amp: RawAmp): Plot {
  const stage = engine.planes(request.stage, request.amp)[0] as Stage;
  const afterFlat = engine.isAfterFlat(request.stage);
  const y = Float64Array.from({ length: SIDE }, (_, column) => {
    const rest = Array.from(
      { length: SIDE },
      (_r, row) => (stage.image[row * SIDE + column] ?? 0) - truthOf(amp, afterFlat, row * SIDE + column),
    );
    return middle(rest.sort((p, q) => p - q));
  });
  const stats = statistics(y);
  return {
    title: `${request.stage} − truth, median of each column`,
    xLabel: "column x (pixel)",
    yLabel: "residual (DN)",
    x: Float64Array.from(y, (_v, i) => i + amp.info.x0),
    series: [{ label: "residual", y, style: "line" }],
    summary: `Median ${text(stats.median, 2)} DN, scatter of the columns ${text(stats.sigma, 2)} DN.`,
  };
}

function growth(engine: MockEngine, request: Extract<PlotRequest, { kind: "growth" }>): Plot {
  const star = engine.starOfRow(request.star) as Star;
  const value = (x: number, y: number) => engine.valueAt("split", x, y);
  const sky = skyLevel(value, star, 14, 20);
  const y = Float64Array.from(RADII, (radius) => apertureSum(value, star, radius, sky));
  return {
    title: `curve of growth of star ${request.star}`,
    xLabel: "radius (pixel)",
    yLabel: "flux (DN)",
    x: Float64Array.from(RADII),
    series: [{ label: "flux", y, style: "line" }],
    summary: `${text((100 * (y[3] ?? 0)) / (y[9] ?? 1))} % of the flux within 12 pixels lies within 6 pixels.`,
  };
}

export function plot(engine: MockEngine, request: PlotRequest): Plot {
  const amp = engine.amp(request.amp);
  switch (request.kind) {
    case "histogram":
      return histogram(engine, request);
    case "overscan":
      return overscan(engine, amp);
    case "linearity":
      return linearity(amp);
    case "residual":
      return residual(engine, request, amp);
    case "growth":
      return growth(engine, request);
    default:
      return profile(engine, request, amp);
  }
}
