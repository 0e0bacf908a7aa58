/** The picture with its tools: what is shown, how it is compared, where one looks. */

import { useEffect, useRef } from "preact/hooks";
import { exposure, isPreview, opening, stages, stageTitle, stageUnit } from "../state/bench";
import { activeCuts, blinkOn, comparison, cursor, fit, isFitted, place, viewerSize } from "../state/view";
import { lesson } from "../lessons/state";
import { keepPicture } from "./Picture";
import { followPointers } from "./pointer";
import { Overlay } from "./Overlay";
import { later } from "./later";
import { SplitHandle } from "./SplitHandle";
import { ViewerControls } from "./ViewerControls";
import { ViewerToolbar } from "./ViewerToolbar";
import { Welcome } from "./Welcome";
import { decimals } from "./format";

const LessonCard = later(() => import("./LessonCard").then((part) => part.LessonCard));

function Labels() {
  const { mode, stage, against } = comparison.value;
  const here = isPreview.value ? `${stageTitle(stage)} (preview)` : stageTitle(stage);
  const other = stageTitle(against);
  if (mode === "difference")
    return (
      <span class="stage-label right">
        {here} − {other}
      </span>
    );
  if (mode === "blink") return <span class="stage-label right">{blinkOn.value ? here : other}</span>;
  return (
    <>
      {mode === "split" && <span class="stage-label left">{other}</span>}
      <span class="stage-label right">{here}</span>
    </>
  );
}

/** The picture in words, for those who do not see it. */
function description(): string {
  const info = exposure.value;
  if (!info) return "No exposure is open.";
  const { mode, stage, against } = comparison.value;
  const { low, high } = activeCuts.value;
  const shown = mode === "single" ? stageTitle(stage) : `${stageTitle(stage)} against ${stageTitle(against)}, ${mode}`;
  const stats = stages.value.find((one) => one.stage === stage)?.toTruth;
  const truth = stats ? ` Rms to the truth ${decimals(stats.rms, 2)} DN.` : "";
  return `${info.name}, ${info.width} by ${info.height} pixels: ${shown}. Shown from ${decimals(low)} to ${decimals(high)} ${stageUnit(stage)}.${truth}`;
}

function Stagebox() {
  const box = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    if (!box.current || !canvas.current) return;
    const element = box.current;
    const observer = new ResizeObserver(() => {
      const first = viewerSize.peek().width === 0;
      viewerSize.value = { width: element.clientWidth, height: element.clientHeight };
      // The controls of a new exposure take their room one after the other.
      if (first || place.peek().scale === 1 || (opening.peek() && isFitted())) fit();
    });
    observer.observe(element);
    const stopPointers = followPointers(element);
    const stopPicture = keepPicture(canvas.current);
    return () => {
      observer.disconnect();
      stopPointers();
      stopPicture();
    };
  }, []);
  const at = cursor.value;
  return (
    <div class="stage-box" ref={box}>
      <div
        id="viewer"
        class="stage-focus"
        tabIndex={0}
        role="application"
        aria-roledescription="picture"
        aria-label="Picture. Arrow keys move the pixel cursor."
        aria-describedby="picture-words"
      >
        <canvas ref={canvas} />
      </div>
      <p id="picture-words" class="unseen">
        {description()}
        {at ? ` Cursor at x ${at.x}, y ${at.y}.` : ""}
      </p>
      <Overlay />
      <Labels />
      {comparison.value.mode === "split" && <SplitHandle />}
    </div>
  );
}

export function Viewer() {
  return (
    <section class="viewer" aria-label="Viewer">
      <ViewerToolbar />
      <Stagebox />
      {lesson.value ? <LessonCard lesson={lesson.value} /> : <Welcome />}
      <ViewerControls />
    </section>
  );
}
