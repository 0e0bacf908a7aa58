/** Brings the bench into the state of a link. */

import { changeRecipe, openSimulated, setApertures } from "./actions";
import { problem } from "./bench";
import { applyView, decode } from "./share";
import { pendingLink } from "./source";

/** True if the link named an exposure that could be opened. */
export async function openLink(hash: string): Promise<boolean> {
  const fragment = /^#s=([A-Za-z0-9_-]+)$/.exec(hash)?.[1];
  if (!fragment) return false;
  const state = await decode(fragment);
  if (!state) {
    problem.value = {
      class: "link",
      message: "the link is damaged or was made by another version: a simulated exposure is shown",
    };
    return false;
  }
  if (state.source.kind === "files") {
    const { name, digest, camera, hdu = null } = state.source;
    const restore = async (): Promise<void> => {
      await setApertures(state.aperture);
      applyView(state);
    };
    pendingLink.value = { name, digest, camera, hdu, settings: state.settings, restore };
    return false;
  }
  if (!(await openSimulated(state.source.seed, state.source.night))) return false;
  await changeRecipe("recipe of the link", state.settings);
  await setApertures(state.aperture);
  applyView(state);
  return true;
}
