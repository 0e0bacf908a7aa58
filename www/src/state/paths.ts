/** Values at dotted paths, such as `columns.last`. */

import type { Json } from "../engine/protocol";

type Params = { [key: string]: Json };

function isObject(value: Json | undefined): value is Params {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function valueAt(params: Params, path: string): Json | undefined {
  let here: Json | undefined = params;
  for (const key of path.split(".")) here = isObject(here) ? here[key] : undefined;
  return here;
}

/** A copy with one value set; objects on the way are made if they are missing. */
export function withValue(params: Params, path: string, value: Json): Params {
  const [key = "", ...rest] = path.split(".");
  if (rest.length === 0) return { ...params, [key]: value };
  const inner = params[key];
  return { ...params, [key]: withValue(isObject(inner) ? inner : {}, rest.join("."), value) };
}
