/**
 * An engine that lives in the page and invents its numbers, so that the page can be built, looked at
 * and tested without the WebAssembly module. Chosen by `?engine=mock`.
 */

import type { FoundOn } from "./found";
import type {
  AmpInfo,
  CutsKind,
  Engine,
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
  Region,
  RegionStats,
  SourceRequest,
  Stacked,
  StackInfo,
  StageInfo,
  StepInfo,
  StepSetting,
  View,
} from "./protocol";
import { fitOverscan, runAmp, type AmpRun, type OverscanFit, type Stage } from "./mock/pipeline";
import { BIASES, HEADERS, headerCards, stackedPixel } from "./mock/inspect";
import { foundObjects, noZeroPoint } from "./mock/objects";
import { measure } from "./mock/photometry";
import { pixelInfo } from "./mock/pixel";
import { plot } from "./mock/plots";
import { draw, type Pixels } from "./mock/raster";
import { isInside } from "./mock/region";
import { defaultSettings, MASK_BITS, STEPS } from "./mock/schema";
import { makeScene, SIDE, type RawAmp, type Scene, type Star } from "./mock/scene";
import { clipped, statistics } from "./mock/statistics";

/** Pairs that may not stand the other way round, with the reason. */
const ORDER: [string, string, string][] = [
  ["saturation", "overscan", "a full pixel is known by its raw level"],
  ["overscan", "linearity", "the linearity relation passes through zero"],
  ["assemble", "bias", "the master bias is in sky order"],
  ["bias", "flat", "dividing first would divide the bias too"],
  ["flat", "split", "the science images are cut last"],
];

/** Time that each amplifier is made to take (ms), so that stopping can be tried: `?engine=mock&delay=500`. */
const DELAY = Number(new URLSearchParams(location.search).get("delay") ?? 0);

const later = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

export class MockEngine implements Engine {
  private scene: Scene = makeScene(1);
  private runs = new Map<number, AmpRun>();
  private settings = defaultSettings();
  private aperture: { [key: string]: Json } = { annulus_inner: 14, annulus_outer: 20 };
  private measured: Photometry | null = null;
  private cancelled = false;
  private stageListeners = new Set<(amp: number, stages: StageInfo[]) => void>();
  private progressListeners = new Set<(progress: Progress | null) => void>();

  onStages(listener: (amp: number, stages: StageInfo[]) => void): () => void {
    this.stageListeners.add(listener);
    return () => this.stageListeners.delete(listener);
  }

  onProgress(listener: (progress: Progress | null) => void): () => void {
    this.progressListeners.add(listener);
    return () => this.progressListeners.delete(listener);
  }

  onCompleted(): () => void {
    return () => undefined;
  }

  onRaster(): () => void {
    return () => undefined;
  }

  async reduce(): Promise<void> {}

  warm(): void {}

  async cameras(): Promise<{ name: string; description: string }[]> {
    return [
      { name: "teaching", description: "one detector of 4 amplifiers of 256 x 256" },
      { name: "ztf", description: "16 detectors of 4 amplifiers" },
      { name: "generic", description: "one amplifier, sections from the header" },
    ];
  }

  async open(source: SourceRequest): Promise<ExposureInfo> {
    if (source.kind === "files" && !source.files.some((file) => /\.fits?(\.fz|\.gz)?$/i.test(file.name))) {
      throw {
        class: "input",
        message: `${source.files.map((file) => file.name).join(", ")}: no FITS file among them; a raw exposure ends in .fits or .fits.fz`,
      };
    }
    const seed = source.kind === "simulated" ? source.seed : 7;
    this.scene = makeScene(seed);
    this.runs.clear();
    this.measured = null;
    this.settings = defaultSettings();
    await this.runFrom(0);
    const amps = this.scene.amps.map((amp) => amp.info);
    const simulated = source.kind === "simulated";
    return {
      name: simulated ? `teaching_20200214_000655_tg_c01_o_${seed}.fits` : (source.files[0]?.name ?? ""),
      camera: source.camera || "teaching",
      kind: "raw",
      detector: 1,
      band: "tg",
      start: "2020-02-14T03:12:44Z",
      exposureS: 30,
      amps,
      width: 2 * SIDE,
      height: 2 * SIDE,
      simulated,
      seed: simulated ? seed : null,
      hdu: null,
      images: [],
      notes: [],
      calibration: [
        { what: "master bias", found: "10 frames, clipped median" },
        { what: "master flat tg", found: "2 lamps of 5 frames" },
        { what: "master dark", found: null },
      ],
    };
  }

  async steps(): Promise<{ info: StepInfo[]; settings: StepSetting[] }> {
    return { info: STEPS, settings: structuredClone(this.settings) };
  }

