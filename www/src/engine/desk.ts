/**
 * What lies open in a worker, and the steps that run on it. Work is done in small pieces; between them the
 * worker listens, so that a wish to stop, a picture or a number never waits for a whole reduction.
 */

import { pause, told } from "./answer";
import type { Reply, Request } from "./messages";
import type { Session } from "./module";
import type { EngineError, ExposureInfo, Progress, StageInfo, StepInfo, StepSetting } from "./protocol";

/** The scope of a worker, of which the library for pages knows nothing. */
interface Scope {
  postMessage(message: Reply, transfer?: Transferable[]): void;
}
declare const self: Scope;

type Executed = { amp: number; step: string }[];

interface Desk {
  session: Session | null;
  info: ExposureInfo | null;
  /** The amplifiers that this worker is asked about. */
  amps: number[];
  /** Those whose stages are held: all, or one at a time. */
  held: number[];
  /** Grows with every change; work for an older state stops. */
  generation: number;
  /** Whether a reduction is under way. */
  busy: boolean;
  /** When something was asked last. */
  asked: number;
}

export const desk: Desk = { session: null, info: null, amps: [], held: [], generation: 0, busy: false, asked: 0 };

/** When something can be seen for the first time, it is asked for at once; without a question for so long (ms)
 * nobody waits. */
const QUIET = 60;
const LONGEST_WAIT = 400;
/** First stages that take longer are seen one by one (ms). */
const SLOW = 50;

/** The step that runs now, for the rail. */
let running: { amp: number; step: string } | null = null;
/** What the steps took (ms). */
const times = new Map<string, number>();

export const post = (reply: Reply, transfer: Transferable[] = []): void => self.postMessage(reply, transfer);

export function open(): Session {
  if (desk.session === null) throw { class: "engine", message: "nothing is open yet" };
  return desk.session;
}

/** A new exposure lies open; nothing of it is held yet. */
export function lay(session: Session, info: ExposureInfo): void {
  times.clear();
  Object.assign(desk, { session, info, amps: info.amps.map(({ amp }) => amp), held: [] });
}

/** Says what a step took that was done elsewhere. */
export function took(amp: number, step: string, ms: number): void {
  times.set(`${amp} ${step}`, ms);
}

/** From now on these amplifiers are asked about here, and those of them held; their steps are run. */
export async function hold(amps: number[], held: number[]): Promise<null> {
  Object.assign(desk, { amps, held });
  desk.generation += 1;
  await run(open());
  return null;
}

/** Of a large exposure the amplifier that is drawn alone takes the place of the one that is held. */
export function change(bench: Session, drawn: number[]): void {
  const [wanted, ...more] = drawn;
  if (wanted === undefined || more.length > 0 || desk.held.length === 0 || desk.held.includes(wanted)) return;
  for (const amp of desk.held) bench.forget(amp);
  desk.held = [wanted];
  desk.generation += 1;
  void run(bench);
}

export async function set({ settings, stopped }: Extract<Request, { kind: "set" }>): Promise<{ executed: Executed }> {
  const bench = open();
  bench.set(settings);
  desk.generation += 1;
  return { executed: stopped ? [] : await run(bench) };
}

/** Sets steps of which nothing is run yet. */
export function propose(bench: Session, settings: StepSetting[]): void {
  const ends = (): (string | undefined)[] => desk.held.map((amp) => bench.next(amp));
  const before = ends().join();
  bench.set(settings);
  desk.generation += 1;
  if (ends().join() !== before) for (const amp of desk.amps) tell(bench, amp);
}

/** Answers what is asked when a picture appears. */
async function listen(): Promise<void> {
  const begin = performance.now();
  for (let now = begin; now - Math.max(begin, desk.asked) < QUIET && now - begin < LONGEST_WAIT; now = performance.now())
    await new Promise((resolve) => setTimeout(resolve, 5));
}

/** Makes the masters that the exposure waits for; one that cannot be made is missing. Whether all is done. */
async function makeMasters(bench: Session, isMine: () => boolean): Promise<boolean> {
  const total = bench.units_left();
  if (total === 0) return true;
  let failure: EngineError | null = null;
  for (let done = 0; failure === null; done += 1) {
    const label = bench.next_unit();
    if (label === undefined) break;
    tellProgress({ label, done, total });
    try {
      bench.do_unit();
    } catch (error) {
      const { message } = told(error);
      failure = { class: "masters", message: `${label}: ${message}` };
    }
    if (failure === null) await pause();
    if (!isMine()) return false;
  }
  desk.info = bench.complete() as ExposureInfo;
  post({ kind: "completed", info: desk.info, failure });
  for (const amp of desk.amps) tell(bench, amp);
  return true;
}

/** Runs what is stale, until it is done or the state has changed: the first stage of all amplifiers, that
 * there is something to see, then the masters, then amplifier by amplifier. */
export async function run(bench: Session): Promise<Executed> {
  const mine = desk.generation;
  const isMine = (): boolean => mine === desk.generation;
  const executed: Executed = [];
  for (const amp of desk.amps) tell(bench, amp);
  const total = desk.held.length * ((bench.steps() as StepInfo[]).length + 1);
  const first = (amp: number): string | undefined => stages(bench, amp)[0]?.stage;
  let isSeen = false;
  for (const all of [false, true]) {
    if (all && !(await makeMasters(bench, isMine))) return executed;
    for (const amp of desk.held)
      for (;;) {
        // Another exposure may be open by now, and this one gone.
        if (!isMine()) return executed;
        const step = bench.next(amp);
        if (step === undefined || !(all || step === first(amp))) break;
        tellProgress({ label: `${step}, amplifier ${amp}`, done: executed.length, total });
        if (!(await oneStep(bench, amp, step, isMine))) return executed;
        executed.push({ amp, step });
        const isSlow = (times.get(`${amp} ${step}`) ?? 0) > SLOW;
        if (all || isSeen || !(isSlow || amp === desk.held.at(-1))) continue;
        isSeen = true;
        await listen();
      }
  }
  if (isMine()) tellProgress(null);
  return executed;
}

/** Does a step, a long one in pieces; whether it was done and not left. */
async function oneStep(bench: Session, amp: number, step: string, isMine: () => boolean): Promise<boolean> {
  let spent = 0;
  for (;;) {
    running = { amp, step };
    const start = performance.now();
    try {
      bench.advance(amp);
    } catch {
      // The stage keeps the reason, and the rail shows it.
    }
    spent += performance.now() - start;
    running = null;
    const isDone = bench.next(amp) !== step;
    if (isDone) {
      took(amp, step, spent);
      tell(bench, amp);
    }
    await pause();
    if (isDone) return true;
    if (!isMine()) return false;
  }
}

export function tellProgress(progress: Progress | null): void {
  desk.busy = progress !== null;
  post({ kind: "progress", progress });
}

/** The stages as far as they are known; their numbers wait until they are asked for. */
function tell(bench: Session, amp: number): void {
  post({ kind: "stages", amp, stages: stages(bench, amp) });
}

export function stages(bench: Session, amp: number, numbers = false): StageInfo[] {
  const all = bench.stages(amp, numbers) as StageInfo[];
  return all.map((stage) => ({
    ...stage,
    state: running?.amp === amp && running.step === stage.stage ? "running" : stage.state,
    ms: times.get(`${amp} ${stage.stage}`) ?? null,
  }));
}
