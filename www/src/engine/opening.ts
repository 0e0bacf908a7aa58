/** How a worker opens an exposure: simulated, from dropped files, or as an image that is looked at. */

import { pause } from "./answer";
import { desk, lay, open, run, tellProgress, took } from "./desk";
import { painter } from "./drawing";
import { reader, told, whyNot } from "./dropped";
import { holdAgain } from "./inspect";
import type { NamedFile, Opened, Request } from "./messages";
import { engine, type Session } from "./module";
import { NO_CAMERA, type ExposureInfo } from "./protocol";

type Simulate = Extract<Request, { kind: "simulate" }>;

/** What is open, if it is simulated. */
let simulated: Simulate | null = null;
/** Why the last image was not reduced. */
let whyLooked = "";
/** Frames beside a raw exposure are being stacked. */
let preparing = false;

/** A session for a camera. What is open stays until the new exposure is there. */
function begin(camera: string): Session {
  desk.generation += 1;
  preparing = false;
  return new engine.Session(camera);
}

/** Lets go of what is open. */
function close(): void {
  painter.forget();
  desk.session?.free();
  desk.session = null;
  simulated = null;
}

/** If nothing new could be opened, the work on what was open goes on. What was opened later counts. */
export async function orGoOn(opening: Promise<Opened>): Promise<Opened> {
  const made = await opening.catch((error: unknown) => {
    if (desk.session) void run(desk.session);
    throw error;
  });
  if (made.info !== desk.info) throw { class: "stopped", message: "something else was opened" };
  return made;
}

/** What an opening gives; if it fails, its session is let go. */
async function tried(bench: Session, opening: () => Promise<Opened>): Promise<Opened> {
  try {
    return await opening();
  } catch (error) {
    if (bench === desk.session) desk.session = null;
    bench.free();
    throw error;
  }
}

/** A simulation finds what it needs, so that what was open makes room at once. */
export async function simulate(wanted: Simulate): Promise<Opened> {
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
export async function whole(): Promise<Session> {
  const now = open();
  const isWhole: boolean = now instanceof engine.Session;
  if (simulated === null || isWhole) return now;
  const [settings, aperture, held] = [now.settings(), now.aperture(), desk.held];
  const wanted = simulated;
  const bench = begin(wanted.camera);
  await tried(bench, async () => {
    bench.simulate(wanted.night);
    const made = await opened(bench, [], () => {
      bench.set(settings);
      bench.set_aperture(aperture);
    });
    desk.held = held;
    await run(bench);
    return made;
  });
  simulated = wanted;
  holdAgain(now, bench);
  return bench;
}

/**
 * Without a camera, the first one that finds a raw science exposure among the files is taken. Files
 * without one are looked at as they are; so is another image of the file that is looked at already.
 */
export async function drop({ camera, files, hdu }: Extract<Request, { kind: "drop" }>): Promise<Opened> {
  if (hdu !== null) return look(camera, files, hdu);
  if (camera === NO_CAMERA) whyLooked = "Shown as it is, as was asked for.";
  else {
    const refusals = new Map<string, string>();
    let unmade: unknown = null;
    for (const candidate of camera === "" ? engine.cameras_for(files.map(({ name }) => name)) : [camera]) {
      const bench = begin(candidate);
      try {
        return await tried(bench, async () => {
          add(bench, files);
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
    add(bench, files);
    const { leftOut } = bench.look(named, hdu ?? undefined, whyLooked) as { leftOut: string[] };
    return opened(bench, leftOut);
  });
}

function add(bench: Session, files: NamedFile[]): void {
  for (const { name, file } of files) bench.add(name, reader(file));
}

/** Does the work that comes before an exposure; it then lies open, and no step has been run. */
async function opened(bench: Session, leftOut: string[], prepare = () => {}): Promise<Opened> {
  const mine = desk.generation;
  const units = bench.units_left();
  preparing = true;
  for (let done = 0; ; done += 1) {
    const label = bench.next_unit();
    if (label === undefined) break;
    tellProgress({ label, done, total: 1 + units });
    bench.do_unit();
    await pause();
    if (mine !== desk.generation) throw { class: "stopped", message: "stopped before it was open" };
  }
  preparing = false;
  const info = bench.open() as ExposureInfo;
  prepare();
  // An image whose pixels cannot be read is refused: there would be nothing to see.
  const start = performance.now();
  if (info.kind === "image") for (const { amp } of info.amps) bench.advance(amp);
  const ms = performance.now() - start;
  close();
  lay(bench, info);
  if (info.kind === "image") for (const { amp } of info.amps) took(amp, "image", ms);
  return { info, leftOut, prepared: units > 0 };
}
