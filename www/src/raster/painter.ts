/**
 * Who draws the picture. The core draws at once. When the picture is up and nothing runs, its images are
 * sent to the graphics processor, both draw the same view, and the faster one keeps the work. Whatever
 * goes wrong there, the core draws again and nobody has to know.
 */

import type { Raster, View } from "../engine/protocol";
import { Gl2 } from "./gl2";
import type { PixelSource } from "./source";

export type RasterChoice = Raster | "auto";

/** Without a new picture for so long (ms), nothing is expected. */
const IDLE = 300;
/** Smaller pictures (pixels), such as thumbnails, are not worth sending an image for. */
const SMALL = 128 * 128;
/** A context that is lost so often will be lost again. */
const MOST_LOSSES = 3;
const TRIALS = 3;

export class Painter {
  choice: RasterChoice = "auto";
  private gl: Gl2 | null = null;
  /** Why the graphics processor is not asked any more. */
  private refusal: string | null = null;
  private isFaster: boolean | null = null;
  /** Times (ms) of the same view, drawn by both. */
  private readonly trials: { gl2: number; cpu: number }[] = [];
  private losses = 0;
  private idle: ReturnType<typeof setTimeout> | undefined;
  /** The picture drawn last, and from what. */
  private last: { core: PixelSource; view: View } | null = null;
  private told: Raster | null = null;

  constructor(
    private readonly marks: () => Uint32Array,
    private readonly isBusy: () => boolean,
    private readonly isReady: () => boolean,
    private readonly tell: (by: Raster) => void,
  ) {}

  draw(core: PixelSource, view: View): ImageData | ImageBitmap {
    if (view.width * view.height < SMALL) return drawnByCore(core, view);
    const bitmap = this.drawnByGl(core, view);
    const by = bitmap ? "gl2" : "cpu";
    if (by !== this.told) this.tell(by);
    this.told = by;
    this.last = { core, view };
    if (this.choice === "auto") this.wait();
    return bitmap ?? drawnByCore(core, view);
  }

  /** The exposure is closed: nothing of it is held. */
  forget(): void {
    clearTimeout(this.idle);
    this.last = null;
    this.gl?.forget();
  }

  private drawnByGl(core: PixelSource, view: View): ImageBitmap | null {
    const gl = this.choice === "gl2" ? this.processor() : this.gl;
    if (this.choice === "cpu" || !gl || gl.isLost || !gl.fits(view)) return null;
    const parts = core.parts(view);
    if (this.choice === "auto" && !(this.isFaster && gl.holds(parts, view))) return null;
    try {
      while (gl.sendNext(core, parts, view));
      return gl.draw(core, parts, view);
    } catch (cause) {
      // What the core refuses (no `Error`, but its own words) is wrong with the view, whoever draws it.
      if (!(cause instanceof Error)) throw cause;
      this.refuse(cause.message);
      return null;
    }
  }

  private processor(): Gl2 | null {
    if (this.gl || this.refusal !== null) return this.gl;
    try {
      this.gl = Gl2.create(this.marks(), () => (this.losses += 1), () => this.restored());
      if (!this.gl) this.refuse("there is no WebGL2");
    } catch (cause) {
      this.refuse(String(cause));
    }
    return this.gl;
  }

  private restored(): void {
    if (this.losses >= MOST_LOSSES) this.refuse(`the context was lost ${this.losses} times`);
    try {
      this.gl?.restart();
    } catch (cause) {
      this.refuse(String(cause));
    }
    if (this.choice === "auto") this.wait();
  }

  /** A lost context comes back; any other failure would come again. */
  private refuse(reason: string): void {
    if (this.gl?.isLost) return;
    this.refusal = reason;
    this.gl?.close();
    this.gl = null;
  }

  private wait(): void {
    clearTimeout(this.idle);
    if (this.isFaster !== false) this.idle = setTimeout(() => this.promote(), IDLE);
  }

  /** Sends one image after the other, then lets both draw some times, with time to listen in between. */
  private promote(): void {
    if (!this.last || this.isBusy()) return;
    if (!this.isReady()) {
      this.wait();
      return;
    }
    const { core, view } = this.last;
    const gl = this.processor();
    if (!gl || gl.isLost || !gl.fits(view)) return;
    try {
      const parts = core.parts(view);
      if (parts.length === 0) return;
      if (!gl.sendNext(core, parts, view)) {
        if (this.isFaster !== null) return;
        this.trials.push({ gl2: gl.time(core, parts, view), cpu: timeOfCore(core, view) });
        if (this.trials.length === TRIALS) this.isFaster = best(this.trials, "gl2") < best(this.trials, "cpu");
      }
      this.idle = setTimeout(() => this.promote());
    } catch (cause) {
      // The stage may have gone since it was drawn; the next picture will tell.
      if (cause instanceof Error) this.refuse(cause.message);
    }
    if (this.isFaster === false) this.refuse("the core draws faster");
  }
}

/** A picture from its bytes. */
export function drawnBy(draw: (view: View) => Uint8Array, view: View): ImageData {
  const bytes = new Uint8ClampedArray(draw(view).buffer as ArrayBuffer);
  return new ImageData(bytes, view.width, view.height);
}

const drawnByCore = (core: PixelSource, view: View): ImageData => drawnBy((wanted) => core.draw(wanted), view);

function timeOfCore(core: PixelSource, view: View): number {
  const start = performance.now();
  drawnByCore(core, view);
  return performance.now() - start;
}

function best(trials: Record<Raster, number>[], by: Raster): number {
  return Math.min(...trials.map((times) => times[by]));
}
