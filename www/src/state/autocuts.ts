/** Keeps the cuts what their name says: a new stage, amplifier or result gives new numbers. */

import { computed, effect } from "@preact/signals";
import { ampNumbers, drawable, engine, isVisible, report, revision } from "./bench";
import type { CutsKind } from "../engine/protocol";
import { againstCuts, comparesOwnCuts, comparison, look, type Cuts } from "./view";

type Kind = Exclude<Cuts["kind"], "typed">;
type Ends = { low: number; high: number };

/** What the cuts follow from; the cuts themselves are not among it, so that setting them asks nothing. */
interface Question {
  kind: Cuts["kind"];
  stage: string;
  /** The other stage of a comparison, if there is one. */
  against: string | null;
  difference: boolean;
  amps: number[];
  revision: number;
}

let asked = 0;

/** Two stages side by side have one scale, wide enough for both. */
async function bothCuts(kind: Kind, stages: string[], amps: number[]): Promise<Ends | null> {
  const source = engine.peek();
  if (!source) return null;
  const found = await Promise.all(stages.map((stage) => source.cuts(stage, null, kind, amps)));
  return { low: Math.min(...found.map((one) => one.low)), high: Math.max(...found.map((one) => one.high)) };
}

/** A difference is shown about zero, so that the neutral color means "equal". */
async function differenceCuts(kind: Kind, stage: string, against: string, amps: number[]): Promise<Ends | null> {
  const found = await engine.peek()?.cuts(stage, against, kind, amps);
  if (!found) return null;
  const reach = Math.max(Math.abs(found.low), Math.abs(found.high)) || 1;
  return { low: -reach, high: reach };
}

async function ask(kind: Kind, question: Question): Promise<void> {
  const ticket = ++asked;
  const { stage, against, difference, amps } = question;
  try {
    const ends =
      difference && against
        ? await differenceCuts(kind, stage, against, amps)
        : await bothCuts(kind, against && against !== stage ? [stage, against] : [stage], amps);
    if (!ends || ticket !== asked) return;
    look.value = { ...look.peek(), [difference ? "differenceCuts" : "cuts"]: { kind, ...ends } };
  } catch (cause) {
    report(cause);
  }
}

const question = computed(() => {
  const { mode, stage, against } = comparison.value;
  const difference = mode === "difference";
  const { kind } = difference ? look.value.differenceCuts : look.value.cuts;
  // Stages with cuts of their own do not widen each other's.
  const other = mode === "single" || comparesOwnCuts.value ? null : against;
  const asking: Question = {
    kind,
    stage,
    against: other,
    difference,
    amps: ampNumbers.value,
    revision: revision.value,
  };
  return JSON.stringify(asking);
});

/** The same for the other stage of a split or blink. */
const questionAgainst = computed(() =>
  comparesOwnCuts.value ? JSON.stringify([look.value.cuts.kind, comparison.value.against, ampNumbers.value, revision.value]) : "",
);

let askedAgainst = 0;

async function askAgainst(kind: CutsKind, stage: string, amps: number[]): Promise<void> {
  const ticket = ++askedAgainst;
  try {
    const found = await engine.peek()?.cuts(stage, null, kind, amps);
    if (found && ticket === askedAgainst) againstCuts.value = found;
  } catch (cause) {
    report(cause);
  }
}

export function keepCuts(): void {
  effect(() => {
    if (questionAgainst.value === "" || !isVisible.value) return;
    const [kind, stage, amps] = JSON.parse(questionAgainst.value) as [CutsKind, string, number[]];
    if (amps.length > 0 && drawable.peek().some((info) => info.stage === stage)) void askAgainst(kind, stage, amps);
  });
  effect(() => {
    const now = JSON.parse(question.value) as Question;
    if (!isVisible.value || now.kind === "typed" || now.amps.length === 0 || !drawable.peek().some((info) => info.stage === now.stage))
      return;
    void ask(now.kind, now);
  });
}
