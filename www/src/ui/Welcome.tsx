/** The first thing a person reads: what is on the screen, and that nothing leaves the computer. */

import { exposure, lastStage, stages, stageTitle } from "../state/bench";
import { prefer, preferences } from "../state/preferences";
import { chooseFiles } from "./picker";
import { decimals } from "./format";

function Numbers() {
  const raw = stages.value[0]?.toTruth;
  const last = stages.value.find((stage) => stage.stage === lastStage.value)?.toTruth;
  if (!raw || !last) return null;
  return (
    <p>
      Rms to the known truth: raw <b>{decimals(raw.rms, 1)} DN</b>, {stageTitle(lastStage.value)}{" "}
      <b>{decimals(last.rms, 1)} DN</b>.
    </p>
  );
}

export function Welcome() {
  if (!preferences.value.welcome || !exposure.value?.simulated) return null;
  return (
    <aside class="welcome" data-own-pointer aria-label="Welcome">
      <button type="button" class="close" aria-label="Close the welcome" onClick={() => prefer({ welcome: false })}>
        ×
      </button>
      <h2>From raw to science, pixel by pixel</h2>
      <p>
        A simulated exposure, raw on the left, reduced on the right. Drag the divider; pick a step above; point at a
        pixel.
      </p>
      <Numbers />
      <button type="button" class="drop-button" onClick={() => chooseFiles()}>
        <b>Drop a raw exposure here</b>
        <span>or choose files</span>
      </button>
      <p class="quiet">Your data stays on this computer.</p>
    </aside>
  );
}
