/**
 * The functions of the small module that its first picture does not run. They are a file of their own, work
 * on the same memory, and come when they are asked for in time; if one is called before that, it waits for
 * them, and the worker with it.
 */

import restUrl from "../../pkg/start/rawsky_rest.wasm?url";

/** What the first part gives the rest; `there` tells it that the rest has come. */
type First = WebAssembly.Exports & { readonly there: WebAssembly.Global<"i32"> };

let first: First | null = null;
let coming: Promise<void> | null = null;

/** The first part calls for the rest by this name. */
Object.assign(globalThis, { bringTheRest });

export function promiseRest(exports: object): void {
  first = exports as First;
}

const isThere = (part: First): boolean => part.there.value === 1;

/** Whether every function is there. */
export const isComplete = (): boolean => first !== null && isThere(first);

function join(part: First, rest: WebAssembly.Module): void {
  if (isThere(part)) return;
  new WebAssembly.Instance(rest, { first: part });
  part.there.value = 1;
}

/** Brings the rest, while the worker goes on listening. What fails is tried again where it is needed. */
export async function rest(): Promise<void> {
  const part = first;
  if (part === null || isThere(part)) return;
  coming ??= WebAssembly.compileStreaming(fetch(restUrl)).then(
    (module) => join(part, module),
    () => void (coming = null),
  );
  await coming;
}

/** Brings it now: whoever called cannot go on without it. */
function bringTheRest(): void {
  if (first === null) return;
  const request = new XMLHttpRequest();
  request.open("GET", restUrl, false);
  request.responseType = "arraybuffer";
  request.send();
  join(first, new WebAssembly.Module(request.response as ArrayBuffer));
}
