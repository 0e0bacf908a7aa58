/** Invented headers, and an invented stack of biases of which one frame stands out. */

import type { HeaderCard, HeaderChoice, Stacked, StackInfo } from "../protocol";
import { SHOWN_HEADER } from "../protocol";

type Card = [key: string, value: string, comment: string];

export const HEADERS: HeaderChoice[] = [
  { of: SHOWN_HEADER, title: "science image" },
  { of: "raw", title: "raw amplifier" },
];

const COMMON: Card[] = [
  ["SIMPLE", "T", "conforms to FITS"],
  ["IMGTYPE", "object", "kind of exposure"],
  ["EXPTIME", "30.0", "exposure time (s)"],
  ["FILTER", "T_g", "band"],
  ["GAIN", "6.0", "electron/DN"],
  ["READNOI", "9.0", "electron"],
  ["OBSMJD", "58893.1338", "start (MJD)"],
  ["CCD_ID", "1", "detector"],
  ["RA", "03:40:00.0", ""],
  ["DEC", "+33:21:00", ""],
];

const OF_RAW: Card[] = [
  ["BITPIX", "16", "16-bit whole numbers"],
  ["NAXIS", "2", ""],
  ["NAXIS1", "280", "columns"],
  ["NAXIS2", "256", "rows"],
  ["DATASEC", "[1:256,1:256]", "imaging pixels"],
];

const OF_SCIENCE: Card[] = [
  ["BITPIX", "-32", "32-bit floating point"],
  ["NAXIS", "2", ""],
  ["NAXIS1", "256", "columns"],
  ["NAXIS2", "256", "rows"],
  ["BUNIT", "DN", "unit of the image"],
];

export function headerCards(amp: number, of: string): HeaderCard[] {
  const own: Card[] = [...(of === "raw" ? OF_RAW : OF_SCIENCE), ["AMP_ID", String(amp - 1), "amplifier"]];
  return [...COMMON, ...own].map(([key, value, comment]) => ({ key, value, comment }));
}

/** Enough frames for a clip of 3 standard deviations to cut one. */
const FRAMES = 12;
const CLIP_SIGMA = 3;
const OUTLIER = 4;

export const BIASES: StackInfo = {
  title: "biases",
  master: "master bias",
  frames: Array.from({ length: FRAMES }, (_, i) => `teaching_bias_${i + 1}.fits`),
  leftOut: 0,
  clipSigma: CLIP_SIGMA,
  maximumPasses: 50,
  merge: "median",
};

/** Every fifth pixel has been hit by a particle in one frame. */
export function stackedPixel(amp: number, x: number, y: number): Stacked {
  const hit = (x + y) % 5 === 0;
  const dn = Array.from({ length: FRAMES }, (_, i) => (hit && i === OUTLIER ? 300 : ((7 * i + x + 3 * y) % 9) - 4));
  const passes = [pass(dn)];
  const [low, high] = [passes[0]?.low ?? 0, passes[0]?.high ?? 0];
  const kept = dn.filter((value) => low <= value && value <= high);
  if (kept.length < dn.length) passes.push(pass(kept));
  const values = dn.map((value) => ({ dn: value, cutIn: kept.includes(value) ? null : 1 }));
  return {
    loaded: FRAMES,
    frames: FRAMES,
    pixel: { x, y, amp, values, passes, mergedDn: median(kept), master: median(kept) },
  };
}

function pass(values: number[]): { given: number; center: number; sigma: number; low: number; high: number; cut: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const sigma = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
  const center = median(values);
  const [low, high] = [center - CLIP_SIGMA * sigma, center + CLIP_SIGMA * sigma];
  const cut = values.filter((value) => value < low || high < value).length;
  return { given: values.length, center, sigma, low, high, cut };
}

function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? (sorted[middle] ?? 0) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}
