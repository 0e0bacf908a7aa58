/** Name, exposure, amplifier, undo, and the panels. */

import { redo, undo } from "../state/actions";
import { exposure, screen, shownAmp } from "../state/bench";
import { mosaic, showMosaic } from "../state/mosaic";
import { fit } from "../state/view";
import { preferences, prefer, type Theme } from "../state/preferences";
import { redoLabel, undoLabel } from "../state/undo";
import { dialog, type DialogName } from "./dialogs";
import { ExportMenu } from "./ExportMenu";

function AmpSelect() {
  const amps = exposure.value?.amps ?? [];
  if (amps.length < 2) return null;
  return (
    <label class="inline">
      <span class="unseen">Amplifier</span>
      <select
        value={String(shownAmp.value)}
        onChange={(event) => {
          shownAmp.value = Number(event.currentTarget.value);
          fit();
        }}
      >
        <option value="0">all amplifiers</option>
        {amps.map((amp) => (
          <option key={amp.amp} value={String(amp.amp)}>
            amplifier {amp.amp}
          </option>
        ))}
      </select>
    </label>
  );
}

const THEMES: { value: Theme; label: string; sign: string }[] = [
  { value: "system", label: "system", sign: "◐" },
  { value: "light", label: "light", sign: "○" },
  { value: "dark", label: "dark", sign: "●" },
];

function ThemeButton() {
  const at = THEMES.findIndex((one) => one.value === preferences.value.theme);
  const next = THEMES[(at + 1) % THEMES.length];
  return (
    <button
      type="button"
      class="icon"
      title={`Colors of the page: ${THEMES[at]?.label}`}
      aria-label={`Colors of the page: ${THEMES[at]?.label}; switch to ${next?.label}`}
      onClick={() => next && prefer({ theme: next.value })}
    >
      {THEMES[at]?.sign}
    </button>
  );
}

function Open({ name, label, title }: { name: DialogName; label: string; title: string }) {
  return (
    <button type="button" title={title} aria-haspopup="dialog" onClick={() => (dialog.value = name)}>
      {label}
    </button>
  );
}

function UndoButtons() {
  const back = undoLabel.value;
  const again = redoLabel.value;
  return (
    <div class="group" role="group" aria-label="History">
      <button
        type="button"
        class="icon"
        disabled={back === null}
        aria-label={back ? `Undo ${back}` : "Undo"}
        title={back ? `Undo ${back} (ctrl z)` : "Nothing to undo"}
        onClick={undo}
      >
        ↶
      </button>
      <button
        type="button"
        class="icon"
        disabled={again === null}
        aria-label={again ? `Redo ${again}` : "Redo"}
        title={again ? `Redo ${again} (shift ctrl z)` : "Nothing to redo"}
        onClick={redo}
      >
        ↷
      </button>
    </div>
  );
}

export function TopBar() {
  const info = exposure.value;
  const onBench = screen.value === "bench";
  return (
    <header class="bar top-bar">
      <h1 class="brand">
        <img src="icon.svg" alt="" width="22" height="22" />
        rawsky
      </h1>
      <button type="button" class="primary" aria-haspopup="dialog" onClick={() => (dialog.value = "open")}>
        Open
      </button>
      {info && onBench && (
        <span class="exposure-name" title={info.name}>
          {info.simulated && <span class="badge">simulated</span>}
          {info.kind === "image" && <span class="badge">image</span>}
          {info.name}
        </span>
      )}
      {onBench && <AmpSelect />}
      {onBench && <UndoButtons />}
      <span class="spring" />
      {onBench && (
        <button
          type="button"
          title={mosaic.value ? "The focal plane that is open" : "Several detectors at once: a simulated focal plane"}
          onClick={() => void showMosaic()}
        >
          {mosaic.value ? "Back to the focal plane" : "Focal plane"}
        </button>
      )}
      <Open name="lessons" label="Lessons" title="Short tasks with a question" />
      {onBench && <Open name="share" label="Share" title="A link with recipe and view, without pixels" />}
      {onBench && <ExportMenu />}
      <ThemeButton />
      <button
        type="button"
        class="icon"
        aria-label="Keys and help"
        title="Keys and help (key ?)"
        aria-haspopup="dialog"
        onClick={() => (dialog.value = "help")}
      >
        ?
      </button>
    </header>
  );
}
