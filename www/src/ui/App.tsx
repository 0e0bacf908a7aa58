/** The bench: steps above, picture and inspector in the middle, plots below. */

import { busy, exposure, opening, problem, screen } from "../state/bench";
import { Banner } from "./Banner";
import { Dock } from "./Dock";
import { dialog } from "./dialogs";
import { narrowTab } from "./dock";
import { DropZone } from "./DropZone";
import { isPictureUp, later } from "./later";
import { NarrowTabs } from "./NarrowTabs";
import { Rail } from "./Rail";
import { StatusBar } from "./StatusBar";
import { StepPanel } from "./StepPanel";
import { TopBar } from "./TopBar";
import { Viewer } from "./Viewer";

const PixelPanel = later(() => import("./PixelPanel").then((part) => part.PixelPanel), isPictureUp);
const MaskPanel = later(() => import("./MaskPanel").then((part) => part.MaskPanel), isPictureUp);
const RegionPanel = later(() => import("./RegionPanel").then((part) => part.RegionPanel), isPictureUp);
const MosaicScreen = later(() => import("./mosaic/Mosaic").then((part) => part.MosaicScreen));
const OpenDialog = later(
  () => import("./OpenDialog").then((part) => part.OpenDialog),
  () => dialog.value === "open",
);
const ShareDialog = later(
  () => import("./ShareDialog").then((part) => part.ShareDialog),
  () => dialog.value === "share",
);
const HelpDialog = later(
  () => import("./HelpDialog").then((part) => part.HelpDialog),
  () => dialog.value === "help",
);
const LessonsDialog = later(
  () => import("./LessonsDialog").then((part) => part.LessonsDialog),
  () => dialog.value === "lessons",
);

function Bench() {
  return (
    <>
      <Rail />
      <main class="bench" data-tab={narrowTab.value} aria-busy={busy.value || opening.value}>
        <Viewer />
        <NarrowTabs />
        <div class="inspector">
          <StepPanel />
          <PixelPanel />
          <MaskPanel />
          <RegionPanel />
        </div>
        <Dock />
      </main>
    </>
  );
}

function Waiting() {
  return (
    <main class="waiting">
      <p role="status">
        {problem.value ? "Nothing could be opened." : "Simulating a night and reducing its exposure…"}
      </p>
    </main>
  );
}

export function App() {
  return (
    <div class="app">
      <a class="skip" href={screen.value === "mosaic" ? "#focal-plane" : "#viewer"}>
        Skip to the picture
      </a>
      <TopBar />
      <Banner />
      {screen.value === "mosaic" ? <MosaicScreen /> : exposure.value ? <Bench /> : <Waiting />}
      <StatusBar />
      <DropZone />
      <OpenDialog />
      <ShareDialog />
      <HelpDialog />
      <LessonsDialog />
    </div>
  );
}
