/** The lessons, in the order of the reduction. */

import type { Lesson, LessonState } from "./types";

const SEED = 1;

function state(step: string, rest: Partial<LessonState>): LessonState {
  return { seed: SEED, recipe: [], step, stage: step, against: "raw", mode: "single", dock: "row", amp: 0, ...rest };
}

export const LESSONS: Lesson[] = [
  {
    id: "saturation",
    title: "Full pixels are found first",
    text: [
      "A pixel counts as saturated when its raw level reaches the full range. The step only marks; it changes no value.",
      "Open the mask panel and lay SATURATED over the picture.",
    ],
    question: "Why must this step stand before all others?",
    answer: {
      kind: "choice",
      choices: [
        "It is the fastest step.",
        "The overscan must not be saturated.",
        "Later steps move the level at which a pixel is full.",
      ],
      right: 2,
    },
    why: "After the overscan is subtracted the limit is lower by the pedestal, and the flat moves it differently for every pixel.",
    hint: "Think of what subtracting and dividing do to the number 55000.",
    state: state("saturation", { dock: "histogram" }),
  },
  {
    id: "overscan-columns",
    title: "Which overscan columns",
    text: [
      "The overscan columns are read after the last pixel of a row: they should hold the level without light. A trap in the register lets go of its charge late, into the first of them.",
      "All 30 columns are used now. Watch the level of the fit and the rms to the truth while you change the number.",
    ],
    question: "Choose a number of last columns that the released charge does not reach.",
    answer: { kind: "parameter", step: "overscan", path: "columns.last", low: 2, high: 12 },
    why: "The charge decays over one or two columns, so the late ones are clean. One column alone is clean too, but noisier.",
    hint: "Take fewer columns, but more than one.",
    state: state("overscan", {
      recipe: [{ step: "overscan", params: { "columns.last": 30 } }],
      dock: "overscan",
      amp: 1,
    }),
  },
  {
    id: "overscan-terms",
    title: "How bent is the pedestal",
    text: [
      "The level of the rows is fitted with Legendre polynomials. One term is a constant, two a slope, three a quadratic.",
      "Only one term is used now. Change it and watch the residual of the overscan stage.",
    ],
    question: "What is the rms of the overscan stage to the truth with 3 terms, for all amplifiers?",
    answer: { kind: "rms", stage: "overscan", share: 0.02 },
    why: "More terms follow the bend of the pedestal; far too many would follow its noise.",
    hint: "Set 3 terms, choose all amplifiers, and read the amber number of the overscan step.",
    state: state("overscan", { recipe: [{ step: "overscan", params: { terms: 1 } }], dock: "overscan" }),
  },
  {
    id: "linearity",
    title: "A relation through zero",
    text: [
      "The linearity correction is v / (a v² + b v + 1): without signal it corrects nothing.",
      "Look at the linearity plot, then try to move the step before overscan.",
    ],
    question: "Why is the correction wrong if the overscan level is still in the pixel?",
    answer: {
      kind: "choice",
      choices: [
        "The overscan columns have no linearity.",
        "The pedestal is no signal, but would be corrected as if it were.",
        "The coefficients are measured in electrons.",
      ],
      right: 1,
    },
    why: "The relation holds for signal above the level without light. A pedestal shifts every value along the curve.",
    hint: "What does the relation say at v = 0, and what is v in the dark before the overscan is subtracted?",
    state: state("linearity", { dock: "linearity", amp: 1, against: "overscan", mode: "difference" }),
  },
  {
    id: "pocket",
    title: "What the pocket leaves behind a bright star",
    text: [
      "A trap takes charge from each pixel as a row is read and gives it back to those that follow. The picture shows pocket − linearity: what the correction moves.",
      "Find a bright star and zoom in.",
    ],
    question: "Where was the charge of the star before it was moved back?",
    answer: {
      kind: "choice",
      choices: [
        "In the pixels read before the star, in the same row.",
        "In the pixels read after the star, in the same row.",
        "In the rows read after the star.",
      ],
      right: 1,
    },
    why: "The trap holds charge for some pixels only, and a row starts with an empty trap. So the trail lies in the row, away from the edge that is read first.",
    hint: "The correction takes charge from the trail, so the trail is negative in the difference. The outer edge of each amplifier is read first.",
    state: state("pocket", { against: "linearity", mode: "difference" }),
  },
  {
    id: "variance",
    title: "Where the noise comes from",
    text: [
      "Photons are counted in electrons, so their noise is the square root of electrons. In DN the variance of the light is signal / gain.",
      "The camera has a gain of 6.0 electron/DN and a read noise of 9.0 electron.",
    ],
    question: "Which standard deviation has a sky pixel of 160 DN? Leave out the step of the converter.",
    answer: { kind: "number", unit: "DN", low: 5.3, high: 5.45 },
    why: "σ² = 160 / 6 + (9 / 6)² = 26.7 + 2.25 DN², so σ = 5.4 DN: nearly all of it is light.",
    hint: "Add signal / gain and (read noise / gain)², then take the square root.",
    state: state("variance", { dock: "histogram" }),
  },
  {
    id: "bias",
    title: "What is left after the overscan",
    text: [
      "The overscan knows one number for each row. What differs along a row, such as the glow of an amplifier, needs the master bias.",
      "The picture shows bias − assemble: what the master bias takes away. Choose the amplifier 1 alone, or look at all four.",
    ],
    question: "Where in the amplifier does the master bias take most away?",
    answer: {
      kind: "choice",
      choices: ["Near the edge that is read first.", "In the middle.", "Near the edge that is read last."],
      right: 0,
    },
    why: "The output amplifier glows: the signal falls from the edge that is read first into the chip.",
    hint: "The difference is negative where more is taken. The outer edge of each amplifier is read first.",
    state: state("bias", { against: "assemble", mode: "difference" }),
  },
  {
    id: "clip",
    title: "A clip that cannot clip",
    text: [
      "Frames are stacked after values farther than 3 standard deviations from their median are left out. A single cosmic ray of height h among N equal values gives a standard deviation of h √(N − 1) / N, so it lies N / √(N − 1) of them away.",
      "A flat has 5 frames of each lamp, a bias 10.",
    ],
    question: "What is the largest N for which a lone cosmic ray can never be clipped?",
    answer: { kind: "number", unit: "frames", low: 7, high: 7 },
    why: "7 / √6 = 2.86 but 8 / √7 = 3.02. With 5 flats the clip never acts on one ray: the median of what is left does the work.",
    hint: "Compute N / √(N − 1) for N = 5, 6, 7, 8 and compare with 3.",
    state: state("flat", { against: "bias", mode: "split" }),
  },
  {
    id: "levels",
    title: "CCD level and focal-plane level",
    text: [
      "A master flat has the median 1 over its detector. Divided by it, each detector keeps its own scale. The ratio of focal-plane level to detector level brings all detectors to one scale.",
      "That ratio is one number for a whole detector.",
    ],
    question: "A step in brightness is seen between two amplifiers of one detector. Can the choice of level remove it?",
    answer: {
      kind: "choice",
      choices: [
        "Yes: the focal-plane level knows every amplifier.",
        "Yes, if the detector level is used.",
        "No: one number changes both amplifiers alike.",
      ],
      right: 2,
    },
    why: "Amplifier gains stay in the flat itself. The level only shows as jumps between detectors.",
    hint: "How many numbers does each choice have inside one detector?",
    state: state("flat", { against: "bias", mode: "split" }),
  },
  {
    id: "aperture",
    title: "How large an aperture",
    text: [
      "A small circle loses light of the star, a large one gathers noise of the sky: π r² pixels of it.",
      "Sort the stars by f_9 and look at the curve of growth and the errors f_0_e to f_9_e of a faint one and of a bright one.",
    ],
    question: "For which star does the best ratio of flux to error need the smaller circle?",
    answer: {
      kind: "choice",
      choices: [
        "The bright one: it has more light.",
        "The faint one: the noise of the sky dominates.",
        "Both need the same circle.",
      ],
      right: 1,
    },
    why: "The error of a bright star is its own photons, which grow with its flux. For a faint one every pixel of sky adds noise and hardly any light.",
    hint: "Divide f by f_e for a small and for a large radius, for both stars.",
    state: state("photometry", { stage: "split", dock: "stars" }),
  },
];
