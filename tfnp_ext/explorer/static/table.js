/** The values as a table. */

import { cssColor, positions, textOn } from "./colors.js";
import { TALLEST } from "./layout.js";
import { part } from "./parts.js";

const ROW_HEIGHT = 20;
const MOST_SCROLL = 6e6; // CSS pixels: browsers draw nothing beyond some 16 million

/** The values as a table of which only what is visible exists: it scrolls by whole rows and columns. */
export class Table {
  constructor(parent, { ask, select }) {
    this.ask = ask;
    this.select = select;
    this.scroller = part(parent, "div", "table", { role: "grid", tabindex: "0", hidden: "" });
    this.space = part(this.scroller, "div", "space", { role: "presentation" });
    this.sheet = part(this.space, "div", "sheet", { role: "presentation" });
    this.wide = 0;
  }

  get hidden() {
    return this.scroller.hidden;
  }

  set hidden(hidden) {
    this.scroller.hidden = hidden;
  }

  /** Takes a frame and makes room for its whole plane. */
  show(frame, ground) {
    this.frame = frame;
    this.ground = ground;
    const { scroller } = this;
    scroller.setAttribute("aria-label", frame.meta.title ?? "");
    scroller.setAttribute("aria-rowcount", frame.height + 1);
    scroller.setAttribute("aria-colcount", frame.width + 1);
    const wide = this.wide;
    const left = wide && !this.hidden ? this.leftmost : 0;
    scroller.toggleAttribute("data-text", frame.meta.dtype === "text");
    this.measure();
    if (wide !== this.wide && left) this.reveal([this.region[0], left + this.room[1] - 1]);
    this.draw();
  }

  measure() {
    const { frame, scroller } = this;
    const names = frame.meta.labels.y ?? [String(frame.height - 1)];
    const longest = Math.max(...names.map((name) => String(name).length));
    this.head = Math.min(140, Math.max(32, 7 * longest + 14));
    const values = frame.values[0];
    const columns = Math.max(1, frame.pixels[1]);
    const whole = this.frame.meta.limits?.every(Number.isInteger) && !values?.isFloat;
    let letters = whole ? Math.max(...frame.meta.limits.map((limit) => String(BigInt(limit)).length)) : 4;
    for (let i = 0; i < Math.min(values?.length ?? 0, 2000); i++) letters = Math.max(letters, Math.min(24, values.tableText(i).length));
    for (let x = 0; x < Math.min(columns, 40); x++) letters = Math.max(letters, Math.min(14, this.columnName(frame.region[1] + x).length));
    // Never narrower than before: columns must not move while one scrolls.
    this.letters = this.shape === String(frame.meta.shape) + frame.meta.dtype ? Math.max(this.letters, letters) : letters;
    this.shape = String(frame.meta.shape) + frame.meta.dtype;
    this.wide = Math.min(180, 7 * this.letters + 16);
    const tall = ROW_HEIGHT * Math.min(Math.floor(TALLEST / ROW_HEIGHT), frame.height + 1);
    const full = [ROW_HEIGHT * (frame.height + 1), this.head + this.wide * frame.width];
    this.space.style.height = `${Math.min(full[0], MOST_SCROLL)}px`;
    this.space.style.width = `${Math.min(full[1], MOST_SCROLL)}px`;
    scroller.style.height = `${tall + (full[1] > scroller.clientWidth ? 16 : 0)}px`;
  }

  columnName(x) {
    return String(this.frame.meta.labels.x?.[x] ?? x);
  }

  /** Whole cells that have room: [rows, columns]. */
  get room() {
    const { clientHeight, clientWidth } = this.scroller;
    return [
      Math.max(1, Math.min(this.frame.height, Math.floor(clientHeight / ROW_HEIGHT + 0.01) - 1)),
      Math.max(1, Math.min(this.frame.width, Math.floor((clientWidth - this.head) / this.wide + 0.01))),
    ];
  }

  get region() {
    const [rows, columns] = this.room;
    const { scrollTop, scrollLeft, scrollHeight, scrollWidth, clientHeight, clientWidth } = this.scroller;
    const first = (offset, most, cells, room) => (most > 0 ? Math.round(Math.min(1, offset / most) * (cells - room)) : 0);
    const top = first(scrollTop, scrollHeight - clientHeight, this.frame.height, rows);
    const left = first(scrollLeft, scrollWidth - clientWidth, this.frame.width, columns);
    return [top, left, top + rows, left + columns];
  }

