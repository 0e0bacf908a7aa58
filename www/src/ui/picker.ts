/** The browser's file picker, and what is known of the files before they are read. */

import { signal } from "@preact/signals";
import { engine } from "../state/bench";
import { openDropped } from "../state/mosaic";
import { dialog } from "./dialogs";

/** Camera of the next files; empty lets the engine find out from the header. */
export const camera = signal("");

export function chooseFiles(folder = false): void {
  engine.peek()?.warm();
  const input = document.createElement("input");
  input.type = "file";
  input.multiple = true;
  if (folder) input.webkitdirectory = true;
  input.addEventListener("change", () => {
    dialog.value = null;
    void openDropped([...(input.files ?? [])], camera.peek());
  });
  input.click();
}
