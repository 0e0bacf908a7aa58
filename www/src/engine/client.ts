/** The engine of the page: workers with the WebAssembly core. */

import { Crew, type Told } from "./crew";
import type { FoundOn, Pairs, ZeroPoint } from "./found";
import type { NamedFile, Request } from "./messages";
import type {
  CutsKind,
  Engine,
  EngineError,
  ExportKind,
  ExposureInfo,
  HeaderCard,
  HeaderChoice,
  Json,
  MaskBit,
  ParamSchema,
  Photometry,
  PixelInfo,
  Plot,
  PlotRequest,
  Progress,
  Raster,
  Region,
  RegionStats,
  SourceRequest,
  Stacked,
  StackInfo,
  StageInfo,
  StepInfo,
  StepSetting,
  Table,
  View,
} from "./protocol";
import { apertureParams, apertureSchema, withAperture } from "./aperture";
import { csvOf, joined, type OfAmplifier } from "./tables";

/** What one exposure needs, and no more: it is simulated while somebody waits for the first picture. */
const SMALL_NIGHT: { [key: string]: Json } = { biases: 10, flats_per_lamp: 5, lamps: [3], exposures: 1 };

/** `?raster=cpu` or `?raster=gl2` in the address says who draws; else the faster one does. */
function rasterChoice(): Raster | "auto" {
  const wanted = new URLSearchParams(location.search).get("raster");
  return wanted === "cpu" || wanted === "gl2" ? wanted : "auto";
}

const named = (files: File[]): NamedFile[] => files.map((file) => ({ name: file.name, file }));

export function createClient(): Engine {
  return new Client();
}

class Client implements Engine {
  private readonly crew = new Crew(rasterChoice(), (told) => this.receive(told));
  private readonly stageListeners = new Set<(amp: number, stages: StageInfo[]) => void>();
  private readonly progressListeners = new Set<(progress: Progress | null) => void>();
  private readonly rasterListeners = new Set<(by: Raster) => void>();
  private readonly completedListeners = new Set<(info: ExposureInfo, failure: EngineError | null) => void>();
  private leftOut: string[] = [];

  private receive(told: Told): void {
    switch (told.kind) {
      case "stages":
        for (const listener of this.stageListeners) listener(told.amp, told.stages);
        break;
      case "raster":
        for (const listener of this.rasterListeners) listener(told.by);
        break;
      case "completed":
        for (const listener of this.completedListeners) listener(this.described(told.info), told.failure);
        break;
      case "progress":
        for (const listener of this.progressListeners) listener(told.progress);
    }
  }

  private ask<T>(request: Request): Promise<T> {
    return this.crew.ask<T>(request);
  }

  onStages(listener: (amp: number, stages: StageInfo[]) => void): () => void {
    this.stageListeners.add(listener);
    return () => this.stageListeners.delete(listener);
  }

  onProgress(listener: (progress: Progress | null) => void): () => void {
    this.progressListeners.add(listener);
    return () => this.progressListeners.delete(listener);
  }

  onRaster(listener: (by: Raster) => void): () => void {
    this.rasterListeners.add(listener);
    return () => this.rasterListeners.delete(listener);
  }

  onCompleted(listener: (info: ExposureInfo, failure: EngineError | null) => void): () => void {
    this.completedListeners.add(listener);
    return () => this.completedListeners.delete(listener);
  }

  warm(): void {
    this.ask({ kind: "warm" }).catch(() => undefined);
  }

  cameras(): Promise<{ name: string; description: string }[]> {
    return this.ask({ kind: "cameras" });
  }

  async open(source: SourceRequest): Promise<ExposureInfo> {
    const { camera } = source;
    const { info, leftOut } = await this.crew.open(
      source.kind === "simulated"
        ? { kind: "simulate", camera, night: { ...SMALL_NIGHT, ...source.night, seed: source.seed } }
        : { kind: "drop", camera, files: named(source.files), hdu: source.hdu },
    );
    this.leftOut = leftOut;
    return this.described(info);
  }

  private described(info: ExposureInfo): ExposureInfo {
    const notes = this.leftOut.map((text) => ({ what: `left out: ${text}`, found: null }));
    return { ...info, oneAtATime: this.crew.isOneAtATime, calibration: [...info.calibration, ...notes] };
  }

  reduce(): Promise<void> {
    return this.crew.reduce();
  }

  steps(): Promise<{ info: StepInfo[]; settings: StepSetting[] }> {
    return this.ask({ kind: "steps" });
  }

  setSteps(settings: StepSetting[], stopped: boolean): Promise<{ executed: { amp: number; step: string }[] }> {
    return this.ask({ kind: "set", settings, stopped });
  }

  cancel(): void {
    this.crew.cancel();
  }