  reveal([y, x]) {
    const [top, left, bottom, right] = this.region;
    const [rows, columns] = this.room;
    const { scroller, frame } = this;
    const to = (first, cells, room, most) => (cells > room ? (Math.max(0, Math.min(cells - room, first)) / (cells - room)) * most : 0);
    if (y < top || y >= bottom) {
      scroller.scrollTop = to(y < top ? y : y - rows + 1, frame.height, rows, scroller.scrollHeight - scroller.clientHeight);
    }
    if (x < left || x >= right) {
      scroller.scrollLeft = to(x < left ? x : x - columns + 1, frame.width, columns, scroller.scrollWidth - scroller.clientWidth);
    }
  }

  draw() {
    const region = this.region;
    const [top, left, bottom, right] = region;
    this.leftmost = left;
    this.build(bottom - top, right - left);
    const { frame } = this;
    const position = positions(frame.meta);
    this.rows.forEach(({ row, head, cells }, i) => {
      const y = top + i - 1;
      row.setAttribute("aria-rowindex", i ? y + 2 : 1);
      head.textContent = i ? String(frame.meta.labels.y?.[y] ?? y) : "";
      head.title = head.textContent.length > 18 ? head.textContent : "";
      cells.forEach((cell, j) => {
        cell.setAttribute("aria-colindex", left + j + 2);
        if (i) this.fill(cell, y, left + j, position);
        else cell.textContent = cell.title = this.columnName(left + j);
      });
    });
    if (!frame.covers(region)) this.ask(region, [this.scroller.clientHeight, this.scroller.clientWidth]);
  }

  fill(cell, y, x, position) {
    const { frame } = this;
    const place = frame.place(y, x);
    const values = frame.values[0];
    cell.cell = [y, x];
    cell.toggleAttribute("data-pinned", this.pinned?.[0] === y && this.pinned[1] === x);
    cell.toggleAttribute("data-current", this.current?.[0] === y && this.current[1] === x);
    cell.style.background = cell.style.color = "";
    cell.classList.remove("tfnp-explorer-special");
    if (place < 0 || !values) {
      cell.textContent = "·";
      return;
    }
    const missing = values.isMissing(place);
    cell.textContent = values.tableText(place);
    cell.title = missing ? "missing" : "";
    const number = values.numbers[place];
    const { threshold } = frame.meta;
    const isAbove = typeof threshold === "number" && !missing ? number > threshold : undefined;
    cell.toggleAttribute("data-above", isAbove === true);
    cell.toggleAttribute("data-below", isAbove === false);
    if (missing || (isAbove === false && Number.isFinite(number))) return;
    if (values.isFloat && !Number.isFinite(number)) {
      cell.classList.add("tfnp-explorer-special");
    } else if (values.isFloat && frame.meta.limits) {
      const color = frame.table[Math.max(0, Math.min(255, Math.round(position(number) * 255)))];
      if (color >>> 24 === 255) cell.style.color = textOn(color, this.ground);
      cell.style.background = cssColor(color, color >>> 24 === 255 ? 1 : 0.55);
    }
  }

  /** Makes so many rows and columns of cells, if they are not there. */
  build(rows, columns) {
    if (this.built === `${rows} ${columns} ${this.wide} ${this.head}`) return;
    this.built = `${rows} ${columns} ${this.wide} ${this.head}`;
    this.sheet.replaceChildren();
    this.sheet.style.gridTemplateColumns = `${this.head}px repeat(${columns}, ${this.wide}px)`;
    this.rows = Array.from({ length: rows + 1 }, (_, i) => {
      const row = part(this.sheet, "div", "row", { role: "row" });
      const head = part(row, "div", "head", { role: i ? "rowheader" : "columnheader" });
      const cells = Array.from({ length: columns }, () =>
        part(row, "div", i ? "cell" : "head", { role: i ? "gridcell" : "columnheader" }),
      );
      return { row, head, cells };
    });
  }

  release() {
    this.frame = undefined;
    this.sheet.replaceChildren();
    this.built = "";
  }
}
