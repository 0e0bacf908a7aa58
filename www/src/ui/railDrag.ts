/**
 * Dragging a step of the rail to another place: with a mouse at once, with a finger after a long press, because
 * a finger that moves earlier scrolls the rail. Keyboards have the buttons of the inspector.
 */

import { signal } from "@preact/signals";
import { placeStep } from "../state/actions";
import { settings } from "../state/bench";

/** The step under way, its distance from its place (CSS pixels), and the place where it would stand. */
interface Drag {
  step: string;
  dx: number;
  to: number;
}

export const drag = signal<Drag | null>(null);

/** A mouse that moved less only clicked (CSS pixels). */
const LEAST_MOVE = 6;
/** A finger that rests so long takes the step (ms). */
const LONG_PRESS = 350;
/** Nearer to an edge of the rail than this, the rail scrolls (CSS pixels), by so many a frame. */
const EDGE = 36;
const SCROLL = 7;

/** A click that belongs to a drag comes sooner after the pointer went up than this (ms). */
const CLICK_MS = 60;

/** Whether a click belongs to a drag that has just ended. */
let swallowing = false;

function swallowFor(time: number): void {
  swallowing = true;
  setTimeout(() => (swallowing = false), time);
}

export function swallowClick(event: Event): void {
  if (!swallowing) return;
  swallowing = false;
  event.preventDefault();
  event.stopPropagation();
}

/** Where the dragged step would be put: a mark before or after another one. */
export function dropMark(step: string): string {
  const under = drag.value;
  if (!under) return "";
  if (under.step === step) return " dragged";
  const others = settings.value.map((one) => one.step).filter((one) => one !== under.step);
  if (others[under.to] === step) return " drop-before";
  return under.to === others.length && others.at(-1) === step ? " drop-after" : "";
}

/**
 * Once a step is taken, the rail must not scroll under the finger. A browser looks for such a listener when a
 * finger comes down, so that it has to be there before.
 */
export function holdRail(rail: HTMLElement): () => void {
  const hold = (event: TouchEvent): void => {
    if (drag.peek()) event.preventDefault();
  };
  rail.addEventListener("touchmove", hold, { passive: false });
  return () => rail.removeEventListener("touchmove", hold);
}

export function beginDrag(event: PointerEvent, step: string): void {
  swallowing = false;
  const item = event.currentTarget as HTMLElement;
  if (event.button !== 0 || drag.peek() || (event.target as Element).closest(".rail-switch")) return;
  new Gesture(item, event, step);
}

class Gesture {
  private readonly rail: HTMLElement;
  /** Middles of the other steps, along the scrolled rail. */
  private readonly middles: number[];
  private readonly begin: number;
  private readonly timer: number | undefined;
  private readonly listening = new AbortController();
  private x: number;

  constructor(
    private readonly item: HTMLElement,
    event: PointerEvent,
    private readonly step: string,
  ) {
    this.rail = item.closest(".rail") as HTMLElement;
    this.x = event.clientX;
    this.begin = this.along();
    const others = [...this.rail.querySelectorAll(".rail-item.movable")].filter((other) => other !== item);
    this.middles = others.map((other) => {
      const { left, width } = other.getBoundingClientRect();
      return left + width / 2 + this.rail.scrollLeft;
    });
    const byFinger = event.pointerType === "touch";
    if (byFinger) this.timer = window.setTimeout(() => this.take(), LONG_PRESS);
    this.listen(byFinger, event.pointerId);
  }

  private listen(byFinger: boolean, pointer: number): void {
    const { signal: stop } = this.listening;
    const own = (work: (event: PointerEvent) => void) => (event: PointerEvent) => {
      if (event.pointerId === pointer) work(event);
    };
    const moved = own((event) => this.move(event, byFinger));
    window.addEventListener("pointermove", moved, { signal: stop });
    window.addEventListener(
      "pointerup",
      own(() => this.drop()),
      { signal: stop },
    );
    window.addEventListener(
      "pointercancel",
      own(() => this.end()),
      { signal: stop },
    );
    window.addEventListener("keydown", (event) => this.key(event), { signal: stop, capture: true });
    this.item.addEventListener("contextmenu", (event) => event.preventDefault(), { signal: stop });
  }

  /** Place of the pointer along the scrolled rail. */
  private along(): number {
    return this.x + this.rail.scrollLeft;
  }

  private take(): void {
    this.show();
    requestAnimationFrame(() => this.scroll());
  }

  private show(): void {
    const at = this.along();
    drag.value = { step: this.step, dx: at - this.begin, to: this.middles.filter((middle) => middle < at).length };
  }

  private move(event: PointerEvent, byFinger: boolean): void {
    this.x = event.clientX;
    if (drag.peek()) this.show();
    else if (Math.abs(this.along() - this.begin) >= LEAST_MOVE) {
      if (byFinger) this.end();
      else this.take();
    }
  }

  /** Follows a pointer at the edge of the rail. */
  private scroll(): void {
    if (!drag.peek()) return;
    const { left, right } = this.rail.getBoundingClientRect();
    const by = this.x < left + EDGE ? -SCROLL : this.x > right - EDGE ? SCROLL : 0;
    const before = this.rail.scrollLeft;
    this.rail.scrollLeft += by;
    if (this.rail.scrollLeft !== before) this.show();
    requestAnimationFrame(() => this.scroll());
  }

  private key(event: KeyboardEvent): void {
    if (event.key !== "Escape" || !drag.peek()) return;
    event.stopPropagation();
    this.end();
    window.addEventListener("pointerup", () => swallowFor(CLICK_MS), { once: true });
  }

  private drop(): void {
    const to = drag.peek()?.to;
    this.end();
    if (to === undefined) return;
    swallowFor(CLICK_MS);
    placeStep(this.step, to);
  }

  private end(): void {
    clearTimeout(this.timer);
    this.listening.abort();
    drag.value = null;
  }
}
