/** What a raster draws from: the engine's session, as far as it needs it, in the words of the core. */

import type { View } from "../engine/protocol";

/** An image that a picture can show: a stage of an amplifier, or its difference to another, halved. */
export interface ImageSource {
  amp: number;
  stage: string;
  /** The stage that is subtracted; none if empty. */
  minus: string;
  /** How often the image was halved. */
  level: number;
}

/** A part of a picture: an image, and the rectangle of picture pixels that shows it. */
export interface Part {
  source: ImageSource;
  /** Changes when the image's pixels do. */
  version: string;
  /** Size of the halved image (pixels). */
  height: number;
  width: number;
  /** 0 for the colors of the stage, 1 for those of the other side of a line. */
  side: number;
  /** Column of the image under each picture column from the first one on; rising. */
  firstColumn: number;
  columns: Uint32Array;
  /** Row of the image under each picture line from the first one on; falling. */
  firstLine: number;
  rows: Uint32Array;
}

export interface PixelSource {
  /** The picture drawn by the core: RGBA bytes, the topmost line first. */
  draw(view: View): Uint8Array;
  parts(view: View): Part[];
  /** Of each of the 4096 steps the order of its least value, and its color. */
  tables(view: View): Uint32Array;
  /** Bits of the values, or the mask bits, of a piece `[first row, end, first column, end]`. */
  pixels(source: ImageSource, mask: boolean, piece: Uint32Array): Uint32Array;
}
