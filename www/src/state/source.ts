/** Where the exposure came from, and how a link knows that it is the same one. */

import { signal } from "@preact/signals";
import type { SourceRequest, StepSetting } from "../engine/protocol";

export { NO_CAMERA, SHOWN_HEADER } from "../engine/protocol";

export const source = signal<SourceRequest | null>(null);

/** SHA-256 of the first opened file, in hexadecimal digits; empty while it is not known. */
export const digest = signal("");

/** A link for files that this computer has not opened yet. */
export interface PendingLink {
  name: string;
  digest: string;
  /** Empty if the files say it. */
  camera: string;
  /** The HDU of an image that is looked at. */
  hdu: number | null;
  settings: StepSetting[];
  /** Brings apertures and view back, once the exposure is open. */
  restore(): Promise<void>;
}

export const pendingLink = signal<PendingLink | null>(null);

/** Whether files of this digest are those of the link, as far as that can be told. */
export function isOf(link: PendingLink, files: File[], found: string): boolean {
  if (link.digest && found) return link.digest === found;
  return files.some((file) => file.name === link.name);
}

/** Empty where the browser gives no digest. */
export async function fileDigest(files: File[]): Promise<string> {
  digest.value = "";
  const first = files[0];
  // Absent when the page is not served over a secure connection; the link then names the file only.
  if (!first || !globalThis.crypto?.subtle) return "";
  const hash = await crypto.subtle.digest("SHA-256", await first.arrayBuffer());
  digest.value = [...new Uint8Array(hash)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return digest.value;
}
