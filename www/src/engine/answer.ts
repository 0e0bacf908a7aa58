/** What the workers have in common: an answer with what it hands over, and listening in between. */

import type { EngineError } from "./protocol";

export interface Answer {
  value: unknown;
  transfer: Transferable[];
}

export const plain = (value: unknown): Answer => ({ value, transfer: [] });

/** Low and high cut; nothing without a picture. */
export const cuts = (found: Float64Array | undefined): Answer =>
  plain(found === undefined ? null : { low: found[0] ?? 0, high: found[1] ?? 1 });

/** Lets the messages that have arrived be answered. */
export function pause(): Promise<void> {
  return new Promise((resolve) => {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => resolve();
    channel.port2.postMessage(null);
  });
}

/** The engine's own error, or the words of another. */
export function told(error: unknown): EngineError {
  if (typeof error === "object" && error !== null && "class" in error && "message" in error) {
    return { class: String(error.class), message: String(error.message) };
  }
  const text = error instanceof Error ? error.message : String(error);
  return { class: "engine", message: text };
}
