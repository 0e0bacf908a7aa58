/**
 * What the page and the worker of the focal plane say to each other. Coordinates are pixels of the
 * focal plane in sky order, gaps between detectors included: `x` to the right, `y` upwards, an integer
 * is the centre of a pixel. Values are DN above the median of the overscan.
 */

import type { ColourMap, CutsKind, EngineError, Progress, Stretch } from "../protocol";

/** A detector and its place (pixels). */
export interface MosaicPlace {
  detector: number;
  name: string | null;
  x0: number;
  y0: number;
  width: number;
  height: number;
}

/** An amplifier of which there is a file. */
export interface MosaicMember {
  detector: number;
  amp: number;
  file: string;
}

export interface MosaicInfo {
  camera: string;
  /** Whole focal plane (pixels). */
  width: number;
  height: number;
  /** Every detector of the camera. */
  places: MosaicPlace[];
  /** In the order in which they are read. */
  members: MosaicMember[];
  /** Files that were not taken, each with the reason. */
  leftOut: string[];
}

/** Numbers of an amplifier that was read. */
export interface MosaicLevel {
  detector: number;
  amp: number;
  /** Median of its pixels (DN). */
  median: number | null;
  /** Median of its overscan (DN), which was subtracted; `null` without one. */
  overscan: number | null;
  nNan: number;
}

/** What is drawn; the scale is picture pixels per pixel of the focal plane. */
export interface MosaicView {
  width: number;
  height: number;
  x: number;
  y: number;
  scale: number;
  low: number;
  high: number;
  stretch: Stretch;
  colour: ColourMap;
  invert: boolean;
}

export interface MosaicPixel {
  detector: number;
  amp: number;
  /** Column and row of the detector. */
  x: number;
  y: number;
  value: number | null;
  /** Whether the value is the mean of 8 × 8 pixels. */
  is_mean: boolean;
}

/** Where the exposures come from. */
export type MosaicSource =
  | { kind: "simulated"; camera: string; seed: number }
  | { kind: "files"; camera: string; files: File[] };

/** What a focal plane tells while it works. */
export interface MosaicListener {
  level(level: MosaicLevel): void;
  /** An amplifier that could not be read. */
  failed(member: MosaicMember, error: EngineError): void;
  progress(progress: Progress | null): void;
  /** Full pixels have arrived for the last view. */
  sharper(): void;
}

/** Every promise is rejected with an [`EngineError`]. */
export interface MosaicEngine {
  /** `null` if the files are not those of a focal plane. */
  open(source: MosaicSource): Promise<MosaicInfo | null>;
  /** Reads every amplifier that was not read yet; resolves when all are read, or it was stopped. */
  readAll(): Promise<void>;
  cancel(): void;
  render(view: MosaicView): Promise<ImageBitmap>;
  cuts(kind: CutsKind): Promise<{ low: number; high: number } | null>;
  pixel(x: number, y: number): Promise<MosaicPixel | null>;
  /** A simulated file. */
  file(name: string): Promise<File>;
  /** Bytes that are held. */
  memory(): Promise<number>;
  dispose(): void;
}

/** What the client asks; each request is answered by its number. */
export type MosaicRequest =
  | { kind: "files"; camera: string; files: File[] }
  | { kind: "simulate"; camera: string; seed: number }
  | { kind: "read" }
  | { kind: "draw"; view: MosaicView }
  | { kind: "cuts"; rule: CutsKind }
  | { kind: "pixel"; x: number; y: number }
  | { kind: "file"; name: string }
  | { kind: "memory" };

export type MosaicMessage = { id: number; request: MosaicRequest } | { cancel: true };

/** What the worker says. */
export type MosaicReply =
  | { kind: "answer"; id: number; value: unknown }
  | { kind: "failure"; id: number; error: EngineError }
  | { kind: "level"; level: MosaicLevel }
  | { kind: "failed"; member: MosaicMember; error: EngineError }
  | { kind: "progress"; progress: Progress | null }
  | { kind: "sharper" };
