/** Heat maps and images: cells, signs, values, axes, and the colour bar. */

import { cssColor, GREY, MAGENTA, positions, textOn, thresholdTable } from "./colors.js";
import { markOf, nameTicks, ticks } from "./pen.js";
import { shortText } from "./values.js";

const VALUE_CELL = 36; // from here on a cell holds its value
const OUTLINED_CELL = 5; // from here on what lies above the threshold is outlined
const MOST_RINGS = 80; // cells smaller than that which get a ring each

/** Paints the visible part of a plane's panel from what was sent of it. */
export function paintPanel(pen, frame, index, view, panel) {
  const { context } = pen;
  const [down, right] = view.scale;
  const [y0, x0, y1, x1] = frame.region;
  const [rows, columns] = frame.pixels;
  const layer = frame.layers[index];
  const tall = ((y1 - y0) / rows) * down; // device pixels a pixel of the buffer
  const wide = ((x1 - x0) / columns) * right;
  const left = panel.left + (x0 - view.origin[1]) * right;
  const top = panel.top + (y0 - view.origin[0]) * down;
  const cut = (start, size, length, edge) => [
    Math.max(0, Math.floor((edge - start) / size + 1e-6)),
    Math.min(length, Math.ceil((edge + (size === wide ? panel.width : panel.height) - start) / size)),
  ];
  const [first, last] = cut(left, wide, columns, panel.left);
  const [upper, lower] = [
    Math.max(0, Math.floor((panel.top - top) / tall + 1e-6)),
    Math.min(rows, Math.ceil((panel.top + panel.height - top) / tall)),
  ];
  if (first >= last || upper >= lower) return;
  context.save();
  context.beginPath();
  context.rect(panel.left, panel.top, panel.width, panel.height);
  context.clip();
  context.drawImage(
    layer.canvas, first, upper, last - first, lower - upper,
    left + first * wide, top + upper * tall, (last - first) * wide, (lower - upper) * tall,
  );
  const cells = { left, top, wide, tall, first, last, upper, lower, columns };
  if (layer.above) paintOutlines(pen, layer.above, cells);
  paintMarks(pen, frame, index, layer, cells);
  if (frame.exact && Math.min(wide, tall) >= 16 * pen.ratio && wide >= VALUE_CELL * pen.ratio) {
    paintValues(pen, frame, index, layer, cells);
  }
  context.restore();
}

/** Draws a line around what lies above the threshold; around a few small cells, a ring each. */
function paintOutlines(pen, above, cells) {
  const { context, ratio } = pen;
  const { left, top, wide, tall, first, last, upper, lower, columns } = cells;
  const rings = Math.min(wide, tall) < OUTLINED_CELL * ratio;
  if (!above.total || (rings && above.total > MOST_RINGS)) return;
  const is = (row, column) => row >= upper && row < lower && column >= first && column < last && above[row * columns + column];
  context.strokeStyle = pen.ink;
  context.lineWidth = Math.max(1, Math.round(1.25 * ratio));
  context.beginPath();
  const shift = (context.lineWidth % 2) / 2; // whole pixels
  const stroke = (x0, y0, x1, y1) => {
    context.moveTo(x0 + shift, y0 + shift);
    context.lineTo(x1 + shift, y1 + shift);
  };
  for (let row = upper; row < lower; row++) {
    for (let column = first; column < last; column++) {
      if (!is(row, column)) continue;
      const [x0, y0] = [Math.round(left + column * wide), Math.round(top + row * tall)];
      const [x1, y1] = [Math.round(left + (column + 1) * wide), Math.round(top + (row + 1) * tall)];
      if (rings) {
        const size = 9 * ratio;
        context.rect(Math.round((x0 + x1 - size) / 2) + shift, Math.round((y0 + y1 - size) / 2) + shift, size, size);
        continue;
      }
      if (!is(row - 1, column)) stroke(x0, y0, x1, y0);
      if (!is(row + 1, column)) stroke(x0, y1, x1, y1);
      if (!is(row, column - 1)) stroke(x0, y0, x0, y1);
      if (!is(row, column + 1)) stroke(x1, y0, x1, y1);
    }
  }
  context.stroke();
}

/** Gives each value that is not finite its sign; where there are too many and cells are small, colour alone remains. */
function paintMarks(pen, frame, index, layer, cells) {
  if (!layer.special.length) return;
  const { numbers } = frame.values[index];
  const { left, top, wide, tall, columns } = cells;
  const large = Math.min(wide, tall) >= 9 * pen.ratio;
  const one = (place) => {
    const [x, y] = [left + (place % columns) * wide, top + Math.floor(place / columns) * tall];
    paintMark(pen, markOf(numbers[place]), x, y, wide, tall, large);
  };
  if (!layer.crowded) {
    layer.special.forEach(one);
    return;
  }
  if (!large) return;
  for (let row = cells.upper; row < cells.lower; row++) {
    for (let column = cells.first; column < cells.last; column++) {
      const place = row * columns + column;
      if (numbers[place] - numbers[place] !== 0) one(place);
    }
  }
}

