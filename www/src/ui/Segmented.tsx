/** A row of choices of which one holds: radio buttons that look like one control. */

import { useId } from "preact/hooks";

interface Props<T extends string> {
  label: string;
  value: T;
  options: readonly { value: T; label: string; key?: string }[];
  onChange(value: T): void;
  hideLabel?: boolean;
}

export function Segmented<T extends string>({ label, value, options, onChange, hideLabel }: Props<T>) {
  const name = useId();
  return (
    <fieldset class="segmented">
      <legend class={hideLabel ? "unseen" : ""}>{label}</legend>
      {options.map((option) => (
        <label
          key={option.value}
          class={option.value === value ? "on" : ""}
          title={option.key ? `${option.label} (key ${option.key})` : option.label}
        >
          <input
            type="radio"
            name={name}
            value={option.value}
            checked={option.value === value}
            onChange={() => onChange(option.value)}
          />
          <span>{option.label}</span>
        </label>
      ))}
    </fieldset>
  );
}
