/** What went wrong, or what the page needs from the person. */

import { problem } from "../state/bench";
import { pendingLink } from "../state/source";
import { dialog } from "./dialogs";

function Problem() {
  const found = problem.value;
  if (!found) return null;
  return (
    <div class="banner bad" role="alert">
      <p><b>{found.class}:</b> {found.message}</p>
      <button type="button" onClick={() => (problem.value = null)}>Close</button>
    </div>
  );
}

function WaitingLink() {
  const link = pendingLink.value;
  if (!link) return null;
  return (
    <div class="banner" role="status">
      <p>This link was made with <b>{link.name}</b>. Open that file to see the same; until then this is a simulated exposure.</p>
      <button type="button" class="primary" onClick={() => (dialog.value = "open")}>Open</button>
      <button type="button" onClick={() => (pendingLink.value = null)}>Close</button>
    </div>
  );
}

export function Banner() {
  return <div class="banners"><Problem /><WaitingLink /></div>;
}
