/** What a person looks into beside the stages: headers, and the frames of the masters. */

import type { Request } from "./messages";
import type { Session } from "./module";

/** The masters that a session holds, with their amplifiers. */
let held: { by: Session; masters: Map<string, number[]> } | null = null;

function hold(bench: Session, master: string, amps: number[]): void {
  bench.hold_master(master, Uint32Array.from(amps));
  if (held?.by !== bench) held = { by: bench, masters: new Map() };
  held.masters.set(master, amps);
}

/** The same exposure in another session: what was held is held there too. */
export function holdAgain(before: Session, bench: Session): void {
  if (held?.by !== before) return;
  for (const [master, amps] of held.masters) hold(bench, master, amps);
}

export function inspected(bench: Session, request: Request): unknown {
  switch (request.kind) {
    case "headers":
      return bench.headers(request.amp);
    case "header":
      return bench.header(request.amp, request.of);
    case "stacks":
      return bench.stacks();
    case "stacked":
      return bench.stacked(request.stack, request.x, request.y);
    case "holdMaster":
      hold(bench, request.master, request.amps);
      return null;
    default:
      throw { class: "engine", message: `unknown request ${request.kind}` };
  }
}
