/** What the page's client and the worker send each other. */

import type { Pairs } from "./found";
import type { EngineError, ExposureInfo, Json, PlotRequest, Raster, Region, StageInfo, StepSetting, View } from "./protocol";

/** A dropped file, with the name under which the worker keeps it. */
export interface NamedFile {
  name: string;
  file: File;
}

/** What the worker is asked; each is answered by its number. */
export type Request =
  | { kind: "cameras" }
  | { kind: "simulate"; camera: string; night: { [key: string]: Json } }
  | { kind: "drop"; camera: string; files: NamedFile[]; hdu: number | null }
  | { kind: "warm" }
  | { kind: "hold"; amps: number[]; held: number[] }
  | { kind: "steps" }
  | { kind: "set"; settings: StepSetting[]; stopped: boolean }
  | { kind: "stages"; amp: number; numbers: boolean }
  | { kind: "draw"; view: View }
  | { kind: "preview"; view: View; settings: StepSetting[] }
  | { kind: "raster"; choice: Raster | "auto" }
  | { kind: "cuts"; stage: string; against: string | null; rule: string; amps: number[] }
  | { kind: "maskBits"; stage: string; amps: number[] }
  | { kind: "pixel"; x: number; y: number }
  | { kind: "plot"; request: PlotRequest }
  | { kind: "region"; region: Region; stage: string }
  | { kind: "gather"; region: Region; stage: string }
  | { kind: "statisticsOf"; values: Float32Array; masked: number }
  | { kind: "headers"; amp: number }
  | { kind: "header"; amp: number; of: string }
  | { kind: "stacks" }
  | { kind: "stacked"; stack: number; x: number; y: number }
  | { kind: "holdMaster"; master: string; amps: number[] }
  | { kind: "aperture" }
  | { kind: "setAperture"; params: Json }
  | { kind: "photometry" }
  | { kind: "objects" }
  | { kind: "zeroPoint"; pairs: Pairs }
  | { kind: "images" }
  | { kind: "catalogue"; amp: number }
  | { kind: "recipe" }
  | { kind: "command" }
  | { kind: "memory" }
  | { kind: "executed" };

/** What the worker says. */
export type Reply =
  | { kind: "answer"; id: number; value: unknown }
  | { kind: "failure"; id: number; error: { class: string; message: string } }
  | { kind: "stages"; amp: number; stages: StageInfo[] }
  | { kind: "raster"; by: Raster }
  | { kind: "completed"; info: ExposureInfo; failure: EngineError | null }
  | { kind: "progress"; progress: { label: string; done: number; total: number } | null };

/** What the client sends: a request with its number, or a wish to stop. */
export type Message = { id: number; request: Request } | { cancel: true };

/** What opening gives. */
export interface Opened {
  info: ExposureInfo;
  leftOut: string[];
  /** Whether something is made for it, such as masters. */
  prepared: boolean;
}
