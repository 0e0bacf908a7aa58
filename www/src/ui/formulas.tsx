/** The formula of each step, as MathML. Symbols are explained below each one. */

import type { ComponentChildren, VNode } from "preact";

interface Formula {
  formula: VNode;
  /** What the letters stand for, with units. */
  where: string;
}

const I = ({ children }: { children: ComponentChildren }) => <mi>{children}</mi>;
const N = ({ children }: { children: ComponentChildren }) => <mn>{children}</mn>;
const O = ({ children }: { children: ComponentChildren }) => <mo>{children}</mo>;
const T = ({ children }: { children: ComponentChildren }) => <mtext>{children}</mtext>;
const Sub = ({ of, at }: { of: string; at: string }) => <msub><mi>{of}</mi><mi>{at}</mi></msub>;
const Square = ({ children }: { children: ComponentChildren }) => <msup>{children}<mn>2</mn></msup>;
const Row = ({ children }: { children: ComponentChildren }) => <mrow>{children}</mrow>;
const Primed = ({ of }: { of: string }) => <msup><mi>{of}</mi><mo>′</mo></msup>;
const Over = ({ top, bottom }: { top: ComponentChildren; bottom: ComponentChildren }) => <mfrac><mrow>{top}</mrow><mrow>{bottom}</mrow></mfrac>;

function block(label: string, children: ComponentChildren): VNode {
  return <math display="block" aria-label={label}>{children}</math>;
}

export const FORMULAS: Record<string, Formula> = {
  raw: {
    formula: block("v as read", <Row><I>v</I><O>=</O><T>as read</T></Row>),
    where: "v: value of the pixel in the file (DN)",
  },
  saturation: {
    formula: block("v at or above L makes the pixel saturated", <Row><I>v</I><O>≥</O><I>L</I><O>⇒</O><T>SATURATED</T></Row>),
    where: "v: raw value, L: level of the full range (DN)",
  },
  overscan: {
    formula: block(
      "v prime of i, j is v of i, j minus m of i; m of i is the sum of c k times P k of t i",
      <Row>
        <msub><Primed of="v" /><Row><I>i</I><I>j</I></Row></msub><O>=</O><Sub of="v" at="ij" /><O>−</O><Sub of="m" at="i" /><O>,</O><mspace width="1em" />
        <Sub of="m" at="i" /><O>=</O><munder><O>∑</O><I>k</I></munder><Sub of="c" at="k" /><Sub of="P" at="k" /><O>(</O><Sub of="t" at="i" /><O>)</O>
      </Row>,
    ),
    where: "m: model of row i (DN), fitted to the chosen overscan columns; P: Legendre polynomials, t: place of the row from −1 to 1",
  },
  linearity: {
    formula: block(
      "v prime is v over a v squared plus b v plus 1",
      <Row><Primed of="v" /><O>=</O><Over top={<I>v</I>} bottom={<><I>a</I><Square><I>v</I></Square><O>+</O><I>b</I><I>v</I><O>+</O><N>1</N></>} /></Row>,
    ),
    where: "v: signal above the overscan level (DN); a (DN⁻²) and b (DN⁻¹) of the amplifier",
  },
  pocket: {
    formula: block(
      "find n with n plus leave minus enter equal to v",
      <Row>
        <I>v</I><O>=</O><I>n</I><O>+</O><I>c</I><msup><Row><O>(</O><I>q</I><O>/</O><I>c</I><O>)</O></Row><I>α</I></msup><O>−</O>
        <I>c</I><msup><Row><O>(</O><N>1</N><O>−</O><I>q</I><O>/</O><I>c</I><O>)</O></Row><I>α</I></msup><msup><Row><O>(</O><I>n</I><O>/</O><I>m</I><O>)</O></Row><I>β</I></msup>
      </Row>,
    ),
    where: "solved for n pixel after pixel in the order of reading; q: charge in the trap, c: its capacity, m: scale of the signal (DN); α, β: exponents",
  },
  variance: {
    formula: block(
      "sigma squared is the larger of v and 0 over g, plus read noise over g squared plus q squared over 12, times the slope squared",
      <Row>
        <Square><I>σ</I></Square><O>=</O><Over top={<><I>max</I><O>(</O><I>v</I><O>,</O><N>0</N><O>)</O></>} bottom={<I>g</I>} /><O>+</O>
        <Row><O>[</O><Square><Row><O>(</O><I>R</I><O>/</O><I>g</I><O>)</O></Row></Square><O>+</O><Over top={<Square><I>q</I></Square>} bottom={<N>12</N>} /><O>]</O></Row><Square><I>s</I></Square>
      </Row>,
    ),
    where: "g: gain (electron/DN), R: read noise (electron), q: step of the encoding (DN), s: slope of the linearity correction",
  },
  assemble: {
    formula: block(
      "v prime at x, y is v at row i and column j",
      <Row><Primed of="v" /><O>(</O><I>x</I><O>,</O><I>y</I><O>)</O><O>=</O><I>v</I><O>(</O><I>i</I><O>,</O><I>j</I><O>)</O><O>,</O><mspace width="0.6em" /><I>x</I><O>=</O><Sub of="x" at="0" /><O>±</O><I>j</I><O>,</O><mspace width="0.6em" /><I>y</I><O>=</O><Sub of="y" at="0" /><O>±</O><I>i</I></Row>,
    ),
    where: "i, j: row and column in the order of reading; x, y: column and row on the detector. No value changes",
  },
  bias: {
    formula: block("v prime is v minus B", <Row><Primed of="v" /><O>=</O><I>v</I><O>−</O><I>B</I></Row>),
    where: "B: master bias of this pixel (DN); its variance is added",
  },
  dark: {
    formula: block("v prime is v minus t over t d times D", <Row><Primed of="v" /><O>=</O><I>v</I><O>−</O><Over top={<I>t</I>} bottom={<Sub of="t" at="d" />} /><I>D</I></Row>),
    where: "D: master dark of this pixel (DN), taken over the time t_d (s); t: time of the exposure (s)",
  },
  flat: {
    formula: block(
      "v prime is v over F times L fp over L",
      <Row><Primed of="v" /><O>=</O><Over top={<I>v</I>} bottom={<I>F</I>} /><O>×</O><Over top={<Sub of="L" at="fp" />} bottom={<I>L</I>} /></Row>,
    ),
    where: "F: master flat of this pixel, its median over the detector is 1; L: its level, L_fp: level of the focal plane (DN)",
  },
  split: {
    formula: block("v prime at i, j is v at x, y", <Row><Primed of="v" /><O>(</O><I>i</I><O>,</O><I>j</I><O>)</O><O>=</O><I>v</I><O>(</O><I>x</I><O>,</O><I>y</I><O>)</O></Row>),
    where: "the detector is cut into one image per amplifier, in the order of the file. No value changes",
  },
  photometry: {
    formula: block(
      "F of r is the sum of w times v minus B",
      <Row><I>F</I><O>(</O><I>r</I><O>)</O><O>=</O><munder><O>∑</O><I>i</I></munder><Sub of="w" at="i" /><O>(</O><Sub of="v" at="i" /><O>−</O><Sub of="B" at="i" /><O>)</O></Row>,
    ),
    where: "w: share of pixel i inside the circle of radius r (pixels), B: background (DN); F in DN",
  },
};

export function FormulaOf({ step }: { step: string }) {
  const found = FORMULAS[step];
  if (!found) return null;
  return (
    <div class="formula">
      {found.formula}
      <p class="where">{found.where}</p>
    </div>
  );
}
