/** The state of the bench as a link: recipe, view and source, compressed into the URL fragment. */

import { batch } from "@preact/signals";
import type { Json, StepSetting } from "../engine/protocol";
import { aperture, exposure, settings, shownAmp } from "./bench";
import { digest, source } from "./source";
import { comparison, cursor, look, maskBits, pinned, place, type Comparison, type Look, type Place } from "./view";

export interface SharedState {
  version: 1;
  source: { kind: "simulated"; camera: string; seed: number; night: { [key: string]: Json } } | { kind: "files"; camera: string; name: string; digest: string };
  settings: StepSetting[];
  aperture: { [key: string]: Json };
  look: Look;
  place: Place;
  comparison: Comparison;
  maskBits: number;
  amp: number;
  pixel: { x: number; y: number } | null;
}

async function throughStream(bytes: Uint8Array<ArrayBuffer>, stream: CompressionStream | DecompressionStream): Promise<Uint8Array<ArrayBuffer>> {
  const piped = new Blob([bytes]).stream().pipeThrough(stream);
  return new Uint8Array(await new Response(piped).arrayBuffer());
}

function toBase64Url(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

function fromBase64Url(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}

export async function encode(state: SharedState): Promise<string> {
  const bytes = new TextEncoder().encode(JSON.stringify(state));
  return toBase64Url(await throughStream(bytes, new CompressionStream("deflate-raw")));
}

/** A link may be a megabyte of text at most, so that a made-up one cannot fill the memory. */
const LONGEST = 1_000_000;

export async function decode(fragment: string): Promise<SharedState | null> {
  if (fragment.length > LONGEST) return null;
  try {
    const bytes = await throughStream(fromBase64Url(fragment), new DecompressionStream("deflate-raw"));
    const state = JSON.parse(new TextDecoder().decode(bytes)) as SharedState;
    return state.version === 1 && Array.isArray(state.settings) ? state : null;
  } catch {
    return null;
  }
}

export function currentState(): SharedState | null {
  const from = source.peek();
  const info = exposure.peek();
  if (!from || !info) return null;
  return {
    version: 1,
    source: from.kind === "simulated" ? from : { kind: "files", camera: from.camera, name: info.name, digest: digest.peek() },
    settings: settings.peek(),
    aperture: aperture.peek(),
    look: look.peek(),
    place: place.peek(),
    comparison: comparison.peek(),
    maskBits: maskBits.peek(),
    amp: shownAmp.peek(),
    pixel: pinned.peek() ? cursor.peek() : null,
  };
}

/** Takes over what concerns the view; the recipe is the caller's affair. */
export function applyView(state: SharedState): void {
  batch(() => {
    look.value = state.look;
    place.value = state.place;
    comparison.value = state.comparison;
    maskBits.value = state.maskBits;
    shownAmp.value = state.amp;
    cursor.value = state.pixel;
    pinned.value = state.pixel !== null;
  });
}

export async function shareLink(): Promise<string> {
  const state = currentState();
  const page = location.href.split("#")[0] ?? "";
  return state ? `${page}#s=${await encode(state)}` : page;
}
