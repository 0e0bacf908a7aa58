/** How the worker reads dropped files, and the words for what it could not do with them. */

import { told } from "./answer";

declare class FileReaderSync {
  readAsArrayBuffer(blob: Blob): ArrayBuffer;
}

/** A small read costs as much as a large one: so many bytes are read at least, and the last ones kept. */
const BLOCK_BYTES = 1 << 20;
let block: { file: File; start: number; bytes: Uint8Array } | null = null;

/** Reads a piece of a file without waiting, which only a worker can. */
export function reader(file: File): { size: number; read(offset: number, length: number): Uint8Array } {
  const sync = new FileReaderSync();
  const fresh = (start: number, end: number): Uint8Array =>
    new Uint8Array(sync.readAsArrayBuffer(file.slice(start, end)));
  const read = (offset: number, length: number): Uint8Array => {
    if (length >= BLOCK_BYTES) return fresh(offset, offset + length);
    const end = offset + length;
    if (block?.file !== file || offset < block.start || end > block.start + block.bytes.length) {
      block = { file, start: offset, bytes: fresh(offset, offset + BLOCK_BYTES) };
    }
    return block.bytes.subarray(offset - block.start, end - block.start);
  };
  return { size: file.size, read };
}

/** Why there is nothing to reduce, without the list of all words that a header may say. */
export function whyNot(error: unknown): string {
  const { message } = told(error);
  const { what, found } = quantities(error);
  if (what !== "raw science exposure") return message;
  if (found === "none") return "there is no raw science exposure among the files";
  const lacks = /^header: (\S+) or .*: found nothing, needed/s.exec(found);
  if (lacks) return `no card of the header, such as ${lacks[1]}, says what kind of exposure it is`;
  return found.replace(/, needed one of .*$/s, "");
}

/** What the engine's error found, and of what. */
function quantities(error: unknown): { what: string; found: string } {
  const detail = typeof error === "object" && error !== null && "detail" in error ? error.detail : null;
  const { what = "", found = "" } = (detail ?? {}) as { what?: unknown; found?: unknown };
  return { what: String(what), found: String(found) };
}
