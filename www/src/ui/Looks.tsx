/** How values become colors: stretch and color map. */

import type { ColourMap, Stretch } from "../engine/protocol";
import { changeLook } from "../state/actions";
import { comparison, look } from "../state/view";

const STRETCHES: Stretch[] = ["linear", "log", "sqrt", "asinh"];
const COLORS: ColourMap[] = ["grey", "viridis", "cividis", "magma"];

interface ChoiceProps<T extends string> {
  label: string;
  value: T;
  options: T[];
  onChange(value: T): void;
  disabled?: boolean;
}

/** A choice whose value says what it is; its label is for screen readers and the tooltip. */
export function Choice<T extends string>({ label, value, options, onChange, disabled }: ChoiceProps<T>) {
  return (
    <select
      aria-label={label}
      title={label}
      value={value}
      disabled={disabled ?? false}
      onChange={(event) => onChange(event.currentTarget.value as T)}
    >
      {options.map((option) => (
        <option key={option} value={option}>
          {option}
        </option>
      ))}
    </select>
  );
}

/** A difference has its own scale: linear about zero, in two hues. */
export function Looks() {
  const difference = comparison.value.mode === "difference";
  const { stretch, colour } = look.value;
  return (
    <div class="group looks">
      <Choice
        label="stretch"
        value={difference ? "linear" : stretch}
        options={STRETCHES}
        disabled={difference}
        onChange={(value) => changeLook("stretch", { stretch: value })}
      />
      <Choice
        label="colors"
        value={difference ? "diverging" : colour}
        options={difference ? ["diverging"] : COLORS}
        disabled={difference}
        onChange={(value) => changeLook("colors", { colour: value })}
      />
    </div>
  );
}
