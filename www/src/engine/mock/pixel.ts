/** The arithmetic of one pixel, for the invented engine. */

import type { PixelInfo } from "../protocol";
import type { AmpRun } from "./pipeline";
import { truthOf } from "./pipeline";
import { MASK_BITS } from "./schema";
import { SIDE, type RawAmp } from "./scene";

const text = (value: number) => value.toFixed(1).replace("-", "−");

function arithmetic(step: string, before: number, after: number, amp: RawAmp, i: number): string {
  switch (step) {
    case "overscan":
      return `${text(before)} − ${text(before - after)}`;
    case "linearity":
      return `${text(before)} / ${(before / after).toFixed(5)}`;
    case "pocket":
      return `${text(before)} ${after < before ? "−" : "+"} ${text(Math.abs(after - before))}`;
    case "bias":
      return `${text(before)} − ${text(amp.masterBias[i] ?? 0)}`;
    case "flat":
      return `${text(before)} / ${(before / after).toFixed(4)}`;
    case "saturation":
      return `${text(before)} < 55000`;
    case "variance":
      return `σ² = ${text(Math.max(before, 0))} / 6.0 + 1.5²`;
    default:
      return "the value stays";
  }
}

export function pixelInfo(amp: RawAmp, run: AmpRun, x: number, y: number): PixelInfo {
  const i = (y - amp.info.y0) * SIDE + (x - amp.info.x0);
  const rows = run.stages.map((stage, k) => {
    const value = stage.image[i] ?? NaN;
    const before = run.stages[k - 1]?.image[i] ?? value;
    const bits = stage.mask[i] ?? 0;
    return {
      stage: stage.info.stage,
      title: stage.info.title,
      value,
      unit: "DN",
      error: Math.sqrt(stage.variance[i] ?? 0),
      arithmetic:
        k === 0 ? "as read" : stage.info.state === "off" ? "off" : arithmetic(stage.info.stage, before, value, amp, i),
      flags: MASK_BITS.filter((bit) => bits & (1 << bit.bit)).map((bit) => bit.name),
    };
  });
  const truth = truthOf(amp, true, i);
  return {
    x,
    y,
    amp: amp.info.amp,
    storedX: SIDE - 1 - (x - amp.info.x0),
    storedY: SIDE - 1 - (y - amp.info.y0),
    raDeg: 55 - ((x - 256) * 1.012) / 3600 / Math.cos((33.35 * Math.PI) / 180),
    decDeg: 33.35 + ((y - 256) * 1.012) / 3600,
    truth,
    truthText: `${text(truth)} DN of light from sky and stars, without noise`,
    rows,
  };
}
