import { render } from "preact";
import "./style/index.css";
import { openSimulated, start } from "./state/actions";
import { keepCuts } from "./state/autocuts";
import { keepMasters } from "./state/masters";
import { report } from "./state/bench";
import { App } from "./ui/App";
import { keepBlinking } from "./ui/blink";
import { listenToKeys } from "./ui/keys";

const FIRST_SEED = 1;

/** Opens what a link carries; whether there was one. */
async function openLink(hash: string): Promise<boolean> {
  return hash.length > 1 && (await import("./state/openLink")).openLink(hash);
}

async function begin(): Promise<void> {
  await start();
  if (!(await openLink(location.hash))) await openSimulated(FIRST_SEED);
}

const root = document.getElementById("app");
if (root) render(<App />, root);
listenToKeys();
keepCuts();
keepMasters();
keepBlinking();
begin().catch(report).finally(keepTheRest);
addEventListener("hashchange", () => void openLink(location.hash).catch(report));
if (import.meta.env.PROD && "serviceWorker" in navigator)
  navigator.serviceWorker.register("./sw.js").catch(() => undefined);

/** With the first picture on the screen there is time to load what works without a network later. */
function keepTheRest(): void {
  if (import.meta.env.PROD && "serviceWorker" in navigator)
    void navigator.serviceWorker.ready.then(({ active }) => active?.postMessage("picture"));
}
