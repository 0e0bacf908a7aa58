/** Files may be dropped anywhere on the page. */

import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { engine } from "../state/bench";
import { openDropped } from "../state/mosaic";
import { droppedFiles } from "./droppedFiles";
import { camera } from "./picker";

const over = signal(false);

function hasFiles(event: DragEvent): boolean {
  return [...(event.dataTransfer?.types ?? [])].includes("Files");
}

export function DropZone() {
  useEffect(() => {
    const enter = (event: DragEvent): void => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      if (!over.peek()) engine.peek()?.warm();
      over.value = true;
    };
    const leave = (event: DragEvent): void => {
      if (event.relatedTarget === null) over.value = false;
    };
    const drop = (event: DragEvent): void => {
      event.preventDefault();
      over.value = false;
      if (event.dataTransfer) void droppedFiles(event.dataTransfer).then((files) => openDropped(files, camera.peek()));
    };
    document.addEventListener("dragover", enter);
    document.addEventListener("dragleave", leave);
    document.addEventListener("drop", drop);
    return () => {
      document.removeEventListener("dragover", enter);
      document.removeEventListener("dragleave", leave);
      document.removeEventListener("drop", drop);
    };
  }, []);
  if (!over.value) return null;
  return (
    <div class="drop-zone" aria-hidden="true">
      <p>
        <b>Drop to open</b>
        <br />
        The files stay on this computer.
      </p>
    </div>
  );
}
