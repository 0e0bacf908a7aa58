/** Undo and redo over the recipe, the aperture and the look of the picture. */

import { computed, signal } from "@preact/signals";
import type { Json, StepSetting } from "../engine/protocol";
import { aperture, dragging, settings } from "./bench";
import { look, type Look } from "./view";

export interface Snapshot {
  settings: StepSetting[];
  aperture: { [key: string]: Json };
  look: Look;
}

interface Entry {
  /** What the change was, for the button's name. */
  label: string;
  /** The state before it, as text: equal text is an equal state. */
  before: string;
}

const LIMIT = 200;
/** Changes of the same thing within this time are one step back (ms). */
const MERGE_MS = 900;

const past = signal<Entry[]>([]);
const future = signal<Entry[]>([]);
let lastLabel = "";
let lastTime = 0;

export const undoLabel = computed(() => past.value[past.value.length - 1]?.label ?? null);
export const redoLabel = computed(() => future.value[future.value.length - 1]?.label ?? null);

function now(): string {
  const snapshot: Snapshot = { settings: settings.peek(), aperture: aperture.peek(), look: look.peek() };
  return JSON.stringify(snapshot);
}

/** Call before a change. True if it is a new step back, false if it went on with the last one. */
export function remember(label: string): boolean {
  const time = performance.now();
  const merges = label === lastLabel && (dragging.peek() || time - lastTime < MERGE_MS);
  lastLabel = label;
  lastTime = time;
  if (!merges) past.value = [...past.value.slice(-LIMIT), { label, before: now() }];
  future.value = [];
  return !merges;
}

/** The next change is a step back of its own, whatever came before it. */
export function beginEntry(): void {
  lastLabel = "";
}

function step(from: typeof past, to: typeof past): Snapshot | null {
  const entry = from.value[from.value.length - 1];
  if (!entry) return null;
  lastLabel = "";
  to.value = [...to.value, { label: entry.label, before: now() }];
  from.value = from.value.slice(0, -1);
  return JSON.parse(entry.before) as Snapshot;
}

export function takeBack(): Snapshot | null {
  return step(past, future);
}

export function takeAgain(): Snapshot | null {
  return step(future, past);
}

export function forgetHistory(): void {
  past.value = [];
  future.value = [];
  lastLabel = "";
}
