/**
 * Headers of the exposure, with a search, and what differs between two of them. Their text comes from a
 * file: it is shown as text only.
 */

import type { Signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { HeaderCard } from "../engine/protocol";
import { isImage, notice, report } from "../state/bench";
import { SHOWN_HEADER } from "../state/source";
import { plotAmp } from "../state/view";
import type { ComparedCard, Difference } from "./headerDiff";
import {
  allRows,
  choices,
  compared,
  keepHeaders,
  NOTHING,
  onlyDifferences,
  otherHeader,
  rows,
  shownHeader,
  titleOf,
  wantedHeader,
  wantedOther,
  words,
} from "./headerState";

async function copy(card: HeaderCard): Promise<void> {
  await navigator.clipboard.writeText(`${card.key} = ${card.value} / ${card.comment}`);
  notice.value = `${card.key} is on the clipboard.`;
}

const WORDS: Record<Difference, string> = {
  same: "= same",
  added: "+ added",
  changed: "≠ changed",
  comment: "≠ comment",
  removed: "− removed",
};

/** How many cards differ, in words. */
function differencesText(all: ComparedCard[]): string {
  const kinds = { added: "added", changed: "changed", comment: "with another comment", removed: "removed" } as const;
  const counted = Object.entries(kinds).map(([kind, word]): [number, string] => [
    all.filter((row) => row.difference === kind).length,
    word,
  ]);
  const met = counted.filter(([count]) => count > 0).map(([count, word]) => `${count} ${word}`);
  return met.length > 0 ? met.join(", ") : "no differences";
}

function Choice({ label, chosen, wanted, none }: { label: string; chosen: string; wanted: Signal<string>; none?: string }) {
  return (
    <label class="inline">
      <span>{label}</span>
      <select value={chosen} onChange={(event) => (wanted.value = event.currentTarget.value)}>
        {none !== undefined && <option value={NOTHING}>{none}</option>}
        {choices.value.map((choice) => (
          <option key={choice.of} value={choice.of}>
            {choice.title}
          </option>
        ))}
      </select>
    </label>
  );
}

function Controls() {
  const all = allRows.value;
  const differing = compared.value;
  return (
    <div class="row">
      <label class="inline">
        <span>search</span>
        <input type="search" value={words.value} onInput={(event) => (words.value = event.currentTarget.value)} />
      </label>
      <Choice label="header of" chosen={shownHeader.value} wanted={wantedHeader} />
      <Choice label="compare with" chosen={otherHeader.value} wanted={wantedOther} none="nothing" />
      {differing && (
        <label class="inline check">
          <input
            type="checkbox"
            checked={onlyDifferences.value}
            onChange={(event) => (onlyDifferences.value = event.currentTarget.checked)}
          />
          <span>only differences</span>
        </label>
      )}
      <span role="status" class="quiet">
        {rows.value.length} of {all.length} cards{isImage.value ? "" : `, amplifier ${plotAmp.value}`}
        {differing && `: ${differencesText(differing)}`}
      </span>
    </div>
  );
}

function Copy({ card }: { card: HeaderCard }) {
  return (
    <button type="button" class="plain" aria-label={`Copy ${card.key}`} onClick={() => void copy(card).catch(report)}>
      copy
    </button>
  );
}

function Comment({ row }: { row: ComparedCard }) {
  const { card, other, difference } = row;
  return (
    <td class="quiet">
      {(card ?? other)?.comment}
      {difference === "comment" && <> (was: {other?.comment || "none"})</>}
    </td>
  );
}

function Row({ row }: { row: ComparedCard }) {
  const { key, card, other, difference } = row;
  const kept = card ?? other;
  return (
    <tr class={compared.value ? `card-${difference}` : ""}>
      {compared.value && <td class="card-difference">{WORDS[difference]}</td>}
      <th scope="row">{key}</th>
      <td>{card?.value}</td>
      {compared.value && <td>{other?.value}</td>}
      <Comment row={row} />
      <td>{kept && <Copy card={kept} />}</td>
    </tr>
  );
}

function Cards() {
  const differing = compared.value !== null;
  return (
    <table class="header-table">
      <thead>
        <tr>
          {differing && <th scope="col">difference</th>}
          <th scope="col">key</th>
          <th scope="col">{differing ? titleOf(shownHeader.value) : "value"}</th>
          {differing && <th scope="col">{titleOf(otherHeader.value)}</th>}
          <th scope="col">comment</th>
          <th scope="col">
            <span class="unseen">copy</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.value.map((row, i) => (
          <Row key={i} row={row} />
        ))}
      </tbody>
    </table>
  );
}

export function HeaderPanel() {
  useEffect(keepHeaders, []);
  const provenance = !isImage.value && [shownHeader.value, otherHeader.value].includes(SHOWN_HEADER);
  return (
    <div class="header-panel">
      <Controls />
      <div class="table-box" tabIndex={0} role="region" aria-label="Header cards">
        <Cards />
        {provenance && (
          <p class="quiet header-note">
            The science image as it is written has its provenance too: CREATOR, RECIPE, CAMERA, their digests, and HISTORY
            with the digest of every input.
          </p>
        )}
      </div>
    </div>
  );
}
