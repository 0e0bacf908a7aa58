/**
 * What the page and the engine say to each other. The engine owns every pixel; the page sees numbers,
 * words and pictures that are ready to show.
 *
 * Coordinates are those of the detector in sky order: `x` is the column, `y` the row, zero-based, an
 * integer is the centre of a pixel, `y` grows upward on the screen. An amplifier covers the part
 * `x0 <= x < x0 + width`, `y0 <= y < y0 + height`. Values are in DN unless a unit says otherwise.
 */

import type { FoundOn, Pairs, ZeroPoint } from "./found";

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** One amplifier's part of the detector (pixels). */
export interface AmpInfo {
  amp: number;
  x0: number;
  y0: number;
  width: number;
  height: number;
}

/** Every stage of an amplifier of more pixels than this takes half a gigabyte or more. */
export const LARGE_AMPLIFIER = 4_000_000;

/** Camera of files that are looked at as they are, whatever they may be. */
export const NO_CAMERA = "none";

/** An image of two axes in a file. */
export interface ImageChoice {
  /** 0 is the primary one. */
  hdu: number;
  /** EXTNAME, or empty. */
  name: string;
  width: number;
  height: number;
  /** How its numbers are stored, such as "32-bit floating point, RICE_1". */
  stored: string;
}

export interface ExposureInfo {
  /** Name of the file, or of the simulated one. */
  name: string;
  camera: string;
  /** A raw exposure is reduced; an image (science image, plain FITS) is looked at. */
  kind: "raw" | "image";
  detector: number;
  band: string | null;
  /** Start (UTC), ISO 8601, if known. */
  start: string | null;
  exposureS: number | null;
  amps: AmpInfo[];
  /** Whole detector (pixels). */
  width: number;
  height: number;
  simulated: boolean;
  /** Seed of the simulation. */
  seed: number | null;
  /** What was found beside the exposure, such as "master bias of 10 frames"; what is missing. */
  calibration: { what: string; found: string | null }[];
  /** The HDU of an image; `null` of a raw exposure. */
  hdu: number | null;
  /** The images of its file, the shown one among them; none of a raw exposure. */
  images: ImageChoice[];
  /** What a person should know of an image, such as why it is not reduced; sentences. */
  notes: string[];
  /** There is not the memory for the stages of all amplifiers: the one that is drawn alone is reduced. */
  oneAtATime?: boolean;
}

/** One parameter of a step, from the core's own table. */
export interface ParamSchema {
  /** Key below `params`; `columns.last` is `params.columns.last`. */
  path: string;
  label: string;
  /** Empty if it has none. */
  unit: string;
  /** One sentence. */
  doc: string;
  kind: "integer" | "number" | "choice" | "flag" | "range";
  min?: number;
  max?: number;
  step?: number;
  choices?: { value: Json; label: string }[];
}

/** A step of the recipe, as it is set now. */
export interface StepSetting {
  step: string;
  on: boolean;
  params: { [key: string]: Json };
}

export interface StepInfo {
  step: string;
  title: string;
  /** One sentence on what it does. */
  summary: string;
  schema: ParamSchema[];
  /** Values of the recipe before anybody changed them. */
  defaults: { [key: string]: Json };
  canSwitchOff: boolean;
}

export interface Stats {
  mean: number;
  median: number;
  /** 1.4826 MAD. */
  sigma: number;
  min: number;
  max: number;
  nNan: number;
  nMasked: number;
  nPixels: number;
}

/** An image after a step. The first one is `raw`. */
export interface StageInfo {
  stage: string;
  title: string;
  unit: string;
  state: "ok" | "stale" | "running" | "skipped" | "off" | "failed";
  /** Why it was skipped or failed. */
  reason: string | null;
  stats: Stats | null;
  /** Difference to the truth (simulated exposures only). */
  toTruth: { median: number; rms: number } | null;
  /** What running its step took (ms); 0 if it was kept. */
  ms: number | null;
  warnings: string[];
  /** What the step reports, as it is. */
  report: Json;
}

export type Stretch = "linear" | "log" | "sqrt" | "asinh";
export type ColourMap = "grey" | "viridis" | "cividis" | "magma" | "diverging";
export type ViewMode = "single" | "split" | "difference";

/** Who draws: the engine itself, or the graphics processor. Both give the same picture. */
export type Raster = "cpu" | "gl2";

