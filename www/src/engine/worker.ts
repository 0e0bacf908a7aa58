/** The worker that owns the pixels, or a part of them: its questions and their answers. */

import { type Answer, cuts, pause, plain, told } from "./answer";
import { desk, hold, open, post, set, stages, tellProgress } from "./desk";
import { painter, picture, previewed } from "./drawing";
import { inspected } from "./inspect";
import type { Message, Request } from "./messages";
import { engine, type Session, take as takeModule } from "./module";
import { orGoOn, simulate, whole } from "./opening";
import { corners } from "./region";
import { rest } from "./rest";

/** The scope of a worker, of which the library for pages knows nothing. */
interface Scope {
  onmessage: ((event: MessageEvent<Message>) => void) | null;
}
declare const self: Scope;

self.onmessage = (event) => {
  const message = event.data;
  if ("cancel" in message) {
    desk.generation += 1;
    desk.busy = false;
    return;
  }
  desk.asked = performance.now();
  void respond(message.id, message.request);
};

/** What the page asks when the first picture is up; of plots it needs the histogram between the cuts before. */
function isAfterPicture(request: Request): boolean {
  if (request.kind === "plot") return request.request.kind !== "histogram";
  return ["preview", "photometry", "pixel", "stacks", "region", "gather", "stacked", "holdMaster", "headers", "header"].includes(request.kind);
}

async function respond(id: number, request: Request): Promise<void> {
  try {
    await takeModule(request);
    if (!engine.isWhole && isAfterPicture(request)) await rest();
    const { value, transfer } = await answer(request);
    post({ kind: "answer", id, value }, transfer);
  } catch (error) {
    post({ kind: "failure", id, error: told(error) });
  }
}

async function answer(request: Request): Promise<Answer> {
  switch (request.kind) {
    case "warm":
      return plain(null);
    case "cameras":
      return plain(engine.cameras());
    case "simulate":
      return plain(await orGoOn(simulate(request)));
    case "drop":
      return plain(await orGoOn((await import("./dropping")).drop(request)));
    case "hold":
      return plain(await hold(request.amps, request.held));
    case "set":
      return plain(await set(request));
    case "images":
    case "catalogue":
    case "recipe":
      return take(await whole(), request);
    case "draw":
      return picture(request);
    case "preview":
      return previewed(request);
    case "raster":
      painter.choice = request.choice;
      return plain(null);
    case "objects":
      return plain(await (await import("./search")).search(await whole(), desk, tellProgress, pause));
    case "zeroPoint":
      return plain((await import("./search")).zeroPoint(await whole(), request.pairs));
    case "statisticsOf":
      return plain(engine.statistics_of(request.values, request.masked));
    default:
      return ask(open(), request);
  }
}

/** What is answered at once. */
function ask(bench: Session, request: Request): Answer {
  switch (request.kind) {
    case "steps":
      return plain({ info: bench.steps(), settings: bench.settings() });
    case "stages":
      return plain(stages(bench, request.amp, request.numbers));
    case "cuts":
      return cuts(
        bench.cuts(request.stage, request.against ?? undefined, request.rule, Uint32Array.from(request.amps)),
      );
    case "maskBits":
      return plain(bench.mask_bits(request.stage, Uint32Array.from(request.amps)));
    case "pixel":
      return plain(bench.pixel(request.x, request.y));
    case "plot":
      return plain(bench.plot(request.request));
    case "region":
      return plain(bench.region(corners(request.region), request.stage));
    case "gather":
      return plain(bench.gather(corners(request.region), request.stage));
    case "aperture":
      return plain(bench.aperture());
    case "setAperture":
      bench.set_aperture(request.params);
      return plain(null);
    case "photometry":
      return plain(desk.amps.map((amp) => ({ amp, measured: desk.held.includes(amp) ? bench.photometry(amp) : null })));
    default:
      return take(bench, request);
  }
}

/** What a person takes away, and what tells how the engine is. */
function take(bench: Session, request: Request): Answer {
  switch (request.kind) {
    case "images":
      return plain(bench.make_images().map((name) => ({ name, bytes: bench.product(name) })));
    case "catalogue": {
      if (desk.info?.kind === "image") {
        const name = bench.make_image_catalogue(request.amp);
        return plain({ name, bytes: bench.product(name) });
      }
      const images = bench.make_images();
      const wanted = images.find((name) => name.includes(`_q${request.amp}_`));
      if (wanted === undefined) throw { class: "engine", message: "no such amplifier" };
      const name = bench.make_catalogue(wanted, request.amp);
      for (const image of images) bench.product(image);
      return plain({ name, bytes: bench.product(name) });
    }
    case "recipe":
      return plain(bench.recipe());
    case "command":
      return plain(bench.command());
    case "memory":
      return plain(engine.memory.buffer.byteLength);
    case "executed":
      return plain(bench.executed());
    default:
      return plain(inspected(bench, request));
  }
}
