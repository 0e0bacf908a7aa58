/** A short task: it opens the bench in a state and asks a question whose answer can be checked. */

import type { Json } from "../engine/protocol";
import type { BenchMode } from "../state/view";
import type { DockTab } from "../ui/dock";

export interface StepChange {
  step: string;
  on?: boolean;
  /** Values by dotted path. */
  params?: { [path: string]: Json };
}

export interface LessonState {
  seed: number;
  recipe: StepChange[];
  /** What the inspector opens. */
  step: string;
  stage: string;
  against: string;
  mode: BenchMode;
  dock: DockTab;
  /** Mean over the amplifier instead of one line. */
  whole?: boolean;
  amp: number;
}

export type Answer =
  | { kind: "choice"; choices: string[]; right: number }
  | { kind: "number"; unit: string; low: number; high: number }
  /** The number is read off the bench: the rms of a stage to the truth, as it is now. */
  | { kind: "rms"; stage: string; share: number }
  /** The bench itself is the answer: a parameter has to be brought into a range. */
  | { kind: "parameter"; step: string; path: string; low: number; high: number };

export interface Lesson {
  id: string;
  title: string;
  text: string[];
  question: string;
  answer: Answer;
  /** Shown with the right answer. */
  why: string;
  /** Shown with a wrong one. */
  hint: string;
  state: LessonState;
}