/** What is drawn. */
export interface View {
  /** Pixels of the picture. */
  width: number;
  height: number;
  /** Detector coordinates of the picture's centre. */
  x: number;
  y: number;
  /** Picture pixels per detector pixel. */
  scale: number;
  stage: string;
  /** The other stage of `split` and `difference` (`stage` − `against`). */
  against: string;
  mode: ViewMode;
  /** Place of the divider, 0 to 1 of the width; left of it `against` is drawn, right of it `stage`. */
  split: number;
  low: number;
  high: number;
  /** Low and high cut of the other stage of `split`; those above if null. */
  againstCuts: [number, number] | null;
  stretch: Stretch;
  colour: ColourMap;
  invert: boolean;
  /** Bits of the mask that are shown, OR-ed. */
  maskBits: number;
  amps: number[];
}

export type CutsKind = "zscale" | "minmax" | "99.5%" | "98%" | "95%";

export interface MaskBit {
  bit: number;
  name: string;
  meaning: string;
  /** Pixels of the shown stage that have it. */
  count: number;
}

/** One pixel through all stages. */
export interface PixelInfo {
  x: number;
  y: number;
  amp: number;
  /** Column and row of the raw file's array, zero-based. */
  storedX: number;
  storedY: number;
  raDeg: number | null;
  decDeg: number | null;
  truth: number | null;
  truthText: string | null;
  rows: {
    stage: string;
    title: string;
    value: number | null;
    unit: string;
    /** Standard deviation by the variance plane. */
    error: number | null;
    /** `1412.0 − 1003.2`, in words of the step's formula. */
    arithmetic: string;
    flags: string[];
  }[];
}

export type ProfileKind = "row" | "column" | "mean-row" | "mean-column";

/** Something to plot, with its words for those who do not see it. */
export interface Plot {
  title: string;
  xLabel: string;
  yLabel: string;
  x: Float64Array;
  series: { label: string; y: Float64Array; style: "line" | "points" | "clipped" }[];
  /** One or two sentences. */
  summary: string;
}

export type PlotRequest =
  | { kind: ProfileKind; at: number; halfWidth: number; stages: string[]; amp: number }
  | { kind: "histogram"; stage: string; low: number; high: number; bins: number; sampled?: boolean; amp: number }
  | { kind: "overscan"; amp: number }
  | { kind: "linearity"; amp: number }
  | { kind: "residual"; stage: string; amp: number }
  | { kind: "growth"; star: number; amp: number };

export type Region =
  | { kind: "rectangle"; x: number; y: number; width: number; height: number }
  | { kind: "circle"; x: number; y: number; radius: number }
  | { kind: "annulus"; x: number; y: number; inner: number; outer: number };

export interface RegionStats extends Stats {
  /** After clipping at 3 sigma. */
  clippedMean: number;
  clippedSigma: number;
}

export interface HeaderCard {
  key: string;
  value: string;
  comment: string;
}

/** A header that can be read; `of` is how the engine knows it. */
export interface HeaderChoice {
  of: string;
  title: string;
}

/** The header of the science image, or of the image that is looked at. */
export const SHOWN_HEADER = "shown";

/** Frames of which a master was made on the spot. */
export interface StackInfo {
  /** Such as "flats of lamp 3". */
  title: string;
  /** The master that they went into; it can be drawn like a stage of this name once it is held. */
  master: string;
  /** Names of the frames in order of time. */
  frames: string[];
  /** Frames that were there and not taken. */
  leftOut: number;
  clipSigma: number;
  maximumPasses: number;
  merge: "median" | "mean";
}

/** One pass of the clip over the values that were kept until then (DN). */
export interface ClipPass {
  given: number;
  /** Their median. */
  center: number;
  /** Their standard deviation. */
  sigma: number;
  low: number;
  high: number;
  cut: number;
}

/** One pixel of a stack (DN). */
export interface StackedPixel {
  x: number;
  y: number;
  amp: number;
  /** Its value in each frame, `null` where it does not count; the pass that cut it, from 1. */
  values: { dn: number | null; cutIn: number | null }[];
  passes: ClipPass[];
  mergedDn: number | null;
  /** The pixel of the master: DN of a bias, relative of a flat. */
  master: number | null;
}

/** How many frames are there, and the pixel once all are. */
export interface Stacked {
  loaded: number;
  frames: number;
  pixel: StackedPixel | null;
}

/** Table of columns; a column is numbers or words. */
export interface Table {
  columns: { name: string; unit: string; values: Float64Array | string[] }[];
  rows: number;
}