  async setSteps(settings: StepSetting[]): Promise<{ executed: { amp: number; step: string }[] }> {
    for (const [before, after, reason] of ORDER) {
      const order = settings.map((setting) => setting.step);
      if (order.indexOf(before) > order.indexOf(after))
        throw { class: "parameter", message: `${before} must stand before ${after}: ${reason}` };
    }
    const first = settings.findIndex((setting, i) => JSON.stringify(setting) !== JSON.stringify(this.settings[i]));
    this.settings = structuredClone(settings);
    this.measured = null;
    return { executed: first < 0 ? [] : await this.runFrom(first) };
  }

  private async runFrom(first: number): Promise<{ amp: number; step: string }[]> {
    this.cancelled = false;
    const executed: { amp: number; step: string }[] = [];
    for (const [done, amp] of this.scene.amps.entries()) {
      this.tellProgress({ label: `amplifier ${amp.info.amp}`, done, total: this.scene.amps.length });
      await later(DELAY);
      if (this.cancelled) this.markStale(first, done);
      if (this.cancelled) throw { class: "cancelled", message: "stopped; the stages that were not reached are stale" };
      const run = runAmp(amp, this.settings, first, this.runs.get(amp.info.amp) ?? null);
      this.runs.set(amp.info.amp, run);
      for (const setting of this.settings.slice(first))
        if (setting.on) executed.push({ amp: amp.info.amp, step: setting.step });
      for (const listener of this.stageListeners)
        listener(amp.info.amp, run.stages.map((stage) => stage.info));
    }
    this.tellProgress(null);
    return executed;
  }

  /** The pictures stay, but those of the amplifiers that were not reached belong to the old recipe. */
  private markStale(first: number, reached: number): void {
    for (const amp of this.scene.amps.slice(reached)) {
      const stages = this.runs.get(amp.info.amp)?.stages ?? [];
      for (const stage of stages.slice(first + 1)) stage.info = { ...stage.info, state: "stale" };
    }
  }

  private tellProgress(progress: Progress | null): void {
    for (const listener of this.progressListeners) listener(progress);
  }

  cancel(): void {
    this.cancelled = true;
    this.tellProgress(null);
  }

  async stages(amp: number): Promise<StageInfo[]> {
    return this.runs.get(amp)?.stages.map((stage) => stage.info) ?? [];
  }

  amp(number: number): RawAmp {
    const found = this.scene.amps.find((amp) => amp.info.amp === number);
    if (!found) throw { class: "parameter", message: `no amplifier ${number}; there are 1 to 4` };
    return found;
  }

  private ampAt(x: number, y: number): AmpInfo | undefined {
    return this.scene.amps
      .map((amp) => amp.info)
      .find((a) => x >= a.x0 && x < a.x0 + a.width && y >= a.y0 && y < a.y0 + a.height);
  }

  private stageOf(amp: number, name: string): Stage | undefined {
    return this.runs.get(amp)?.stages.find((stage) => stage.info.stage === name);
  }

  valueAt(stage: string, x: number, y: number): number | undefined {
    const info = this.ampAt(x, y);
    return info && this.stageOf(info.amp, stage)?.image[(y - info.y0) * SIDE + x - info.x0];
  }

  planes(stage: string, amp: number): Stage[] {
    const found = this.stageOf(amp, stage);
    return found ? [found] : [];
  }

  overscanFit(amp: number): OverscanFit | null {
    const setting = this.settings.find((s) => s.step === "overscan");
    return setting?.on ? fitOverscan(this.amp(amp), setting.params) : null;
  }

  titleOf(stage: string): string {
    return STEPS.find((info) => info.step === stage)?.title ?? stage;
  }

  isAfterFlat(stage: string): boolean {
    return stage === "flat" || stage === "split";
  }

  starOfRow(row: number): Star {
    const at = this.measured;
    return { x: at?.x[row] ?? 256, y: at?.y[row] ?? 256, flux: 0 };
  }

  private pixels(stage: string, amps: number[]): Pixels {
    const mask = (x: number, y: number) => {
      const info = this.ampAt(x, y);
      return (info && this.stageOf(info.amp, stage)?.mask[(y - info.y0) * SIDE + x - info.x0]) ?? 0;
    };
    const value = (x: number, y: number) =>
      amps.includes(this.ampAt(x, y)?.amp ?? -1) ? this.valueAt(stage, x, y) : undefined;
    return { value, mask };
  }

  async render(view: View): Promise<ImageBitmap> {
    const shown = this.pixels(view.stage, view.amps);
    const other = this.pixels(view.against, view.amps);
    const difference: Pixels = {
      mask: shown.mask,
      value: (x, y) => {
        const a = shown.value(x, y);
        return a === undefined ? undefined : a - (other.value(x, y) ?? NaN);
      },
    };
    return createImageBitmap(draw(view, other, view.mode === "difference" ? difference : shown));
  }

  async preview(view: View, settings: StepSetting[]): Promise<ImageBitmap> {
    await this.setSteps(settings);
    return this.render(view);
  }

