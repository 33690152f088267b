/**
 * The explorer's canvas, an anywidget module: it paints the frames that the kernel sends, and hovers, pins, zooms and
 * pans by itself. What goes over the wire is described in `tfnp_ext/explorer/canvas.py` and `frames.py`.
 *
 * Three spaces: the *plane* (cells of the slice, `shape`), the *buffer* (what was sent: the plane's `region`, pooled to
 * `pixels`), and *device pixels* of the canvas. `View` holds the first against the last.
 */

import { paintChart } from "./charts.js";
import { colorTable, groundOf, inks } from "./colors.js";
import { BAR_WIDTH, chartLayout, gridLayout, TALLEST } from "./layout.js";
import { copyText, part, Requests, StillCard } from "./parts.js";
import { Pen } from "./pen.js";
import { paintAxes, paintColorBar, paintPanel } from "./plane.js";
import { describe, shortCount } from "./reading.js";
import { Table } from "./table.js";
import { Frame, View } from "./view.js";

const HINTS = {
  grid: "click pins · wheel zooms after a click, or with Ctrl · drag pans · double click resets",
  chart: "click pins · wheel zooms after a click, or with Ctrl · drag pans · double click resets",
  fixed: "click pins",
  table: "click pins · arrows move",
};

const ARROWS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
const AXIS_KEYS = new Set(["PageUp", "PageDown", "Home", "End"]);

/** One canvas in one place of the page. */
class Explorer {
  constructor(model, el) {
    this.model = model;
    this.id = Math.random().toString(36).slice(2, 10); // the same explorer may be shown twice
    this.stopped = new AbortController();
    this.root = part(el, "div", "root");
    this.stage = part(this.root, "div", "stage");
    this.canvas = part(this.stage, "canvas", "canvas", { role: "img", tabindex: "0" });
    this.markers = part(this.stage, "div", "markers", { "aria-hidden": "true" });
    this.pen = new Pen(this.canvas);
    const ask = (message) => model.send({ ...message, view: this.id, serial: this.frame?.meta.serial });
    this.requests = new Requests(ask);
    this.exacts = new Requests(ask, 0);
    this.table = new Table(this.root, { ask: (region, size) => this.requests.ask({ type: "viewport", region, size }) });
    this.line = part(this.root, "div", "line");
    this.footer = part(this.root, "div", "footer");
    this.legend = part(this.footer, "span", "legend");
    this.hint = part(this.footer, "span", "hint");
    this.root.append(this.footer);
    this.live = part(this.root, "div", "hidden", { role: "status", "aria-live": "polite" });
    this.note = part(this.root, "div", "said");
    this.asked = 0;
    this.listen();
    this.width = this.root.clientWidth;
    model.send({ type: "ready", view: this.id, size: this.available, ratio: devicePixelRatio });
  }

  // ------------------------------------------------------------------------------------------------------- lifetime

  listen() {
    const { signal } = this.stopped;
    const on = (target, type, handle, options = {}) => target.addEventListener(type, handle.bind(this), { signal, ...options });
    this.onMessage = (message, buffers) => this.receive(message, buffers);
    this.model.on("msg:custom", this.onMessage);
    on(this.canvas, "pointerdown", this.press);
    on(this.canvas, "pointermove", this.move);
    on(this.canvas, "pointerup", this.release);
    on(this.canvas, "pointercancel", this.cancel);
    on(this.canvas, "pointerleave", this.leave);
    on(this.canvas, "dblclick", this.resetView);
    on(this.canvas, "wheel", this.wheel, { passive: false });
    on(this.canvas, "keydown", this.key);
    on(this.table.scroller, "keydown", this.key);
    on(this.table.scroller, "scroll", () => this.schedule());
    on(this.table.scroller, "pointermove", this.hoverTable);
    on(this.table.scroller, "pointerleave", this.leave);
    on(this.table.scroller, "click", this.clickTable);
    for (const type of ["transitionrun", "transitionend", "transitioncancel"]) on(this.root, type, this.colorsChange);
    on(window, "resize", () => this.resize());
    on(window, "keydown", this.claimKey, { capture: true });
    this.sizes = new ResizeObserver(() => this.resize());
    this.sizes.observe(this.root);
  }

  /** The theme changes, perhaps in several steps: what is painted takes the ink and the ground that remain. */
  colorsChange({ target }) {
    if (target !== this.root) return;
    clearTimeout(this.colorsTimer);
    this.schedule();
    this.colorsTimer = setTimeout(() => this.schedule(), 250);
  }

