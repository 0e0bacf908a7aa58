/** Sums in apertures for the invented engine: 5 x 5 sub-pixels, sky from an annulus. */

import type { Photometry } from "../protocol";
import type { Star } from "./scene";
import { middle } from "./statistics";

export const RADII = [3, 4, 5, 6, 7, 8, 9, 10, 11, 12];

type Value = (x: number, y: number) => number | undefined;

export function coverage(dx: number, dy: number, radius: number): number {
  const far = Math.hypot(dx, dy);
  if (far < radius - 0.8) return 1;
  if (far > radius + 0.8) return 0;
  let inside = 0;
  for (let i = -2; i <= 2; i++) for (let j = -2; j <= 2; j++) if (Math.hypot(dx + i / 5, dy + j / 5) < radius) inside++;
  return inside / 25;
}

export function skyLevel(value: Value, star: Star, inner: number, outer: number): number {
  const sky: number[] = [];
  for (let y = Math.round(star.y - outer); y <= star.y + outer; y++) {
    for (let x = Math.round(star.x - outer); x <= star.x + outer; x++) {
      const far = Math.hypot(x - star.x, y - star.y);
      const v = far >= inner && far < outer ? value(x, y) : undefined;
      if (v !== undefined) sky.push(v);
    }
  }
  return middle(sky.sort((a, b) => a - b));
}

export function apertureSum(value: Value, star: Star, radius: number, sky: number): number {
  let sum = 0;
  for (let y = Math.round(star.y - radius - 1); y <= star.y + radius + 1; y++) {
    for (let x = Math.round(star.x - radius - 1); x <= star.x + radius + 1; x++) {
      const v = value(x, y);
      if (v !== undefined) sum += coverage(x - star.x, y - star.y, radius) * (v - sky);
    }
  }
  return sum;
}

export function measure(value: Value, stars: Star[], inner: number, outer: number): Photometry {
  const seen = stars.filter((star) => star.flux > 1500 && star.x > 14 && star.x < 498 && star.y > 14 && star.y < 498);
  const sky = seen.map((star) => skyLevel(value, star, inner, outer));
  const columns: Photometry["table"]["columns"] = [
    { name: "x", unit: "pixel", values: Float64Array.from(seen, (star) => star.x) },
    { name: "y", unit: "pixel", values: Float64Array.from(seen, (star) => star.y) },
  ];
  RADII.forEach((radius, k) => {
    const flux = Float64Array.from(seen, (star, i) => apertureSum(value, star, radius, sky[i] ?? 0));
    columns.push({ name: `f_${k}`, unit: "DN", values: flux });
    columns.push({
      name: `f_${k}_e`,
      unit: "DN",
      values: flux.map((f) => Math.sqrt(Math.max(f, 0) / 6 + Math.PI * radius * radius * 29)),
    });
  });
  return {
    table: { columns, rows: seen.length },
    x: Float64Array.from(seen, (star) => star.x),
    y: Float64Array.from(seen, (star) => star.y),
    radii: RADII,
    summary: `${seen.length} stars in ${RADII.length} apertures; sky from an annulus of ${inner} to ${outer} pixels.`,
  };
}
