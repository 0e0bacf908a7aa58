/** A line plot (uPlot) with its words; the table beside it says the same in numbers. */

import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { useEffect, useRef } from "preact/hooks";
import type { Plot } from "../engine/protocol";
import { preferences } from "../state/preferences";

function color(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** The series differ by dash as well as by color. */
const DASHES: number[][] = [[], [6, 4], [2, 3], [10, 3, 2, 3], [1, 2]];

/** So few points are seen one by one. */
const FEW = 40;

/** Half the side of a cross (CSS pixels). */
const CROSS = 4;

/** What was left out is told by its form, and not by its color alone. */
const crosses: uPlot.Series.PathBuilder = (chart, series, from, to) => {
  const stroke = new Path2D();
  const half = CROSS * devicePixelRatio;
  for (let i = from; i <= to; i++) {
    const [at, value] = [chart.data[0][i], chart.data[series]?.[i]];
    if (at === undefined || value === undefined || value === null) continue;
    const [x, y] = [chart.valToPos(at, "x", true), chart.valToPos(value, "y", true)];
    stroke.moveTo(x - half, y - half);
    stroke.lineTo(x + half, y + half);
    stroke.moveTo(x - half, y + half);
    stroke.lineTo(x + half, y - half);
  }
  return { stroke, fill: null, clip: null, flags: 0 };
};

function seriesOptions(plot: Plot): uPlot.Series[] {
  const drawn = plot.series.map((series, i): uPlot.Series => {
    if (series.style === "clipped")
      return { label: series.label, stroke: color("--warn"), width: 2, paths: crosses, points: { show: false } };
    const stroke = color(`--series-${i % 5}`);
    const points = series.style !== "line";
    return {
      label: series.label,
      stroke,
      width: 1.5,
      dash: DASHES[i % DASHES.length] ?? [],
      ...(points ? { paths: () => null } : {}),
      points: points
        ? {
            show: true,
            size: plot.x.length < FEW ? 6 : 3,
            fill: stroke,
          }
        : { show: plot.x.length < FEW && series.y.some((value) => value !== series.y[0]) },
    };
  });
  return [{ label: plot.xLabel }, ...drawn];
}

function axis(label: string): uPlot.Axis {
  return {
    label,
    labelSize: 18,
    labelFont: "12px system-ui, sans-serif",
    font: "11px system-ui, sans-serif",
    stroke: color("--quiet"),
    grid: { stroke: color("--line"), width: 1 },
    ticks: { stroke: color("--line"), width: 1 },
  };
}

/** Frames, stars and the like are counted: between 1 and 2 there is nothing. */
function counting(plot: Plot): Partial<uPlot.Axis> {
  const counted = plot.x.length < FEW && plot.x.every(Number.isInteger);
  return counted ? { incrs: [1, 2, 5, 10, 20] } : {};
}

function makeChart(box: HTMLElement, plot: Plot): uPlot {
  const options: uPlot.Options = {
    width: box.clientWidth,
    height: box.clientHeight,
    series: seriesOptions(plot),
    scales: { x: { time: false } },
    axes: [
      { ...axis(plot.xLabel), ...counting(plot), size: 34 },
      { ...axis(plot.yLabel), size: 56 },
    ],
    legend: { show: false },
    cursor: { drag: { x: true, y: false } },
    padding: [8, 12, 0, 0],
  };
  // A value that is not finite is a gap; as a number it would take the scale with it.
  const gaps = plot.series.map((series) => Array.from(series.y, (value) => (Number.isFinite(value) ? value : null)));
  return new uPlot(options, [plot.x, ...gaps], box);
}

export function Chart({ plot }: { plot: Plot }) {
  const box = useRef<HTMLDivElement>(null);
  const theme = preferences.value.theme;
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    let chart = makeChart(element, plot);
    const observer = new ResizeObserver(() =>
      chart.setSize({ width: element.clientWidth, height: element.clientHeight }),
    );
    observer.observe(element);
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    const redraw = (): void => {
      chart.destroy();
      chart = makeChart(element, plot);
    };
    scheme.addEventListener("change", redraw);
    return () => {
      scheme.removeEventListener("change", redraw);
      observer.disconnect();
      chart.destroy();
    };
  }, [plot, theme]);
  return <div class="chart" ref={box} role="img" aria-label={`${plot.title}. ${plot.summary}`} />;
}
