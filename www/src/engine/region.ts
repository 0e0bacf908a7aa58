/** Regions in the words of the core. */

import type { Json, Region } from "./protocol";

/** A region as the core writes it: edges instead of a corner and sides. */
export function corners(region: Region): Json {
  switch (region.kind) {
    case "rectangle": {
      const { x, y, width, height } = region;
      return { rectangle: { x0: x, y0: y, x1: x + width - 1, y1: y + height - 1 } };
    }
    case "circle":
      return { circle: { x: region.x, y: region.y, radius: region.radius } };
    case "annulus": {
      const { x, y, inner, outer } = region;
      return { annulus: { x, y, inner, outer } };
    }
  }
}
