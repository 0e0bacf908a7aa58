/**
 * The worker that owns the pixels. Work is done in small pieces; between them the worker listens, so
 * that a wish to stop, a picture or a number never waits for a whole reduction.
 */

import { type Answer, cuts, pause, plain } from "./answer";
import { reader, told, whyNot } from "./dropped";
import { holdAgain, inspected } from "./inspect";
import type { Message, NamedFile, Opened, Reply, Request } from "./messages";
import { type EngineModule, type Session, moduleFor } from "./module";
import { everything, isWanted, type SetRequest } from "./preview";
import { corners } from "./region";
import { Painter } from "../raster/painter";
import {
  LARGE_AMPLIFIER,
  NO_CAMERA,
  type ExposureInfo,
  type Progress,
  type StageInfo,
  type StepInfo,
} from "./protocol";

/** The scope of a worker, of which the library for pages knows nothing. */
interface Scope {
  postMessage(message: Reply, transfer?: Transferable[]): void;
  onmessage: ((event: MessageEvent<Message>) => void) | null;
}
declare const self: Scope;

/** The module that the next session is of. */
let engine: EngineModule;
let session: Session | null = null;
/** What is open, if it is simulated. */
let simulated: Extract<Request, { kind: "simulate" }> | null = null;
let openInfo: ExposureInfo | null = null;
let amps: number[] = [];
/** Those that are held: all, or one at a time of a large exposure. */
let held: number[] = [];
/** Grows with every change; work for an older state stops. */
let generation = 0;
/** The step that runs now, for the rail. */
let running: { amp: number; step: string } | null = null;
const times = new Map<string, number>();
/** Why the last image was not reduced. */
let whyLooked = "";
/** What is open is an image that is looked at. */
let isImage = false;
/** Frames beside a raw exposure are being stacked. */
let preparing = false;
/** Whether a reduction is under way. */
let busy = false;
const painter = new Painter(
  () => engine.mark_colors(),
  () => busy,
  (by) => self.postMessage({ kind: "raster", by }),
);

self.onmessage = (event) => {
  const message = event.data;
  if ("cancel" in message) {
    generation += 1;
    busy = false;
    return;
  }
  void respond(message.id, message.request);
};

async function respond(id: number, request: Request): Promise<void> {
  try {
    engine = await moduleFor(request);
    const { value, transfer } = await answer(request);
    self.postMessage({ kind: "answer", id, value }, transfer);
  } catch (error) {
    self.postMessage({ kind: "failure", id, error: told(error) });
  }
}

async function answer(request: Request): Promise<Answer> {
  switch (request.kind) {
    case "cameras":
      return plain(engine.cameras());
    case "simulate":
      return plain(await orGoOn(simulate(request)));
    case "drop":
      return plain(await orGoOn(drop(request)));
    case "set":
      return plain(await set(request));
    case "images":
    case "catalogue":
    case "recipe":
      return take(await whole(), request);
    case "draw":
      return picture(request);
    case "raster":
      painter.choice = request.choice;
      return plain(null);
    default:
      return ask(open(), request);
  }
}

function open(): Session {
  if (session === null) throw { class: "engine", message: "nothing is open yet" };
  return session;
}

