/** Objects found on science images, their match to the catalogue, and the zero point of matched stars. */

import type { Plot } from "./protocol";

/** Objects, one value each; places in detector coordinates, as shown. */
export interface Marks {
  x: number[];
  y: number[];
  /** Rms along the axes of the ellipse (pixels). */
  a: number[];
  b: number[];
  /** Angle of the major axis from x toward y (radian). */
  theta: number[];
  /** Kron flux and its error, and the flux in the circle (DN). */
  flux: number[];
  fluxErr: number[];
  fluxAper: number[];
  /** Full width at half maximum (pixels); NaN of what is not among the stars that tell it. */
  fwhm: number[];
  /** Half-light radius (pixels). */
  halfLight: number[];
  /** Names of flags; empty if it has none. */
  flags: string[];
}

/** Stars of image and catalogue, one value each. */
export interface Pairs {
  magnitude: number[];
  flux: number[];
  fluxErr: number[];
  color: number[];
}

/** A match with the catalogue. */
export interface OnSky {
  /** The matched objects by their place in the list. */
  object: number[];
  /** Object minus star of the catalogue (pixels), as shown. */
  dx: number[];
  dy: number[];
  rmsEastArcsec: number;
  rmsNorthArcsec: number;
  /** Stars of the catalogue on the image. */
  references: number;
  order: number;
  scaleArcsec: number;
  /** Column of the magnitude, and the color. */
  magnitude: string | null;
  color: string | null;
  pairs: Pairs;
}

export interface Found {
  /** Marked before the search; `null` where they could not be told from stars. */
  cosmicRays: number | null;
  objects: Marks;
  stars: { fwhmPix: number; fwhmErrPix: number; ellipticityRatio: number; count: number } | null;
  /** The faintest flux that stands out of the noise of an empty circle. */
  limit: { fluxDn: number; signalRatio: number; radiusPix: number } | null;
  sky: OnSky | null;
  /** Why there is no match. */
  refusal: string | null;
}

export interface FoundOn {
  amp: number;
  /** `null` where nothing could be looked for. */
  found: Found | null;
  /** Why. */
  refusal: string | null;
}

/** A zero point (mag) and its plots: against the magnitude and, with a color term, against the color. */
export interface ZeroPoint {
  zeroPoint: number;
  error: number;
  atMedianColor: number;
  rms: number;
  used: number;
  given: number;
  /** Color term (mag/mag). */
  color: number | null;
  plots: Plot[];
}
