/** Lines over the picture: amplifier borders, apertures, region, cursor. */

import type { Region } from "../engine/protocol";
import { exposure, isImage, photometry, selectedStar } from "../state/bench";
import { cursor, pinned, place, region, showApertures, showObjects, viewerSize } from "../state/view";
import { later } from "./later";

const ObjectMarks = later(
  () => import("./ObjectMarks").then((part) => part.ObjectMarks),
  () => showObjects.value,
);

export interface Project {
  x(detector: number): number;
  y(detector: number): number;
  scale: number;
}

function projection(): Project {
  const { width, height } = viewerSize.value;
  const { x, y, scale } = place.value;
  return { x: (at) => width / 2 + (at - x) * scale, y: (at) => height / 2 - (at - y) * scale, scale };
}

function Amplifiers({ to }: { to: Project }) {
  return (
    <g class="overlay-amps">
      {exposure.value?.amps.map((amp) => (
        <g key={amp.amp}>
          <rect
            x={to.x(amp.x0 - 0.5)}
            y={to.y(amp.y0 + amp.height - 0.5)}
            width={amp.width * to.scale}
            height={amp.height * to.scale}
          />
          {!isImage.value && (
            <text x={to.x(amp.x0) + 6} y={to.y(amp.y0) - 6}>
              amplifier {amp.amp}
            </text>
          )}
        </g>
      ))}
    </g>
  );
}

/** More marks than this hide the picture and slow the page. */
const MOST_MARKS = 1500;

function Apertures({ to }: { to: Project }) {
  const found = photometry.value;
  if (!found || !showApertures.value) return null;
  const { width, height } = viewerSize.value;
  const radius = (found.radii[Math.floor(found.radii.length / 3)] ?? 5) * to.scale;
  const marks = [];
  for (let i = 0; i < found.x.length && marks.length < MOST_MARKS; i++) {
    const x = to.x(found.x[i] ?? 0);
    const y = to.y(found.y[i] ?? 0);
    if (x < -radius || y < -radius || x > width + radius || y > height + radius) continue;
    marks.push(
      <circle
        key={i}
        class={i === selectedStar.value ? "chosen" : ""}
        cx={x}
        cy={y}
        r={i === selectedStar.value ? radius + 3 : radius}
      />,
    );
  }
  return <g class="overlay-apertures">{marks}</g>;
}

function RegionShape({ shape, to }: { shape: Region; to: Project }) {
  if (shape.kind === "rectangle") {
    return (
      <rect
        class="overlay-region"
        x={to.x(shape.x - 0.5)}
        y={to.y(shape.y + shape.height - 0.5)}
        width={shape.width * to.scale}
        height={shape.height * to.scale}
      />
    );
  }
  const radii = shape.kind === "circle" ? [shape.radius] : [shape.inner, shape.outer];
  return (
    <>
      {radii.map((radius) => (
        <circle key={radius} class="overlay-region" cx={to.x(shape.x)} cy={to.y(shape.y)} r={radius * to.scale} />
      ))}
    </>
  );
}

function Cursor({ to }: { to: Project }) {
  const at = cursor.value;
  if (!at) return null;
  const half = Math.max(to.scale / 2, 3);
  const x = to.x(at.x);
  const y = to.y(at.y);
  const arms = [
    [-1, 0],
    [1, 0],
    [0, -1],
    [0, 1],
  ] as const;
  return (
    <g class={pinned.value ? "overlay-cursor pinned" : "overlay-cursor"}>
      {arms.map(([dx, dy]) => (
        <line
          key={`${dx}${dy}`}
          x1={x + dx * (half + 3)}
          y1={y + dy * (half + 3)}
          x2={x + dx * (half + 12)}
          y2={y + dy * (half + 12)}
        />
      ))}
      <rect x={x - half} y={y - half} width={2 * half} height={2 * half} />
    </g>
  );
}

export function Overlay() {
  const to = projection();
  return (
    <svg class="overlay" aria-hidden="true">
      <Amplifiers to={to} />
      <Apertures to={to} />
      <ObjectMarks to={to} />
      {region.value && <RegionShape shape={region.value} to={to} />}
      <Cursor to={to} />
    </svg>
  );
}
