/** Colours of values: tables, limits, and ink that can be read on them. */

import { typedArray } from "./values.js";

export const MAGENTA = "#d03a94";
export const BLUE = "#3a7dc0";
export const ORANGE = "#c0631a";
export const GREY = "#767676";
const MOST_MARKS = 80; // cells that are not finite and get a sign of their own however small they are

/** Bytes in memory as one number: red is lowest. */
const packed = (red, green, blue, alpha) => ((alpha << 24) | (blue << 16) | (green << 8) | red) >>> 0;

const bytesOf = (color) => [color & 255, (color >> 8) & 255, (color >> 16) & 255, color >>> 24];

const NOT_FINITE = packed(0xd0, 0x3a, 0x94, 255);

/** Returns the 256 colours of a table's bytes: all RGB first, then all alphas, as zero may be the host's own paper. */
export function colorTable(buffer) {
  const bytes = typedArray(buffer, "u1");
  return Uint32Array.from({ length: 256 }, (_, i) => {
    const [red, green, blue] = bytes.subarray(3 * i, 3 * i + 3);
    return packed(red, green, blue, bytes[768 + i] ?? 255);
  });
}

/** The sheet's inks, for a frame that comes without a table: hue by sign, strength by size, zero is paper. */
export function inks(low) {
  return Uint32Array.from({ length: 256 }, (_, i) => {
    const size = low < 0 ? (i - 127.5) / 127.5 : i / 255;
    const alpha = Math.round(255 * Math.abs(size));
    return size < 0 ? packed(0xc0, 0x63, 0x1a, alpha) : packed(0x3a, 0x7d, 0xc0, alpha);
  });
}

/** Returns a function from a number to where it lies between the limits, 0 to 1, not clamped. */
export function positions({ limits: [low, high], scale }) {
  if (scale === "log") {
    const [first, last] = [Math.log(Math.max(low, Number.MIN_VALUE)), Math.log(Math.max(high, Number.MIN_VALUE))];
    const factor = last > first ? 1 / (last - first) : 0;
    return (number) => (number > 0 ? (Math.log(number) - first) * factor : 0);
  }
  // Halved, as the difference of two large numbers may be infinite.
  const factor = high > low ? 1 / (high / 2 - low / 2) : 0;
  return (number) => (number / 2 - low / 2) * factor;
}

/** A colour of what does not lie above the threshold, and of what does: pale grey, and an ink that is seen. */
const greyed = (color) => packed(0x76, 0x76, 0x76, Math.min(48, (color >>> 24) / 3));
const lifted = (color) => ((color & 0xffffff) | (Math.round(160 + (color >>> 24) * (95 / 255)) << 24)) >>> 0;

/** Returns the table as it is painted above the threshold and below it. */
export function thresholdTable(table, meta) {
  if (typeof meta.threshold !== "number") return table;
  const last = positions(meta)(meta.threshold) * 255;
  return table.map((color, i) => (i > last ? lifted(color) : greyed(color)));
}

/** Greys all values but those above the threshold, and returns which those are. */
function markAbove(colors, { numbers, absent }, threshold, marks) {
  const above = new Uint8Array(numbers.length);
  above.total = 0;
  for (let i = 0; i < numbers.length; i++) {
    if (numbers[i] - numbers[i] !== 0 || absent?.[i]) continue;
    above[i] = (marks ? marks[i] : numbers[i] > threshold) ? 1 : 0;
    above.total += above[i];
    colors[i] = above[i] ? lifted(colors[i]) : greyed(colors[i]);
  }
  return above;
}

/**
 * Returns one colour a value, where the first values lie that are not finite, and which lie above the threshold; what
 * is not there has no colour.
 *
 * @param {Values} values
 * @param {object} meta The frame's: limits, scale, threshold.
 * @param {Uint32Array} table
 * @param {Uint32Array=} colors Where they are written.
 * @param {Uint8Array=} marks Which blocks hold a value above the threshold, where the values are those of blocks.
 */
export function colorize(values, meta, table, colors = new Uint32Array(values.length), marks = undefined) {
  const { numbers, absent } = values;
  const special = [];
  let crowded = false;
  const mark = (i) => {
    colors[i] = values.isMissing(i) ? 0 : NOT_FINITE;
    if (!colors[i]) return;
    if (special.length < MOST_MARKS) special.push(i);
    else crowded = true;
  };
  const position = positions(meta);
  if (meta.scale === "log") {
    for (let i = 0; i < numbers.length; i++) {
      const number = numbers[i];
      if (number - number !== 0) mark(i);
      else colors[i] = table[Math.min(255, Math.max(0, (position(number) * 255 + 0.5) | 0))];
    }
  } else {
    const [low, high] = meta.limits.map((limit) => limit / 2);
    const factor = high > low ? 255 / (high - low) : 0;
    for (let i = 0; i < numbers.length; i++) {
      const step = (numbers[i] * 0.5 - low) * factor + 0.5;
      if (step >= 0 && step < 256) colors[i] = table[step | 0];
      else if (numbers[i] - numbers[i] !== 0) mark(i);
      else colors[i] = table[step < 0 ? 0 : 255];
    }
  }
  if (absent) for (let i = 0; i < numbers.length; i++) if (absent[i]) colors[i] = 0;
  const above = typeof meta.threshold === "number" ? markAbove(colors, values, meta.threshold, marks) : undefined;
  return { colors, special, crowded, above };
}

const luminance = ([red, green, blue]) => {
  const linear = (byte) => (byte <= 10 ? byte / 3294.6 : ((byte / 255 + 0.055) / 1.055) ** 2.4);
  return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
};

/** Returns black or white, whichever reads better on a colour laid over the ground. */
export function textOn(color, ground) {
  const [red, green, blue, alpha] = bytesOf(color);
  const laid = [red, green, blue].map((byte, i) => byte * (alpha / 255) + ground[i] * (1 - alpha / 255));
  return luminance(laid) > 0.179 ? "#000" : "#fff";
}

export const cssColor = (color, strength = 1) => {
  const [red, green, blue, alpha] = bytesOf(color);
  return `rgba(${red},${green},${blue},${((alpha / 255) * strength).toFixed(3)})`;
};

/** Returns the three bytes of what an element stands on: the nearest ground above it, also out of a shadow root. */
export function groundOf(element) {
  for (let node = element; node; node = node.parentNode ?? node.host) {
    if (!(node instanceof Element)) continue;
    const parts = getComputedStyle(node).backgroundColor.match(/[\d.]+/g)?.map(Number) ?? [];
    if (parts.length === 3 || parts[3] === 1) return parts.slice(0, 3);
  }
  const ink = getComputedStyle(element).color.match(/[\d.]+/g).slice(0, 3).map(Number);
  return luminance(ink) > 0.4 ? [17, 17, 17] : [255, 255, 255];
}
