/** What a person looks into beside the stages: headers, and the frames of the masters. */

import type { Session } from "./module";
import type { Request } from "./messages";

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
      bench.hold_master(request.master, Uint32Array.from(request.amps));
      return null;
    default:
      throw { class: "engine", message: `unknown request ${request.kind}` };
  }
}
