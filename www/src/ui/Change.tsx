/** What a change did to the rms: an arrow, a number, and a word for it. */

import { decimals } from "./format";

export function Change({ by }: { by: number }) {
  const better = by < 0;
  return (
    <span class={`rail-change ${better ? "better" : "worse"}`}>
      <span aria-hidden="true">{better ? "▼" : "▲"}</span>
      <span class="unseen">rms {better ? "smaller by" : "larger by"}</span>{" "}
      {decimals(Math.abs(by), Math.abs(by) < 1 ? 2 : 1)} <small>DN</small>
    </span>
  );
}
