/** The divider between the two stages of a split picture: a slider for hand and keyboard. */

import { useRef } from "preact/hooks";
import { stageTitle } from "../state/bench";
import { comparison } from "../state/view";

function setSplit(value: number): void {
  comparison.value = { ...comparison.peek(), split: Math.min(1, Math.max(0, value)) };
}

const STEPS: Record<string, number> = {
  ArrowLeft: -0.01,
  ArrowRight: 0.01,
  ArrowDown: -0.01,
  ArrowUp: 0.01,
  PageDown: -0.1,
  PageUp: 0.1,
};

function onKey(event: KeyboardEvent): void {
  const step = STEPS[event.key];
  const end = event.key === "Home" ? 0 : event.key === "End" ? 1 : null;
  if (step === undefined && end === null) return;
  event.preventDefault();
  event.stopPropagation();
  setSplit(end ?? comparison.peek().split + (step ?? 0));
}

export function SplitHandle() {
  const handle = useRef<HTMLDivElement>(null);
  const { split, stage, against } = comparison.value;
  const percent = Math.round(split * 100);
  const drag = (event: PointerEvent): void => {
    const box = handle.current?.parentElement?.getBoundingClientRect();
    if (box && handle.current?.hasPointerCapture(event.pointerId)) setSplit((event.clientX - box.left) / box.width);
  };
  return (
    <div
      ref={handle}
      class="split-handle"
      data-own-pointer
      role="slider"
      tabIndex={0}
      style={{ left: `${split * 100}%` }}
      aria-label={`Divider between ${stageTitle(against)} and ${stageTitle(stage)}`}
      aria-orientation="horizontal"
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={percent}
      aria-valuetext={`${percent} % of the width`}
      onPointerDown={(event) => (event.currentTarget as Element).setPointerCapture(event.pointerId)}
      onPointerMove={drag}
      onKeyDown={onKey}
    >
      <span class="split-grip" aria-hidden="true">
        ◂▸
      </span>
    </div>
  );
}
