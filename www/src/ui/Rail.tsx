/** The steps in their order, each with a thumbnail, its state, its time and the rms to the truth. */

import { useEffect, useRef } from "preact/hooks";
import type { StageInfo } from "../engine/protocol";
import { switchStep } from "../state/actions";
import {
  exposure,
  isImage,
  lastStage,
  photometry,
  PHOTOMETRY,
  rmsChange,
  selected,
  settings,
  stages,
  stepInfos,
} from "../state/bench";
import { comparison, show, showApertures } from "../state/view";
import { beginDrag, drag, dropMark, holdRail, swallowClick } from "./railDrag";
import { Change } from "./Change";
import { decimals, milliseconds } from "./format";
import { Thumbnail } from "./Thumbnail";

const SIGNS: Record<StageInfo["state"], string> = {
  ok: "✓",
  stale: "◌",
  running: "…",
  skipped: "↷",
  off: "–",
  failed: "✕",
};

function Facts({ info }: { info: StageInfo }) {
  const change = info.state === "ok" ? rmsChange(info) : null;
  return (
    <>
      {change !== null ? (
        <Change by={change} />
      ) : (
        <span class={`rail-state ${info.state}`}>
          <span aria-hidden="true">{SIGNS[info.state]}</span>{" "}
          {info.state === "ok" ? (info.ms ? milliseconds(info.ms) : "kept") : info.state}
        </span>
      )}
      {info.toTruth && (
        <span class="rail-rms">
          <span class="unseen">rms to the truth </span>
          {decimals(info.toTruth.rms, 1)} <small>DN</small>
        </span>
      )}
    </>
  );
}

function Switch({ step }: { step: string }) {
  const setting = settings.value.find((one) => one.step === step);
  const info = stepInfos.value.find((one) => one.step === step);
  if (!setting || !info?.canSwitchOff) return null;
  return (
    <label class="rail-switch" title={`${info.title} on or off`}>
      <input
        type="checkbox"
        role="switch"
        checked={setting.on}
        aria-label={`${info.title} on`}
        onChange={() => switchStep(step, !setting.on)}
      />
    </label>
  );
}

function Item({ info }: { info: StageInfo }) {
  const chosen = selected.value === info.stage;
  const shown = comparison.value.stage === info.stage;
  const isStep = settings.value.some((setting) => setting.step === info.stage);
  const marks = `${chosen ? " chosen" : ""}${shown ? " shown" : ""}${isStep ? dropMark(info.stage) : ""}`;
  const moved = drag.value?.step === info.stage ? drag.value.dx : 0;
  return (
    <li
      class={`rail-item${isStep ? " movable" : ""}${marks}`}
      data-stage={info.stage}
      {...(moved === 0 ? {} : { style: { transform: `translateX(${moved}px)` } })}
      onPointerDown={(event) => isStep && beginDrag(event, info.stage)}
      onClickCapture={swallowClick}
    >
      <button
        type="button"
        class="rail-pick"
        aria-current={chosen ? "step" : undefined}
        onClick={() => show(info.stage)}
      >
        <span class="rail-title">
          {info.title}
          {shown && <span class="unseen">, shown</span>}
        </span>
        <Thumbnail stage={info.stage} off={info.state === "off"} />
        <Facts info={info} />
      </button>
      <Switch step={info.stage} />
    </li>
  );
}

function openPhotometry(): void {
  comparison.value = { ...comparison.peek(), stage: lastStage.peek() };
  selected.value = PHOTOMETRY;
  showApertures.value = true;
}

function PhotometryItem() {
  const chosen = selected.value === PHOTOMETRY;
  return (
    <li class={chosen ? "rail-item chosen" : "rail-item"} data-stage={PHOTOMETRY}>
      <button type="button" class="rail-pick" aria-current={chosen ? "step" : undefined} onClick={openPhotometry}>
        <span class="rail-title">photometry</span>
        <span class="thumbnail rings" aria-hidden="true">
          ◎
        </span>
        <span class="rail-state">{photometry.value ? `✓ ${photometry.value.table.rows}` : "none"}</span>
        <span class="rail-state">{photometry.value ? "stars" : ""}</span>
      </button>
    </li>
  );
}

export function Rail() {
  const rail = useRef<HTMLElement>(null);
  useEffect(() => (rail.current ? holdRail(rail.current) : undefined), []);
  return (
    <nav class="rail" aria-label="Steps" ref={rail}>
      <p class="rail-key" aria-hidden="true">
        <b>{isImage.value ? "image" : "steps"}</b>
        <span>state, time</span>
        <span class="rail-rms">{exposure.value?.simulated ? "rms to truth" : ""}</span>
      </p>
      <ol>
        {stages.value.map((info) => (
          <Item key={info.stage} info={info} />
        ))}
        {exposure.value && stages.value.length > 0 && <PhotometryItem />}
      </ol>
    </nav>
  );
}
