/** The bench: steps above, picture and inspector in the middle, plots below. */

import { busy, exposure, opening, problem, screen } from "../state/bench";
import { Banner } from "./Banner";
import { Dock } from "./Dock";
import { narrowTab } from "./dock";
import { DropZone } from "./DropZone";
import { HelpDialog } from "./HelpDialog";
import { LessonsDialog } from "./LessonsDialog";
import { MosaicScreen } from "./mosaic/Mosaic";
import { MaskPanel } from "./MaskPanel";
import { NarrowTabs } from "./NarrowTabs";
import { OpenDialog } from "./OpenDialog";
import { PixelPanel } from "./PixelPanel";
import { Rail } from "./Rail";
import { RegionPanel } from "./RegionPanel";
import { ShareDialog } from "./ShareDialog";
import { StatusBar } from "./StatusBar";
import { StepPanel } from "./StepPanel";
import { TopBar } from "./TopBar";
import { Viewer } from "./Viewer";

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
