/** What went wrong, or what the page needs from the person. */

import { signal } from "@preact/signals";
import { openAsImage } from "../state/actions";
import { exposure, problem } from "../state/bench";
import { pendingLink } from "../state/source";
import { dialog } from "./dialogs";
import { later } from "./later";

const ImageSelect = later(() => import("./ExposurePanel").then((part) => part.ImageSelect));

function Problem() {
  const found = problem.value;
  if (!found) return null;
  return (
    <div class="banner bad" role="alert">
      <p>
        <b>{found.class}:</b> {found.message}
      </p>
      <button type="button" onClick={() => (problem.value = null)}>
        Close
      </button>
    </div>
  );
}

function WaitingLink() {
  const link = pendingLink.value;
  if (!link) return null;
  return (
    <div class="banner" role="status">
      <p>
        This link was made with <b>{link.name}</b>. Open that file to see the same; until then this is a simulated
        exposure.
      </p>
      <button type="button" class="primary" onClick={() => (dialog.value = "open")}>
        Open
      </button>
      <button type="button" onClick={() => (pendingLink.value = null)}>
        Close
      </button>
    </div>
  );
}

const closedFor = signal("");

/** Real data without its calibration: said at once, so that nobody takes the result for a reduced one. */
function MissingCalibration() {
  const info = exposure.value;
  const missing = info?.calibration.filter((one) => one.found === null).map((one) => one.what) ?? [];
  if (!info || info.simulated || info.kind !== "raw" || missing.length === 0 || closedFor.value === info.name)
    return null;
  return (
    <div class="banner" role="status">
      <p>
        Not found beside the exposure: <b>{missing.join(", ")}</b>. Steps that need it are skipped; drop the files
        together with the exposure to use them.
      </p>
      <button type="button" onClick={() => void openAsImage()}>
        Show it as it is
      </button>
      <button type="button" onClick={() => (closedFor.value = info.name)}>
        Close
      </button>
    </div>
  );
}

/** An image is not reduced: said at once, with the choice of its file's other images. */
function LookedAt() {
  const info = exposure.value;
  const key = `${info?.name} ${info?.hdu}`;
  if (!info || info.kind !== "image" || closedFor.value === key) return null;
  return (
    <div class="banner" role="status">
      <p>{info.notes.join(" ")}</p>
      <ImageSelect />
      <button type="button" onClick={() => (closedFor.value = key)}>
        Close
      </button>
    </div>
  );
}

export function Banner() {
  return (
    <div class="banners">
      <Problem />
      <WaitingLink />
      <MissingCalibration />
      <LookedAt />
    </div>
  );
}
