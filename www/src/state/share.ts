/** The state of the bench as a link: recipe, view and source, compressed into the URL fragment. */

import { batch } from "@preact/signals";
import type { Json, StepSetting } from "../engine/protocol";
import { aperture, exposure, heldMasters, lastStage, settings, shownAmp } from "./bench";
import { digest, source } from "./source";
import { comparison, cursor, look, maskBits, pinned, place, type Comparison, type Look, type Place } from "./view";

export interface SharedState {
  version: 1;
  source:
    | { kind: "simulated"; camera: string; seed: number; night: { [key: string]: Json } }
    | {
        kind: "files";
        camera: string;
        name: string;
        digest: string;
        /** The HDU of an image that is looked at; links of earlier versions do not say it. */
        hdu?: number | null;
      };
  settings: StepSetting[];
  aperture: { [key: string]: Json };
  look: Look;
  place: Place;
  comparison: Comparison;
  maskBits: number;
  amp: number;
  pixel: { x: number; y: number } | null;
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
  const packed = new Blob([bytes]).stream().pipeThrough(new CompressionStream("deflate-raw"));
  return toBase64Url(new Uint8Array(await new Response(packed).arrayBuffer()));
}

/** Longest fragment and longest text in it: a made-up link cannot fill the memory. */
const LONGEST_FRAGMENT = 200_000;
const LONGEST_TEXT = 2_000_000;

async function readLimited(stream: ReadableStream<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  const reader = stream.getReader();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    text += decoder.decode(value, { stream: true });
    if (text.length > LONGEST_TEXT) throw new Error("the link is too long");
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function hasNumbers(value: unknown, names: string[]): boolean {
  return isRecord(value) && names.every((name) => Number.isFinite(value[name]));
}

/** A link comes from anybody: what the page itself uses is checked here, the recipe by the engine. */
function isState(value: unknown): value is SharedState {
  if (!isRecord(value) || value["version"] !== 1 || !isRecord(value["source"])) return false;
  const { settings: recipe, look: seen, place: at, comparison: compared, pixel } = value;
  const steps =
    Array.isArray(recipe) &&
    recipe.every(
      (one) =>
        isRecord(one) && typeof one["step"] === "string" && typeof one["on"] === "boolean" && isRecord(one["params"]),
    );
  const looks =
    isRecord(seen) && hasNumbers(seen["cuts"], ["low", "high"]) && hasNumbers(seen["differenceCuts"], ["low", "high"]);
  const places =
    hasNumbers(at, ["x", "y", "scale"]) && (at as Place).scale > 0 && (pixel === null || hasNumbers(pixel, ["x", "y"]));
  const stages =
    isRecord(compared) &&
    typeof compared["stage"] === "string" &&
    typeof compared["against"] === "string" &&
    hasNumbers(compared, ["split"]);
  const { hdu } = value["source"];
  const isHdu = hdu === undefined || hdu === null || (Number.isInteger(hdu) && (hdu as number) >= 0);
  return isHdu && steps && looks && places && stages && isRecord(value["aperture"]) && hasNumbers(value, ["maskBits", "amp"]);
}

/** `null` if the text is no link of this page. */
export async function decode(fragment: string): Promise<SharedState | null> {
  if (fragment.length > LONGEST_FRAGMENT) return null;
  try {
    const packed = new Blob([fromBase64Url(fragment)]).stream();
    const state: unknown = JSON.parse(await readLimited(packed.pipeThrough(new DecompressionStream("deflate-raw"))));
    return isState(state) ? state : null;
  } catch {
    return null;
  }
}

/** Masters are drawn once somebody has asked for them, which a link cannot. */
function withoutMasters(compared: Comparison): Comparison {
  const isMaster = (stage: string): boolean => heldMasters.peek().some((one) => one.stage === stage);
  const orLast = (stage: string): string => (isMaster(stage) ? lastStage.peek() : stage);
  return { ...compared, stage: orLast(compared.stage), against: orLast(compared.against) };
}

export function currentState(): SharedState | null {
  const from = source.peek();
  const info = exposure.peek();
  if (!from || !info) return null;
  return {
    version: 1,
    source:
      from.kind === "simulated"
        ? from
        : { kind: "files", camera: from.camera, name: info.name, digest: digest.peek(), hdu: info.hdu },
    settings: settings.peek(),
    aperture: aperture.peek(),
    look: look.peek(),
    place: place.peek(),
    comparison: withoutMasters(comparison.peek()),
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
