/** How many workers share an exposure. */

import { LARGE_AMPLIFIER, type AmpInfo, type ExposureInfo } from "./protocol";

/** Smaller files are no exposure of which the amplifiers are worth a worker each (bytes). */
const LARGE_FILES = 16_000_000;
/** Every stage of four large amplifiers takes 3.1 GB: this much memory has to be there (GB). */
const LEAST_MEMORY = 8;
const MOST_WORKERS = 4;

/** Only some browsers tell their memory, and never more than 8 GB of it on older ones. */
const memoryGb = (): number => (navigator as { deviceMemory?: number }).deviceMemory ?? LEAST_MEMORY;

/** Workers that this computer can keep busy. */
export function mostWorkers(): number {
  return memoryGb() < LEAST_MEMORY ? 1 : Math.min(MOST_WORKERS, navigator.hardwareConcurrency || 1);
}

export const mayBeLarge = (files: File[]): boolean =>
  files.reduce((sum, file) => sum + file.size, 0) > LARGE_FILES;

const isLarge = (info: ExposureInfo): boolean =>
  info.kind === "raw" && info.amps.some(({ width, height }) => width * height > LARGE_AMPLIFIER);

/**
 * The amplifiers of each worker. Without enough workers to hold a large exposure one of its amplifiers is
 * held at a time; a small one is done before a second worker has started.
 */
export function shares(info: ExposureInfo, workers: number): { amps: number[]; held: number[] }[] {
  const amps = info.amps.map(({ amp }) => amp);
  if (!isLarge(info)) return [{ amps, held: amps }];
  if (workers < 2) return [{ amps, held: amps.slice(0, 1) }];
  const hands = Array.from({ length: Math.min(workers, amps.length) }, (): number[] => []);
  amps.forEach((amp, at) => hands[at % hands.length]?.push(amp));
  return hands.map((own) => ({ amps: own, held: own }));
}

/** Whether a rectangle of the detector meets an amplifier. */
export function meets(amp: AmpInfo, [left, bottom, right, top]: [number, number, number, number]): boolean {
  return amp.x0 <= right && left <= amp.x0 + amp.width && amp.y0 <= top && bottom <= amp.y0 + amp.height;
}
