/** The zero point of the matches, for the panel of objects and the plots; apart from the search, which comes later. */

import { signal } from "@preact/signals";
import type { ZeroPoint } from "../engine/found";

export const zero = signal<ZeroPoint | null>(null);
export const zeroRefusal = signal("");
/** Which of its plots: 0 against the magnitude, 1 against the color. */
export const zeroAgainst = signal(0);
