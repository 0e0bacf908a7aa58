/** Objects that were looked for on request: those of the shown amplifiers, in words, and their zero point. */

import { computed, effect, signal, untracked } from "@preact/signals";
import type { FoundOn, Marks, OnSky, Pairs } from "../engine/found";
import type { EngineError } from "../engine/protocol";
import { ampNumbers, busy, engine, exposure, notice, opening, report, revision } from "./bench";
import { takeNumbers } from "./run";
import { cursor, pinned, place, searching, showObjects } from "./view";
import { zero, zeroRefusal } from "./zero";

/** What was found; `null` before it is there. */
const found = signal<FoundOn[] | null>(null);

/** What was found on the shown amplifiers. */
export const shownFound = computed(() => found.value?.filter(({ amp }) => ampNumbers.value.includes(amp)) ?? null);

/** One object: its amplifier and its place in the list there. */
export interface ObjectAt {
  amp: number;
  row: number;
  of: Marks;
}

export const objects = computed<ObjectAt[]>(
  () =>
    shownFound.value?.flatMap(({ amp, found: one }) =>
      one ? one.objects.x.map((_, row) => ({ amp, row, of: one.objects })) : [],
    ) ?? [],
);

/** The matches of the shown amplifiers. */
export const matches = computed<{ of: Marks; sky: OnSky }[]>(
  () => shownFound.value?.flatMap(({ found: one }) => (one?.sky ? [{ of: one.objects, sky: one.sky }] : [])) ?? [],
);

/** How near the cursor must be (CSS pixels). */
const REACH = 14;

/** The object under the cursor, whoever moved it there: a mouse, a finger, arrow keys, a row of the table. */
export const objectAtCursor = computed<ObjectAt | null>(() => {
  const at = cursor.value;
  if (!at || !showObjects.value) return null;
  let nearest = REACH / place.value.scale;
  let best: ObjectAt | null = null;
  for (const one of objects.value) {
    const far = Math.hypot((one.of.x[one.row] ?? NaN) - at.x, (one.of.y[one.row] ?? NaN) - at.y);
    if (far <= nearest) [best, nearest] = [one, far];
  }
  return best;
});

export function chooseObject({ of, row }: ObjectAt): void {
  const [x, y] = [of.x[row] ?? 0, of.y[row] ?? 0];
  cursor.value = { x: Math.round(x), y: Math.round(y) };
  pinned.value = true;
  place.value = { ...place.peek(), x, y };
}

/** All matches as one: stars, and the rms of each axis with the weight of its stars (arcsec). */
export const match = computed(() => {
  let [stars, references, east, north] = [0, 0, 0, 0];
  for (const { sky } of matches.value) {
    const n = sky.object.length;
    stars += n;
    references += sky.references;
    east += n * sky.rmsEastArcsec ** 2;
    north += n * sky.rmsNorthArcsec ** 2;
  }
  return stars === 0 ? null : { stars, references, east: Math.sqrt(east / stars), north: Math.sqrt(north / stars) };
});

/** Of values from 1 to 10 these are easy to read. */
const EASY = [1, 2, 5, 10];

/** The easy number (1, 2, 5 times a power of ten) that is next below. */
function easy(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return power * (EASY.findLast((step) => step * power <= value * 1.0000001) ?? 1);
}

/** An arrow of the rms is so long on the screen (CSS pixels), a scale bar at most so long. */
const ARROW = 24;
const BAR = 90;

/** How much longer than the residuals the arrows are, and the bar beside them. */
export const arrows = computed(() => {
  const all = match.value;
  const scale = matches.value[0]?.sky.scaleArcsec;
  if (!all || !scale) return null;
  const perArcsec = place.value.scale / scale;
  const rms = Math.hypot(all.east, all.north);
  const factor = easy(Math.max(1, ARROW / (rms * perArcsec)));
  const barArcsec = easy(BAR / (perArcsec * factor));
  return { factor, barArcsec, bar: barArcsec * perArcsec * factor };
});

/** Pairs of all matches. */
function allPairs(): Pairs {
  const all: Pairs = { magnitude: [], flux: [], fluxErr: [], color: [] };
  for (const { sky } of matches.value)
    for (const key of Object.keys(all) as (keyof Pairs)[]) all[key] = all[key].concat(sky.pairs[key]);
  return all;
}

/** Why there is no match at all. */
export const matchRefusal = computed(() => {
  const list = shownFound.value ?? [];
  if (list.length === 0 || matches.value.length > 0) return "";
  return list[0]?.found?.refusal ?? list[0]?.refusal ?? "";
});

async function takeZero(): Promise<void> {
  const list = matches.value;
  zero.value = null;
  zeroRefusal.value = matchRefusal.value || "No objects are matched yet.";
  if (list.length === 0) return;
  if (list.every(({ sky }) => sky.magnitude === null)) {
    zeroRefusal.value = "The catalog has no magnitude that is known, such as phot_g_mean_mag or mag.";
    return;
  }
  try {
    const made = await engine.peek()?.zeroPoint(allPairs());
    if (list === matches.peek()) zero.value = made ?? null;
  } catch (cause) {
    if (list === matches.peek()) zeroRefusal.value = `${(cause as Partial<EngineError>).message ?? String(cause)}.`;
  }
}

let asked = 0;

async function look(): Promise<void> {
  asked += 1;
  const mine = asked;
  searching.value = true;
  try {
    const all = await engine.peek()?.objects();
    if (mine === asked) found.value = all ?? null;
  } catch (cause) {
    const { class: kind, message } = cause as Partial<EngineError>;
    // Work that goes on brings another question.
    if (mine !== asked || busy.peek() || opening.peek()) return;
    showObjects.value = false;
    if (kind === "cancelled") notice.value = message ?? "stopped";
    else report(cause);
  } finally {
    if (mine === asked) searching.value = false;
    // A simulated exposure was made again for it, and has no numbers yet.
    if (mine === asked) await takeNumbers().catch(() => false);
  }
}

/** Looks for objects while they are wanted: when the page is at rest, and again when an image has changed. */
export function keepObjects(): () => void {
  let of = exposure.peek();
  const stopLooking = effect(() => {
    const isWanted = showObjects.value && !busy.value && !opening.value;
    void revision.value;
    if (!showObjects.value || of !== exposure.value) found.value = null;
    // What is no longer wanted is not waited for.
    if (!showObjects.value && searching.peek() && !busy.peek() && !opening.peek()) engine.peek()?.cancel();
    of = exposure.value;
    // What the engine tells at once is no reason to look again.
    if (isWanted) untracked(() => void look());
  });
  const stopZero = effect(() => {
    void matches.value;
    void takeZero();
  });
  return () => {
    stopLooking();
    stopZero();
  };
}
