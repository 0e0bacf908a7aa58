/** Questions to a worker, each with the promise of its answer. */

interface Waiting {
  resolve(value: unknown): void;
  reject(reason: unknown): void;
}

export class Calls<Request> {
  private last = 0;
  private readonly waiting = new Map<number, Waiting>();

  constructor(private readonly post: (message: { id: number; request: Request }) => void) {}

  ask<T>(request: Request): Promise<T> {
    this.last += 1;
    const id = this.last;
    return new Promise<T>((resolve, reject) => {
      this.waiting.set(id, { resolve: (value) => resolve(value as T), reject });
      this.post({ id, request });
    });
  }

  answered(id: number, value: unknown): void {
    this.settle(id)?.resolve(value);
  }

  refused(id: number, error: unknown): void {
    this.settle(id)?.reject(error);
  }

  /** The worker itself broke: nothing that waits will be answered. */
  fail(message: string): void {
    for (const waiting of this.waiting.values()) waiting.reject({ class: "engine", message });
    this.waiting.clear();
  }

  private settle(id: number): Waiting | undefined {
    const waiting = this.waiting.get(id);
    this.waiting.delete(id);
    return waiting;
  }
}
