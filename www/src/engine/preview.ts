/** Which steps a recipe asks for: all, or those that a preview needs. */

import type { Request } from "./messages";

export type SetRequest = Extract<Request, { kind: "set" }>;

export const everything = (_amp: number, _step: string): boolean => true;

/** Whether a step of an amplifier is to be run. */
export function isWanted({ settings, only }: SetRequest): typeof everything {
  if (only === undefined) return everything;
  const order = settings.map((setting) => setting.step);
  const last = order.indexOf(only.stage);
  // The first stage is none of the steps, and stands before all of them.
  return (amp, step) => only.amps.includes(amp) && order.indexOf(step) <= last;
}
