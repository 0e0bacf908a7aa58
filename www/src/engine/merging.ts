/** The answers of several workers as one. */

import { meets } from "./sharing";
import type { AmpInfo, CutsKind, MaskBit, Region, View } from "./protocol";

export type Cuts = { low: number; high: number };

/** The amplifiers of which a picture shows a part. */
export function visible(amps: AmpInfo[], view: View): number[] {
  const [reachX, reachY] = [view.width / 2 / view.scale + 1, view.height / 2 / view.scale + 1];
  const box: [number, number, number, number] = [view.x - reachX, view.y - reachY, view.x + reachX, view.y + reachY];
  return amps.filter((amp) => view.amps.includes(amp.amp) && meets(amp, box)).map(({ amp }) => amp);
}

/** Pictures of the same view, each transparent where it shows nothing, as one. */
export async function composed(view: View, parts: (ImageData | ImageBitmap)[]): Promise<ImageData | ImageBitmap> {
  const [only, ...more] = parts;
  if (only === undefined) return new ImageData(view.width, view.height);
  if (more.length === 0) return only;
  const canvas = new OffscreenCanvas(view.width, view.height);
  const context = canvas.getContext("2d");
  for (const part of parts) {
    const bitmap = part instanceof ImageBitmap ? part : await createImageBitmap(part);
    context?.drawImage(bitmap, 0, 0);
    bitmap.close();
  }
  return canvas.transferToImageBitmap();
}

export const merged = {
  /** As the core puts amplifiers together: the widest of a rule that looks at all pixels, else the mean. */
  cuts(found: (Cuts | null)[], rule: string): Cuts | null {
    const all = found.filter((one) => one !== null);
    if (all.length === 0) return null;
    const isWidest = rule === ("minmax" satisfies CutsKind);
    const mean = (values: number[]): number => values.reduce((sum, one) => sum + one, 0) / values.length;
    const [lows, highs] = [all.map(({ low }) => low), all.map(({ high }) => high)];
    return {
      low: isWidest ? Math.min(...lows) : mean(lows),
      high: isWidest ? Math.max(...highs) : mean(highs),
    };
  },

  maskBits(found: MaskBit[][]): MaskBit[] {
    const [first = [], ...rest] = found;
    return first.map((bit, at) => ({ ...bit, count: rest.reduce((sum, one) => sum + (one[at]?.count ?? 0), bit.count) }));
  },

  counts(found: { [name: string]: number }[]): { [name: string]: number } {
    const all: { [name: string]: number } = {};
    for (const [name, count] of found.flatMap(Object.entries<number>)) all[name] = (all[name] ?? 0) + count;
    return all;
  },

  values(found: { values: Float32Array; masked: number }[]): { values: Float32Array; masked: number } {
    const values = new Float32Array(found.reduce((sum, one) => sum + one.values.length, 0));
    let at = 0;
    for (const one of found) {
      values.set(one.values, at);
      at += one.values.length;
    }
    return { values, masked: found.reduce((sum, one) => sum + one.masked, 0) };
  },

  /** Left, bottom, right and top of a region. */
  box(region: Region): [number, number, number, number] {
    if (region.kind === "rectangle") return [region.x, region.y, region.x + region.width, region.y + region.height];
    const reach = region.kind === "circle" ? region.radius : region.outer;
    return [region.x - reach, region.y - reach, region.x + reach, region.y + reach];
  },
};