  destroy() {
    this.stopped.abort();
    this.sizes.disconnect();
    this.requests.stop();
    this.exacts.stop();
    cancelAnimationFrame(this.scheduled);
    clearTimeout(this.colorsTimer);
    this.model.off("msg:custom", this.onMessage);
    this.still?.open();
    this.frame?.release();
    this.overview?.release();
    this.table.release();
    this.canvas.width = this.canvas.height = 0;
    this.frame = this.overview = this.view = undefined;
    this.root.remove();
    try {
      this.model.send({ type: "gone", view: this.id });
    } catch {
      // The kernel may be gone too.
    }
  }

  // -------------------------------------------------------------------------------------------------------- messages

  receive(message, buffers) {
    if (message.views && !message.views.includes(this.id)) return;
    if (message.view && message.view !== this.id) return;
    if (message.type === "frame") this.receiveFrame(message, [...(buffers ?? [])]);
    else if (message.type === "goto") this.goTo([message.y, message.x], message.pin);
    else if (message.type === "exact") this.receiveExact(message);
    else if (message.type === "copy") this.copy(message.text);
    else if (message.type === "png") this.download();
    else if (message.type === "call") this.answerCall();
  }

  receiveFrame(meta, buffers) {
    if (meta.lut) this.colors = colorTable(buffers.pop());
    const frame = new Frame(meta, buffers, this.colors ?? inks(meta.limits?.[0] ?? 0));
    this.still ??= meta.still && new StillCard(meta.still);
    const before = this.frame;
    const alike = before && ["kind", "shape", "panels"].every((key) => String(before.meta[key]) === String(meta[key]));
    const arranged = alike && ["labels", "names"].every((key) => JSON.stringify(before.meta[key]) === JSON.stringify(frame.meta[key]));
    const samePlane = alike && meta.plane !== undefined && before.meta.plane === meta.plane;
    this.frame = frame;
    if (!alike) {
      this.dropPin();
      this.view = this.cursor = undefined;
      this.requests.forget();
    }
    if (!arranged) this.requests.forget();
    this.keepOverview(before, samePlane);
    this.requests.answered();
    if (!this.width) return; // not in the page yet: the resize observer paints
    if (!this.view || !arranged || frame.isTable) this.arrange();
    else frame.sideways = before.sideways;
    this.paint();
    if (!frame.isTable) this.askForView(false);
  }

  /** Another canvas was opened: the kernel wants to know which are still there, and what each shows. */
  answerCall() {
    const { frame } = this;
    const region = !frame ? null : frame.isTable ? this.table.region : this.view?.whole ? null : (this.view?.region ?? null);
    const message = { type: "viewport", region, size: this.sizeSeen, ratio: devicePixelRatio };
    this.model.send({ ...message, view: this.id, serial: frame?.meta.serial });
  }

  /** Remembers the whole plane, in the resolution it has, for what the newest frame does not cover. */
  keepOverview(before, samePlane) {
    const kept = samePlane && !this.frame.isWhole ? (before.isWhole ? before : this.overview) : undefined;
    for (const old of new Set([before, this.overview])) if (old && old !== kept) old.release(this.frame);
    this.overview = kept;
  }

  receiveExact({ request, text }) {
    this.exacts.answered();
    if (request !== this.asked || !this.cursorCell) return;
    this.write({ ...this.told, value: text, known: true });
    if (this.spoken) this.say();
  }

  async copy(text) {
    const copied = await copyText(text, this.root);
    this.line.textContent = copied ? `copied: ${text}` : text;
  }

  /** Offers the picture, on the ground it stands on. */
  download() {
    const picture = document.createElement("canvas");
    picture.width = this.canvas.width;
    picture.height = this.canvas.height;
    const context = picture.getContext("2d");
    context.fillStyle = `rgb(${groundOf(this.root)})`;
    context.fillRect(0, 0, picture.width, picture.height);
    context.drawImage(this.canvas, 0, 0);
    picture.toBlob((blob) => {
      const link = part(this.root, "a", "hidden", { href: URL.createObjectURL(blob), download: "explorer.png" });
      link.click();
      link.remove();
      setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
    });
  }

  // --------------------------------------------------------------------------------------------------------- drawing

  /** CSS pixels that a picture may take: what the kernel pools to. */
  get available() {
    return [TALLEST, Math.max(120, (this.width || 640) - BAR_WIDTH - 40)];
  }

