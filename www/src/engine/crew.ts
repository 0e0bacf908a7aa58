/**
 * The workers of the engine as one. The first one does what has to be done once; of a large exposure each
 * holds some amplifiers, is asked about those, and the answers are put together here.
 */

import { Hand } from "./hand";
import type { Opened, Reply, Request } from "./messages";
import { composed, type Cuts, merged, visible } from "./merging";
import type { ExposureInfo, MaskBit } from "./protocol";
import { mayBeLarge, meets, mostWorkers, shares } from "./sharing";

/** What a crew tells the page. */
export type Told = Exclude<Reply, { kind: "answer" | "failure" }>;

type Open = Extract<Request, { kind: "simulate" | "drop" }>;

export class Crew {
  private readonly lead: Hand;
  private helpers: Hand[] = [];
  /** Who is asked about an amplifier. */
  private owners = new Map<number, Hand>();
  private info: ExposureInfo | null = null;
  private readonly progress = new Map<Hand, Extract<Told, { kind: "progress" }>["progress"]>();
  private openings = 0;

  constructor(
    private readonly raster: Extract<Request, { kind: "raster" }>["choice"],
    private readonly tell: (told: Told) => void,
  ) {
    this.lead = this.hire();
  }

  private hire(): Hand {
    const hand: Hand = new Hand((told) => {
      if (told.kind === "progress") this.tellProgress(hand, told.progress);
      else this.tell(told);
    });
    // If the worker cannot even take this, whatever is asked next will say so.
    hand.ask({ kind: "raster", choice: this.raster }).catch(() => undefined);
    return hand;
  }

  private get hands(): Hand[] {
    return [this.lead, ...this.helpers];
  }

  private owner(amp: number): Hand {
    return this.owners.get(amp) ?? this.lead;
  }

  /** The progress of all that work. */
  private tellProgress(hand: Hand, now: Extract<Told, { kind: "progress" }>["progress"]): void {
    this.progress.set(hand, now);
    const parts = this.hands.flatMap((one) => this.progress.get(one) ?? []);
    const sum = (pick: (part: { done: number; total: number }) => number): number =>
      parts.reduce((all, part) => all + pick(part), 0);
    const label = now?.label ?? parts[0]?.label;
    const all = label === undefined ? null : { label, done: sum(({ done }) => done), total: sum(({ total }) => total) };
    this.tell({ kind: "progress", progress: all });
  }

  private dismiss(): void {
    for (const helper of this.helpers) helper.dispose();
    this.helpers = [];
    this.owners.clear();
    this.progress.clear();
  }

  /** Opens an exposure; none of its steps is run yet. */
  async open(request: Open): Promise<Opened> {
    this.openings += 1;
    const mine = this.openings;
    this.dismiss();
    const files = request.kind === "drop" ? request.files.map(({ file }) => file) : [];
    if (mayBeLarge(files)) this.helpers = Array.from({ length: mostWorkers() - 1 }, () => this.hire());
    // The module is there when it is known what the files are.
    for (const helper of this.helpers) helper.ask({ kind: "warm" }).catch(() => undefined);
    try {
      const opened = await this.lead.ask<Opened>(request);
      if (mine !== this.openings) throw { class: "stopped", message: "something else was opened" };
      await this.share(request, opened);
      return opened;
    } catch (error) {
      if (mine === this.openings) this.dismiss();
      throw error;
    }
  }

  /** Gives every worker its amplifiers. Masters that were made are with the one that made them. */
  private async share(request: Open, { info, prepared }: Opened): Promise<void> {
    this.info = info;
    const parts = prepared ? shares(info, 1) : shares(info, 1 + this.helpers.length);
    const needed = this.helpers.slice(0, parts.length - 1);
    for (const idle of this.helpers.slice(needed.length)) idle.dispose();
    this.helpers = needed;
    try {
      const again = { ...request, camera: info.camera };
      await Promise.all(needed.map((helper) => helper.ask(again)));
      this.parts = parts;
    } catch {
      // Without memory for another worker, the amplifiers are held one at a time.
      this.dismiss();
      this.parts = shares(info, 1);
    }
    this.parts.forEach(({ amps }, at) => {
      for (const amp of amps) this.owners.set(amp, this.hands[at] ?? this.lead);
    });
  }

