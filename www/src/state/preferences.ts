/** What this browser remembers of a person: theme, keys, speed of blinking. */

import { effect, signal } from "@preact/signals";

export type Theme = "system" | "light" | "dark";

interface Preferences {
  theme: Theme;
  singleKeys: boolean;
  blinkPerSecond: number;
  welcome: boolean;
}

const KEY = "rawsky-preferences";
const FIRST: Preferences = { theme: "system", singleKeys: true, blinkPerSecond: 1, welcome: true };

function read(): Preferences {
  try {
    return { ...FIRST, ...(JSON.parse(localStorage.getItem(KEY) ?? "{}") as Partial<Preferences>) };
  } catch {
    return FIRST;
  }
}

export const preferences = signal<Preferences>(read());

export function prefer(change: Partial<Preferences>): void {
  preferences.value = { ...preferences.peek(), ...change };
}

effect(() => {
  const { theme } = preferences.value;
  if (theme === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = theme;
  try {
    localStorage.setItem(KEY, JSON.stringify(preferences.value));
  } catch {
    // Private windows may refuse to store: the page works without.
  }
});
