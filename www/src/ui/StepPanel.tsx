/** The chosen step: formula, parameters, what it reported, what a change runs again. */

import type { Json, StageInfo, StepInfo, StepSetting } from "../engine/protocol";
import { moveStep, resetStep, setParam, switchStep } from "../state/actions";
import { PHOTOMETRY, rmsChange, selected, settings, stages, stepInfos } from "../state/bench";
import { valueAt } from "../state/paths";
import { Change } from "./Change";
import { FormulaOf } from "./FormulaOf";
import { count, decimals, labelOf, milliseconds } from "./format";
import { later } from "./later";
import { ParamField } from "./ParamField";

const ExposurePanel = later(() => import("./ExposurePanel").then((part) => part.ExposurePanel));
const PhotometryPanel = later(() => import("./PhotometryPanel").then((part) => part.PhotometryPanel));

function reportText(value: Json): string | null {
  if (typeof value === "number") return Number.isInteger(value) ? count(value) : decimals(value, 2);
  if (typeof value === "string") return value;
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (Array.isArray(value) && value.every((one) => typeof one === "number"))
    return value.map((one) => decimals(one as number, 2)).join(", ");
  return null;
}

function Report({ report }: { report: Json }) {
  if (typeof report !== "object" || report === null || Array.isArray(report)) return null;
  const facts = Object.entries(report)
    .map(([key, value]) => ({ ...labelOf(key), text: reportText(value) }))
    .filter((fact) => fact.text !== null);
  return (
    <>
      {facts.map((fact) => (
        <div key={fact.label}>
          <dt>{fact.label}</dt>
          <dd>
            {fact.text} {fact.unit}
          </dd>
        </div>
      ))}
    </>
  );
}

export function StageFacts({ info }: { info: StageInfo }) {
  const { stats, toTruth, unit } = info;
  const change = rmsChange(info);
  return (
    <dl class="facts" aria-label="Numbers of this stage">
      {toTruth && (
        <div class="truth">
          <dt>rms to truth</dt>
          <dd>
            {decimals(toTruth.rms, 2)} {unit} {change !== null && <Change by={change} />}
          </dd>
        </div>
      )}
      {toTruth && (
        <div class="truth">
          <dt>median to truth</dt>
          <dd>
            {decimals(toTruth.median, 2)} {unit}
          </dd>
        </div>
      )}
      {stats && (
        <div>
          <dt>median</dt>
          <dd>
            {decimals(stats.median)} {unit}
          </dd>
        </div>
      )}
      {stats && (
        <div>
          <dt>scatter (1.4826 MAD)</dt>
          <dd>
            {decimals(stats.sigma, 2)} {unit}
          </dd>
        </div>
      )}
      {stats && (
        <div>
          <dt>NaN, masked</dt>
          <dd>
            {count(stats.nNan)}, {count(stats.nMasked)} pixels
          </dd>
        </div>
      )}
      <Report report={info.report} />
    </dl>
  );
}

function Notes({ info }: { info: StageInfo }) {
  return (
    <>
      {info.reason && (
        <p class="note">
          <b>{info.state}:</b> {info.reason}
        </p>
      )}
      {info.warnings.map((warning) => (
        <p key={warning} class="note">
          {warning}
        </p>
      ))}
    </>
  );
}

function rerunText(step: string): string {
  const at = settings.value.findIndex((setting) => setting.step === step);
  const later = settings.value.slice(at + 1).filter((setting) => setting.on).length;
  const others = later === 0 ? "" : ` and ${later} later ${later === 1 ? "step" : "steps"}`;
  return `A change runs ${step}${others} again.`;
}

function Head({ info, setting }: { info: StepInfo; setting: StepSetting }) {
  return (
    <header class="panel-head">
      <h2>{info.title}</h2>
      {info.canSwitchOff && (
        <label class="inline check">
          <input
            type="checkbox"
            role="switch"
            checked={setting.on}
            onChange={() => switchStep(info.step, !setting.on)}
          />
          <span>{setting.on ? "on" : "off"}</span>
        </label>
      )}
      <span class="spring" />
      <button
        type="button"
        class="plain"
        aria-label={`Move ${info.title} earlier`}
        title="Earlier in the recipe"
        onClick={() => moveStep(info.step, -1)}
      >
        ←
      </button>
      <button
        type="button"
        class="plain"
        aria-label={`Move ${info.title} later`}
        title="Later in the recipe"
        onClick={() => moveStep(info.step, 1)}
      >
        →
      </button>
      <button type="button" class="plain" onClick={() => resetStep(info.step)}>
        reset
      </button>
    </header>
  );
}

function OneStep({ info, setting, stage }: { info: StepInfo; setting: StepSetting; stage: StageInfo | undefined }) {
  return (
    <>
      <Head info={info} setting={setting} />
      <p class="summary">{info.summary}</p>
      <FormulaOf step={info.step} />
      {stage && <Notes info={stage} />}
      <div class="params">
        {info.schema.map((schema) => (
          <ParamField
            key={schema.path}
            schema={schema}
            value={valueAt(setting.params, schema.path)}
            onChange={(value) => setParam(info.step, schema.path, value)}
          />
        ))}
      </div>
      {(info.schema.length > 0 || info.canSwitchOff) && <p class="quiet">{rerunText(info.step)}</p>}
      {stage && <p class="quiet">{stage.ms ? `It took ${milliseconds(stage.ms)}.` : "Its result was kept."}</p>}
      {stage && <StageFacts info={stage} />}
    </>
  );
}

function Content() {
  const chosen = selected.value;
  const stage = stages.value.find((one) => one.stage === chosen);
  if (chosen === PHOTOMETRY) return <PhotometryPanel />;
  const info = stepInfos.value.find((one) => one.step === chosen);
  const setting = settings.value.find((one) => one.step === chosen);
  if (info && setting) return <OneStep info={info} setting={setting} stage={stage} />;
  return <ExposurePanel stage={stage} />;
}

export function StepPanel() {
  return (
    <section class="panel panel-step" aria-label="Step">
      <Content />
    </section>
  );
}
