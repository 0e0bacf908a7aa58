/** Turns the picture from one stage to the other, at most three times a second. */

import { effect } from "@preact/signals";
import { preferences } from "../state/preferences";
import { blinkOn, comparison } from "../state/view";

const FASTEST = 3;

export function keepBlinking(): void {
  effect(() => {
    if (comparison.value.mode !== "blink") return;
    const rate = Math.min(FASTEST, preferences.value.blinkPerSecond);
    const timer = setInterval(() => (blinkOn.value = !blinkOn.peek()), 1000 / rate);
    return () => {
      clearInterval(timer);
      blinkOn.value = true;
    };
  });
}
