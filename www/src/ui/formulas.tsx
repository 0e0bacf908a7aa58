/** The formula of each step, as MathML. Symbols are explained below each one. */

import type { VNode } from "preact";
import { block, fraction, m, sub, sum, sup } from "./mathml";

interface Formula {
  /** One line or several. */
  lines: VNode[];
  /** What the letters stand for, with units. */
  where: string;
}

export const FORMULAS: Record<string, Formula> = {
  raw: {
    lines: [block("v as read", "v")],
    where: "v: value of the pixel in the file (DN)",
  },
  saturation: {
    lines: [block("v at or above L makes the pixel saturated", "v ≥ L ⇒ SATURATED")],
    where: "v: raw value, L: level of the full range (DN)",
  },
  overscan: {
    lines: [
      block("v prime of i, j is v of i, j minus m of i", sub("v′", "ij"), "=", sub("v", "ij"), "−", sub("m", "i")),
      block(
        "m of i is the sum of c k times P k of t i",
        sub("m", "i"),
        "=",
        sum("k"),
        sub("c", "k"),
        sub("P", "k"),
        "(",
        sub("t", "i"),
        ")",
      ),
    ],
    where:
      "m: model of row i (DN), fitted to the chosen overscan columns; P: Legendre polynomials, t: place of the row from −1 to 1",
  },
  linearity: {
    lines: [
      block(
        "v prime is v over a v squared plus b v plus 1",
        "v′ =",
        fraction(m("v"), m("a", sup("v", "2"), "+ b v + 1")),
      ),
    ],
    where: "v: signal above the overscan level (DN); a (DN⁻²) and b (DN⁻¹) of the amplifier",
  },
  pocket: {
    lines: [
      block("v is n plus leave minus enter", "v = n + leave − enter"),
      block("leave is c times q over c to the power alpha", "leave = c", sup("(q / c)", "α")),
      block(
        "enter is c times 1 minus q over c to the power alpha, times n over m to the power beta",
        "enter = c",
        sup("(1 − q / c)", "α"),
        sup("(n / m)", "β"),
      ),
    ],
    where:
      "v: as read, n: solved for, pixel after pixel in the order of reading; q: charge in the trap, c: its capacity, m: scale of the signal (all in DN); α, β: exponents. leave is q at most, enter n at most",
  },
  variance: {
    lines: [
      block(
        "sigma squared is the larger of v and 0 over g, plus sigma r squared",
        sup("σ", "2"),
        "=",
        fraction(m("max (v, 0)"), m("g")),
        "+",
        sup(sub("σ", "r"), "2"),
      ),
      block(
        "sigma r squared is read noise over g squared plus q squared over 12, times the slope squared",
        sup(sub("σ", "r"), "2"),
        "= [",
        sup("(R / g)", "2"),
        "+",
        fraction(sup("q", "2"), m("12")),
        "]",
        sup("s", "2"),
      ),
    ],
    where:
      "v: signal (DN), g: gain (electron/DN), R: read noise (electron), q: step of the encoding (DN), s: slope of the linearity correction",
  },
  assemble: {
    lines: [
      block("v prime at x, y is v of i, j", "v′ (x, y) =", sub("v", "ij")),
      block(
        "x is x zero plus or minus j, y is y zero plus or minus i",
        "x =",
        sub("x", "0"),
        "± j ,  y =",
        sub("y", "0"),
        "± i",
      ),
    ],
    where: "i, j: row and column in the order of reading; x, y: column and row on the detector. No value changes",
  },
  bias: {
    lines: [block("v prime is v minus B", "v′ = v − B")],
    where: "B: master bias of this pixel (DN); its variance is added",
  },
  dark: {
    lines: [block("v prime is v minus t over t d times D", "v′ = v −", fraction(m("t"), sub("t", "d")), "D")],
    where:
      "D: master dark of this pixel (DN above the bias), of the exposure time t_d (s); t: time of this exposure (s)",
  },
  flat: {
    lines: [
      block(
        "v prime is v over F times L fp over L",
        "v′ =",
        fraction(m("v"), m("F")),
        "×",
        fraction(sub("L", "fp"), m("L")),
      ),
    ],
    where:
      "F: master flat of this pixel, its median over the detector is 1; L: its level, L_fp: level of the focal plane (DN)",
  },
  split: {
    lines: [block("v prime of i, j is v at x, y", sub("v′", "ij"), "= v (x, y)")],
    where: "the detector is cut into one image per amplifier, in the order of the file. No value changes",
  },
  photometry: {
    lines: [
      block(
        "F of r is the sum of w times v minus B",
        "F (r) =",
        sum("i"),
        sub("w", "i"),
        "(",
        sub("v", "i"),
        "−",
        sub("B", "i"),
        ")",
      ),
    ],
    where: "w: share of pixel i inside the circle of radius r (pixels), B: background (DN); F in DN",
  },
};

export function FormulaOf({ step }: { step: string }) {
  const found = FORMULAS[step];
  if (!found) return null;
  return (
    <div class="formula" role="group" aria-label="Formula" tabIndex={0}>
      {found.lines}
      <p class="where">{found.where}</p>
    </div>
  );
}
