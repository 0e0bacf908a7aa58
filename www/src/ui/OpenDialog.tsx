/** Where exposures come from: files of this computer, or the simulator. */

import { signal } from "@preact/signals";
import { CAMERA, openSimulated } from "../state/actions";
import { cameras } from "../state/bench";
import { NO_CAMERA, pendingLink } from "../state/source";
import { dialog } from "./dialogs";
import { Dialog } from "./Dialog";
import { camera, chooseFiles } from "./picker";

const seed = signal(1);

function Files() {
  return (
    <section aria-labelledby="open-files">
      <h3 id="open-files">Files of this computer</h3>
      {pendingLink.value && (
        <p class="note">The link was made with {pendingLink.value.name}. Open that file to see the same.</p>
      )}
      <p>
        A raw exposure, and beside it what you have: biases, flats or master frames, science headers, masks, a catalog.
        A science image, a master or any other FITS image is shown as it is; exposures of several detectors are
        shown as a focal plane. Files dropped anywhere on the page are
        opened too. Nothing is uploaded.
      </p>
      <label class="inline">
        <span>camera</span>
        <select value={camera.value} onChange={(event) => (camera.value = event.currentTarget.value)}>
          <option value="">from the header</option>
          <option value={NO_CAMERA}>none: show the image as it is</option>
          {cameras.value.map((one) => (
            <option key={one.name} value={one.name}>
              {one.name}: {one.description}
            </option>
          ))}
        </select>
      </label>
      <div class="row">
        <button type="button" class="primary" onClick={() => chooseFiles()}>
          Choose files
        </button>
        <button type="button" onClick={() => chooseFiles(true)}>
          Choose a folder
        </button>
      </div>
    </section>
  );
}

function Simulated() {
  const submit = (event: Event): void => {
    event.preventDefault();
    dialog.value = null;
    void openSimulated(seed.peek());
  };
  return (
    <section aria-labelledby="open-simulated">
      <h3 id="open-simulated">Simulated exposure</h3>
      <p>The camera “{CAMERA}”: 4 amplifiers, a night of biases and flats, and a sky whose truth is known.</p>
      <form class="row" onSubmit={submit}>
        <label class="inline">
          <span>seed</span>
          <input
            type="number"
            min={0}
            max={4294967295}
            step={1}
            value={seed.value}
            onInput={(event) => (seed.value = Math.max(0, Math.floor(Number(event.currentTarget.value))))}
          />
        </label>
        <button type="submit">Simulate</button>
      </form>
    </section>
  );
}

export function OpenDialog() {
  return (
    <Dialog name="open" title="Open">
      <Files />
      <Simulated />
    </Dialog>
  );
}