  async cuts(
    stage: string,
    against: string | null,
    kind: CutsKind,
    amps: number[],
  ): Promise<{ low: number; high: number }> {
    const all: number[] = [];
    for (const amp of amps) {
      const image = this.stageOf(amp, stage)?.image;
      const other = against ? this.stageOf(amp, against)?.image : null;
      image?.forEach((value, i) => all.push(value - (other?.[i] ?? 0)));
    }
    const sorted = Float64Array.from(all).sort();
    const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))] ?? 0;
    if (kind === "minmax") return { low: at(0), high: at(1) };
    if (kind === "zscale") {
      const stats = statistics(sorted);
      return { low: stats.median - 2.5 * stats.sigma, high: stats.median + 10 * stats.sigma };
    }
    const outside = (1 - parseFloat(kind) / 100) / 2;
    return { low: at(outside), high: at(1 - outside) };
  }

  async maskBits(stage: string, amps: number[]): Promise<MaskBit[]> {
    return MASK_BITS.map((bit) => {
      let count = 0;
      for (const amp of amps)
        this.stageOf(amp, stage)?.mask.forEach((bits) => (count += bits & (1 << bit.bit) ? 1 : 0));
      return { ...bit, count };
    });
  }

  async pixel(x: number, y: number): Promise<PixelInfo | null> {
    const info = this.ampAt(x, y);
    const run = info && this.runs.get(info.amp);
    return info && run ? pixelInfo(this.amp(info.amp), run, x, y) : null;
  }

  async plot(request: PlotRequest): Promise<Plot> {
    if (request.kind === "growth") await this.photometry();
    return plot(this, request);
  }

  async region(region: Region, stage: string): Promise<RegionStats> {
    const values: number[] = [];
    for (let y = 0; y < 512; y++) {
      for (let x = 0; x < 512; x++) {
        const value = isInside(region, x, y) ? this.valueAt(stage, x, y) : undefined;
        if (value !== undefined) values.push(value);
      }
    }
    const clip = clipped(values);
    return { ...statistics(values), clippedMean: clip.mean, clippedSigma: clip.sigma };
  }

  async headers(): Promise<HeaderChoice[]> {
    return HEADERS;
  }

  async header(amp: number, of: string): Promise<HeaderCard[]> {
    return headerCards(amp, of);
  }

  async stacks(): Promise<StackInfo[]> {
    return [BIASES];
  }

  async stacked(_stack: number, x: number, y: number): Promise<Stacked | null> {
    const amp = this.ampAt(x, y);
    return amp ? stackedPixel(amp.amp, x, y) : null;
  }

  async holdMaster(): Promise<void> {}

  async setAperture(params: { [key: string]: Json }): Promise<Photometry | null> {
    this.aperture = { ...params };
    this.measured = null;
    return this.photometry();
  }

  async photometry(): Promise<Photometry | null> {
    const { annulus_inner: inner, annulus_outer: outer } = this.aperture;
    this.measured ??= measure((x, y) => this.valueAt("split", x, y), this.scene.stars, Number(inner), Number(outer));
    return this.measured;
  }

  objects(): Promise<FoundOn[]> {
    this.cancelled = false;
    return foundObjects(this.scene, (now) => this.tellProgress(now), () => later(DELAY).then(() => this.cancelled));
  }

  zeroPoint = noZeroPoint;

  async apertureSchema(): Promise<{ schema: ParamSchema[]; params: { [key: string]: Json } }> {
    return {
      schema: [
        {
          path: "annulus_inner",
          label: "annulus from",
          unit: "pixels",
          doc: "Inner radius of the sky annulus.",
          kind: "number",
          min: 8,
          max: 40,
          step: 1,
        },
        {
          path: "annulus_outer",
          label: "annulus to",
          unit: "pixels",
          doc: "Outer radius of the sky annulus.",
          kind: "number",
          min: 10,
          max: 60,
          step: 1,
        },
      ],
      params: { ...this.aperture },
    };
  }

  async export(kind: ExportKind, amp: number): Promise<{ name: string; bytes: Uint8Array }> {
    const names: Record<ExportKind, string> = {
      fits: `rawsky_q${amp}_sciimg.fits`,
      parquet: `rawsky_q${amp}_apcat.parquet`,
      csv: `rawsky_q${amp}_apcat.csv`,
      recipe: "recipe.toml",
      command: "command.txt",
    };
    const words =
      kind === "command"
        ? "rawsky detrend RAW.fits --bias BIAS.fits --flat FLAT.fits --recipe recipe.toml -o OUT"
        : JSON.stringify(this.settings, null, 2);
    return { name: names[kind], bytes: new TextEncoder().encode(words) };
  }

  async memory(): Promise<number> {
    return this.runs.size * 10 * SIDE * SIDE * 12;
  }

  dispose(): void {
    this.stageListeners.clear();
    this.progressListeners.clear();
  }
}
