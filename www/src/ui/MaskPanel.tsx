/** Mask bits of the shown stage; each can be laid over the picture, as color and hatching. */

import { effect, signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { MaskBit } from "../engine/protocol";
import { ampNumbers, engine, revision, stages } from "../state/bench";
import { comparison, maskBits } from "../state/view";
import { count } from "./format";

const bits = signal<MaskBit[]>([]);

function useBits(): void {
  useEffect(
    () =>
      effect(() => {
        void revision.value;
        const { stage } = comparison.value;
        const amps = ampNumbers.value;
        if (stages.peek().length > 0)
          engine
            .peek()
            ?.maskBits(stage, amps)
            .then(
              (found) => (bits.value = found),
              () => (bits.value = []),
            );
      }),
    [],
  );
}

/** The value of a bit; `<<` would make bit 31 negative. */
const valueOf = (bit: number): number => 2 ** bit;
const has = (all: number, bit: number): boolean => Math.floor(all / valueOf(bit)) % 2 === 1;

function toggle(bit: number): void {
  const now = maskBits.peek();
  maskBits.value = has(now, bit) ? now - valueOf(bit) : now + valueOf(bit);
}

export function MaskPanel() {
  useBits();
  const present = bits.value.filter((one) => one.count > 0 || has(maskBits.value, one.bit));
  return (
    <section class="panel panel-mask" aria-label="Mask">
      <header class="panel-head">
        <h2>mask</h2>
      </header>
      {present.length === 0 && <p class="quiet">No pixel of this stage is marked.</p>}
      <ul class="mask-list">
        {present.map((one) => (
          <li key={one.bit}>
            <label title={one.meaning}>
              <input type="checkbox" checked={has(maskBits.value, one.bit)} onChange={() => toggle(one.bit)} />
              <span class={`hatch hatch-${one.bit % 7} hatch-turn-${one.bit % 4}`} aria-hidden="true" />
              <span class="mask-name">{one.name}</span>
              <span class="quiet">{one.meaning}</span>
              <span class="number">
                {count(one.count)} <span class="unit">pixels</span>
              </span>
            </label>
          </li>
        ))}
      </ul>
    </section>
  );
}
