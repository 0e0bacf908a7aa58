/** What is shown, against what, and how the two are compared. */

import { drawable, isImage, PHOTOMETRY, selected } from "../state/bench";
import { preferences, prefer } from "../state/preferences";
import { comparison, setMode, show, type BenchMode } from "../state/view";
import { Looks } from "./Looks";
import { Segmented } from "./Segmented";

const MODES: readonly { value: BenchMode; label: string; key?: string }[] = [
  { value: "single", label: "single" },
  { value: "split", label: "split", key: "s" },
  { value: "blink", label: "blink", key: "b" },
  { value: "difference", label: "difference", key: "d" },
];

function StageSelect({ label, value, onChange }: { label: string; value: string; onChange(stage: string): void }) {
  return (
    <label class="inline">
      <span>{label}</span>
      <select value={value} onChange={(event) => onChange(event.currentTarget.value)}>
        {drawable.value.map((info) => (
          <option key={info.stage} value={info.stage}>
            {info.title}
          </option>
        ))}
      </select>
    </label>
  );
}

function BlinkRate() {
  return (
    <label class="inline">
      <span>per second</span>
      <select
        value={String(preferences.value.blinkPerSecond)}
        onChange={(event) => prefer({ blinkPerSecond: Number(event.currentTarget.value) })}
      >
        {[0.5, 1, 2, 3].map((rate) => (
          <option key={rate} value={String(rate)}>
            {rate}
          </option>
        ))}
      </select>
    </label>
  );
}

export function ViewerToolbar() {
  const { stage, against, mode } = comparison.value;
  const pick = (next: string): void => {
    const keep = selected.peek() === PHOTOMETRY;
    show(next);
    if (keep) selected.value = PHOTOMETRY;
  };
  return (
    <div class="bar viewer-toolbar">
      <StageSelect label="show" value={stage} onChange={pick} />
      {mode !== "single" && (
        <StageSelect
          label="against"
          value={against}
          onChange={(next) => (comparison.value = { ...comparison.peek(), against: next })}
        />
      )}
      {!isImage.value && <Segmented label="Comparison" hideLabel value={mode} options={MODES} onChange={setMode} />}
      {mode === "blink" && <BlinkRate />}
      <span class="spring" />
      <Looks />
    </div>
  );
}
