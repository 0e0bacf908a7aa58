/**
 * The engine's module in its two forms. The one that simulates and shows is small: it is what a visitor
 * needs first, and comes in two parts (`rest.ts`). The whole one reads and writes every kind of file; it is loaded when a file is dropped or
 * asked for.
 */

import type * as Whole from "../../pkg/whole/rawsky_web.js";
import wholeUrl from "../../pkg/whole/rawsky_web_bg.wasm?url";
import startUrl from "../../pkg/start/rawsky_start_bg.wasm?url";
import initStart, * as small from "../../pkg/start/rawsky_start.js";
import type { Request } from "./messages";
import { promiseRest } from "./rest";

export type Session = Whole.Session;

export interface EngineModule {
  Session: typeof Whole.Session;
  cameras: typeof Whole.cameras;
  cameras_for: typeof Whole.cameras_for;
  mark_colors: typeof Whole.mark_colors;
  statistics_of: typeof Whole.statistics_of;
  /** It never shrinks, so that what one exposure left the next one uses. */
  memory: WebAssembly.Memory;
  isWhole: boolean;
}

/** The module that the next session is of. */
export let engine: EngineModule;

let started: Promise<EngineModule> | null = null;
let completed: Promise<EngineModule> | null = null;

/** What only the whole module can do. */
const NEEDS_WHOLE = new Set<Request["kind"]>(["warm", "drop", "images", "catalogue", "recipe", "objects", "zeroPoint"]);

/** Takes the small form where it is enough and the whole one is not there. */
export async function take(request: Request): Promise<void> {
  engine = await (NEEDS_WHOLE.has(request.kind) ? wholeModule() : anyModule());
  // Long descriptions of cameras are in the whole one only.
  if (request.kind === "simulate" && !engine.isWhole && !small.knows(request.camera)) engine = await wholeModule();
}

function anyModule(): Promise<EngineModule> {
  started ??= loadStart();
  return completed ?? started;
}

function wholeModule(): Promise<EngineModule> {
  completed ??= loadWhole().catch((error: unknown) => {
    // Without a network now, perhaps with one later.
    completed = null;
    throw { class: "engine", message: `the part that reads and writes files could not be loaded: ${String(error)}` };
  });
  return completed;
}

async function loadStart(): Promise<EngineModule> {
  const first = await initStart({ module_or_path: startUrl });
  promiseRest(first);
  const { memory } = first;
  // What it lacks is asked of the whole one alone.
  const { Session, cameras, cameras_for, mark_colors, statistics_of } = small as unknown as typeof Whole;
  return { Session, cameras, cameras_for, mark_colors, statistics_of, memory, isWhole: false };
}

async function loadWhole(): Promise<EngineModule> {
  const whole = await import("../../pkg/whole/rawsky_web.js");
  const { Session, cameras, cameras_for, mark_colors, statistics_of } = whole;
  const { memory } = await whole.default({ module_or_path: wholeUrl });
  return { Session, cameras, cameras_for, mark_colors, statistics_of, memory, isWhole: true };
}
