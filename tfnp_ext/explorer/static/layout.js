/** Where each part of a picture has its place. */

import { lineKey } from "./charts.js";

export const TALLEST = 512; // CSS pixels of a picture, its ticks not counted
const LARGEST_CELL = 56; // of a small plane, not zoomed
const THINNEST = 72; // a plane of few rows is stretched to this
export const BAR_WIDTH = 76; // colour bar, histogram and limits
const GAP = 18; // between two panels

/** Returns the pixels of a picture, in device pixels, and how many of them a cell of the plane takes. */
export function gridLayout(pen, frame, width, ratio) {
  const { meta } = frame;
  const margin = rowMargin(pen, frame, ratio);
  const bar = meta.kind === "heatmap" ? BAR_WIDTH : 4;
  const stacked = frame.panels > 1 && width < 520;
  const besides = frame.panels > 1 && !stacked ? frame.panels : 1;
  const across = Math.floor(((width - margin - bar - GAP * (besides - 1)) / besides) * ratio);
  const tallest = (stacked ? 280 : TALLEST) * ratio;
  const size = gridSize(frame, [tallest, across], ratio);
  const names = meta.names.panels ? 18 : 6;
  const step = [stacked ? size[0] + (names + 24) * ratio : 0, stacked ? 0 : size[1] + GAP * ratio];
  const panels = Array.from({ length: frame.panels }, (_, i) => ({
    left: Math.round(margin * ratio) + i * step[1],
    top: Math.round(names * ratio) + i * step[0],
    width: size[1],
    height: size[0],
    margin: margin * ratio,
    hasRows: stacked || i === 0,
  }));
  const last = panels[panels.length - 1];
  return {
    panels,
    fit: [size[0] / frame.height, size[1] / frame.width],
    plane: [frame.height, frame.width],
    bar: bar === BAR_WIDTH && {
      left: last.left + last.width + 12 * ratio,
      top: panels[0].top,
      height: Math.max(Math.min(size[0], 200 * ratio), 96 * ratio),
    },
    width: (last.left + last.width) / ratio + bar,
    height: Math.max((last.top + last.height) / ratio + 20, bar === BAR_WIDTH ? names + 100 : 0),
  };
}

/**
 * Returns height and width of a panel: its cells are square unless it is thin, and a pixel of the buffer takes a whole
 * number of device pixels where it was pooled alike in both directions.
 */
function gridSize(frame, room, ratio) {
  const plane = [frame.height, frame.width];
  const units = frame.isWhole ? frame.pixels : plane;
  const crisp = (size) => (size >= 1 ? Math.floor(size) : size);
  const fitting = (cells) => Math.min(room[0] / cells[0], room[1] / cells[1], LARGEST_CELL * ratio);
  const [tall, wide] = units.map((count, i) => count / plane[i]);
  const alike = Math.abs(tall - wide) < 0.02 * Math.max(tall, wide);
  const square = alike ? units.map((count) => count * crisp(fitting(units))) : plane.map((count) => count * fitting(plane));
  const thinnest = THINNEST * ratio;
  return square.map((size, i) => {
    const wider = Math.min(thinnest, room[i], units[i] * LARGEST_CELL * ratio) / units[i];
    return Math.max(1, Math.round(size < thinnest ? Math.max(size, units[i] * crisp(wider)) : size));
  });
}

/** CSS pixels that the names or indices of rows take. */
function rowMargin(pen, frame, ratio) {
  const names = frame.meta.labels.y ?? [String(frame.height - 1)];
  const widest = Math.max(...names.map((name) => pen.measure(String(name)) / ratio));
  return Math.ceil(Math.min(110, Math.max(18, widest))) + 8;
}

export function chartLayout(pen, frame, width, ratio) {
  const { kind } = frame.meta;
  const slot = Math.min(48, (width - 64) / frame.width);
  const widest = Math.max(0, ...frame.names.slice(0, 200).map((name) => pen.measure(String(name)) / ratio));
  frame.sideways = kind === "bars" && frame.width <= 60 && widest > slot - 4;
  const margin = frame.sideways ? Math.ceil(Math.min(160, widest)) + 8 : 56;
  const right = frame.sideways ? 64 : 10;
  const longest = kind === "bars" && !frame.sideways ? 48 * frame.width : 900;
  const wide = Math.round(Math.max(40, Math.min(width - margin - right, frame.sideways ? 420 : longest)) * ratio);
  const tall = Math.round((frame.sideways ? 17 * frame.height * frame.width : 200) * ratio);
  const top = Math.round((14 + lineKey(pen, frame, wide).height) * ratio);
  const panel = { left: Math.round(margin * ratio), top, width: wide, height: tall, margin: margin * ratio };
  return {
    panels: [panel],
    fit: frame.sideways ? [tall / frame.width, wide] : [tall, wide / frame.width],
    plane: frame.sideways ? [frame.width, 1] : [1, frame.width],
    bar: null,
    width: (panel.left + wide) / ratio + right,
    height: (top + tall) / ratio + (frame.sideways ? 6 : 20),
  };
}