  stages(amp: number, numbers: boolean): Promise<StageInfo[]> {
    return this.ask({ kind: "stages", amp, numbers });
  }

  render(view: View): Promise<ImageBitmap> {
    return this.picture({ kind: "draw", view });
  }

  preview(view: View, settings: StepSetting[]): Promise<ImageBitmap> {
    return this.picture({ kind: "preview", view, settings });
  }

  private async picture(request: Request): Promise<ImageBitmap> {
    const drawn = await this.ask<ImageData | ImageBitmap>(request);
    return drawn instanceof ImageBitmap ? drawn : createImageBitmap(drawn);
  }

  async cuts(
    stage: string,
    against: string | null,
    rule: CutsKind,
    amps: number[],
  ): Promise<{ low: number; high: number }> {
    const found = await this.ask<{ low: number; high: number } | null>({
      kind: "cuts",
      stage,
      against,
      rule,
      amps,
    });
    return found ?? { low: 0, high: 1 };
  }

  maskBits(stage: string, amps: number[]): Promise<MaskBit[]> {
    return this.ask({ kind: "maskBits", stage, amps });
  }

  pixel(x: number, y: number): Promise<PixelInfo | null> {
    if (x < 0 || y < 0) return Promise.resolve(null);
    return this.ask({ kind: "pixel", x: Math.floor(x), y: Math.floor(y) });
  }

  plot(request: PlotRequest): Promise<Plot> {
    return this.ask({ kind: "plot", request });
  }

  async region(region: Region, stage: string): Promise<RegionStats> {
    const found = await this.ask<{ [key: string]: number | null }>({ kind: "region", region, stage });
    const number = (key: string): number => found[key] ?? Number.NaN;
    return {
      mean: number("mean"),
      median: number("median"),
      sigma: number("sigma"),
      min: number("min"),
      max: number("max"),
      nNan: number("n_nan"),
      nMasked: number("n_masked"),
      nPixels: number("n_pixels"),
      clippedMean: number("clipped_mean"),
      clippedSigma: number("clipped_sigma"),
    };
  }

  headers(amp: number): Promise<HeaderChoice[]> {
    return this.ask({ kind: "headers", amp });
  }

  header(amp: number, of: string): Promise<HeaderCard[]> {
    return this.ask({ kind: "header", amp, of });
  }

  stacks(): Promise<StackInfo[]> {
    return this.ask({ kind: "stacks" });
  }

  stacked(stack: number, x: number, y: number): Promise<Stacked | null> {
    return this.ask({ kind: "stacked", stack, x, y });
  }

  async holdMaster(master: string, amps: number[]): Promise<void> {
    await this.ask({ kind: "holdMaster", master, amps });
  }

  async setAperture(params: { [key: string]: Json }): Promise<Photometry | null> {
    const now = await this.ask<{ [key: string]: Json }>({ kind: "aperture" });
    await this.ask({ kind: "setAperture", params: withAperture(now, params) });
    return this.photometry();
  }

  async photometry(): Promise<Photometry | null> {
    return joined(await this.ask<OfAmplifier[]>({ kind: "photometry" }));
  }

  objects(): Promise<FoundOn[]> {
    return this.ask({ kind: "objects" });
  }

  zeroPoint(pairs: Pairs): Promise<ZeroPoint> {
    return this.ask({ kind: "zeroPoint", pairs });
  }

  async apertureSchema(): Promise<{ schema: ParamSchema[]; params: { [key: string]: Json } }> {
    const now = await this.ask<{ [key: string]: Json }>({ kind: "aperture" });
    return { schema: apertureSchema(), params: apertureParams(now) };
  }

  async export(kind: ExportKind, amp: number): Promise<{ name: string; bytes: Uint8Array }> {
    const text = (name: string, words: string) => ({ name, bytes: new TextEncoder().encode(words) });
    switch (kind) {
      case "fits": {
        const images = await this.ask<{ name: string; bytes: Uint8Array }[]>({ kind: "images" });
        const image = images.find(({ name }) => name.includes(`_q${amp}_`));
        if (image === undefined) throw { class: "engine", message: `no amplifier ${amp}` };
        return image;
      }
      case "parquet":
        return this.ask({ kind: "catalogue", amp });
      case "csv": {
        const table: Table = (await this.photometry())?.table ?? { columns: [], rows: 0 };
        return text("stars.csv", csvOf(table));
      }
      case "recipe":
        return text("recipe.toml", await this.ask<string>({ kind: "recipe" }));
      case "command":
        return text("command.txt", await this.ask<string>({ kind: "command" }));
    }
  }

  memory(): Promise<number> {
    return this.ask({ kind: "memory" });
  }

  dispose(): void {
    this.crew.dispose();
  }
}
