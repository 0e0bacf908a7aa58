/** What differs between two headers. */

import type { HeaderCard } from "../engine/protocol";

export type Difference = "same" | "added" | "changed" | "comment" | "removed";

export interface ComparedCard {
  key: string;
  difference: Difference;
  /** The card of the one header and of the other; `null` where there is none. */
  card: HeaderCard | null;
  other: HeaderCard | null;
}

/** Of a keyword that occurs more than once each occurrence is compared with its own of the other header. */
function named(cards: HeaderCard[]): Map<string, HeaderCard> {
  const seen = new Map<string, number>();
  return new Map(
    cards.map((card) => {
      // Free text has no place of its own: what matters is whether it is there.
      const isText = ["COMMENT", "HISTORY", ""].includes(card.key);
      const name = isText ? `${card.key} ${card.value} ${card.comment}` : card.key;
      const count = seen.get(name) ?? 0;
      seen.set(name, count + 1);
      return [`${name} #${count}`, card];
    }),
  );
}

function difference(card: HeaderCard, other: HeaderCard | undefined): Difference {
  if (!other) return "added";
  if (card.value !== other.value) return "changed";
  return card.comment === other.comment ? "same" : "comment";
}

/** The cards of `shown` in their order, then those that only `against` has. */
export function compareHeaders(shown: HeaderCard[], against: HeaderCard[]): ComparedCard[] {
  const [ours, theirs] = [named(shown), named(against)];
  const compared = [...ours].map(([name, card]): ComparedCard => {
    const other = theirs.get(name);
    return { key: card.key, difference: difference(card, other), card, other: other ?? null };
  });
  const gone = [...theirs].filter(([name]) => !ours.has(name));
  const removed = gone.map(([, other]): ComparedCard => ({ key: other.key, difference: "removed", card: null, other }));
  return [...compared, ...removed];
}
