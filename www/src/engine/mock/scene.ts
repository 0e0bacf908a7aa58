/** An invented exposure of four amplifiers, with its truth and its masters. */

import type { AmpInfo } from "../protocol";
import { Random } from "./random";

export const SIDE = 256;
export const OVERSCAN_COLUMNS = 30;
export const GAIN = 6;
export const READ_NOISE_ELECTRON = 9;
export const FULL_DN = 55000;

export interface Trap {
  alpha: number;
  cmax: number;
  beta: number;
  nmax: number;
}

export interface Star {
  x: number;
  y: number;
  flux: number;
}

export interface RawAmp {
  info: AmpInfo;
  /** Planes of 256 x 256 in sky order, row 0 at the bottom. */
  raw: Float32Array;
  overscan: Float32Array;
  light: Float32Array;
  response: Float32Array;
  masterBias: Float32Array;
  masterFlat: Float32Array;
  linearity: { a: number; b: number };
  trap: Trap;
}

export interface Scene {
  seed: number;
  amps: RawAmp[];
  stars: Star[];
}

const LAYOUT: AmpInfo[] = [
  { amp: 1, x0: SIDE, y0: SIDE, width: SIDE, height: SIDE },
  { amp: 2, x0: 0, y0: SIDE, width: SIDE, height: SIDE },
  { amp: 3, x0: 0, y0: 0, width: SIDE, height: SIDE },
  { amp: 4, x0: SIDE, y0: 0, width: SIDE, height: SIDE },
];

const TRAPS: Trap[] = [
  { alpha: 1.4, cmax: 420, beta: 0.45, nmax: 120000 },
  { alpha: 1.5, cmax: 700, beta: 0.38, nmax: 300000 },
  { alpha: 1.6, cmax: 1000, beta: 0.34, nmax: 600000 },
  { alpha: 1.7, cmax: 1500, beta: 0.3, nmax: 1500000 },
];

/** Column in the order of reading: the outer edge is read first. */
export function readColumn(info: AmpInfo, x: number): number {
  return info.x0 > 0 ? SIDE - 1 - x : x;
}

/** What the trap makes of one row in the order of reading; `row` is changed in place. */
export function trapForward(row: Float64Array, trap: Trap): void {
  let content = 0;
  for (let i = 0; i < row.length; i++) {
    const n = row[i] ?? 0;
    const filled = content / trap.cmax;
    const leave = Math.min(trap.cmax * Math.pow(filled, trap.alpha), content);
    const free = Math.max(1 - filled, 0);
    const enter = n > 0 ? Math.min(trap.cmax * Math.pow(free, trap.alpha) * Math.pow(n / trap.nmax, trap.beta), n) : 0;
    row[i] = n + leave - enter;
    content = Math.max(content - leave + enter, 0);
  }
}

function makeStars(random: Random): Star[] {
  const stars: Star[] = [];
  for (let i = 0; i < 260; i++) {
    const flux = 900 * Math.pow(10, 2.6 * Math.pow(random.uniform(), 3.2));
    stars.push({ x: random.uniform() * 511, y: random.uniform() * 511, flux });
  }
  stars.push(
    { x: 301.3, y: 322.8, flux: 2.2e6 },
    { x: 148.2, y: 392.4, flux: 3.4e5 },
    { x: 196.7, y: 121.5, flux: 2.6e5 },
  );
  return stars.sort((a, b) => b.flux - a.flux);
}

/** Light of one star on a pixel: a Moffat profile of 2.4 pixels full width at half maximum. */
function addStar(plane: Float32Array, info: AmpInfo, star: Star): void {
  const beta = 2.8;
  const alpha = 1.2 / Math.sqrt(Math.pow(2, 1 / beta) - 1);
  const peak = (star.flux * (beta - 1)) / (Math.PI * alpha * alpha);
  const reach = star.flux > 1e5 ? 60 : 18;
  for (let y = Math.max(0, Math.floor(star.y - reach) - info.y0); y < Math.min(SIDE, star.y + reach - info.y0); y++) {
    for (let x = Math.max(0, Math.floor(star.x - reach) - info.x0); x < Math.min(SIDE, star.x + reach - info.x0); x++) {
      const dx = x + info.x0 - star.x;
      const dy = y + info.y0 - star.y;
      const value = peak * Math.pow(1 + (dx * dx + dy * dy) / (alpha * alpha), -beta);
      plane[y * SIDE + x] = (plane[y * SIDE + x] ?? 0) + value;
    }
  }
}

function makeLight(info: AmpInfo, stars: Star[]): Float32Array {
  const light = new Float32Array(SIDE * SIDE);
  for (let y = 0; y < SIDE; y++) {
    for (let x = 0; x < SIDE; x++) light[y * SIDE + x] = 160 * (1 + 0.03 * ((x + info.x0) / 256 - 1));
  }
  for (const star of stars) addStar(light, info, star);
  return light;
}

