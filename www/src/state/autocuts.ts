/** Keeps the cuts what their name says: a new stage, amplifier or result gives new numbers. */

import { computed, effect } from "@preact/signals";
import { ampNumbers, engine, report, revision, stages } from "./bench";
import { comparison, look, type Cuts } from "./view";

let asked = 0;

async function ask(
  kind: Exclude<Cuts["kind"], "typed">,
  stage: string,
  against: string | null,
  amps: number[],
): Promise<void> {
  const ticket = ++asked;
  try {
    const found = await engine.peek()?.cuts(stage, against, kind, amps);
    if (!found || ticket !== asked) return;
    // A difference is shown about zero, so that the neutral color means "equal".
    const reach = Math.max(Math.abs(found.low), Math.abs(found.high)) || 1;
    const cuts = against ? { kind, low: -reach, high: reach } : { kind, ...found };
    look.value = { ...look.peek(), [against ? "differenceCuts" : "cuts"]: cuts };
  } catch (cause) {
    report(cause);
  }
}

/** What the cuts follow from; the cuts themselves are not among it, so that setting them asks nothing. */
const question = computed(() => {
  const { mode, stage, against } = comparison.value;
  const difference = mode === "difference";
  const { kind } = difference ? look.value.differenceCuts : look.value.cuts;
  return JSON.stringify([kind, stage, difference ? against : null, ampNumbers.value, revision.value]);
});

export function keepCuts(): void {
  effect(() => {
    const [kind, stage, against, amps] = JSON.parse(question.value) as [Cuts["kind"], string, string | null, number[]];
    if (kind === "typed" || amps.length === 0 || !stages.peek().some((info) => info.stage === stage)) return;
    void ask(kind, stage, against, amps);
  });
}
