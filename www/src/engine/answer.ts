/** What the workers have in common: an answer with what it hands over, and listening in between. */

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