/** What is answered at once. */
function ask(bench: Session, request: Request): Answer {
  switch (request.kind) {
    case "steps":
      return plain({ info: bench.steps(), settings: bench.settings() });
    case "stages":
      return plain(stages(bench, request.amp));
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
    case "aperture":
      return plain(bench.aperture());
    case "setAperture":
      bench.set_aperture(request.params);
      return plain(null);
    case "photometry":
      return plain(amps.map((amp) => (held.includes(amp) ? bench.photometry(amp) : null)));
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
      if (isImage) {
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

function picture(request: Extract<Request, { kind: "draw" }>): Answer {
  change(open(), request.view.amps);
  const image = painter.draw(open(), request.view);
  return { value: image, transfer: [image instanceof ImageData ? image.data.buffer : image] };
}

/** Of a large exposure the amplifier that is drawn alone takes the place of the one that is held. */
function change(bench: Session, drawn: number[]): void {
  const [wanted, ...more] = drawn;
  if (wanted === undefined || more.length > 0 || held.includes(wanted)) return;
  for (const amp of held) bench.forget(amp);
  held = [wanted];
  generation += 1;
  void run(bench);
}

/** A session for a camera. What is open stays until the new exposure is there. */
function begin(camera: string): Session {
  generation += 1;
  preparing = false;
  return new engine.Session(camera);
}

/** Lets go of what is open. */
function close(): void {
  painter.forget();
  session?.free();
  session = null;
  simulated = null;
}

/** If nothing new could be opened, the work on what was open goes on. What was opened later counts. */
async function orGoOn(opening: Promise<Opened>): Promise<Opened> {
  const made = await opening.catch((error: unknown) => {
    if (session) void run(session);
    throw error;
  });
  if (made.info !== openInfo) throw { class: "stopped", message: "something else was opened" };
  return made;
}

/** What an opening gives; if it fails, its session is let go. */
async function tried(bench: Session, opening: () => Promise<Opened>): Promise<Opened> {
  try {
    return await opening();
  } catch (error) {
    if (bench === session) session = null;
    bench.free();
    throw error;
  }
}

/** A simulation finds what it needs, so that what was open makes room at once. */
async function simulate(wanted: Extract<Request, { kind: "simulate" }>): Promise<Opened> {
  close();
  const bench = begin(wanted.camera);
  return tried(bench, async () => {
    bench.simulate(wanted.night);
    const made = await opened(bench, []);
    simulated = wanted;
    return made;
  });
}

/** What is open, in the module that writes files: a simulated exposure is made there again. */
async function whole(): Promise<Session> {
  const now = open();
  const isWhole: boolean = now instanceof engine.Session;
  if (simulated === null || isWhole) return now;
  const [settings, aperture] = [now.settings(), now.aperture()];
  const wanted = simulated;
  const bench = begin(wanted.camera);
  await tried(bench, async () => {
    bench.simulate(wanted.night);
    return opened(bench, [], () => {
      bench.set(settings);
      bench.set_aperture(aperture);
    });
  });
  simulated = wanted;
  holdAgain(now, bench);
  return bench;
}

/**
 * Without a camera, the first one that finds a raw science exposure among the files is taken. Files
 * without one are looked at as they are; so is another image of the file that is looked at already.
 */
async function drop({ camera, files, hdu }: Extract<Request, { kind: "drop" }>): Promise<Opened> {
  if (hdu !== null) return look(camera, files, hdu);
  if (camera === NO_CAMERA) whyLooked = "Shown as it is, as was asked for.";
  else {
    const refusals = new Map<string, string>();
    let unmade: unknown = null;
    for (const candidate of camera === "" ? engine.cameras_for(files.map(({ name }) => name)) : [camera]) {
      const bench = begin(candidate);
      try {
        return await tried(bench, async () => {
          hold(bench, files);
          const { leftOut } = bench.sort() as { leftOut: string[] };
          return opened(bench, leftOut);
        });
      } catch (error) {
        if (told(error).class === "stopped") throw error;
        // There is a raw exposure: what is wrong with the frames beside it is no reason to look at it only.
        if (preparing) unmade ??= error;
        refusals.set(candidate, whyNot(error));
      }
    }
    if (unmade !== null) throw unmade;
    // The words of the general camera are about the file more than about itself.
    const why = refusals.get("generic") ?? [...refusals.values()].at(-1) ?? "no camera is known";
    whyLooked = `Shown as it is, not reduced: ${why}.`;
  }
  return look(camera, files, hdu);
}

/** Opens an image as it is. */
function look(camera: string, files: NamedFile[], hdu: number | null): Promise<Opened> {
  const named = camera === NO_CAMERA ? "" : camera;
  const bench = begin(named === "" ? "generic" : named);
  return tried(bench, async () => {
    hold(bench, files);
    const { leftOut } = bench.look(named, hdu ?? undefined, whyLooked) as { leftOut: string[] };
    return opened(bench, leftOut);
  });
}

function hold(bench: Session, files: NamedFile[]): void {
  for (const { name, file } of files) bench.add(name, reader(file));
}

async function opened(bench: Session, leftOut: string[], prepare = () => {}): Promise<Opened> {
  const mine = generation;
  const total = 1 + bench.units_left();
  preparing = true;
  for (let done = 0; ; done += 1) {
    const label = bench.next_unit();
    if (label === undefined) break;
    tellProgress({ label, done, total });
    bench.do_unit();
    await pause();
    if (mine !== generation) throw { class: "stopped", message: "stopped before it was open" };
  }
  preparing = false;
  const info = bench.open() as ExposureInfo;
  prepare();
  // An image whose pixels cannot be read is refused: there would be nothing to see.
  const start = performance.now();
  if (info.kind === "image") for (const { amp } of info.amps) bench.advance(amp);
  adopt(bench, info);
  if (isImage) for (const amp of amps) times.set(`${amp} image`, performance.now() - start);
  await run(bench);
  return { info, leftOut };
}

/** The new exposure takes the place of what was open. */
function adopt(bench: Session, info: ExposureInfo): void {
  close();
  session = bench;
  times.clear();
  openInfo = info;
  isImage = info.kind === "image";
  amps = info.amps.map((amp) => amp.amp);
  const large = info.amps.some((amp) => amp.width * amp.height > LARGE_AMPLIFIER);
  held = large ? amps.slice(0, 1) : amps;
}

async function set(request: SetRequest): Promise<{ executed: { amp: number; step: string }[] }> {
  const bench = open();
  bench.set(request.settings);
  generation += 1;
  return { executed: await run(bench, isWanted(request)) };
}

/** Runs what is stale, amplifier by amplifier, until it is done or the state has changed. */
async function run(bench: Session, wanted = everything): Promise<{ amp: number; step: string }[]> {
  const mine = generation;
  const executed: { amp: number; step: string }[] = [];
  for (const amp of amps) tell(bench, amp);
  const total = held.length * ((bench.steps() as StepInfo[]).length + 1);
  for (const amp of held) {
    let spent = 0;
    for (;;) {
      // Another exposure may be open by now, and this one gone.
      if (mine !== generation) return executed;
      const step = bench.next(amp);
      if (step === undefined || !wanted(amp, step)) break;
      running = { amp, step };
      const label = `${step}, amplifier ${amp}`;
      tellProgress({ label, done: executed.length, total });
      const start = performance.now();
      try {
        bench.advance(amp);
      } catch {
        // The stage keeps the reason, and the rail shows it.
      }
      spent += performance.now() - start;
      running = null;
      if (bench.next(amp) === step) {
        // A long step is done in pieces.
        await pause();
        continue;
      }
      times.set(`${amp} ${step}`, spent);
      spent = 0;
      executed.push({ amp, step });
      tell(bench, amp);
      await pause();
    }
  }
  if (mine === generation) tellProgress(null);
  return executed;
}

function tellProgress(progress: Progress | null): void {
  busy = progress !== null;
  self.postMessage({ kind: "progress", progress });
}

function tell(bench: Session, amp: number): void {
  self.postMessage({ kind: "stages", amp, stages: stages(bench, amp) });
}

function stages(bench: Session, amp: number): StageInfo[] {
  const all = bench.stages(amp) as StageInfo[];
  return all.map((stage) => ({
    ...stage,
    state: running?.amp === amp && running.step === stage.stage ? "running" : stage.state,
    ms: times.get(`${amp} ${stage.stage}`) ?? null,
  }));
}
