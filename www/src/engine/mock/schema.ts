/** Steps of the invented engine, as the core's own table would list them. */

import type { MaskBit, ParamSchema, StepInfo, StepSetting } from "../protocol";

const OVERSCAN: ParamSchema[] = [
  {
    path: "columns.last",
    label: "last columns",
    unit: "columns",
    doc: "How many of the overscan columns are used, from the last one read.",
    kind: "integer",
    min: 1,
    max: 30,
    step: 1,
  },
  {
    path: "terms",
    label: "Legendre terms",
    unit: "",
    doc: "3 is a quadratic along the rows.",
    kind: "integer",
    min: 1,
    max: 6,
    step: 1,
  },
  {
    path: "clip_sigma",
    label: "clip",
    unit: "σ",
    doc: "Rows farther than this from the model are left out of the fit.",
    kind: "number",
    min: 1,
    max: 10,
    step: 0.1,
  },
  {
    path: "row",
    label: "level of a row",
    unit: "",
    doc: "What is taken of the chosen columns of one row.",
    kind: "choice",
    choices: [
      { value: "mean", label: "mean" },
      { value: "median", label: "median" },
    ],
  },
];

const POCKET: ParamSchema[] = [
  {
    path: "solver",
    label: "solver",
    unit: "",
    doc: "Exact pixel after pixel, or the plain fixed point over the row.",
    kind: "choice",
    choices: [
      { value: "newton", label: "Newton" },
      { value: "passes", label: "passes" },
    ],
  },
  {
    path: "iterations",
    label: "iterations",
    unit: "",
    doc: "Steps for each pixel, or passes over the row.",
    kind: "integer",
    min: 1,
    max: 20,
    step: 1,
  },
];

const SATURATION: ParamSchema[] = [
  {
    path: "level_dn",
    label: "level",
    unit: "DN",
    doc: "Raw level from which a pixel counts as saturated.",
    kind: "number",
    min: 1000,
    max: 65535,
    step: 100,
  },
];

const VARIANCE: ParamSchema[] = [
  {
    path: "gain_electron_per_dn",
    label: "gain",
    unit: "electron/DN",
    doc: "Gain for all amplifiers.",
    kind: "number",
    min: 0.5,
    max: 20,
    step: 0.1,
  },
];

function step(
  name: string,
  title: string,
  summary: string,
  schema: ParamSchema[] = [],
  defaults: StepInfo["defaults"] = {},
  canSwitchOff = true,
): StepInfo {
  return { step: name, title, summary, schema, defaults, canSwitchOff };
}

export const STEPS: StepInfo[] = [
  step("saturation", "saturation", "Marks pixels whose raw level has reached the full range.", SATURATION, {
    level_dn: 55000,
  }),
  step("overscan", "overscan", "Subtracts the level that the amplifier gives without light, row by row.", OVERSCAN, {
    columns: { last: 5 },
    terms: 3,
    clip_sigma: 3,
    row: "mean",
  }),
  step("linearity", "linearity", "Undoes the curvature of the amplifier's response."),
  step("pocket", "pocket", "Gives charge held by a trap in the serial register back to its pixels.", POCKET, {
    solver: "newton",
    iterations: 3,
  }),
  step("variance", "variance", "Adds the photon noise of the signal to the variance.", VARIANCE, {
    gain_electron_per_dn: 6,
  }),
  step("assemble", "assemble", "Trims the overscan and places the amplifier on the detector.", [], {}, false),
  step("bias", "bias", "Subtracts the master bias."),
  step(
    "flat",
    "flat",
    "Divides by the master flat.",
    [
      {
        path: "level",
        label: "normalized to",
        unit: "",
        doc: "The detector's own level, or that of the focal plane.",
        kind: "choice",
        choices: [
          { value: "detector", label: "detector" },
          { value: "focal-plane", label: "focal plane" },
        ],
      },
    ],
    { level: "focal-plane" },
  ),
  step("split", "science", "Cuts the detector into one science image per amplifier.", [], {}, false),
];

export function defaultSettings(): StepSetting[] {
  return STEPS.map((info) => ({ step: info.step, on: true, params: structuredClone(info.defaults) }));
}

export const MASK_BITS: Omit<MaskBit, "count">[] = [
  { bit: 7, name: "SPIKE", meaning: "cosmic ray or other sharp feature" },
  { bit: 8, name: "SATURATED", meaning: "saturated" },
  { bit: 18, name: "POCKET_OPEN", meaning: "the pocket correction did not settle" },
  { bit: 20, name: "NO_FLAT", meaning: "the master flat has no positive value here" },
];
