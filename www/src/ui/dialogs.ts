import { signal } from "@preact/signals";

export type DialogName = "open" | "share" | "help" | "lessons";

/** The dialog that is open. */
export const dialog = signal<DialogName | null>(null);
