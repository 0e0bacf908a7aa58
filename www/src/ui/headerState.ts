/** Which headers are read and compared. */

import { computed, effect, signal } from "@preact/signals";
import type { HeaderCard, HeaderChoice } from "../engine/protocol";
import { engine, exposure, report, revision } from "../state/bench";
import { SHOWN_HEADER } from "../state/source";
import { plotAmp } from "../state/view";
import { compareHeaders, type ComparedCard } from "./headerDiff";
import { latest } from "./latest";

/** Stands for no comparison. */
export const NOTHING = "";

export const choices = signal<HeaderChoice[]>([]);
export const wantedHeader = signal(SHOWN_HEADER);
export const wantedOther = signal(NOTHING);
export const words = signal("");
export const onlyDifferences = signal(true);

const cards = signal<HeaderCard[]>([]);
/** Cards of the other header; `null` without a comparison. */
const otherCards = signal<HeaderCard[] | null>(null);

/** What was chosen, as far as the exposure has it. */
export const shownHeader = computed(() => known(wantedHeader.value) ?? SHOWN_HEADER);
export const otherHeader = computed(() => known(wantedOther.value) ?? NOTHING);

function known(of: string): string | undefined {
  return choices.value.find((choice) => choice.of === of)?.of;
}

export const compared = computed<ComparedCard[] | null>(() =>
  otherCards.value ? compareHeaders(cards.value, otherCards.value) : null,
);

/** All cards as rows; without a comparison none differs. */
export const allRows = computed<ComparedCard[]>(
  () => compared.value ?? cards.value.map((card) => ({ key: card.key, difference: "same", card, other: null })),
);

export const rows = computed<ComparedCard[]>(() => {
  const wanted = words.value.toLowerCase();
  const differing = compared.value !== null && onlyDifferences.value;
  return allRows.value.filter((row) => (!differing || row.difference !== "same") && textOf(row).includes(wanted));
});

function textOf({ key, card, other }: ComparedCard): string {
  return [key, card?.value, card?.comment, other?.value, other?.comment].join(" ").toLowerCase();
}

export function titleOf(of: string): string {
  return choices.value.find((choice) => choice.of === of)?.title ?? of;
}

interface Question {
  amp: number;
  of: string;
  other: string;
}

interface Found {
  choices: HeaderChoice[];
  cards: HeaderCard[];
  other: HeaderCard[] | null;
}

async function read({ amp, of, other }: Question): Promise<Found> {
  const source = engine.peek();
  if (!source) return { choices: [], cards: [], other: null };
  const found = await source.headers(amp);
  const isThere = (wanted: string): boolean => found.some((choice) => choice.of === wanted);
  const first = await source.header(amp, isThere(of) ? of : SHOWN_HEADER);
  return { choices: found, cards: first, other: isThere(other) ? await source.header(amp, other) : null };
}

/** Reads them again whenever the exposure, the amplifier, the recipe or the choice changes. */
export function keepHeaders(): () => void {
  const ask = latest<Question, Found>(
    read,
    (found) => {
      choices.value = found.choices;
      cards.value = found.cards;
      otherCards.value = found.other;
    },
    report,
  );
  return effect(() => {
    void revision.value;
    const question = { amp: plotAmp.value, of: wantedHeader.value, other: wantedOther.value };
    if (exposure.value) ask(question);
  });
}
