/** How a worker opens what was dropped: an exposure, or else an image that is looked at. */

import { told } from "./answer";
import { reader, whyNot } from "./dropped";
import type { NamedFile, Opened, Request } from "./messages";
import { engine, type Session } from "./module";
import { begin, opened, tried } from "./opening";
import { NO_CAMERA } from "./protocol";

/** Why the last image was not reduced. */
let whyLooked = "";

/**
 * Without a camera, the first one that finds a raw science exposure among the files is taken. Files
 * without one are looked at as they are; so is another image of the file that is looked at already.
 */
export async function drop({ camera, files, hdu }: Extract<Request, { kind: "drop" }>): Promise<Opened> {
  if (hdu !== null) return look(camera, files, hdu);
  if (camera === NO_CAMERA) whyLooked = "Shown as it is, as was asked for.";
  else {
    const refusals = new Map<string, string>();
    for (const candidate of camera === "" ? engine.cameras_for(files.map(({ name }) => name)) : [camera]) {
      const bench = begin(candidate);
      try {
        return await tried(bench, async () => {
          add(bench, files);
          const { leftOut } = bench.sort() as { leftOut: string[] };
          return opened(bench, leftOut);
        });
      } catch (error) {
        if (told(error).class === "stopped") throw error;
        refusals.set(candidate, whyNot(error));
      }
    }
    // The words of the general camera are about the file more than about itself.
    const why = refusals.get("generic") ?? [...refusals.values()].at(-1) ?? "no camera is known";
    whyLooked = `Shown as it is, not reduced: ${why}.`;
  }
  return look(camera, files, hdu);
}

/** Opens an image as it is. */
function look(camera: string, files: NamedFile[], hdu: number | null): Promise<Opened> {
  const named = camera === NO_CAMERA ? "" : camera;
  const bench = begin(named === "" ? "generic" : named);
  return tried(bench, async () => {
    add(bench, files);
    const { leftOut } = bench.look(named, hdu ?? undefined, whyLooked) as { leftOut: string[] };
    return opened(bench, leftOut);
  });
}

function add(bench: Session, files: NamedFile[]): void {
  for (const { name, file } of files) bench.add(name, reader(file));
}
