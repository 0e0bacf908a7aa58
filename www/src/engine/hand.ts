/** The page's end of one worker of the engine. */

import { Calls } from "./calls";
import type { Message, Reply, Request } from "./messages";

export class Hand {
  private readonly worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
  private readonly calls = new Calls<Request>((message) => this.worker.postMessage(message));

  constructor(tell: (reply: Exclude<Reply, { kind: "answer" | "failure" }>) => void) {
    this.worker.onmessage = ({ data: reply }: MessageEvent<Reply>) => {
      if (reply.kind === "answer") this.calls.answered(reply.id, reply.value);
      else if (reply.kind === "failure") this.calls.refused(reply.id, reply.error);
      else tell(reply);
    };
    this.worker.onerror = (event) => this.calls.fail(event.message);
  }

  ask<T>(request: Request): Promise<T> {
    return this.calls.ask<T>(request);
  }

  cancel(): void {
    const message: Message = { cancel: true };
    this.worker.postMessage(message);
  }

  dispose(): void {
    this.worker.terminate();
    this.calls.fail("the page has closed the engine");
  }
}
