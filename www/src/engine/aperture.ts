/** The parameters of photometry as a person sets them, and as the core writes them. */

import type { Json, ParamSchema } from "./protocol";

type Params = { [key: string]: Json };

const FIRST = "first_radius";
const LAST = "last_radius";
const SKY = "sky";
const INNER = "annulus_inner";
const OUTER = "annulus_outer";

function pixels(path: string, label: string, doc: string): ParamSchema {
  return { path, label, unit: "pixels", doc, kind: "number", min: 1, max: 60, step: 0.5 };
}

export function apertureSchema(): ParamSchema[] {
  return [
    pixels(FIRST, "Smallest radius", "Radii go from here to the largest one in steps of a pixel."),
    pixels(LAST, "Largest radius", "The last radius of the curve of growth."),
    {
      path: SKY,
      label: "Sky",
      unit: "",
      doc: "A mesh over the whole image, or the mean in an annulus about each star as well.",
      kind: "choice",
      choices: [
        { value: "mesh", label: "mesh" },
        { value: "annulus", label: "mesh and annulus" },
      ],
    },
    pixels(INNER, "Annulus from", "Inner radius of the annulus."),
    pixels(OUTER, "Annulus to", "Outer radius of the annulus."),
  ];
}

/** The core's parameters as those of the schema. */
export function apertureParams(core: Params): Params {
  const radii = list(core["radii_pix"], [3, 12]);
  const annulus = core["annulus_pix"];
  const [inner, outer] = list(annulus, [14, 20]);
  return {
    [FIRST]: radii[0] ?? 3,
    [LAST]: radii.at(-1) ?? 12,
    [SKY]: Array.isArray(annulus) ? "annulus" : "mesh",
    [INNER]: inner ?? 14,
    [OUTER]: outer ?? 20,
  };
}

/** The core's parameters with what was set. */
export function withAperture(core: Params, set: Params): Params {
  const shown = { ...apertureParams(core), ...set };
  const first = Number(shown[FIRST]);
  const last = Math.max(first, Number(shown[LAST]));
  const radii: number[] = [];
  for (let radius = first; radius <= last + 1e-9 && radii.length < 60; radius += 1) radii.push(radius);
  const annulus = shown[SKY] === "annulus" ? [Number(shown[INNER]), Number(shown[OUTER])] : null;
  return { ...core, radii_pix: radii, annulus_pix: annulus };
}

function list(value: Json | undefined, otherwise: number[]): number[] {
  return Array.isArray(value) ? value.map(Number) : otherwise;
}
