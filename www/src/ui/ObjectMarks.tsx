/** Ellipses of objects, arrows from the stars of the catalog to them, and the bar that tells their length. */

import "../style/objects.css";
import { useEffect } from "preact/hooks";
import { arrows, keepObjects, matches, objectAtCursor, objects, type ObjectAt } from "../state/objects";
import { showObjects, viewerSize } from "../state/view";
import { decimals } from "./format";
import type { Project } from "./Overlay";

/** Axes over the rms of the light along them. */
const REACH = 3;
/** More marks than this hide the picture and slow the page. */
const MOST_MARKS = 1500;
/** Length of the barbs of an arrow (CSS pixels). */
const BARB = 4;

function isSeen(x: number, y: number): boolean {
  const { width, height } = viewerSize.value;
  const rim = 40;
  return -rim < x && x < width + rim && -rim < y && y < height + rim;
}

function Ellipse({ one, to, chosen }: { one: ObjectAt; to: Project; chosen: boolean }) {
  const { of, row } = one;
  const [x, y] = [to.x(of.x[row] ?? NaN), to.y(of.y[row] ?? NaN)];
  const axis = (rms: number | undefined): number => Math.max(2, REACH * (rms ?? 1) * to.scale);
  // Up is plus on the detector and minus on the screen.
  const turn = (-(of.theta[row] ?? 0) * 180) / Math.PI;
  const kind = `${of.flags[row] ? "flagged" : ""}${chosen ? " chosen" : ""}`;
  return (
    <ellipse
      class={kind}
      cx={x}
      cy={y}
      rx={axis(of.a[row])}
      ry={axis(of.b[row])}
      transform={`rotate(${turn.toFixed(2)} ${x} ${y})`}
    />
  );
}

function Ellipses({ to }: { to: Project }) {
  const chosen = objectAtCursor.value;
  const seen = objects.value.filter(({ of, row }) => isSeen(to.x(of.x[row] ?? NaN), to.y(of.y[row] ?? NaN)));
  return (
    <g class="overlay-objects">
      {seen.slice(0, MOST_MARKS).map((one) => (
        <Ellipse
          key={`${one.amp} ${one.row}`}
          one={one}
          to={to}
          chosen={one.amp === chosen?.amp && one.row === chosen.row}
        />
      ))}
    </g>
  );
}

/** The line of an arrow and its two barbs. */
function arrow(x: number, y: number, dx: number, dy: number): string {
  const length = Math.hypot(dx, dy);
  const shaft = `M${x.toFixed(1)} ${y.toFixed(1)}l${dx.toFixed(1)} ${dy.toFixed(1)}`;
  if (length < 2 * BARB) return shaft;
  const [along, across] = [(-BARB * dx) / length, (-BARB * dy) / length];
  const left = `${(along - across / 2).toFixed(1)} ${(across + along / 2).toFixed(1)}`;
  const right = `${(along + across / 2).toFixed(1)} ${(across - along / 2).toFixed(1)}`;
  const tip = `${(x + dx).toFixed(1)} ${(y + dy).toFixed(1)}`;
  return `${shaft}l${left}M${tip}l${right}`;
}

function Arrows({ to }: { to: Project }) {
  const scaled = arrows.value;
  if (!scaled) return null;
  const lines: string[] = [];
  for (const { of, sky } of matches.value)
    sky.object.forEach((row, i) => {
      const [x, y] = [to.x(of.x[row] ?? NaN), to.y(of.y[row] ?? NaN)];
      const long = scaled.factor * to.scale;
      const [dx, dy] = [(sky.dx[i] ?? NaN) * long, -(sky.dy[i] ?? NaN) * long];
      if (lines.length < MOST_MARKS && isSeen(x, y) && Number.isFinite(dx + dy)) lines.push(arrow(x, y, dx, dy));
    });
  return <path class="overlay-arrows" data-arrows={lines.length} d={lines.join("")} />;
}

function Bar() {
  const scaled = arrows.value;
  if (!scaled) return null;
  const base = viewerSize.value.height - 14;
  return (
    <g class="overlay-bar">
      <path d={`M14 ${base - 4}v8m0 -4h${scaled.bar.toFixed(1)}m0 -4v8`} />
      <text x={14} y={base - 9}>
        {scaled.barArcsec}″ of residual, drawn × {scaled.factor}
      </text>
    </g>
  );
}

function Words({ to }: { to: Project }) {
  const chosen = objectAtCursor.value;
  if (!chosen) return null;
  const { of, row } = chosen;
  const [x, y] = [to.x(of.x[row] ?? 0), to.y(of.y[row] ?? 0)];
  const left = x > viewerSize.value.width / 2;
  const fwhm = of.fwhm[row] ?? NaN;
  return (
    <text class="overlay-words" x={left ? x - 16 : x + 16} y={Math.max(y - 10, 24)} text-anchor={left ? "end" : "start"}>
      {decimals(of.flux[row] ?? NaN, 0)} DN{Number.isFinite(fwhm) ? `, FWHM ${decimals(fwhm, 2)} pixels` : ""}
      {of.flags[row] ? ", flags" : ""}
    </text>
  );
}

export function ObjectMarks({ to }: { to: Project }) {
  useEffect(keepObjects, []);
  if (!showObjects.value) return null;
  return (
    <>
      <Ellipses to={to} />
      <Arrows to={to} />
      <Bar />
      <Words to={to} />
    </>
  );
}
