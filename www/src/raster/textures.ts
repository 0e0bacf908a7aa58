/**
 * The images on the graphics processor: each is sent once per version of its pixels, those of two
 * stages (or differences) at most are held, with the halved ones that were looked at.
 */

import type { ImageSource, Part, PixelSource } from "./source";

/** A rectangle of an image that fits one texture. */
export interface Piece {
  texture: WebGLTexture;
  row: number;
  column: number;
  height: number;
  width: number;
}

interface Held {
  source: ImageSource;
  /** `null` until all of it has been sent. */
  version: string | null;
  pieces: Piece[];
}

const MOST_STAGES = 2;
/** Pixels that are sent at once (4 MiB). */
const STRIP = 1 << 20;

const nameOf = ({ stage, minus }: ImageSource): string => `${stage} ${minus}`;
const keyOf = (source: ImageSource, mask: boolean): string =>
  `${nameOf(source)} ${source.amp} ${source.level} ${mask ? "mask" : "image"}`;

export class Textures {
  private readonly held = new Map<string, Held>();
  /** Names of the stages, the one used last first. */
  private recent: string[] = [];

  constructor(
    private readonly gl: WebGL2RenderingContext,
    private readonly largestSide: number,
  ) {}

  pieces(part: Part, mask: boolean): Piece[] {
    return this.held.get(keyOf(part.source, mask))?.pieces ?? [];
  }

  /** The first image or mask that still has to be sent. */
  missing(parts: Part[], masked: boolean): { part: Part; mask: boolean } | null {
    for (const mask of masked ? [false, true] : [false]) {
      const part = parts.find((one) => this.held.get(keyOf(one.source, mask))?.version !== one.version);
      if (part) return { part, mask };
    }
    return null;
  }

  /** Lets go of what is neither of the stages of these parts, nor of the one shown before. */
  keepFor(parts: Part[], amps: number[]): void {
    const names = parts.map(({ source }) => nameOf(source));
    this.recent = [...new Set([...names, ...this.recent])].slice(0, MOST_STAGES);
    for (const [key, { source }] of this.held)
      if (!this.recent.includes(nameOf(source)) || !amps.includes(source.amp)) this.remove(key);
  }

  send(core: PixelSource, part: Part, mask: boolean): void {
    const { source, version, width, height } = part;
    const key = keyOf(source, mask);
    this.remove(key);
    const held: Held = { source, version: null, pieces: [] };
    this.held.set(key, held);
    for (let row = 0; row < height; row += this.largestSide)
      for (let column = 0; column < width; column += this.largestSide) {
        const within = (rest: number): number => Math.min(this.largestSide, rest);
        const piece = this.allocate({ row, column, height: within(height - row), width: within(width - column) });
        held.pieces.push(piece);
        this.fill(piece, (rows) => core.pixels(source, mask, rows));
      }
    const error = this.gl.getError();
    if (error !== this.gl.NO_ERROR) {
      this.remove(key);
      throw new Error(`WebGL2 error ${error} for an image of ${width} by ${height} pixels`);
    }
    held.version = version;
  }

  private allocate(place: Omit<Piece, "texture">): Piece {
    const { gl } = this;
    const texture = gl.createTexture();
    gl.activeTexture(gl.TEXTURE0);
    gl.bindTexture(gl.TEXTURE_2D, texture);
    gl.texStorage2D(gl.TEXTURE_2D, 1, gl.R32UI, place.width, place.height);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
    return { ...place, texture };
  }

  private fill({ row, column, height, width }: Piece, pixels: (rows: Uint32Array) => Uint32Array): void {
    const { gl } = this;
    const lines = Math.max(1, Math.floor(STRIP / width));
    for (let first = 0; first < height; first += lines) {
      const end = Math.min(height, first + lines);
      const bits = pixels(Uint32Array.of(row + first, row + end, column, column + width));
      gl.texSubImage2D(gl.TEXTURE_2D, 0, 0, first, width, end - first, gl.RED_INTEGER, gl.UNSIGNED_INT, bits);
    }
  }

  private remove(key: string): void {
    for (const { texture } of this.held.get(key)?.pieces ?? []) this.gl.deleteTexture(texture);
    this.held.delete(key);
  }

  forget(): void {
    for (const key of [...this.held.keys()]) this.remove(key);
    this.recent = [];
  }
}