  resize() {
    const width = this.root.clientWidth;
    if (!width || (width === this.width && devicePixelRatio === this.pen.ratio)) return;
    this.width = width;
    if (!this.frame) return;
    this.arrange();
    this.paint();
    if (!this.frame.isTable && this.frame.isWhole && this.frame.meta.pooled) this.askForView(true);
  }

  /** Finds room for the frame; the part of the plane that is seen stays as it was, as far as it can. */
  arrange() {
    const { frame, pen } = this;
    this.stage.hidden = frame.isTable;
    this.table.hidden = !frame.isTable;
    if (frame.isTable) return;
    const ratio = devicePixelRatio;
    pen.family = getComputedStyle(this.root).fontFamily;
    pen.ratio = ratio;
    this.layout = (frame.isGrid ? gridLayout : chartLayout)(pen, frame, this.width, ratio);
    const [panel] = this.layout.panels;
    const before = this.view;
    this.view = new View(this.layout.fit, panel.width, panel.height, this.layout.plane, ratio);
    if (before && !before.whole) {
      this.view.zoomed = before.zoomed;
      this.view.scale = this.view.scaleAt(before.zoomed);
      this.view.moveTo(before.origin);
    }
  }

  schedule() {
    cancelAnimationFrame(this.scheduled);
    this.scheduled = requestAnimationFrame(() => this.paint());
  }

  paint() {
    const { frame, pen, layout, view } = this;
    if (!frame || !this.width) return;
    if (frame.isTable) {
      this.table.show(frame, groundOf(this.root));
    } else {
      pen.begin(layout.width, layout.height, devicePixelRatio, this.root);
      this.canvas.setAttribute("aria-label", frame.meta.title ?? "");
      this.canvas.style.touchAction = view.whole ? "pan-y" : "none";
      if (frame.isGrid) this.paintGrid();
      else paintChart(pen, frame, view, layout.panels[0]);
      if (layout.bar) paintColorBar(pen, frame, layout.bar);
    }
    this.paintLegend();
    this.refresh();
    this.root.dataset.serial = frame.meta.serial ?? "";
    this.tellPainted();
    // The sentence below the controls is ipywidgets' own, which speaks none.
    this.root.closest(".tfnp-explorer")?.querySelector(".tfnp-explorer-sentence")?.setAttribute("role", "status");
    const { wanted } = this;
    this.wanted = undefined;
    if (wanted) this.goTo(...wanted);
  }

  /** Tells the kernel that plays that its step is on the screen. */
  tellPainted() {
    const { frame } = this;
    if (!frame.meta.tell || frame.told) return;
    frame.told = true;
    this.model.send({ type: "painted", serial: frame.meta.serial });
  }

  paintGrid() {
    const { frame, pen, layout, view, overview } = this;
    layout.panels.forEach((panel, i) => {
      if (overview && !frame.covers(view.region)) paintPanel(pen, overview, i, view, panel);
      paintPanel(pen, frame, i, view, panel);
      pen.frame(panel.left, panel.top, panel.width, panel.height);
      paintAxes(pen, frame, view, panel);
      const name = frame.meta.names.panels?.[i];
      if (name) pen.text(String(name), panel.left, panel.top - 5 * pen.ratio, { room: panel.width, alpha: 1 });
    });
  }

  /** Says which signs there are and how often, and what one can do. */
  paintLegend() {
    const { nans = 0, infs = 0, missing = 0, threshold, above, names, note } = this.frame.meta;
    const [positive, negative] = Array.isArray(infs) ? infs : [infs, 0];
    const word = Array.isArray(infs) ? "+Inf" : "Inf";
    this.legend.replaceChildren();
    const found = [[nans, "×", "NaN"], [positive, Array.isArray(infs) ? "▲" : "▲▼", word], [negative, "▼", "-Inf"]];
    for (const [count, sign, name] of found) {
      if (count) part(this.legend, "span", "special").textContent = `${sign} ${shortCount(count)} ${name}`;
    }
    if (missing) part(this.legend, "span", "axes").textContent = `${shortCount(missing)} missing`;
    if (above !== undefined) part(this.legend, "span", "axes").textContent = `▣ ${shortCount(above)} above ${threshold}`;
    if (this.frame.isGrid && (names.y || names.x)) {
      part(this.legend, "span", "axes").textContent = [names.y && `↓ ${names.y}`, names.x && `→ ${names.x}`].filter(Boolean).join("  ");
    }
    const sort = this.frame.isTable ? "table" : this.frame.isGrid ? "grid" : this.frame.isZoomable ? "chart" : "fixed";
    this.hint.textContent = HINTS[sort];
    this.note.textContent = note ?? "";
    this.note.hidden = !note;
    this.legend.hidden = !this.legend.childElementCount;
  }

