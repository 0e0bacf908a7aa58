/**
 * The worker of the focal plane. It reads one amplifier at a time and listens in between; files are
 * read where they are and never held.
 */

import init, { MosaicSession } from "../../../pkg/whole/rawsky_web.js";
import wasmUrl from "../../../pkg/whole/rawsky_web_bg.wasm?url";
import { type Answer, cuts, pause, plain, told } from "../answer";
import { reader } from "../dropped";
import type { MosaicInfo, MosaicLevel, MosaicMember, MosaicMessage, MosaicReply, MosaicRequest, MosaicView } from "./protocol";

/** The scope of a worker, of which the library for pages knows nothing. */
interface Scope {
  postMessage(message: MosaicReply, transfer?: Transferable[]): void;
  onmessage: ((event: MessageEvent<MosaicMessage>) => void) | null;
}
declare const self: Scope;

const ready = init({ module_or_path: wasmUrl });

let session: MosaicSession | null = null;
let members: MosaicMember[] = [];
/** Those that were read, or refused. */
const tried = new Set<MosaicMember>();
/** Grows with every wish to stop; work for an older state stops. */
let generation = 0;
/** What is looked at, and whether its full pixels are being read. */
let looked: MosaicView | null = null;
let sharpening = false;

self.onmessage = (event) => {
  const message = event.data;
  if ("cancel" in message) generation += 1;
  else void respond(message.id, message.request);
};

async function respond(id: number, request: MosaicRequest): Promise<void> {
  try {
    await ready;
    const { value, transfer } = await answer(request);
    self.postMessage({ kind: "answer", id, value }, transfer);
  } catch (error) {
    self.postMessage({ kind: "failure", id, error: told(error) });
  }
}

async function answer(request: MosaicRequest): Promise<Answer> {
  switch (request.kind) {
    case "files":
      return plain(sorted(request.camera, request.files));
    case "simulate":
      return plain(await simulated(request.camera, request.seed));
    case "read":
      await readAll(open());
      return plain(null);
    case "draw":
      return picture(open(), request.view);
    case "cuts":
      return cuts(open().cuts(request.rule));
    case "pixel":
      return plain(open().pixel(request.x, request.y));
    case "file": {
      const bytes = open().file(request.name);
      return { value: bytes, transfer: [bytes.buffer] };
    }
    case "memory":
      return plain(open().bytes());
  }
}

function open(): MosaicSession {
  if (session === null) throw { class: "engine", message: "no focal plane is open" };
  return session;
}

function begin(): MosaicSession {
  session?.free();
  session = new MosaicSession();
  members = [];
  tried.clear();
  looked = null;
  generation += 1;
  return session;
}

/** Without a camera, the first one of which the files are several detectors is taken; `null` if none. */
function sorted(camera: string, files: File[]): MosaicInfo | null {
  const made = begin();
  for (const file of files) made.add(file.name, reader(file));
  for (const candidate of camera === "" ? made.cameras() : [camera]) {
    try {
      return taken(made, candidate);
    } catch {
      // Not the files of this camera: that is the answer.
    }
  }
  return null;
}

function taken(made: MosaicSession, camera: string): MosaicInfo {
  const info = made.open(camera) as MosaicInfo;
  members = info.members;
  return info;
}

async function simulated(camera: string, seed: number): Promise<MosaicInfo> {
  const made = begin();
  const mine = generation;
  const total = made.simulated(camera, seed);
  for (let done = 0; done < total; done += 1) {
    self.postMessage({ kind: "progress", progress: { label: `simulating detector ${done + 1}`, done, total } });
    made.simulate(camera, seed, done);
    await pause();
    if (mine !== generation) throw { class: "stopped", message: "stopped before it was open" };
  }
  return taken(made, camera);
}

/** Reads what was not read yet, until it is stopped. */
async function readAll(made: MosaicSession): Promise<void> {
  const mine = generation;
  for (const member of members.filter((one) => !tried.has(one))) {
    const label = `detector ${member.detector}, amplifier ${member.amp}`;
    self.postMessage({ kind: "progress", progress: { label, done: tried.size, total: members.length } });
    tried.add(member);
    try {
      const level = made.read(member.detector, member.amp) as MosaicLevel;
      self.postMessage({ kind: "level", level });
    } catch (error) {
      self.postMessage({ kind: "failed", member, error: told(error) });
    }
    await pause();
    if (mine !== generation) break;
  }
  self.postMessage({ kind: "progress", progress: null });
}

function picture(made: MosaicSession, view: MosaicView): Answer {
  const bytes = made.draw(view);
  const image = new ImageData(new Uint8ClampedArray(bytes.buffer as ArrayBuffer), view.width, view.height);
  looked = view;
  void sharpen(made);
  return { value: image, transfer: [image.data.buffer] };
}

/** Reads the full pixels of what is looked at closely, the nearest to the middle first. */
async function sharpen(made: MosaicSession): Promise<void> {
  if (sharpening) return;
  sharpening = true;
  try {
    // The picture goes first.
    await pause();
    for (;;) {
      if (looked === null || made !== session) break;
      const [next] = made.wanted(looked) as [number, number][];
      if (next === undefined) break;
      made.load(...next);
      self.postMessage({ kind: "sharper" });
      await pause();
    }
  } catch {
    // What was read once and cannot be read again keeps its overview.
  } finally {
    sharpening = false;
  }
}
