/** The pictures of a worker: of what is open there. */

import type { Answer } from "./answer";
import { change, desk, open, post, propose } from "./desk";
import type { Request } from "./messages";
import { engine } from "./module";
import { isComplete } from "./rest";
import { drawnBy, Painter } from "../raster/painter";

export const painter = new Painter(
  () => engine.mark_colors(),
  () => desk.busy,
  () => engine.isWhole || isComplete(),
  (by) => post({ kind: "raster", by }),
);

/** The picture of a change that is not done yet. */
export function previewed({ view, settings }: Extract<Request, { kind: "preview" }>): Answer {
  const bench = open();
  propose(bench, settings);
  const image = drawnBy((wanted) => bench.preview(wanted), view);
  return { value: image, transfer: [image.data.buffer] };
}

export function picture(request: Extract<Request, { kind: "draw" }>): Answer {
  change(open(), request.view.amps);
  const image = painter.draw(open(), request.view);
  return { value: image, transfer: [image instanceof ImageData ? image.data.buffer : image] };
}
