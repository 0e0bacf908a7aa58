/** What runs or ran, how much memory it takes, and that nothing has left the computer. */

import { lastRun, memoryBytes, notice, progress } from "../state/bench";
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

export function StatusBar() {
  return (
    <footer class="status-bar">
      <Progress />
      <span role="status">{notice.value ?? lastRun.value}</span>
      <span class="spring" />
      {memoryBytes.value > 0 && <span>memory {bytes(memoryBytes.value)}</span>}
      <span class="safe">
        <span aria-hidden="true">⌂</span> nothing has left this computer
      </span>
    </footer>
  );
}
