import type { Stats } from "../protocol";

export function middle(sorted: ArrayLike<number>): number {
  const half = sorted.length >> 1;
  const upper = sorted[half] ?? NaN;
  return sorted.length % 2 ? upper : (upper + (sorted[half - 1] ?? NaN)) / 2;
}

export function robustSigma(sorted: Float64Array, center: number): number {
  return 1.4826 * middle(sorted.map((value) => Math.abs(value - center)).sort());
}

export function statistics(values: ArrayLike<number>, mask?: ArrayLike<number>): Stats {
  const all = Float64Array.from(values).filter(Number.isFinite).sort();
  const center = middle(all);
  let nMasked = 0;
  for (let i = 0; mask && i < mask.length; i++) if (mask[i]) nMasked++;
  return {
    mean: all.reduce((sum, value) => sum + value, 0) / all.length,
    median: center,
    sigma: robustSigma(all, center),
    min: all[0] ?? NaN,
    max: all[all.length - 1] ?? NaN,
    nNan: values.length - all.length,
    nMasked,
    nPixels: values.length,
  };
}

export function clipped(values: ArrayLike<number>): { mean: number; sigma: number } {
  let kept = Float64Array.from(values).filter(Number.isFinite).sort();
  for (let pass = 0; pass < 5; pass++) {
    const center = middle(kept);
    const mean = kept.reduce((sum, value) => sum + value, 0) / kept.length;
    const sigma = Math.sqrt(kept.reduce((sum, value) => sum + (value - mean) ** 2, 0) / kept.length);
    const next = kept.filter((value) => Math.abs(value - center) <= 3 * sigma);
    if (next.length === kept.length) return { mean, sigma };
    kept = next;
  }
  const mean = kept.reduce((sum, value) => sum + value, 0) / kept.length;
  return { mean, sigma: Math.sqrt(kept.reduce((sum, value) => sum + (value - mean) ** 2, 0) / kept.length) };
}
