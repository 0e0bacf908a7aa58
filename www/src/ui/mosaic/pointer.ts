/** Mouse, pen and fingers on the focal plane: pan, pinch, wheel; the value under the pointer. */

import { effect } from "@preact/signals";
import type { MosaicPixel } from "../../engine/mosaic/protocol";
import {
  mosaicEngine,
  mosaicPixel,
  mosaicPlace,
  mosaicRevision,
  mosaicSize,
  panMosaic,
  zoomMosaic,
} from "../../state/mosaic";
import { latest } from "../latest";

interface Contact {
  x: number;
  y: number;
}

/** Farther than this a press is a drag (CSS pixels). */
const SLACK = 5;

/** Place in the focal plane of a point counted from the picture's top left corner. */
function planeAt({ x: px, y: py }: Contact): Contact {
  const { width, height } = mosaicSize.peek();
  const { x, y, scale } = mosaicPlace.peek();
  return { x: x + (px - width / 2) / scale, y: y - (py - height / 2) / scale };
}

/** Listens on an element until the returned function is called. */
export function followMosaic(element: HTMLElement): () => void {
  const contacts = new Map<number, Contact>();
  let travelled = 0;
  /** Where the pointer was last. */
  let pointed: Contact | null = null;
  const local = (event: MouseEvent): Contact => {
    const box = element.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  const ask = latest<Contact, MosaicPixel | null>(
    async ({ x, y }) => (await mosaicEngine()?.pixel(x, y)) ?? null,
    (found) => (mosaicPixel.value = found),
    () => (mosaicPixel.value = null),
  );

  const point = (at: Contact): void => {
    pointed = at;
    ask(planeAt(at));
  };

  // Another place or finer pixels lie under a pointer that rests.
  const stopAsking = effect(() => {
    void mosaicRevision.value;
    void mosaicPlace.value;
    if (pointed) ask(planeAt(pointed));
  });

  const down = (event: PointerEvent): void => {
    if (event.button !== 0) return;
    contacts.set(event.pointerId, local(event));
    if (contacts.size === 1) travelled = 0;
    point(local(event));
  };

  const pinch = (id: number, at: Contact, before: Contact): void => {
    const other = [...contacts.entries()].find(([key]) => key !== id)?.[1];
    if (!other) return;
    const { width, height } = mosaicSize.peek();
    const far = (one: Contact): number => Math.max(1, Math.hypot(one.x - other.x, one.y - other.y));
    zoomMosaic(far(at) / far(before), (at.x + other.x - width) / 2, (at.y + other.y - height) / 2);
  };

  const move = (event: PointerEvent): void => {
    const at = local(event);
    const before = contacts.get(event.pointerId);
    if (!before) {
      point(at);
      return;
    }
    travelled += Math.hypot(at.x - before.x, at.y - before.y);
    contacts.set(event.pointerId, at);
    if (travelled < SLACK) return;
    // Only a drag takes the pointer: a press on a detector stays its button's.
    element.setPointerCapture(event.pointerId);
    if (contacts.size === 2) pinch(event.pointerId, at, before);
    else panMosaic(at.x - before.x, at.y - before.y);
  };

  const up = (event: PointerEvent): void => void contacts.delete(event.pointerId);

  /** The end of a drag is no press of the button under it. */
  const click = (event: MouseEvent): void => {
    if (travelled < SLACK || event.detail === 0) return;
    event.stopPropagation();
    event.preventDefault();
  };

  const wheel = (event: WheelEvent): void => {
    event.preventDefault();
    const { width, height } = mosaicSize.peek();
    const at = local(event);
    zoomMosaic(Math.exp(-event.deltaY / 400), at.x - width / 2, at.y - height / 2);
  };

  const stop = new AbortController();
  const { signal } = stop;
  element.addEventListener("pointerdown", down, { signal });
  element.addEventListener("pointermove", move, { signal });
  element.addEventListener("pointerup", up, { signal });
  element.addEventListener("pointercancel", up, { signal });
  element.addEventListener("click", click, { signal, capture: true });
  element.addEventListener("wheel", wheel, { signal, passive: false });
  return () => {
    stop.abort();
    stopAsking();
  };
}
