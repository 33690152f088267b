/** A frame as it was sent, and which part of its plane is seen. */

import { colorize, positions } from "./colors.js";
import { Texts, typedArray, Values } from "./values.js";

const DEEPEST_CELL = 120; // zoomed

/** A frame as it came, with its buffers as values and, once asked for, its pixels as a picture. */
export class Frame {
  constructor(meta, buffers, table) {
    this.meta = { prefix: ["y", "x"], names: {}, labels: {}, pooled: "", limits: [0, 1], ...meta };
    const [height, width] = meta.shape;
    this.height = height;
    this.width = width;
    this.region = meta.region ?? [0, 0, height, width];
    this.pixels = meta.pixels ?? [this.region[2] - this.region[0], this.region[3] - this.region[1]];
    this.table = table;
    this.panels = meta.kind === "heatmap" ? (meta.panels ?? 1) : 1;
    const masked = meta.mask === undefined ? undefined : typedArray(buffers[meta.mask], "u1");
    this.marks = meta.marks === undefined ? undefined : typedArray(buffers[meta.marks], "u1");
    const sent = buffers.filter((_, i) => i !== meta.mask && i !== meta.marks);
    const cells = masked && masked.length / this.panels;
    const values = (buffer, i) =>
      new Values(buffer, meta.dtype ?? "f4", meta, masked?.subarray(i * cells, (i + 1) * cells));
    if (meta.kind === "image") {
      this.painted = typedArray(sent[0], "u1");
      this.values = sent[1] ? [values(sent[1], 0)] : [];
    } else if (meta.dtype === "text") {
      this.values = [new Texts(meta.texts)];
    } else if (meta.kind === "histogram") {
      this.values = [new Values(Float64Array.from(meta.counts).buffer, "f8")];
    } else {
      this.values = sent.map(values);
    }
    this.names = this.meta.labels.x ?? []; // of a chart's bars
    this.series = this.meta.kind === "line" ? (this.meta.series ?? 1) : 1;
    this.sideways = false; // bars as rows, where their names need the room: the layout decides
  }

  get isWhole() {
    return this.covers([0, 0, this.height, this.width]);
  }

  get isTable() {
    return this.meta.kind === "table";
  }

  get isZoomable() {
    return this.isGrid || this.meta.kind === "line" || (this.meta.kind === "bars" && !this.sideways);
  }

  /** How many numbers belong to one line of a chart. */
  get seriesLength() {
    return this.values[0].length / this.series;
  }

  /** What a line of several is called: the name of its row, or its index. */
  seriesName(series) {
    return String(this.meta.labels.series?.[series] ?? (this.series > 1 ? series : ""));
  }

  /** Where a histogram's bin starts. */
  edge(bin) {
    const { edges } = this.meta;
    if (edges.length === this.width + 1) return edges[bin];
    return edges[0] + ((edges[1] - edges[0]) * bin) / this.width;
  }

  get exact() {
    return !this.meta.pooled;
  }

  /** Whether positions are those of a plane that zooms in both directions. */
  get isGrid() {
    return this.meta.kind === "heatmap" || this.meta.kind === "image";
  }

  covers([top, left, bottom, right]) {
    const [y0, x0, y1, x1] = this.region;
    return y0 <= top && x0 <= left && y1 >= bottom && x1 >= right;
  }

  /** Where a cell of the plane lies in the buffer; -1 where it was not sent. */
  place(y, x) {
    const [y0, x0, y1, x1] = this.region;
    if (y < y0 || y >= y1 || x < x0 || x >= x1) return -1;
    const [rows, columns] = this.pixels;
    const row = Math.floor(((y - y0) * rows) / (y1 - y0));
    return row * columns + Math.floor(((x - x0) * columns) / (x1 - x0));
  }

  /** One picture a panel, a pixel a value, made once. */
  get layers() {
    if (!this.pictures) {
      this.pictures = this.painted ? [this.layer({ colors: this.rgba(), special: [] })] : [];
      for (const values of this.painted ? [] : this.values) {
        const spare = this.spare?.[this.pictures.length];
        this.pictures.push(this.layer(colorize(values, this.meta, this.table, spare?.colors, this.marks), spare?.canvas));
      }
    }
    return this.pictures;
  }

  rgba() {
    return typedArray(this.painted.slice(), "u4");
  }

