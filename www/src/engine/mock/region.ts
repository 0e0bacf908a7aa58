/** Which pixels lie in a region, for the invented engine. */

import type { Region } from "../protocol";

export function isInside(region: Region, x: number, y: number): boolean {
  if (region.kind === "rectangle")
    return x >= region.x && x < region.x + region.width && y >= region.y && y < region.y + region.height;
  const far = Math.hypot(x - region.x, y - region.y);
  return region.kind === "circle" ? far <= region.radius : far > region.inner && far <= region.outer;
}
