/** The page's end of the worker of the focal plane. */

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

interface Waiting {
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

export function createMosaic(listener: MosaicListener): MosaicEngine {
  return new Client(listener);
}

class Client implements MosaicEngine {
  private readonly worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
  private readonly waiting = new Map<number, Waiting>();
  private last = 0;

  constructor(private readonly listener: MosaicListener) {
    this.worker.onmessage = (event: MessageEvent<MosaicReply>) => this.receive(event.data);
    this.worker.onerror = (event) => this.fail(event.message);
  }

  private receive(reply: MosaicReply): void {
    switch (reply.kind) {
      case "answer":
        this.settle(reply.id)?.resolve(reply.value);
        break;
      case "failure":
        this.settle(reply.id)?.reject(reply.error);
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

  private settle(id: number): Waiting | undefined {
    const waiting = this.waiting.get(id);
    this.waiting.delete(id);
    return waiting;
  }

  /** The worker itself broke: nothing that waits will be answered. */
  private fail(message: string): void {
    for (const waiting of this.waiting.values()) waiting.reject({ class: "engine", message });
    this.waiting.clear();
  }

  private ask<T>(request: MosaicRequest): Promise<T> {
    this.last += 1;
    const id = this.last;
    const message: MosaicMessage = { id, request };
    return new Promise<T>((resolve, reject) => {
      this.waiting.set(id, { resolve: (value) => resolve(value as T), reject });
      this.worker.postMessage(message);
    });
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
    this.fail("the focal plane was closed");
  }
}