export interface Photometry {
  table: Table;
  /** Detector coordinates of the stars, one per row. */
  x: Float64Array;
  y: Float64Array;
  /** Radii (pixels) of the flux columns, and which one is shown. */
  radii: number[];
  summary: string;
}

export type ExportKind = "fits" | "parquet" | "csv" | "recipe" | "command";

/** Where the exposure comes from. */
export type SourceRequest =
  | { kind: "simulated"; camera: string; seed: number; night: { [key: string]: Json } }
  | {
      kind: "files";
      camera: string;
      files: File[];
      /** The image of this HDU, of the file that is looked at; `null` for the first. */
      hdu: number | null;
    };

export interface Progress {
  /** What is being done, such as "overscan, amplifier 2". */
  label: string;
  done: number;
  total: number;
}

export interface EngineError {
  class: string;
  message: string;
}

/** All that a page may ask. Every promise is rejected with an [`EngineError`]. */
export interface Engine {
  /** Called whenever a stage changes its state, until the returned function is called. */
  onStages(listener: (amp: number, stages: StageInfo[]) => void): () => void;
  onProgress(listener: (progress: Progress | null) => void): () => void;
  /** Called with who draws the picture, whenever that changes. */
  onRaster(listener: (by: Raster) => void): () => void;
  /** An exposure that was opened early has its masters, or not all of them for a reason. */
  onCompleted(listener: (info: ExposureInfo, failure: EngineError | null) => void): () => void;
  /** Loads what reads files: some will be opened soon. */
  warm(): void;
  cameras(): Promise<{ name: string; description: string }[]>;
  /** Opens an exposure; none of its steps is run yet. */
  open(source: SourceRequest): Promise<ExposureInfo>;
  /** Runs the steps of what was opened; the first stage of every amplifier comes first. */
  reduce(): Promise<void>;
  /** The steps that the recipe has, in its order. */
  steps(): Promise<{ info: StepInfo[]; settings: StepSetting[] }>;
  /** Sets steps, order and parameters; runs what depends on the change. Resolves when all is done,
   * with the names of the steps that were run per amplifier, or a newer recipe has come. Once `stopped` none is run. */
  setSteps(settings: StepSetting[], stopped: boolean): Promise<{ executed: { amp: number; step: string }[] }>;
  /** Stops what runs; stages that were not reached are stale. */
  cancel(): void;
  /** With the numbers of every image, or at once with those that are known. */
  stages(amp: number, numbers: boolean): Promise<StageInfo[]>;
  render(view: View): Promise<ImageBitmap>;
  /** Sets steps without running them, and draws what they would give from a part of the rows; stages that depend
   * on the change become stale. */
  preview(view: View, settings: StepSetting[]): Promise<ImageBitmap>;
  cuts(stage: string, against: string | null, kind: CutsKind, amps: number[]): Promise<{ low: number; high: number }>;
  maskBits(stage: string, amps: number[]): Promise<MaskBit[]>;
  pixel(x: number, y: number): Promise<PixelInfo | null>;
  plot(request: PlotRequest): Promise<Plot>;
  region(region: Region, stage: string): Promise<RegionStats>;
  /** The headers that there are, that of what is shown first. */
  headers(amp: number): Promise<HeaderChoice[]>;
  header(amp: number, of: string): Promise<HeaderCard[]>;
  /** None where no master was made on the spot. */
  stacks(): Promise<StackInfo[]>;
  /** Reduces one more frame of a stack; `null` off the amplifiers. To be asked until the pixel is there. */
  stacked(stack: number, x: number, y: number): Promise<Stacked | null>;
  /** Reads a master, so that it can be drawn. */
  holdMaster(master: string, amps: number[]): Promise<void>;
  setAperture(params: { [key: string]: Json }): Promise<Photometry | null>;
  photometry(): Promise<Photometry | null>;
  /** Objects of every amplifier that is held; rejected with the class `cancelled` when that is stopped. */
  objects(): Promise<FoundOn[]>;
  zeroPoint(pairs: Pairs): Promise<ZeroPoint>;
  apertureSchema(): Promise<{ schema: ParamSchema[]; params: { [key: string]: Json } }>;
  export(kind: ExportKind, amp: number): Promise<{ name: string; bytes: Uint8Array }>;
  /** Bytes of the engine's memory. */
  memory(): Promise<number>;
  dispose(): void;
}
