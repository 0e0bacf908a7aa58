/** What a person does to the bench. */

import { batch } from "@preact/signals";
import type { Json, SourceRequest, StepSetting } from "../engine/protocol";
import {
  aperture,
  busy,
  cameras,
  dragging,
  drawnBy,
  engine,
  exposure,
  keepRms,
  lastRun,
  lastStage,
  notice,
  opening,
  photometry,
  problem,
  progress,
  report,
  resetForExposure,
  screen,
  selected,
  settings,
  stagesByAmp,
  stepInfos,
  takeStages,
} from "./bench";
import { withValue } from "./paths";
import { fileDigest, isOf, NO_CAMERA, pendingLink, source, type PendingLink } from "./source";
import { refresh, runRecipe, takeNumbers } from "./run";
import { forgetHistory, remember, takeAgain, takeBack, type Snapshot } from "./undo";
import { comparison, cursor, fit, look, pinned, region, searching, type Look } from "./view";

export const CAMERA = "teaching";

export async function start(): Promise<void> {
  const { createEngine } = await import("../engine/create");
  const made = await createEngine();
  engine.value = made;
  made.onStages(takeStages);
  made.onProgress((value) => {
    progress.value = value;
    // Steps were run without a change of the recipe: another amplifier, or what is exported was made again.
    const isBusy = busy.peek() || opening.peek() || dragging.peek() || searching.peek();
    if (value === null && exposure.peek() && !isBusy)
      void refresh().then(takeNumbers);
  });
  made.onCompleted((info, failure) => {
    if (JSON.stringify(info) !== JSON.stringify(exposure.peek())) exposure.value = info;
    if (failure) report(failure);
  });
  made.onRaster((by) => {
    drawnBy.value = by;
  });
  cameras.value = await made.cameras();
}

/** Opens an exposure and reduces it with its camera's recipe. */
export async function open(request: SourceRequest): Promise<boolean> {
  const made = engine.peek();
  if (!made) return false;
  const begin = performance.now();
  opening.value = true;
  try {
    const info = await made.open(request);
    const { info: infos, settings: recipe } = await made.steps();
    const apertures = await made.apertureSchema();
    batch(() => {
      screen.value = "bench";
      resetForExposure(info);
      stepInfos.value = infos;
      settings.value = recipe;
      aperture.value = apertures.params;
      stagesByAmp.value = new Map(info.amps.map((amp) => [amp.amp, []]));
      source.value = request;
      cursor.value = null;
      pinned.value = false;
      region.value = null;
      forgetHistory();
      firstView();
    });
    const seen = comparison.peek();
    await made.reduce();
    await refresh();
    if (comparison.peek() === seen) lastView();
    const took = ((performance.now() - begin) / 1000).toFixed(2);
    await takeNumbers();
    cursor.value ??= firstPixel();
    const done = info.kind === "raw" ? "open and reduce" : "open";
    lastRun.value = `${took} s to ${done}`;
    return true;
  } catch (cause) {
    report(cause);
    progress.value = null;
    return false;
  } finally {
    opening.value = false;
  }
}

const FIRST_STEP = "overscan";

/** A star has more to tell than a pixel of sky: one in the right half, clear of the divider. */
function firstPixel(): { x: number; y: number } | null {
  const info = exposure.peek();
  if (!info) return null;
  const wanted = { x: Math.round(info.width * 0.65), y: Math.round(info.height * 0.6) };
  const far = (at: { x: number; y: number }) => Math.hypot(at.x - wanted.x, at.y - wanted.y);
  const found = photometry.peek();
  let best: { x: number; y: number } | null = null;
  found?.x.forEach((x, row) => {
    const star = { x: Math.round(x), y: Math.round(found.y[row] ?? 0) };
    if (best === null || far(star) < far(best)) best = star;
  });
  return best ?? wanted;
}

/** What is there first is seen at once. */
function firstView(): void {
  const first = exposure.peek()?.kind === "raw" ? "raw" : "image";
  comparison.value = { stage: first, against: first, mode: "single", split: 0.5 };
  // The picture will show the end; the inspector opens where a person can change something first.
  selected.value = stepInfos.peek().some((info) => info.step === FIRST_STEP) ? FIRST_STEP : first;
  fit();
}

/** A raw exposure is then seen half raw, half reduced. */
function lastView(): void {
  const raw = exposure.peek()?.kind === "raw";
  const last = lastStage.value;
  comparison.value = { stage: last, against: "raw", mode: raw && last !== "raw" ? "split" : "single", split: 0.5 };
}

export async function openSimulated(seed: number, night: { [key: string]: Json } = {}): Promise<boolean> {
  return open({ kind: "simulated", camera: CAMERA, seed, night });
}

