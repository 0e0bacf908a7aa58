/** What runs or ran, how much memory it takes, who draws, and that nothing has left the computer. */

import { drawnBy, lastRun, memoryBytes, notice, progress } from "../state/bench";
import { stopRun } from "../state/run";
import { bytes } from "./format";

function Progress() {
  const now = progress.value;
  if (!now) return null;
  return (
    <span class="status-progress">
      <progress value={now.done} max={now.total} aria-label={now.label} /> {now.label}
      <button type="button" class="plain" onClick={stopRun}>
        stop (Esc)
      </button>
    </span>
  );
}

/** The names of who draws. */
const RASTERS = { cpu: "CPU", gl2: "GPU (WebGL2)" };

export function StatusBar() {
  return (
    <footer class="status-bar">
      <Progress />
      <span role="status">{notice.value ?? lastRun.value}</span>
      <span class="spring" />
      {memoryBytes.value > 0 && <span>memory {bytes(memoryBytes.value)}</span>}
      {drawnBy.value && <span>drawn by {RASTERS[drawnBy.value]}</span>}
      <span class="safe">
        <span aria-hidden="true">⌂</span> nothing has left this computer
      </span>
    </footer>
  );
}