  // ----------------------------------------------------------------------------------------------- cursor and reading

  /** The cell that is read: the hovered one, else the pinned one. */
  get cursorCell() {
    return this.cursor ?? this.pinned;
  }

  /** The cell of the plane that the view calls so; bars as rows run down. */
  planeCell([down, right]) {
    return this.frame.sideways ? [0, down] : [down, right];
  }

  viewCell([y, x]) {
    return this.frame.sideways ? [x, 0] : [y, x];
  }

  /** Writes anew what is read, and where its marks are. */
  refresh() {
    const { frame } = this;
    const inside = (cell) => cell && cell[0] < frame.height && cell[1] < frame.width;
    if (!inside(this.cursor)) this.cursor = undefined;
    if (this.pinned && !inside(this.pinned)) this.dropPin();
    this.read();
    if (!frame.isTable) this.placeMarkers();
  }

  read() {
    const cell = this.cursorCell;
    this.exacts.forget();
    this.asked += 1;
    if (!cell) {
      this.line.textContent = this.idleText();
      return;
    }
    const [y, x] = cell;
    const frame = this.frame.place(y, x) >= 0 || !this.overview ? this.frame : this.overview;
    this.told = describe(frame, y, x);
    if (!this.told.known) this.exacts.ask({ type: "exact", request: this.asked, y, x });
    this.write(this.told);
  }

  idleText() {
    const [top, left, bottom, right] = this.frame.isTable ? this.table.region : this.view.region;
    const { kind } = this.frame.meta;
    if (kind === "histogram" || this.frame.sideways) return "\u00a0";
    const columns = `${left} … ${right - 1} of ${this.frame.width}`;
    if (this.frame.series > 1) return `${this.frame.series} rows, columns ${columns}`;
    return this.frame.height === 1 ? columns : `rows ${top} … ${bottom - 1} of ${this.frame.height}, columns ${columns}`;
  }

  write({ index, names, value, note, known }) {
    this.line.replaceChildren();
    if (this.pinned && this.cursorCell === this.pinned) part(this.line, "span", "pinned").textContent = "pinned";
    part(this.line, "span", "index").textContent = index;
    if (names) part(this.line, "span", "names").textContent = names;
    part(this.line, "span", "value").textContent = known ? value : "…";
    if (note) part(this.line, "span", "note").textContent = note;
  }

  /** Tells a screen reader what is read. */
  say() {
    this.live.textContent = this.line.textContent && [...this.line.children].map((child) => child.textContent).join(" ");
  }

  placeMarkers() {
    this.markers.replaceChildren();
    if (this.cursor) this.placeMarker(this.cursor, "cursor");
    if (this.pinned) this.placeMarker(this.pinned, "pin");
  }

  placeMarker(cell, name) {
    const { view, layout, pen } = this;
    const [down, right] = this.viewCell(cell);
    for (const panel of layout.panels) {
      const [tall, wide] = view.scale;
      const top = panel.top + (down - view.origin[0]) * tall;
      const left = panel.left + (right - view.origin[1]) * wide;
      if (top + tall / 2 < panel.top || top + tall / 2 > panel.top + panel.height) continue;
      if (left + wide / 2 < panel.left || left + wide / 2 > panel.left + panel.width) continue;
      const grown = (size) => Math.max(0, (9 * pen.ratio - size) / 2) * (this.frame.isGrid ? 1 : 0);
      const marker = part(this.markers, "div", this.frame.isGrid ? name : `${name}-band`);
      marker.style.left = `${(left - grown(wide)) / pen.ratio}px`;
      marker.style.top = `${(top - grown(tall)) / pen.ratio}px`;
      marker.style.width = `${(wide + 2 * grown(wide)) / pen.ratio}px`;
      marker.style.height = `${(tall + 2 * grown(tall)) / pen.ratio}px`;
    }
  }

  pin(cell, tell = true) {
    const again = this.pinned && String(this.pinned) === String(cell);
    this.pinned = again && tell ? undefined : cell;
    if (tell) this.model.send({ type: this.pinned ? "pin" : "unpin", y: cell[0], x: cell[1] });
    this.cursor = undefined;
    this.showCursor();
  }

