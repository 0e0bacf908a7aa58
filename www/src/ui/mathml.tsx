/** Formulas written as text: letters, numbers, words and signs become their MathML elements. */

import { Fragment, type ComponentChildren, type VNode } from "preact";

type Part = string | VNode;

const TOKEN = /([A-Za-zα-ωΑ-Ω]{2,})|([A-Za-zα-ωΑ-Ω])|(\d+(?:\.\d+)?)|(\S)/gu;

function elements(text: string): ComponentChildren[] {
  return [...text.matchAll(TOKEN)].map(([all, word, letter, number], i) => {
    if (word) return <mtext key={i}>{all}</mtext>;
    if (letter) return <mi key={i}>{all}</mi>;
    if (number) return <mn key={i}>{all}</mn>;
    return <mo key={i}>{all}</mo>;
  });
}

/** Parts in a row; text is taken apart. */
export function m(...parts: Part[]): VNode {
  return (
    <mrow>
      {parts.map((part, i) => (
        <Fragment key={i}>{typeof part === "string" ? elements(part) : part}</Fragment>
      ))}
    </mrow>
  );
}

export const sub = (of: Part, at: string): VNode => (
  <msub>
    {m(of)}
    {m([...at].join(" "))}
  </msub>
);

export const sup = (of: Part, to: string): VNode => (
  <msup>
    {m(of)}
    {m(to)}
  </msup>
);

export const fraction = (top: VNode, bottom: VNode): VNode => (
  <mfrac>
    {top}
    {bottom}
  </mfrac>
);

export const sum = (over: string): VNode => (
  <munder>
    <mo>∑</mo>
    <mi>{over}</mi>
  </munder>
);

/** A formula on its own line, with the words that a screen reader says. */
export function block(label: string, ...parts: Part[]): VNode {
  return (
    <math display="block" aria-label={label}>
      {m(...parts)}
    </math>
  );
}