function makeResponse(info: AmpInfo, random: Random): Float32Array {
  const throughput = 1 + 0.05 * random.normal();
  const response = new Float32Array(SIDE * SIDE);
  const lowColumn = Math.floor(random.uniform() * SIDE);
  for (let y = 0; y < SIDE; y++) {
    for (let x = 0; x < SIDE; x++) {
      const u = (x + info.x0) / 256 - 1;
      const v = (y + info.y0) / 256 - 1;
      const r2 = (u * u + v * v) / 2;
      const low = x === lowColumn ? 0.6 : 1;
      response[y * SIDE + x] = throughput * (1 - 0.1 * r2 - 0.22 * r2 * r2) * (1 + 0.008 * random.normal()) * low;
    }
  }
  return response;
}

function biasPattern(info: AmpInfo, random: Random): Float32Array {
  const pattern = new Float32Array(SIDE * SIDE);
  for (let y = 0; y < SIDE; y++) {
    for (let x = 0; x < SIDE; x++) {
      const s = (2 * readColumn(info, x)) / SIDE - 1;
      const glow = 5 * Math.exp(-readColumn(info, x) / 22);
      pattern[y * SIDE + x] = 1.2 * random.normal() + 1.5 * (s * s - 1 / 3) + glow;
    }
  }
  return pattern;
}

/** Photons, cosmic rays and full well; DN. */
function expose(light: Float32Array, response: Float32Array, random: Random): Float32Array {
  const seen = light.map((value, i) => {
    const electrons = value * (response[i] ?? 1) * GAIN;
    return Math.min((electrons + Math.sqrt(electrons) * random.normal()) / GAIN, 60000);
  });
  for (let ray = 0; ray < 5; ray++) {
    let x = random.uniform() * SIDE;
    let y = random.uniform() * SIDE;
    const angle = random.uniform() * 7;
    for (let k = 0; k < 3 + 9 * random.uniform(); k++) {
      const at = (Math.floor(y) % SIDE) * SIDE + (Math.floor(x) % SIDE);
      if (at >= 0 && at < seen.length) seen[at] = (seen[at] ?? 0) + 400 + 1500 * random.uniform();
      x = Math.abs(x + Math.cos(angle));
      y = Math.abs(y + Math.sin(angle));
    }
  }
  return seen;
}

function distort(y: number, a: number, b: number): number {
  const u = 1 - b * y;
  return (2 * y) / (u + Math.sqrt(u * u - 4 * a * y * y));
}

interface Electronics {
  info: AmpInfo;
  trap: Trap;
  linearity: { a: number; b: number };
  pattern: Float32Array;
  level: number;
}

function readOut(
  seen: Float32Array,
  camera: Electronics,
  random: Random,
): { raw: Float32Array; overscan: Float32Array } {
  const raw = new Float32Array(SIDE * SIDE);
  const overscan = new Float32Array(SIDE * OVERSCAN_COLUMNS);
  const noise = READ_NOISE_ELECTRON / GAIN;
  const row = new Float64Array(SIDE + OVERSCAN_COLUMNS);
  for (let y = 0; y < SIDE; y++) {
    row.fill(0);
    for (let x = 0; x < SIDE; x++) row[readColumn(camera.info, x)] = seen[y * SIDE + x] ?? 0;
    trapForward(row, camera.trap);
    const read = camera.info.y0 > 0 ? SIDE - 1 - y : y;
    const pedestal = camera.level + 9 * Math.exp(-read / 38) + 1.6 * Math.sin(read / 80);
    for (let x = 0; x < SIDE; x++) {
      const charge = distort(row[readColumn(camera.info, x)] ?? 0, camera.linearity.a, camera.linearity.b);
      raw[y * SIDE + x] = charge + pedestal + (camera.pattern[y * SIDE + x] ?? 0) + noise * random.normal();
    }
    for (let k = 0; k < OVERSCAN_COLUMNS; k++) {
      overscan[y * OVERSCAN_COLUMNS + k] = (row[SIDE + k] ?? 0) + pedestal + noise * random.normal();
    }
  }
  return { raw, overscan };
}

function median(values: Float32Array): number {
  return values.slice().sort()[values.length >> 1] ?? 0;
}

function makeAmp(info: AmpInfo, index: number, stars: Star[], seed: number): RawAmp {
  const random = new Random(seed * 7919 + index * 104729 + 1);
  const light = makeLight(info, stars);
  const response = makeResponse(info, random);
  const pattern = biasPattern(info, random);
  const trap = TRAPS[index] as Trap;
  const linearity = { a: -1.5e-11 + 1e-12 * index, b: 8.4e-7 - 6e-8 * index };
  const camera = { info, trap, linearity, pattern, level: 80 + 22 * index };
  const { raw, overscan } = readOut(expose(light, response, random), camera, random);
  const masterBias = pattern.map((value) => value + 0.56 * random.normal());
  const middle = median(response);
  const masterFlat = response.map((value) => (value / middle) * (1 + 0.002 * random.normal()));
  return {
    info,
    raw,
    overscan,
    light: light.map((value) => value * middle),
    response: response.map((value) => value / middle),
    masterBias,
    masterFlat,
    linearity,
    trap,
  };
}

export function makeScene(seed: number): Scene {
  const stars = makeStars(new Random(seed + 17));
  return { seed, stars, amps: LAYOUT.map((info, index) => makeAmp(info, index, stars, seed)) };
}
