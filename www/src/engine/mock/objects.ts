/** Objects of the invented engine: its own stars, and no catalog to match them with. */

import type { FoundOn, ZeroPoint } from "../found";
import type { AmpInfo, Progress } from "../protocol";
import type { Scene, Star } from "./scene";

function foundOn(amp: AmpInfo, stars: Star[]): FoundOn {
  const { x0, y0, width, height } = amp;
  const here = stars.filter(({ x, y }) => x0 <= x && x < x0 + width && y0 <= y && y < y0 + height);
  const each = (value: (star: Star) => number): number[] => here.map(value);
  const objects = {
    x: each(({ x }) => x),
    y: each(({ y }) => y),
    a: each(() => 1.2),
    b: each(() => 1.0),
    theta: each(() => 0.5),
    flux: each(({ flux }) => flux),
    fluxErr: each(({ flux }) => Math.sqrt(flux)),
    fluxAper: each(({ flux }) => flux),
    fwhm: each(() => 2.5),
    halfLight: each(() => 1.5),
    flags: here.map((_, i) => (i % 5 === 0 ? "MERGED" : "")),
  };
  const refusal = "The invented exposure has no catalog to match with.";
  return { amp: amp.amp, found: { cosmicRays: null, objects, stars: null, limit: null, sky: null, refusal }, refusal: null };
}

/** One amplifier after the other; `waited` tells whether somebody has stopped it meanwhile. */
export async function foundObjects(
  { amps, stars }: Scene,
  tell: (progress: Progress | null) => void,
  waited: () => Promise<boolean>,
): Promise<FoundOn[]> {
  for (const [done, { info }] of amps.entries()) {
    tell({ label: `objects, amplifier ${info.amp}`, done, total: amps.length });
    if (await waited()) throw { class: "cancelled", message: "the search for objects was stopped" };
  }
  tell(null);
  return amps.map(({ info }) => foundOn(info, stars));
}

export function noZeroPoint(): Promise<ZeroPoint> {
  return Promise.reject({ class: "undetermined", message: "the invented engine knows no magnitudes" });
}