  unpin() {
    this.dropPin();
    this.cursor = undefined;
    this.showCursor();
  }

  dropPin() {
    if (this.pinned) this.model.send({ type: "unpin", y: this.pinned[0], x: this.pinned[1] });
    this.pinned = undefined;
  }

  /** Moves the cursor, from the keyboard: it is brought into view, and spoken. */
  step([down, right]) {
    const { frame } = this;
    if (frame.sideways) [down, right] = [0, down + right];
    const start = this.cursorCell;
    const [y, x] = start ?? this.planeCell((frame.isTable ? this.table.region : this.view.region).slice(0, 2));
    const moved = start ? [y + down, x + right] : [y, x];
    this.cursor = [Math.max(0, Math.min(frame.height - 1, moved[0])), Math.max(0, Math.min(frame.width - 1, moved[1]))];
    this.reveal(this.cursor);
    this.showCursor();
    this.say();
  }

  reveal(cell) {
    if (this.frame.isTable) {
      this.table.reveal(cell);
      return;
    }
    this.view.reveal(this.viewCell(cell));
    this.viewChanged();
  }

  showCursor() {
    this.spoken = true;
    if (this.frame.isTable) {
      this.table.current = this.cursor;
      this.table.pinned = this.pinned;
      this.table.draw();
    }
    this.refresh();
  }

  goTo(cell, pin) {
    if (!this.frame || !(this.view || this.frame.isTable)) {
      this.wanted = [cell, pin]; // once there is something to go to
      return;
    }
    if (this.frame.isTable) this.table.reveal(cell);
    else {
      if (this.frame.isZoomable) this.view.zoomTo(12 * this.pen.ratio, this.viewCell(cell));
      this.viewChanged();
    }
    if (pin) this.pin(cell, false);
    this.say();
  }

  // -------------------------------------------------------------------------------------------------- zooming, panning

  /** Returns where a pointer is within its panel, in device pixels [down, right], or nothing outside. */
  placeOf(event) {
    if (!this.layout || !this.frame || this.frame.isTable) return null;
    const { ratio } = this.pen;
    const box = this.canvas.getBoundingClientRect();
    const [down, right] = [(event.clientY - box.top) * ratio, (event.clientX - box.left) * ratio];
    for (const panel of this.layout.panels) {
      const place = [down - panel.top, right - panel.left];
      if (place[0] >= 0 && place[0] < panel.height && place[1] >= 0 && place[1] < panel.width) return place;
    }
    return null;
  }

  cellOf(event) {
    const place = this.placeOf(event);
    return place && this.planeCell(this.view.cellAt(...place));
  }

  viewChanged() {
    this.schedule();
    this.askForView(false);
  }

  /** Asks for the visible part if what is there is coarser than the screen. */
  askForView(again) {
    const { frame, view } = this;
    const region = view.region;
    const ways = frame.isGrid ? [0, 1] : [1]; // a chart zooms along itself
    const density = (i) => frame.pixels[i] / (frame.region[i + 2] - frame.region[i]);
    const fine = frame.exact || ways.every((i) => density(i) >= Math.min(1, view.scale[i]) - 1e-9);
    const same = ways.every((i) => region[i] === frame.region[i] && region[i + 2] === frame.region[i + 2]);
    if (again) this.requests.forget();
    else if (!frame.isZoomable || (frame.covers(region) && (fine || same))) return;
    this.requests.ask({ type: "viewport", region, size: this.sizeSeen });
  }

  /** CSS pixels of what is seen: those that there is room for where that is all. */
  get sizeSeen() {
    if (this.frame?.isTable) return [this.table.scroller.clientHeight, this.table.scroller.clientWidth];
    if (!this.view || this.view.whole) return this.available;
    const [panel] = this.layout.panels;
    return [panel.height, panel.width].map((pixels) => Math.round(pixels / this.pen.ratio));
  }

  zoom(steps, place) {
    if (!this.frame?.isZoomable) return;
    const { panels: [panel] } = this.layout;
    if (this.view.zoom(steps, place ?? [panel.height / 2, panel.width / 2])) this.viewChanged();
  }