  private parts: { amps: number[]; held: number[] }[] = [];

  /** Whether the amplifiers of what is open are held one at a time. */
  get isOneAtATime(): boolean {
    return this.parts.some(({ amps, held }) => held.length < amps.length);
  }

  /** Runs the steps of what was opened. */
  async reduce(): Promise<void> {
    await Promise.all(this.parts.map((part, at) => this.hands[at]?.ask({ kind: "hold", ...part })));
  }

  cancel(): void {
    for (const hand of this.hands) hand.cancel();
    this.progress.clear();
    this.tell({ kind: "progress", progress: null });
  }

  dispose(): void {
    this.dismiss();
    this.lead.dispose();
  }

  /** Asks whoever knows. */
  async ask<T>(request: Request): Promise<T> {
    if (this.helpers.length === 0) return this.lead.ask<T>(request);
    return (await this.shared(request)) as T;
  }

  private shared(request: Request): Promise<unknown> {
    switch (request.kind) {
      case "stages":
      case "header":
      case "headers":
        return this.owner(request.amp).ask(request);
      case "plot":
        return this.owner(request.request.amp).ask(request);
      case "pixel":
        return this.at(request.x, request.y).ask(request);
      case "draw":
      case "preview":
        return this.draw(request);
      case "cuts":
        return this.each<Cuts | null>(request).then((all) => merged.cuts(all, request.rule));
      case "maskBits":
        return this.each<MaskBit[]>(request).then(merged.maskBits);
      case "holdMaster":
        return this.each(request).then(() => null);
      case "region":
        return this.region(request);
      case "set":
        return this.all<{ executed: unknown[] }>(request).then((all) => ({ executed: all.flatMap((one) => one.executed) }));
      case "setAperture":
      case "raster":
        return this.all(request).then(() => null);
      case "objects":
      case "photometry":
        return this.all<{ amp: number }[]>(request).then((all) => all.flat().sort((a, b) => a.amp - b.amp));
      case "memory":
        return this.all<number>(request).then((all) => all.reduce((sum, one) => sum + one, 0));
      case "executed":
        return this.all<{ [step: string]: number }>(request).then(merged.counts);
      default:
        return this.lead.ask(request);
    }
  }

  private all<T>(request: Request): Promise<T[]> {
    return Promise.all(this.hands.map((hand) => hand.ask<T>(request)));
  }

  /** One amplifier after the other, each asked of its owner. */
  private each<T>(request: Extract<Request, { kind: "cuts" | "maskBits" | "holdMaster" }>): Promise<T[]> {
    return Promise.all(request.amps.map((amp) => this.owner(amp).ask<T>({ ...request, amps: [amp] })));
  }

  private at(x: number, y: number): Hand {
    const inside = this.info?.amps.find(
      (amp) => x >= amp.x0 && x < amp.x0 + amp.width && y >= amp.y0 && y < amp.y0 + amp.height,
    );
    return this.owner(inside?.amp ?? 0);
  }

  /** Everyone draws the amplifiers that it holds. */
  private async draw(request: Extract<Request, { kind: "draw" | "preview" }>): Promise<ImageData | ImageBitmap> {
    const { view } = request;
    const seen = visible(this.info?.amps ?? [], view);
    const parts = this.hands.flatMap((hand) => {
      const amps = seen.filter((amp) => this.owner(amp) === hand);
      return amps.length === 0 ? [] : [hand.ask<ImageData | ImageBitmap>({ ...request, view: { ...view, amps } })];
    });
    return composed(view, await Promise.all(parts));
  }

  private async region(request: Extract<Request, { kind: "region" }>): Promise<unknown> {
    const box = merged.box(request.region);
    const amps = this.info?.amps.filter((amp) => meets(amp, box)) ?? [];
    const hands = [...new Set(amps.map(({ amp }) => this.owner(amp)))];
    const [only = this.lead, ...more] = hands;
    if (more.length === 0) return only.ask(request);
    const gathered = await Promise.all(
      hands.map((hand) => hand.ask<{ values: Float32Array; masked: number }>({ ...request, kind: "gather" })),
    );
    return this.lead.ask({ kind: "statisticsOf", ...merged.values(gathered) });
  }
}

