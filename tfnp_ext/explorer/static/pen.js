/** Strokes and text, in CSS sizes on device pixels. */

import { GREY, groundOf, MAGENTA } from "./colors.js";

const MARKS = [["NaN", "×"], ["+Inf", "▲"], ["-Inf", "▼"]];
const FONT = 11;

/** Draws on a canvas in device pixels, with sizes of text and strokes in CSS pixels. */
export class Pen {
  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
  }

  /** Takes size and colours of the moment, and clears. */
  begin(width, height, ratio, host) {
    const [across, down] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (this.canvas.width !== across) this.canvas.width = across;
    if (this.canvas.height !== down) this.canvas.height = down;
    this.canvas.style.width = `${across / ratio}px`;
    this.canvas.style.height = `${down / ratio}px`;
    this.ratio = ratio;
    const style = getComputedStyle(host);
    this.family = style.fontFamily;
    this.ink = style.color;
    this.ground = groundOf(host);
    this.context.imageSmoothingEnabled = false;
    this.context.clearRect(0, 0, across, down);
  }

  measure(text, size = FONT) {
    this.context.font = `${size * this.ratio}px ${this.family}`;
    return this.context.measureText(text).width;
  }

  text(text, x, y, { align = "left", base = "alphabetic", color = this.ink, size = FONT, alpha = 0.66, room } = {}) {
    const { context } = this;
    context.font = `${size * this.ratio}px ${this.family}`;
    context.textAlign = align;
    context.textBaseline = base;
    context.fillStyle = color;
    context.globalAlpha = alpha;
    context.fillText(room ? this.fitted(text, room, size) : text, x, y);
    context.globalAlpha = 1;
  }

  /** Shortens a text until it fits. */
  fitted(text, room, size = FONT) {
    let short = text;
    while (short.length > 1 && this.measure(short === text ? text : `${short}…`, size) > room) short = short.slice(0, -1);
    return short === text ? text : `${short}…`;
  }

  /** Moves the middle of a text so that it lies between two ends. */
  inside(text, x, first, last) {
    const half = this.measure(text) / 2;
    return Math.max(first + half, Math.min(x, last - half));
  }

  frame(x, y, width, height) {
    const line = Math.max(1, Math.round(this.ratio / 2));
    this.context.strokeStyle = `${GREY}80`;
    this.context.lineWidth = line;
    this.context.strokeRect(x - line / 2, y - line / 2, width + line, height + line);
  }

  rule(x0, y0, x1, y1, color = `${GREY}80`) {
    const { context } = this;
    context.strokeStyle = color;
    context.lineWidth = Math.max(1, Math.round(this.ratio / 2));
    context.beginPath();
    context.moveTo(x0, y0);
    context.lineTo(x1, y1);
    context.stroke();
  }

  /** Diagonal strokes: the ground of NaN. */
  hatch(x, y, width, height) {
    const { context, ratio } = this;
    context.save();
    context.beginPath();
    context.rect(x, y, width, height);
    context.clip();
    context.strokeStyle = MAGENTA;
    context.lineWidth = 1.25 * ratio;
    context.beginPath();
    for (let start = x - height; start < x + width; start += 4 * ratio) {
      context.moveTo(start, y + height);
      context.lineTo(start + height, y);
    }
    context.stroke();
    context.restore();
  }
}

export const markOf = (number) => MARKS[Number.isNaN(number) ? 0 : number > 0 ? 1 : 2];

/** Returns whole numbers between two cells, far enough apart that their labels do not touch. */
export function ticks(first, last, pixels, distance) {
  const least = Math.max(1, ((last - first) * distance) / Math.max(pixels, 1));
  const power = 10 ** Math.floor(Math.log10(least));
  const step = Math.max(1, [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= least));
  const places = [];
  for (let place = Math.ceil(first / step) * step; place < last; place += step) places.push(place);
  return places;
}

const WIDEST_NAME = 110; // CSS pixels
const LEAST_NAME = 26;

/**
 * Returns which columns of a picture are told, and as what: by their names where these fit, so many as have room; else by
 * their indices, as of names that are cut short one reads but what they have in common.
 */
export function nameTicks(pen, names, first, last, pixels, scale) {
  const { ratio } = pen;
  const seen = names?.length ? names.slice(first, last) : [];
  const step = Math.max(1, Math.floor(seen.length / 200));
  const widest = Math.max(0, ...seen.filter((_, i) => i % step === 0).map((name) => pen.measure(String(name))));
  const named = seen.length && (widest <= WIDEST_NAME * ratio || widest + 8 * ratio <= scale);
  const distance = named ? Math.max(scale, LEAST_NAME * ratio, widest + 8 * ratio) : Math.max(scale, 44 * ratio);
  // One name a column where there is room, whatever numbers of columns are round.
  const places = ticks(first, last, pixels, named && distance <= scale ? scale : distance);
  return { places, texts: (column) => (named ? pen.fitted(String(names[column] ?? column), distance - 4 * ratio) : String(column)) };
}
