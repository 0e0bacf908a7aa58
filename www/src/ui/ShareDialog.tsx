/** A link that carries recipe and view; the part after # is never sent to a server. */

import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { exposure, notice, report } from "../state/bench";
import { shareLink } from "../state/share";
import { dialog } from "./dialogs";
import { Dialog } from "./Dialog";

const link = signal("");

async function copy(): Promise<void> {
  await navigator.clipboard.writeText(link.peek());
  notice.value = "The link is on the clipboard.";
  dialog.value = null;
}

function Content() {
  useEffect(() => void shareLink().then((made) => (link.value = made), report), []);
  return (
    <>
      <p>
        The link holds the recipe, the view and the name of the exposure
        {exposure.value?.simulated ? " with its seed" : ", with a checksum of its file"}. It holds no pixels, and what
        stands after # is not sent to any server.
      </p>
      <label class="stacked">
        <span>link</span>
        <textarea readOnly rows={4} value={link.value} onFocus={(event) => event.currentTarget.select()} />
      </label>
      <div class="row">
        <button type="button" class="primary" onClick={() => void copy().catch(report)}>
          Copy
        </button>
        <span class="quiet">{link.value.length} characters</span>
      </div>
      {exposure.value && !exposure.value.simulated && <p class="note">Whoever opens the link needs the same file.</p>}
    </>
  );
}

export function ShareDialog() {
  return (
    <Dialog name="share" title="Share">
      <Content />
    </Dialog>
  );
}