  wheel(event) {
    const focused = this.canvas.getRootNode().activeElement === this.canvas;
    const place = this.placeOf(event);
    if (!place || !this.frame.isZoomable || !(focused || event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    this.turned = (this.turned ?? 0) - event.deltaY * (event.deltaMode ? 33 : 1) * (event.ctrlKey ? 4 : 1);
    const steps = Math.trunc(this.turned / 50);
    if (!steps) return;
    this.turned = 0;
    this.zoom(Math.max(-3, Math.min(3, steps)), place);
    this.cursor = this.cellOf(event);
  }

  press(event) {
    if (event.button || !this.frame) return;
    const place = this.placeOf(event);
    this.pressed = place && { x: event.clientX, y: event.clientY, origin: [...this.view.origin], moved: false };
    if (place) this.canvas.setPointerCapture(event.pointerId);
  }

  move(event) {
    const { pressed } = this;
    if (pressed && this.frame?.isZoomable) {
      const [right, down] = [event.clientX - pressed.x, event.clientY - pressed.y];
      pressed.moved ||= Math.hypot(right, down) > 3;
      if (pressed.moved && !this.view.whole) {
        const { ratio } = this.pen;
        const [tall, wide] = this.view.scale;
        this.view.moveTo([pressed.origin[0] - (down * ratio) / tall, pressed.origin[1] - (right * ratio) / wide]);
        this.viewChanged();
        return;
      }
    }
    const cell = this.cellOf(event);
    if (String(cell) === String(this.cursor ?? null)) return;
    this.cursor = cell ?? undefined;
    this.spoken = false;
    if (this.frame && this.view) this.refresh();
  }

  release(event) {
    const { pressed } = this;
    this.pressed = undefined;
    const cell = this.cellOf(event);
    if (pressed && !pressed.moved && cell) this.pin(cell);
  }

  cancel() {
    this.pressed = undefined;
  }

  leave() {
    if (!this.frame || this.pressed) return;
    this.cursor = undefined;
    if (this.frame.isTable) this.showCursor();
    else this.refresh();
  }

  resetView() {
    if (!this.frame || this.frame.isTable || this.view.whole) return;
    this.view.reset();
    this.viewChanged();
  }

  hoverTable(event) {
    const cell = event.target.cell;
    if (!cell || !this.frame?.isTable || String(cell) === String(this.cursor)) return;
    const place = `${event.screenX} ${event.screenY}`;
    if (place === this.pointed) return; // the table moved below it
    this.pointed = place;
    this.cursor = cell;
    this.spoken = false;
    this.refresh();
  }

  clickTable(event) {
    if (event.target.cell && this.frame?.isTable) this.pin(event.target.cell);
  }

  /** Returns what a key does here, nothing for those that are the page's. */
  actionOf({ key, shiftKey, ctrlKey, metaKey, altKey }) {
    if (!this.frame || ctrlKey || metaKey || altKey) return undefined;
    const far = shiftKey ? 10 : 1;
    if (ARROWS[key]) return () => this.step(ARROWS[key].map((way) => way * far));
    if (AXIS_KEYS.has(key)) return () => this.model.send({ type: "key", key, shift: shiftKey });
    if (key === "+" || key === "=") return () => this.zoomAtCursor(1);
    if (key === "-") return () => this.zoomAtCursor(-1);
    if (key === "0") return () => this.resetView();
    if ((key === "Enter" || key === " ") && !shiftKey && this.cursor) return () => this.pinByKey();
    if (key === "Escape") return () => this.unpin();
    return undefined;
  }

  key(event) {
    const act = this.actionOf(event);
    if (!act) return;
    act();
    event.preventDefault();
    event.stopPropagation(); // the notebook has keys of its own
  }

  /** Notebook 7 takes arrows before they come here, but from elements that say that they need them: sliders do not. */
  claimKey(event) {
    const ours = Boolean(this.actionOf(event));
    for (const element of [this.canvas, this.table.scroller]) element.toggleAttribute("data-lm-suppress-shortcuts", ours);
    const [target] = event.composedPath();
    if (!ARROWS[event.key] || target.getAttribute?.("role") !== "slider") return;
    const controls = this.root.closest(".tfnp-explorer");
    if (controls?.contains(target)) target.toggleAttribute("data-lm-suppress-shortcuts", true);
  }

  pinByKey() {
    this.pin(this.cursor);
    this.say();
  }

  zoomAtCursor(steps) {
    if (this.frame.isTable) return;
    const cell = this.cursorCell && this.viewCell(this.cursorCell);
    const { origin, scale } = this.view;
    this.zoom(steps, cell?.map((place, i) => (place + 0.5 - origin[i]) * scale[i]));
  }
}

function render({ model, el }) {
  const explorer = new Explorer(model, el);
  return () => explorer.destroy();
}

export default { render };
