/** The page's end of the worker of the focal plane. */

import { Calls } from "../calls";
import type { CutsKind } from "../protocol";
import type {
  MosaicEngine,
  MosaicInfo,
  MosaicListener,
  MosaicMessage,
  MosaicPixel,
  MosaicReply,
  MosaicRequest,
  MosaicSource,
  MosaicView,
} from "./protocol";

export function createMosaic(listener: MosaicListener): MosaicEngine {
  return new Client(listener);
}

class Client implements MosaicEngine {
  private readonly worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
  private readonly calls = new Calls<MosaicRequest>((message) => this.worker.postMessage(message));

  constructor(private readonly listener: MosaicListener) {
    this.worker.onmessage = (event: MessageEvent<MosaicReply>) => this.receive(event.data);
    this.worker.onerror = (event) => this.calls.fail(event.message);
  }

  private receive(reply: MosaicReply): void {
    switch (reply.kind) {
      case "answer":
        this.calls.answered(reply.id, reply.value);
        break;
      case "failure":
        this.calls.refused(reply.id, reply.error);
        break;
      case "level":
        this.listener.level(reply.level);
        break;
      case "failed":
        this.listener.failed(reply.member, reply.error);
        break;
      case "progress":
        this.listener.progress(reply.progress);
        break;
      case "sharper":
        this.listener.sharper();
    }
  }

  private ask<T>(request: MosaicRequest): Promise<T> {
    return this.calls.ask<T>(request);
  }

  open(source: MosaicSource): Promise<MosaicInfo | null> {
    return source.kind === "files"
      ? this.ask({ kind: "files", camera: source.camera, files: source.files })
      : this.ask({ kind: "simulate", camera: source.camera, seed: source.seed });
  }

  readAll(): Promise<void> {
    return this.ask({ kind: "read" });
  }

  cancel(): void {
    const message: MosaicMessage = { cancel: true };
    this.worker.postMessage(message);
  }

  async render(view: MosaicView): Promise<ImageBitmap> {
    return createImageBitmap(await this.ask<ImageData>({ kind: "draw", view }));
  }

  cuts(kind: CutsKind): Promise<{ low: number; high: number } | null> {
    return this.ask({ kind: "cuts", rule: kind });
  }

  pixel(x: number, y: number): Promise<MosaicPixel | null> {
    return this.ask({ kind: "pixel", x, y });
  }

  async file(name: string): Promise<File> {
    const bytes = await this.ask<Uint8Array<ArrayBuffer>>({ kind: "file", name });
    return new File([bytes], name);
  }

  memory(): Promise<number> {
    return this.ask({ kind: "memory" });
  }

  dispose(): void {
    this.worker.terminate();
    this.calls.fail("the focal plane was closed");
  }
}
