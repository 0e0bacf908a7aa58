/** Keys of the bench. */

import { redo, undo } from "../state/actions";
import { changeLook } from "../state/actions";
import { busy, isImage, lastStage, PHOTOMETRY, progress, screen, selected, stages } from "../state/bench";
import {
  changeMosaicLook,
  fitMosaic,
  mosaicLook,
  mosaicProgress,
  panMosaic,
  stopMosaic,
  zoomMosaic,
} from "../state/mosaic";
import { preferences } from "../state/preferences";
import { stopRun } from "../state/run";
import {
  comparison,
  cursor,
  fit,
  look,
  moveCursor,
  pinned,
  setMode,
  show,
  zoomBy,
  zoomTo,
  type BenchMode,
} from "../state/view";
import { dialog } from "./dialogs";

interface Key {
  keys: string;
  what: string;
}

export const KEYS: Key[] = [
  { keys: "← ↑ ↓ →", what: "move the cursor by 1 pixel on the focused picture; with shift by 10" },
  { keys: "+  −", what: "zoom" },
  { keys: "0  1", what: "whole detector; one picture pixel per detector pixel" },
  { keys: "[  ]", what: "previous and next step" },
  { keys: "s  b  d", what: "split, blink, difference; once more: single" },
  { keys: "i", what: "invert the colors" },
  { keys: "p", what: "pin the pixel" },
  { keys: "ctrl z, shift ctrl z", what: "undo, redo" },
  { keys: "Enter", what: "on a detector of the focal plane: opens it; arrows, +, − and 0 move and zoom there too" },
  { keys: "?", what: "these keys" },
  { keys: "Esc", what: "stop what runs; let go of the pixel" },
];

const ARROWS: Record<string, [number, number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, 1],
  ArrowDown: [0, -1],
};

/** Picture pixels that an arrow moves the focal plane. */
const PAN = 40;

function stepBy(by: number): void {
  const names = stages.peek().map((info) => info.stage);
  const here = selected.peek() === PHOTOMETRY ? lastStage.peek() : selected.peek();
  const next = names[Math.max(0, Math.min(names.length - 1, names.indexOf(here) + by))];
  if (next) show(next);
}

function toggleMode(mode: BenchMode): void {
  if (!isImage.peek()) setMode(comparison.peek().mode === mode ? "single" : mode);
}

const SINGLE: Record<string, () => void> = {
  "+": () => zoomBy(1.5),
  "=": () => zoomBy(1.5),
  "-": () => zoomBy(1 / 1.5),
  "0": fit,
  "1": () => zoomTo(1),
  "[": () => stepBy(-1),
  "]": () => stepBy(1),
  b: () => toggleMode("blink"),
  s: () => toggleMode("split"),
  d: () => toggleMode("difference"),
  i: () => changeLook("invert", { invert: !look.peek().invert }),
  p: () => {
    if (cursor.peek()) pinned.value = !pinned.peek();
  },
  "?": () => (dialog.value = "help"),
};

function isTyping(target: EventTarget | null): boolean {
  const element = target instanceof HTMLElement ? target : null;
  if (!element) return false;
  if (element instanceof HTMLInputElement) return !["checkbox", "radio", "range", "button"].includes(element.type);
  return element.isContentEditable || ["TEXTAREA", "SELECT"].includes(element.tagName);
}

function onPicture(event: KeyboardEvent): boolean {
  const arrow = ARROWS[event.key];
  if (!arrow || document.activeElement?.id !== "viewer") return false;
  const step = event.shiftKey ? 10 : 1;
  pinned.value = true;
  moveCursor(arrow[0] * step, arrow[1] * step);
  return true;
}

function onCommand(event: KeyboardEvent): boolean {
  if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "z" || isTyping(event.target)) return false;
  if (event.shiftKey) redo();
  else undo();
  return true;
}

function onSingle(event: KeyboardEvent): boolean {
  const plain = !event.ctrlKey && !event.metaKey && !event.altKey;
  const action = SINGLE[event.key];
  if (!action || !plain || !preferences.peek().singleKeys || isTyping(event.target)) return false;
  action();
  return true;
}

const MOSAIC: Record<string, () => void> = {
  "+": () => zoomMosaic(1.5),
  "=": () => zoomMosaic(1.5),
  "-": () => zoomMosaic(1 / 1.5),
  "0": fitMosaic,
  i: () => changeMosaicLook({ invert: !mosaicLook.peek().invert }),
  "?": () => (dialog.value = "help"),
};

/** Keys of the focal plane; Enter on a detector is its button's own. */
function onMosaic(event: KeyboardEvent): boolean {
  if (event.key === "Escape" && mosaicProgress.peek()) stopMosaic();
  const plain = !event.ctrlKey && !event.metaKey && !event.altKey;
  if (!plain || !preferences.peek().singleKeys || isTyping(event.target)) return false;
  const action = MOSAIC[event.key];
  const arrow = ARROWS[event.key];
  const onPicture = document.activeElement?.closest(".mosaic-picture");
  if (arrow && onPicture) panMosaic(-arrow[0] * PAN, arrow[1] * PAN);
  else if (action) action();
  else return false;
  return true;
}

function onEscape(event: KeyboardEvent): boolean {
  if (event.key !== "Escape") return false;
  if (busy.peek() || progress.peek()) stopRun();
  else pinned.value = false;
  return false;
}

export function listenToKeys(): void {
  document.addEventListener("keydown", (event) => {
    if (dialog.peek()) return;
    if (screen.peek() === "mosaic") {
      if (onMosaic(event)) event.preventDefault();
      return;
    }
    if (onCommand(event) || onPicture(event) || onSingle(event) || onEscape(event)) event.preventDefault();
  });
}
