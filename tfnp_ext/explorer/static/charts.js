/** Lines, bars and histograms. */

import { BLUE, GREY, MAGENTA, ORANGE } from "./colors.js";
import { markOf, nameTicks, ticks } from "./pen.js";
import { shortText } from "./values.js";

/** Returns a function from a number to its place across a chart, with zero or the limits as its ends. */
function chartScale(low, high, start, end) {
  const span = high - low || 1;
  return (number) => start + ((number - low) / span) * (end - start);
}

/** What a chart's values lie between: bars stand on zero, a histogram's are counts, a line has some room. */
function chartLimits(frame) {
  const { kind, limits } = frame.meta;
  const finite = () => [...frame.values[0].numbers].filter(Number.isFinite);
  if (kind === "histogram") return [0, Math.max(1, ...finite())];
  let [low, high] = limits ?? [0, 1];
  if (kind === "bars") {
    [low, high] = [Math.min(0, low), Math.max(0, high)];
    const below = low < 0 && !frame.sideways ? 0.1 * (high - low) : 0; // for the numbers at their ends
    return [low - below, high];
  }
  if (low === high) [low, high] = [low - 0.5, high + 0.5];
  const room = 0.04 * (high - low);
  return [low - room, high + room];
}

export function paintChart(pen, frame, view, panel) {
  const { context } = pen;
  const [low, high] = chartLimits(frame);
  const sideways = frame.sideways;
  const across = sideways
    ? chartScale(low, high, panel.left, panel.left + panel.width)
    : chartScale(low, high, panel.top + panel.height, panel.top);
  context.save();
  context.beginPath();
  context.rect(panel.left, panel.top - pen.ratio, panel.width, panel.height + 2 * pen.ratio);
  context.clip();
  if (frame.meta.kind === "line") paintLines(pen, frame, view, panel, across);
  else paintBars(pen, frame, view, panel, across);
  context.restore();
  paintChartAxes(pen, frame, view, panel, across, [low, high]);
  if (frame.series > 1) paintLineKey(pen, lineKey(pen, frame, panel.width), panel);
}

// No two alike, so that lines differ not by colour alone.
const DASHES = [[], [8, 4], [3, 2], [9, 3, 2, 3], [1.5, 2.5], [9, 3, 2, 3, 2, 3], [16, 5], [5, 2, 1, 2]];
const SERIES = [BLUE, ORANGE, GREY];
const SAMPLE = 32; // CSS pixels of a line beside its name
const KEY_HEIGHT = 15;

/** Strokes as one of several lines. */
function asSeries({ context, ratio }, series) {
  context.strokeStyle = context.fillStyle = SERIES[series % SERIES.length];
  context.lineWidth = 1.25 * ratio;
  context.setLineDash(DASHES[series % DASHES.length].map((length) => length * ratio));
}

/** Returns where the names of several lines stand, in rows as wide as the chart: `entries`, and the height of all. */
export function lineKey(pen, frame, width) {
  if (frame.series < 2) return { entries: [], height: 0 };
  const { ratio } = pen;
  const room = width / ratio - SAMPLE - 6;
  let [left, row] = [0, 0];
  const entries = Array.from({ length: frame.series }, (_, series) => {
    const name = pen.fitted(frame.seriesName(series), Math.min(160, room) * ratio);
    const taken = SAMPLE + 6 + pen.measure(name) / ratio;
    if (left && left + taken > width / ratio) [left, row] = [0, row + 1];
    const entry = { name, series, left, top: row * KEY_HEIGHT };
    left += taken + 14;
    return entry;
  });
  return { entries, height: (row + 1) * KEY_HEIGHT + 4 };
}

function paintLineKey(pen, { entries }, panel) {
  const { context, ratio } = pen;
  for (const { name, series, left, top } of entries) {
    const [x, y] = [panel.left + left * ratio, (top + KEY_HEIGHT / 2) * ratio];
    asSeries(pen, series);
    context.lineWidth = 2 * ratio;
    context.beginPath();
    context.moveTo(x, y);
    context.lineTo(x + SAMPLE * ratio, y);
    context.stroke();
    context.setLineDash([]);
    pen.text(name, x + (SAMPLE + 6) * ratio, y, { base: "middle", alpha: 1 });
  }
}

function paintLines(pen, frame, view, panel, across) {
  const { context, ratio } = pen;
  const columns = frame.pixels[1];
  const [, x0, , x1] = frame.region;
  const { numbers } = frame.values[0];
  const step = (x1 - x0) / columns;
  const centre = (column) => panel.left + (x0 + (column + 0.5) * step - view.origin[1]) * view.scale[1];
  const pairs = frame.seriesLength === 2 * columns && !frame.exact;
  for (let series = 0; series < frame.series; series++) {
    const start = series * (pairs ? 2 : 1) * columns;
    asSeries(pen, series);
    context.beginPath();
    let drawing = false;
    for (let column = 0; column < columns; column++) {
      const low = numbers[start + column];
      const high = pairs ? numbers[start + columns + column] : low;
      if (!Number.isFinite(low) || !Number.isFinite(high)) {
        drawing = false;
        pen.text(markOf(low)[1], centre(column), panel.top + panel.height - 6 * ratio, {
          align: "center", base: "middle", color: MAGENTA, alpha: 1, size: 9,
        });
        asSeries(pen, series);
        continue;
      }
      // The minimum and the maximum of a column are joined by one stroke, so that no peak is lost.
      if (drawing) context.lineTo(centre(column), across(low));
      else context.moveTo(centre(column), across(low));
      if (pairs) context.lineTo(centre(column), across(high));
      drawing = true;
    }
    context.stroke();
    context.setLineDash([]);
    if (!pairs && view.scale[1] * step >= 10 * ratio) {
      for (let column = 0; column < columns; column++) {
        context.beginPath();
        context.arc(centre(column), across(numbers[start + column]), 2 * ratio, 0, 2 * Math.PI);
        context.fill();
      }
    }
  }
}

