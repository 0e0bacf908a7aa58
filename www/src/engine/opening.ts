/** How a worker opens an exposure; that from dropped files is a part of its own, `dropping.ts`. */

import { pause } from "./answer";
import { desk, lay, open, run, tellProgress, took } from "./desk";
import { painter } from "./drawing";
import { holdAgain } from "./inspect";
import type { Opened, Request } from "./messages";
import { engine, type Session } from "./module";
import type { ExposureInfo } from "./protocol";

type Simulate = Extract<Request, { kind: "simulate" }>;

/** What is open, if it is simulated. */
let simulated: Simulate | null = null;

/** A session for a camera. What is open stays until the new exposure is there. */
export function begin(camera: string): Session {
  desk.generation += 1;
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
export async function tried(bench: Session, opening: () => Promise<Opened>): Promise<Opened> {
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
  if (simulated === null || isWhole) {
    // What a person takes away is made with its masters, though they were stopped.
    while (now.units_left() > 0) {
      desk.generation += 1;
      await run(now);
      if (desk.session !== now) throw { class: "stopped", message: "something else was opened" };
    }
    return now;
  }
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

/** Does the work that an exposure itself needs; it then lies open, and no step has been run, nor a master made. */
export async function opened(bench: Session, leftOut: string[], prepare = () => {}): Promise<Opened> {
  const mine = desk.generation;
  const units = bench.units_left();
  for (let done = 0; ; done += 1) {
    const label = bench.next_unit();
    if (label === undefined) break;
    tellProgress({ label, done, total: 1 + units });
    bench.do_unit();
    await pause();
    if (mine !== desk.generation) throw { class: "stopped", message: "stopped before it was open" };
  }
  const info = bench.open() as ExposureInfo;
  prepare();
  // An image whose pixels cannot be read is refused: there would be nothing to see.
  const start = performance.now();
  if (info.kind === "image") for (const { amp } of info.amps) bench.advance(amp);
  const ms = performance.now() - start;
  close();
  lay(bench, info);
  if (info.kind === "image") for (const { amp } of info.amps) took(amp, "image", ms);
  return { info, leftOut, prepared: bench.units_left() > 0 };
}
