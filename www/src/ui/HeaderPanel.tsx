/** Header of the exposure, with a search. Its text comes from a file: it is shown as text only. */

import { effect, signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { HeaderCard } from "../engine/protocol";
import { engine, exposure, isImage, notice, report } from "../state/bench";
import { plotAmp } from "../state/view";

const cards = signal<HeaderCard[]>([]);
const wanted = signal("");

async function copy(card: HeaderCard): Promise<void> {
  await navigator.clipboard.writeText(`${card.key} = ${card.value} / ${card.comment}`);
  notice.value = `${card.key} is on the clipboard.`;
}

function matches(card: HeaderCard, words: string): boolean {
  return `${card.key} ${card.value} ${card.comment}`.toLowerCase().includes(words.toLowerCase());
}

export function HeaderPanel() {
  useEffect(
    () =>
      effect(() => {
        if (exposure.value)
          engine
            .peek()
            ?.header(plotAmp.value)
            .then((found) => (cards.value = found), report);
      }),
    [],
  );
  const shown = cards.value.filter((card) => matches(card, wanted.value));
  return (
    <div class="header-panel">
      <div class="row">
        <label class="inline">
          <span>search</span>
          <input type="search" value={wanted.value} onInput={(event) => (wanted.value = event.currentTarget.value)} />
        </label>
        <span role="status" class="quiet">
          {shown.length} of {cards.value.length} cards{isImage.value ? "" : `, amplifier ${plotAmp.value}`}
        </span>
      </div>
      <div class="table-box" tabIndex={0} role="region" aria-label="Header cards">
        <table class="header-table">
          <thead>
            <tr>
              <th scope="col">key</th>
              <th scope="col">value</th>
              <th scope="col">comment</th>
              <th scope="col">
                <span class="unseen">copy</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {shown.map((card, i) => (
              <tr key={i}>
                <th scope="row">{card.key}</th>
                <td>{card.value}</td>
                <td class="quiet">{card.comment}</td>
                <td>
                  <button
                    type="button"
                    class="plain"
                    aria-label={`Copy ${card.key}`}
                    onClick={() => void copy(card).catch(report)}
                  >
                    copy
                  </button>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </div>
  );
}