function paintBars(pen, frame, view, panel, across) {
  const { context, ratio } = pen;
  const { sideways } = frame;
  const { numbers } = frame.values[0];
  const along = sideways ? 0 : 1;
  const scale = view.scale[along];
  const edge = sideways ? panel.top : panel.left;
  const first = frame.region[1];
  const step = (frame.region[3] - first) / frame.pixels[1];
  const gap = scale * step >= 6 * ratio ? Math.max(ratio, Math.min(0.2 * scale * step, 6 * ratio)) : 0;
  const zero = across(0);
  numbers.forEach((number, i) => {
    const start = edge + (first + i * step - view.origin[along]) * scale + gap / 2;
    const thick = Math.max(1, scale * step - gap);
    if (!Number.isFinite(number)) {
      const [x, y] = sideways ? [zero + 8 * ratio, start + thick / 2] : [start + thick / 2, zero - 8 * ratio];
      pen.text(markOf(number)[1], x, y, { align: "center", base: "middle", color: MAGENTA, alpha: 1 });
      return;
    }
    const end = across(number);
    context.fillStyle = number < 0 ? ORANGE : BLUE;
    const [from, size] = [Math.min(zero, end), Math.max(Math.abs(end - zero), number ? 1 : 0)];
    if (sideways) context.fillRect(from, start, size, thick);
    else context.fillRect(start, from, thick, size);
  });
}

/** Draws the baseline and writes what lies along it and across it. */
function paintChartAxes(pen, frame, view, panel, across, [low, high]) {
  const { ratio } = pen;
  const { meta, sideways } = frame;
  const [top, left, bottom, right] = view.region;
  const names = frame.names;
  if (sideways) {
    for (let row = top; row < bottom; row++) {
      const y = panel.top + (row + 0.5 - view.origin[0]) * view.scale[0];
      const name = String(names[row] ?? row);
      pen.text(name, panel.left - 6 * ratio, y, { align: "right", base: "middle", room: panel.margin - 8 * ratio, alpha: 1 });
      const number = frame.values[0].numbers[row - frame.region[1]];
      if (!Number.isFinite(number)) continue;
      // To the right also of a negative bar: on its left are the names.
      pen.text(shortText(number), across(Math.max(0, number)) + 4 * ratio, y, { base: "middle" });
    }
    pen.rule(across(0), panel.top, across(0), panel.top + panel.height);
    return;
  }
  const zero = low <= 0 && high >= 0 ? across(0) : panel.top + panel.height;
  pen.rule(panel.left, zero, panel.left + panel.width, zero);
  const { limits } = meta;
  const written = meta.kind === "histogram" ? [high] : [...new Set([limits[0], limits[1], low < 0 && high > 0 ? 0 : limits[0]])];
  const taken = [];
  for (const number of written) {
    const y = across(number);
    if (taken.some((other) => Math.abs(other - y) < 12 * ratio)) continue;
    taken.push(y);
    pen.text(shortText(number), panel.left - 6 * ratio, y, { align: "right", base: "middle" });
  }
  const bottomLine = panel.top + panel.height + 13 * ratio;
  if (meta.kind === "histogram") {
    const [first, last] = [frame.edge(0), frame.edge(frame.width)];
    pen.text(shortText(first), panel.left, bottomLine);
    pen.text(shortText(last), panel.left + panel.width, bottomLine, { align: "right" });
    if (first < 0 && last > 0) {
      const x = panel.left + (-first / (last - first)) * panel.width;
      if (x > panel.left + 50 * ratio && x < panel.left + panel.width - 50 * ratio) pen.text("0", x, bottomLine, { align: "center" });
    }
    return;
  }
  const { places, texts } = nameTicks(pen, names, left, right, panel.width, view.scale[1]);
  for (const column of places) {
    const x = panel.left + (column + 0.5 - view.origin[1]) * view.scale[1];
    if (x < panel.left || x > panel.left + panel.width) continue;
    const text = texts(column);
    pen.text(text, pen.inside(text, x, 0, panel.left + panel.width + 10 * ratio), bottomLine, { align: "center" });
  }
  if (meta.kind === "bars" && view.scale[1] >= 26 * ratio) paintBarValues(pen, frame, view, panel, across);
}

function paintBarValues(pen, frame, view, panel, across) {
  const { ratio } = pen;
  frame.values[0].numbers.forEach((number, i) => {
    if (!Number.isFinite(number)) return;
    const x = panel.left + (frame.region[1] + i + 0.5 - view.origin[1]) * view.scale[1];
    const text = shortText(number, 2);
    if (pen.measure(text, 10) > view.scale[1] || x < panel.left || x > panel.left + panel.width) return;
    const y = across(number) + (number < 0 ? 10 : -4) * ratio;
    pen.text(text, x, y, { align: "center", size: 10 });
  });
}
