/** One parameter, made from the core's own description of it. */

import { useId } from "preact/hooks";
import type { Json, ParamSchema } from "../engine/protocol";
import { beginDragging, endDragging } from "../state/run";
import { Segmented } from "./Segmented";

/** Until a slider is let go, wherever the pointer is by then, what follows it is a preview. */
function held(event: PointerEvent): void {
  if (event.button !== 0) return;
  beginDragging();
  const stop = new AbortController();
  const end = (): void => {
    stop.abort();
    endDragging();
  };
  for (const kind of ["pointerup", "pointercancel", "blur"]) window.addEventListener(kind, end, { signal: stop.signal });
}

interface Props {
  schema: ParamSchema;
  value: Json | undefined;
  onChange(value: Json): void;
}

function NumberField({ schema, value, onChange, label }: Props & { label?: string }) {
  const id = useId();
  const step = schema.step ?? (schema.kind === "integer" ? 1 : "any");
  const number = typeof value === "number" ? value : "";
  const set = (text: string): void => {
    const next = Number(text);
    const fits =
      text !== "" && Number.isFinite(next) && next >= (schema.min ?? -Infinity) && next <= (schema.max ?? Infinity);
    if (fits) onChange(schema.kind === "integer" ? Math.round(next) : next);
  };
  const bounded = schema.min !== undefined && schema.max !== undefined;
  return (
    <div class="param-number">
      <label for={id}>{label ?? schema.label}</label>
      <input
        id={id}
        type="number"
        min={schema.min}
        max={schema.max}
        step={step}
        value={number}
        placeholder="default"
        onChange={(event) => set(event.currentTarget.value)}
      />
      <span class="unit">{schema.unit}</span>
      {bounded && (
        <input
          type="range"
          min={schema.min}
          max={schema.max}
          step={step}
          value={number}
          aria-label={`${label ?? schema.label} slider`}
          aria-valuetext={`${number} ${schema.unit}`}
          onPointerDown={held}
          onInput={(event) => set(event.currentTarget.value)}
        />
      )}
    </div>
  );
}

/** More letters than this do not fit beside each other. */
const ROOM = 22;

function ChoiceList({ schema, value, onChange }: Props) {
  const id = useId();
  const listed =
    schema.choices?.some((choice) => JSON.stringify(choice.value) === JSON.stringify(value ?? null)) ?? false;
  return (
    <div class="param-choice">
      <label for={id}>{schema.label}</label>
      <select
        id={id}
        value={JSON.stringify(value ?? null)}
        onChange={(event) => onChange(JSON.parse(event.currentTarget.value) as Json)}
      >
        {!listed && <option value={JSON.stringify(value ?? null)}>{value === undefined ? "default" : "other"}</option>}
        {schema.choices?.map((choice) => (
          <option key={choice.label} value={JSON.stringify(choice.value)}>
            {choice.label}
          </option>
        ))}
      </select>
    </div>
  );
}

function ChoiceField(props: Props) {
  const { schema, value, onChange } = props;
  const choices = schema.choices ?? [];
  const known = choices.some((choice) => JSON.stringify(choice.value) === JSON.stringify(value ?? null));
  const letters = choices.reduce((sum, choice) => sum + choice.label.length + 2, 0);
  if (letters > ROOM || !known) return <ChoiceList {...props} />;
  const options = choices.map((choice) => ({ value: JSON.stringify(choice.value), label: choice.label }));
  return (
    <Segmented
      label={schema.label}
      value={JSON.stringify(value ?? null)}
      options={options}
      onChange={(text) => onChange(JSON.parse(text) as Json)}
    />
  );
}

function FlagField({ schema, value, onChange }: Props) {
  return (
    <label class="param-flag">
      <input type="checkbox" checked={value === true} onChange={(event) => onChange(event.currentTarget.checked)} />
      <span>{schema.label}</span>
    </label>
  );
}

function RangeField({ schema, value, onChange }: Props) {
  const [first = 0, last = 0] = Array.isArray(value) ? (value as number[]) : [];
  const end: ParamSchema = { ...schema, kind: "integer" };
  return (
    <fieldset class="param-range">
      <legend>{schema.label}</legend>
      <NumberField schema={end} label="from" value={first} onChange={(next) => onChange([next, last])} />
      <NumberField schema={end} label="to" value={last} onChange={(next) => onChange([first, next])} />
    </fieldset>
  );
}

const FIELDS = { integer: NumberField, number: NumberField, choice: ChoiceField, flag: FlagField, range: RangeField };

export function ParamField(props: Props) {
  const Field = FIELDS[props.schema.kind];
  return (
    <div class="param" data-param={props.schema.path}>
      <Field {...props} />
      <p class="param-doc">{props.schema.doc}</p>
    </div>
  );
}
