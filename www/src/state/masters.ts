/** The masters that were made on the spot: the stacks of their frames, and the masters as pictures. */

import { computed, effect, signal } from "@preact/signals";
import type { ExposureInfo, StackInfo } from "../engine/protocol";
import { ampNumbers, busy, engine, exposure, heldMasters, opening, previews, report } from "./bench";
import { comparison } from "./view";

export const stacks = signal<StackInfo[]>([]);

/** What the numbers of a master count. */
export function masterUnit(master: string): string {
  return master.endsWith("flat") ? "relative" : "DN";
}

/** The masters that are shown, with the amplifiers for which they have to be there. */
const shown = computed(() => {
  const { stage, against } = comparison.value;
  const names = heldMasters.value.map((one) => one.stage).filter((name) => name === stage || name === against);
  return JSON.stringify({ names, amps: ampNumbers.value });
});

async function hold(names: string[], amps: number[]): Promise<void> {
  for (const name of names) await engine.peek()?.holdMaster(name, amps);
  previews.value++;
}

/** Reads a master, so that it can be drawn like a stage. */
export async function holdMaster(master: string): Promise<void> {
  await engine.peek()?.holdMaster(master, ampNumbers.peek());
  if (!heldMasters.peek().some((one) => one.stage === master))
    heldMasters.value = [...heldMasters.peek(), { stage: master, title: master, unit: masterUnit(master) }];
}

export async function showMaster(master: string): Promise<void> {
  try {
    await holdMaster(master);
    comparison.value = { ...comparison.peek(), stage: master, mode: "single" };
  } catch (cause) {
    report(cause);
  }
}

/** Finds the stacks of every exposure, and keeps the masters in the picture when its amplifiers change. */
export function keepMasters(): void {
  let asked: ExposureInfo | null = null;
  effect(() => {
    const info = exposure.value;
    if (asked !== info) stacks.value = [];
    // The first picture does not wait for them.
    if (asked === info || busy.value || opening.value) return;
    asked = info;
    if (info?.kind !== "raw") return;
    const take = (found: StackInfo[]): void => {
      if (exposure.peek() === info) stacks.value = found;
    };
    engine.peek()?.stacks().then(take, report);
  });
  effect(() => {
    const { names, amps } = JSON.parse(shown.value) as { names: string[]; amps: number[] };
    if (names.length > 0) hold(names, amps).catch(report);
  });
}