/** Draws the sign of one cell: hatched for NaN, a triangle for an infinity; beside a small cell, a cross of its own. */
function paintMark(pen, [word, sign], x, y, width, height, large) {
  const { context, ratio } = pen;
  const style = { align: "center", base: "middle", color: MAGENTA, alpha: 1 };
  if (!large) {
    // On a disc of the ground, so that it is seen among small cells of any colour.
    context.fillStyle = `rgb(${pen.ground})`;
    context.beginPath();
    context.arc(x + width / 2, y + height / 2, 4.5 * ratio, 0, 2 * Math.PI);
    context.fill();
    pen.text(sign, x + width / 2, y + height / 2 + 0.5 * ratio, { ...style, size: sign === "×" ? 12 : 8 });
    return;
  }
  context.clearRect(x, y, width, height);
  if (word === "NaN") {
    pen.hatch(x, y, width, height);
    return;
  }
  context.fillStyle = `${MAGENTA}40`;
  context.fillRect(x, y, width, height);
  const size = Math.min(14, Math.max(8, (0.6 * Math.min(width, height)) / ratio));
  pen.text(sign, x + width / 2, y + height / 2, { ...style, size });
}

function paintValues(pen, frame, index, layer, { left, top, wide, tall, first, last, upper, lower, columns }) {
  const values = frame.values[index];
  if (!values || values.length !== layer.colors.length) return;
  const size = 10;
  const room = Math.min(7, Math.floor((0.86 * wide) / pen.measure("0", size)));
  const largest = Math.max(...frame.meta.limits.map(Math.abs));
  for (let row = upper; row < lower; row++) {
    for (let column = first; column < last; column++) {
      const place = row * columns + column;
      const number = values.numbers[place];
      if (number - number !== 0 && values.isFloat) continue;
      const color = textOn(layer.colors[place], pen.ground);
      const style = { align: "center", base: "middle", size, color, alpha: 1 };
      pen.text(values.cellText(place, room, largest), left + (column + 0.5) * wide, top + (row + 0.5) * tall, style);
    }
  }
}

/** Writes a few indices, or the names of rows and columns where they fit, beside a panel. */
export function paintAxes(pen, frame, view, panel) {
  const { ratio } = pen;
  const [top, left, bottom, right] = view.region;
  const { y: rowNames, x: columnNames } = frame.meta.labels;
  const [down, across] = view.scale;
  const { places, texts } = nameTicks(pen, columnNames, left, right, panel.width, across);
  for (const column of places) {
    const x = panel.left + (column + 0.5 - view.origin[1]) * across;
    if (x < panel.left || x > panel.left + panel.width) continue;
    pen.text(texts(column), x, panel.top + panel.height + 13 * ratio, { align: "center" });
  }
  if (!panel.hasRows) return;
  for (const row of ticks(top, bottom, panel.height, (rowNames ? 14 : 32) * ratio)) {
    const y = panel.top + (row + 0.5 - view.origin[0]) * down;
    if (y < panel.top || y > panel.top + panel.height) continue;
    const text = String(rowNames?.[row] ?? row);
    const room = panel.margin - 8 * ratio;
    pen.text(text, panel.left - 6 * ratio, y, { align: "right", base: "middle", room });
  }
}

/** Draws the colours from the low limit to the high one, the slice's histogram beside them, and both limits. */
export function paintColorBar(pen, frame, bar) {
  const { context, ratio } = pen;
  const { limits: [low, high], counts, edges } = frame.meta;
  const position = positions(frame.meta);
  const table = thresholdTable(frame.table, frame.meta);
  const [top, height] = [bar.top + 16 * ratio, bar.height - 32 * ratio];
  const wide = 10 * ratio;
  for (let row = 0; row < height; row++) {
    const place = Math.round((1 - (row + 0.5) / height) * 255);
    context.fillStyle = cssColor(table[place]);
    context.fillRect(bar.left, Math.round(top) + row, wide, 1);
  }
  pen.frame(bar.left, Math.round(top), wide, Math.round(height));
  pen.text(shortText(high), bar.left - ratio, top - 5 * ratio);
  pen.text(shortText(low), bar.left - ratio, top + height + 12 * ratio);
  if (counts?.length && edges) {
    const ends = Array.from({ length: counts.length + 1 }, (_, i) => binEdge(frame.meta, i / counts.length));
    paintBarCounts(pen, counts, ends, position, bar.left + wide + 4 * ratio, top, height);
  }
  if (low < 0 && high > 0) {
    const y = top + (1 - position(0)) * height;
    if (y > top + 10 * ratio && y < top + height - 10 * ratio) {
      pen.rule(bar.left + wide, y, bar.left + wide + 4 * ratio, y, GREY);
      pen.text("0", bar.left + wide + 36 * ratio, y, { base: "middle" });
    }
  }
}

/** Where the bins of the slice's histogram end, as a share of all: their logarithms are equally far apart on a log scale. */
function binEdge({ edges, bins }, share) {
  const [low, high] = [edges[0], edges[edges.length - 1]];
  if (share === 0 || share === 1) return share ? high : low;
  return bins === "log" ? Math.exp(Math.log(low) * (1 - share) + Math.log(high) * share) : low * (1 - share) + high * share;
}

function paintBarCounts(pen, counts, ends, position, left, top, height) {
  const { context, ratio } = pen;
  const most = Math.max(...counts, 1);
  const clamp = (value) => Math.max(0, Math.min(1, value));
  context.fillStyle = `${GREY}a0`;
  counts.forEach((count, i) => {
    const [from, to] = [clamp(position(ends[i])), clamp(position(ends[i + 1]))];
    if (to <= from || !count) return;
    const tall = Math.max(1, (to - from) * height);
    context.fillRect(left, top + (1 - to) * height, Math.max(ratio, (count / most) * 28 * ratio), tall);
  });
}
