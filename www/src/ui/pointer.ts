/** Mouse, pen and fingers on the picture: pan, pinch, wheel, long press, drawing of regions. */

import type { Region } from "../engine/protocol";
import { photometry, selectedStar } from "../state/bench";
import { ampAt, cursor, panBy, pinned, place, region, showApertures, tool, viewerSize, zoomBy } from "../state/view";

interface Contact {
  x: number;
  y: number;
}

/** Farther than this a press is a drag (CSS pixels). */
const SLACK = 5;
const LONG_PRESS_MS = 500;

/** Detector coordinates of a point counted from the viewer's top left corner. */
export function detectorAt(px: number, py: number): { x: number; y: number } {
  const { width, height } = viewerSize.peek();
  const { x, y, scale } = place.peek();
  return { x: x + (px - width / 2) / scale, y: y - (py - height / 2) / scale };
}

function pixelAt(px: number, py: number): { x: number; y: number } | null {
  const at = detectorAt(px, py);
  const pixel = { x: Math.round(at.x), y: Math.round(at.y) };
  return ampAt(pixel.x, pixel.y) === null ? null : pixel;
}

/** How near a press must be to a star to choose it (CSS pixels). */
const STAR_REACH = 14;

function starAt(at: Contact): number | null {
  const found = photometry.peek();
  const { x, y } = detectorAt(at.x, at.y);
  const reach = STAR_REACH / place.peek().scale;
  let best: number | null = null;
  let nearest = reach;
  found?.x.forEach((starX, row) => {
    const far = Math.hypot(starX - x, (found.y[row] ?? 0) - y);
    if (far <= nearest) [best, nearest] = [row, far];
  });
  return best;
}

function regionBetween(a: Contact, b: Contact): Region | null {
  const from = detectorAt(a.x, a.y);
  const to = detectorAt(b.x, b.y);
  const radius = Math.max(1, Math.hypot(to.x - from.x, to.y - from.y));
  switch (tool.peek()) {
    case "rectangle": {
      const x = Math.round(Math.min(from.x, to.x));
      const y = Math.round(Math.min(from.y, to.y));
      return {
        kind: "rectangle",
        x,
        y,
        width: Math.max(1, Math.round(Math.abs(to.x - from.x))),
        height: Math.max(1, Math.round(Math.abs(to.y - from.y))),
      };
    }
    case "circle":
      return { kind: "circle", x: Math.round(from.x), y: Math.round(from.y), radius: Math.round(radius) };
    case "annulus":
      return {
        kind: "annulus",
        x: Math.round(from.x),
        y: Math.round(from.y),
        inner: Math.round(radius * 0.7),
        outer: Math.round(radius),
      };
    default:
      return null;
  }
}

/** Listens on an element until the returned function is called. */
export function followPointers(element: HTMLElement): () => void {
  const contacts = new Map<number, Contact>();
  let pressed: Contact | null = null;
  let dragged = false;
  let timer = 0;
  const local = (event: PointerEvent | WheelEvent): Contact => {
    const box = element.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };

  const pin = (at: Contact, toggle: boolean): void => {
    const pixel = pixelAt(at.x, at.y);
    if (!pixel) return;
    const same = pixel.x === cursor.peek()?.x && pixel.y === cursor.peek()?.y;
    cursor.value = pixel;
    pinned.value = !(toggle && same && pinned.peek());
    if (showApertures.peek()) selectedStar.value = starAt(at) ?? selectedStar.peek();
  };

  const down = (event: PointerEvent): void => {
    // Children such as the divider handle their own pointers.
    if (event.button !== 0 || (event.target as Element).closest("[data-own-pointer]")) return;
    element.setPointerCapture(event.pointerId);
    const at = local(event);
    contacts.set(event.pointerId, at);
    pressed = contacts.size === 1 ? at : null;
    dragged = false;
    clearTimeout(timer);
    if (event.pointerType === "touch" && pressed) {
      timer = window.setTimeout(() => {
        if (pressed && !dragged) pin(pressed, false);
        pressed = null;
      }, LONG_PRESS_MS);
    }
  };

  const pinch = (id: number, at: Contact): void => {
    const other = [...contacts.entries()].find(([key]) => key !== id)?.[1];
    const before = contacts.get(id);
    if (!other || !before) return;
    const { width, height } = viewerSize.peek();
    const middle = { x: (at.x + other.x) / 2 - width / 2, y: (at.y + other.y) / 2 - height / 2 };
    const ratio =
      Math.hypot(at.x - other.x, at.y - other.y) / Math.max(1, Math.hypot(before.x - other.x, before.y - other.y));
    panBy((at.x - before.x) / 2, (at.y - before.y) / 2);
    zoomBy(ratio, middle.x, middle.y);
  };

  const move = (event: PointerEvent): void => {
    const at = local(event);
    const before = contacts.get(event.pointerId);
    if (!before) {
      if (event.pointerType === "mouse" && !pinned.peek()) cursor.value = pixelAt(at.x, at.y) ?? cursor.peek();
      return;
    }
    if (contacts.size === 2) {
      pinch(event.pointerId, at);
    } else if (pressed) {
      if (!dragged && Math.hypot(at.x - pressed.x, at.y - pressed.y) < SLACK) return;
      dragged = true;
      clearTimeout(timer);
      const drawn = regionBetween(pressed, at);
      if (drawn) region.value = drawn;
      else panBy(at.x - before.x, at.y - before.y);
    }
    contacts.set(event.pointerId, at);
  };

  const up = (event: PointerEvent): void => {
    clearTimeout(timer);
    if (contacts.delete(event.pointerId) && pressed && !dragged && event.type === "pointerup") {
      if (event.pointerType === "touch") {
        cursor.value = pixelAt(pressed.x, pressed.y) ?? cursor.peek();
        if (showApertures.peek()) selectedStar.value = starAt(pressed) ?? selectedStar.peek();
      } else pin(pressed, true);
    }
    pressed = null;
  };

  const wheel = (event: WheelEvent): void => {
    event.preventDefault();
    const { width, height } = viewerSize.peek();
    const at = local(event);
    zoomBy(Math.exp(-event.deltaY / 400), at.x - width / 2, at.y - height / 2);
  };

  element.addEventListener("pointerdown", down);
  element.addEventListener("pointermove", move);
  element.addEventListener("pointerup", up);
  element.addEventListener("pointercancel", up);
  element.addEventListener("wheel", wheel, { passive: false });
  return () => {
    element.removeEventListener("pointerdown", down);
    element.removeEventListener("pointermove", move);
    element.removeEventListener("pointerup", up);
    element.removeEventListener("pointercancel", up);
    element.removeEventListener("wheel", wheel);
  };
}
