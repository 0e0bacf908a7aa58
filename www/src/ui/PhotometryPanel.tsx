/** Apertures on the last stage: parameters, result in words, where to look next. */

import { setAperture } from "../state/actions";
import { aperture, engine, photometry, report } from "../state/bench";
import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { ParamSchema } from "../engine/protocol";
import { valueAt } from "../state/paths";
import { showApertures } from "../state/view";
import { FormulaOf } from "./FormulaOf";
import { ObjectsPanel } from "./ObjectsPanel";
import { ParamField } from "./ParamField";
import { openDock } from "./dock";

const schema = signal<ParamSchema[]>([]);

export function PhotometryPanel() {
  useEffect(() => {
    engine
      .peek()
      ?.apertureSchema()
      .then((found) => (schema.value = found.schema), report);
  }, []);
  return (
    <>
      <header class="panel-head">
        <h2>photometry</h2>
        <label class="inline check">
          <input
            type="checkbox"
            checked={showApertures.value}
            onChange={(event) => (showApertures.value = event.currentTarget.checked)}
          />
          <span>marks on the picture</span>
        </label>
      </header>
      <p class="summary" aria-live="polite">
        {photometry.value?.summary ?? "No catalog and no stars: nothing is measured."}
      </p>
      <FormulaOf step="photometry" />
      <div class="params">
        {schema.value.map((one) => (
          <ParamField
            key={one.path}
            schema={one}
            value={valueAt(aperture.value, one.path)}
            onChange={(value) => setAperture(one.path, value)}
          />
        ))}
      </div>
      <p class="quiet">A change runs photometry again and no step.</p>
      <div class="row">
        <button type="button" onClick={() => openDock("stars")}>
          Table of stars
        </button>
        <button type="button" onClick={() => openDock("growth")}>
          Curve of growth
        </button>
      </div>
      <ObjectsPanel />
    </>
  );
}
