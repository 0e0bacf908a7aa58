/** Draws a view from the invented engine's planes: nearest sample, 256 colors, mask pattern. */

import type { ColourMap, Stretch, View } from "../protocol";

export interface Pixels {
  /** Value at a detector pixel; `undefined` outside of what is shown. */
  value(x: number, y: number): number | undefined;
  mask(x: number, y: number): number;
}

const ANCHORS: Record<ColourMap, number[]> = {
  grey: [0x000000, 0xffffff],
  viridis: [0x440154, 0x472d7b, 0x3b528b, 0x2c728e, 0x21918c, 0x28ae80, 0x5ec962, 0xaddc30, 0xfde725],
  cividis: [0x00224e, 0x123570, 0x3b496c, 0x575d6d, 0x707173, 0x8a8678, 0xa59c74, 0xc3b369, 0xe1cc55, 0xfee838],
  magma: [0x000004, 0x1c1044, 0x4f127b, 0x812581, 0xb5367a, 0xe55964, 0xfb8761, 0xfec287, 0xfcfdbf],
  diverging: [0x053061, 0x2166ac, 0x67a9cf, 0xd1e5f0, 0xf7f7f7, 0xfddbc7, 0xef8a62, 0xb2182b, 0x67001f],
};

const MASK_COLORS = [0xe69f00, 0x56b4e9, 0x009e73, 0xf0e442, 0x0072b2, 0xd55e00, 0xcc79a7];

function channel(anchors: number[], t: number, shift: number): number {
  const place = t * (anchors.length - 1);
  const k = Math.min(Math.floor(place), anchors.length - 2);
  const low = ((anchors[k] ?? 0) >> shift) & 255;
  const high = ((anchors[k + 1] ?? 0) >> shift) & 255;
  return Math.round(low + (high - low) * (place - k));
}

function bend(stretch: Stretch, y: number): number {
  switch (stretch) {
    case "log":
      return Math.log1p(1000 * y) / Math.log(1001);
    case "sqrt":
      return Math.sqrt(y);
    case "asinh":
      return Math.asinh(10 * y) / Math.asinh(10);
    default:
      return y;
  }
}

/** Colors as the 32-bit words of an `ImageData`. */
function lookup(view: View): Uint32Array {
  const anchors = ANCHORS[view.colour];
  return Uint32Array.from({ length: 1024 }, (_, i) => {
    const y = bend(view.stretch, i / 1023);
    const t = view.invert ? 1 - y : y;
    return (
      (0xff000000 | (channel(anchors, t, 0) << 16) | (channel(anchors, t, 8) << 8) | channel(anchors, t, 16)) >>> 0
    );
  });
}

function maskWord(bits: number, i: number, j: number, below: number): number {
  const bit = 31 - Math.clz32(bits & -bits);
  // The direction of the hatching depends on the bit, so that color is not the only sign.
  const place = [i + j, i - j, j, i][bit % 4] ?? 0;
  if ((place & 3) > 1) return below;
  const color = MASK_COLORS[bit % MASK_COLORS.length] ?? 0;
  return (0xff000000 | ((color & 255) << 16) | (color & 0xff00) | (color >> 16)) >>> 0;
}

export function draw(view: View, left: Pixels, right: Pixels): ImageData {
  const picture = new ImageData(view.width, view.height);
  const words = new Uint32Array(picture.data.buffer);
  const table = lookup(view);
  const divider = view.mode === "split" ? Math.round(view.split * view.width) : 0;
  for (let j = 0; j < view.height; j++) {
    const y = Math.round(view.y + (view.height / 2 - j - 0.5) / view.scale);
    for (let i = 0; i < view.width; i++) {
      const x = Math.round(view.x + (i + 0.5 - view.width / 2) / view.scale);
      const pixels = i < divider ? left : right;
      const value = pixels.value(x, y);
      if (value === undefined) continue;
      let word = ((i >> 2) + (j >> 2)) & 1 ? 0xff8a7a9a : 0xff6a5a7a;
      if (Number.isFinite(value)) {
        const t = (value - view.low) / (view.high - view.low);
        word = table[Math.max(0, Math.min(1023, Math.round(t * 1023)))] ?? word;
      }
      const bits = view.maskBits ? pixels.mask(x, y) & view.maskBits : 0;
      words[j * view.width + i] = bits ? maskWord(bits, i, j, word) : word;
    }
  }
  return picture;
}