/** Another image of the file that is looked at. */
export async function openImage(hdu: number): Promise<void> {
  const from = source.peek();
  if (from?.kind === "files") await open({ ...from, hdu });
}

/** The same files, looked at as they are. */
export async function openAsImage(): Promise<void> {
  const from = source.peek();
  if (from?.kind === "files") await open({ ...from, camera: NO_CAMERA });
}

/** Files of which one is an exposure or an image, the others belong to it. */
export async function openMember(files: File[], camera: string): Promise<boolean> {
  notice.value = null;
  problem.value = null;
  return open({ kind: "files", camera, files, hdu: null });
}

export async function openFiles(files: File[], camera: string): Promise<void> {
  if (files.length === 0) return;
  notice.value = null;
  problem.value = null;
  const link = pendingLink.peek();
  if (link) await openLinked(link, files, camera);
  else if (await open({ kind: "files", camera, files, hdu: null })) await fileDigest(files);
}

/** Opens files while a link waits for those that it was made with. */
async function openLinked(link: PendingLink, files: File[], camera: string): Promise<void> {
  const isSame = isOf(link, files, await fileDigest(files));
  const asThen = isSame ? { camera: camera || link.camera, hdu: link.hdu } : { camera, hdu: null };
  if (!(await open({ kind: "files", files, ...asThen }))) return;
  pendingLink.value = null;
  if (!isSame) {
    problem.value = {
      class: "link",
      message: `the link was made with another file than ${files[0]?.name}: their checksums differ. Its recipe is used all the same`,
    };
  }
  // An image has no steps.
  if (exposure.peek()?.kind === "raw") await changeRecipe("recipe of the link", link.settings);
  if (isSame) await link.restore();
}

/** Resolves when the recipe has been run. */
export function changeRecipe(label: string, next: StepSetting[]): Promise<void> {
  if (remember(label)) keepRms();
  settings.value = next;
  return runRecipe();
}

function changeStep(step: string, label: string, change: (setting: StepSetting) => StepSetting): void {
  void changeRecipe(
    label,
    settings.peek().map((setting) => (setting.step === step ? change(setting) : setting)),
  );
}

export function setParam(step: string, path: string, value: Json): void {
  changeStep(step, `${step} ${path}`, (setting) => ({ ...setting, params: withValue(setting.params, path, value) }));
}

export function switchStep(step: string, on: boolean): void {
  changeStep(step, `${step} ${on ? "on" : "off"}`, (setting) => ({ ...setting, on }));
}

export function resetStep(step: string): void {
  const info = stepInfos.peek().find((one) => one.step === step);
  if (info) changeStep(step, `reset of ${step}`, () => ({ step, on: true, params: structuredClone(info.defaults) }));
}

/** Puts a step at a place of the recipe, counted from 0; the engine says whether it may stand there. */
export function placeStep(step: string, place: number): void {
  const next = [...settings.peek()];
  const at = next.findIndex((setting) => setting.step === step);
  const [moved] = next.splice(at, 1);
  if (!moved || place === at || place < 0 || place > next.length) return;
  next.splice(place, 0, moved);
  void changeRecipe(`place of ${step}`, next);
}

export function moveStep(step: string, by: -1 | 1): void {
  placeStep(step, settings.peek().findIndex((setting) => setting.step === step) + by);
}

export function changeLook(label: string, change: Partial<Look>): void {
  remember(label);
  look.value = { ...look.peek(), ...change };
}

export function setApertures(params: { [key: string]: Json }): Promise<void> {
  aperture.value = params;
  return measureAgain();
}

export function setAperture(path: string, value: Json): void {
  remember(`aperture ${path}`);
  aperture.value = withValue(aperture.peek(), path, value);
  void measureAgain();
}

async function measureAgain(): Promise<void> {
  const asked = aperture.peek();
  try {
    const measured = await engine.peek()?.setAperture(asked);
    if (aperture.peek() === asked) photometry.value = measured ?? null;
    lastRun.value = "only photometry run again";
  } catch (cause) {
    report(cause);
  }
}

function restore(snapshot: Snapshot | null): void {
  if (!snapshot) return;
  const recipeChanged = JSON.stringify(snapshot.settings) !== JSON.stringify(settings.peek());
  const apertureChanged = JSON.stringify(snapshot.aperture) !== JSON.stringify(aperture.peek());
  if (recipeChanged) keepRms();
  batch(() => {
    settings.value = snapshot.settings;
    aperture.value = snapshot.aperture;
    look.value = snapshot.look;
  });
  if (recipeChanged) void runRecipe();
  if (apertureChanged) void measureAgain();
}

export const undo = (): void => restore(takeBack());
export const redo = (): void => restore(takeAgain());
