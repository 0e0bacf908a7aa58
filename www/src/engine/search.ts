/** Objects of the amplifiers that a worker holds, piece by piece, and the zero point of matched stars. */

import type { Found, FoundOn, Pairs, ZeroPoint } from "./found";
import type { Session } from "./module";
import type { EngineError, Progress } from "./protocol";

/** The pieces of the search on an amplifier, in their order. */
const PIECES = ["cosmic rays and trails", "objects", "match with the catalog"];

/** What the worker lends. */
export interface Desk {
  held: number[];
  /** Grows with every change and every wish to stop. */
  generation: number;
}

/** Looks on one amplifier after the other; between the pieces the worker listens. */
export async function search(
  bench: Session,
  desk: Desk,
  tell: (progress: Progress | null) => void,
  pause: () => Promise<void>,
): Promise<FoundOn[]> {
  const mine = desk.generation;
  const all: FoundOn[] = [];
  const total = PIECES.length * desk.held.length;
  for (const [at, amp] of [...desk.held].entries()) {
    for (const [piece, name] of PIECES.entries()) {
      tell({ label: `${name}, amplifier ${amp}`, done: PIECES.length * at + piece, total });
      await pause();
      if (mine !== desk.generation) throw { class: "cancelled", message: "the search for objects was stopped" };
      const result = one(bench, amp);
      if (result === null) continue;
      all.push(result);
      break;
    }
  }
  tell(null);
  return all;
}

function one(bench: Session, amp: number): FoundOn | null {
  try {
    const found = bench.objects(amp) as Found | null;
    return found && { amp, found, refusal: null };
  } catch (error) {
    return { amp, found: null, refusal: (error as Partial<EngineError>).message ?? String(error) };
  }
}

export function zeroPoint(bench: Session, pairs: Pairs): ZeroPoint {
  const numbers = (values: number[]): Float64Array => Float64Array.from(values);
  const { magnitude, flux, fluxErr, color } = pairs;
  return bench.zero_plots(numbers(magnitude), numbers(flux), numbers(fluxErr), numbers(color)) as ZeroPoint;
}