  layer({ colors, special, crowded, above }, spare) {
    const [rows, columns] = this.pixels;
    const canvas = spare ?? document.createElement("canvas");
    if (!spare) [canvas.width, canvas.height] = [columns, rows];
    if (rows && columns) {
      const bytes = new Uint8ClampedArray(colors.buffer, 0, 4 * rows * columns);
      canvas.getContext("2d").putImageData(new ImageData(bytes, columns, rows), 0, 0);
    }
    return { canvas, colors, special, crowded, above };
  }

  /** Lets go of what it holds; a frame of the same size may have its pictures, as to make new ones takes milliseconds. */
  release(heir) {
    const fits = heir && !heir.painted && !this.painted && String(heir.pixels) === String(this.pixels);
    if (fits && this.pictures) heir.spare = this.pictures;
    else for (const { canvas } of this.pictures ?? []) canvas.width = canvas.height = 0;
    this.pictures = this.painted = this.spare = this.marks = null;
    this.values = [];
  }
}

/** The visible part of a plane: how many device pixels a cell takes, and which cell lies at the upper left corner. */
export class View {
  constructor(fit, width, height, plane, ratio) {
    this.fit = fit; // device pixels a cell [down, right] where everything is visible
    this.width = width; // device pixels of a panel
    this.height = height;
    this.plane = plane; // cells [down, right]
    this.deepest = DEEPEST_CELL * ratio;
    this.reset();
  }

  reset() {
    this.zoomed = 1;
    this.scale = [...this.fit];
    this.origin = [0, 0];
  }

  get whole() {
    return this.zoomed === 1;
  }

  /** Cells of whole device pixels, so that all are of one size. */
  scaleAt(zoomed) {
    return this.fit.map((fit) => {
      const scale = fit * zoomed;
      return zoomed === 1 || scale < 1 ? scale : Math.min(Math.round(scale), Math.max(this.deepest, fit));
    });
  }

  /** Zooms by steps around a point of the panel, in device pixels; returns whether anything changed. */
  zoom(steps, [down, right]) {
    const cell = [this.origin[0] + down / this.scale[0], this.origin[1] + right / this.scale[1]];
    const before = String(this.scale);
    while (String(this.scale) === before) {
      if (steps > 0 ? Math.min(...this.scale) >= this.deepest : this.whole) break;
      this.zoomed *= 1.25 ** steps;
      if (this.zoomed < 1.001) this.zoomed = 1;
      this.scale = this.scaleAt(this.zoomed);
    }
    this.moveTo([cell[0] - down / this.scale[0], cell[1] - right / this.scale[1]]);
    return String(this.scale) !== before;
  }

  /** Zooms in until a cell is this large, around one. */
  zoomTo(size, cell) {
    for (let tries = 0; tries < 200 && Math.min(...this.scale) < size; tries++) {
      if (!this.zoom(1, [this.height / 2, this.width / 2])) break;
    }
    this.centre(cell);
  }

  moveTo(origin) {
    const panel = [this.height, this.width];
    this.origin = origin.map((start, i) => {
      const last = this.plane[i] - panel[i] / this.scale[i];
      return Math.max(0, Math.min(Math.round(start * this.scale[i]) / this.scale[i], last));
    });
  }

  centre([y, x]) {
    this.moveTo([y + 0.5 - this.height / this.scale[0] / 2, x + 0.5 - this.width / this.scale[1] / 2]);
  }

  /** Moves as little as shows a cell. */
  reveal(cell) {
    const panel = [this.height, this.width];
    this.moveTo(
      this.origin.map((start, i) => Math.min(cell[i], Math.max(start, cell[i] + 1 - panel[i] / this.scale[i]))),
    );
  }

  /** The cells that are visible, also in part: [top, left, bottom, right]. */
  get region() {
    const [top, left] = this.origin;
    const end = (start, i, size) => Math.min(this.plane[i], Math.ceil(start + size / this.scale[i] - 1e-6));
    return [Math.floor(top + 1e-6), Math.floor(left + 1e-6), end(top, 0, this.height), end(left, 1, this.width)];
  }

  cellAt(down, right) {
    const cell = [this.origin[0] + down / this.scale[0], this.origin[1] + right / this.scale[1]];
    return cell.map((place, i) => Math.max(0, Math.min(this.plane[i] - 1, Math.floor(place))));
  }
}
