/**
 * The tree of a nest, an anywidget module: one opens its groups, filters its leaves and chooses one. Its traits are
 * described in `tfnp_ext/explorer/chooser.py`: a node is `[name, facts]` for a leaf, `[name, [node, …]]` for a group.
 *
 * Rows are made when they are first seen: a model may have thousands.
 */

const FEW = 12; // rows that are all open, leaves that need no filter
const TYPING = 700; // milliseconds between two letters of one name
const DEEPEST = 10; // levels that are indented
const WIDEST = 48; // digits that a column has room for

/** Returns a new element with a class, appended to its parent. */
function add(parent, tag, name, text = "", attributes = {}) {
  const element = document.createElement(tag);
  element.className = `tfnp-tree-${name}`;
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.textContent = text;
  parent?.append(element);
  return element;
}

/** Text as it is searched: capitals and spaces make no difference. */
const plain = (text) => text.toLowerCase().replace(/\s+/g, "");

/** About how wide a text is, in digits. */
const widthOf = (text) => [...text].reduce((width, letter) => width + (" .,:/|'()[]ijlft".includes(letter) ? 0.55 : 1), 0.5);

const grouped = (count) => String(count).replace(/\B(?=(\d{3})+$)/g, "\u2009");

/** A leaf or a group, and its rows once they are seen. */
class Node {
  constructor(name, parent) {
    this.name = name;
    this.parent = parent;
    this.level = parent ? parent.level + 1 : 0;
    this.indent = Math.min(this.level - 1, DEEPEST);
    this.children = [];
    this.open = false;
  }

  get isGroup() {
    return this.children.length > 0;
  }

  /** The path of names that leads here. */
  get path() {
    if (!this.parent?.level) return this.name;
    return `${this.parent.path}${this.name.startsWith("[") ? "" : " / "}${this.name}`;
  }

  * above() {
    for (let node = this.parent; node?.level; node = node.parent) yield node;
  }
}

/** Reads the traits: the root, which is no row, and the leaves in order. */
function readNodes(nodes, facts) {
  const leaves = [];
  const read = (parent, [name, inside]) => {
    const node = new Node(name, parent);
    parent.children.push(node);
    if (Array.isArray(inside)) {
      const before = leaves.length;
      for (const each of inside) read(node, each);
      node.count = leaves.length - before;
    } else {
      [node.kind, node.shape, node.dtype] = facts[inside];
      node.place = leaves.push(node) - 1;
      node.searched = [node.path, node.shape, node.dtype, node.kind].map(plain).join("\n");
    }
  };
  const root = new Node("");
  root.open = true;
  for (const each of nodes) read(root, each);
  return { root, leaves };
}

/** One tree in one place of the page. */
class Tree {
  constructor(model, el) {
    this.model = model;
    this.stopped = new AbortController();
    Object.assign(this, readNodes(model.get("nodes"), model.get("facts")));
    this.query = "";
    this.element = add(el, "div", "root");
    if (this.leaves.length > FEW) this.addFilter();
    this.box = add(this.element, "div", "box", "", { role: "tree", "aria-label": "tensor to explore" });
    this.root.inside = this.box;
    this.measure();
    const rows = (node) => node.children.reduce((count, child) => count + 1 + rows(child), 0);
    const openAll = (node) => node.children.filter((child) => child.isGroup).forEach((child) => { child.open = true; openAll(child); });
    if (rows(this.root) <= FEW) openAll(this.root);
    this.listen();
    this.fill(this.root);
    this.showChosen();
  }

  addFilter() {
    const line = add(this.element, "div", "line");
    const words = { type: "search", placeholder: "filter by name, shape, dtype", spellcheck: "false", autocomplete: "off" };
    this.filter = add(line, "input", "filter", "", { ...words, "aria-label": "filter tensors by name, shape or dtype" });
    this.told = add(line, "span", "told", "", { role: "status" });
    this.tell(this.leaves.length);
  }

  /** Finds the widths of the columns: of all leaves, so that nothing moves when a group is opened. */
  measure() {
    const most = (sizes) => sizes.reduce((largest, size) => Math.max(largest, size), 0);
    const widest = (key) => `${Math.min(WIDEST, most(this.leaves.map((leaf) => widthOf(leaf[key]) + (key === "name" ? 2.25 * leaf.indent : 0))))}ch`;
    for (const key of ["name", "shape", "dtype"]) this.element.style.setProperty(`--${key}`, widest(key));
    this.element.style.setProperty("--deepest", most(this.leaves.map((leaf) => leaf.indent)));
  }

  // ------------------------------------------------------------------------------------------------------- lifetime

  listen() {
    const { signal } = this.stopped;
    const on = (target, type, handle, options = {}) => target.addEventListener(type, handle.bind(this), { signal, ...options });
    this.onChosen = () => this.showChosen();
    this.model.on("change:chosen", this.onChosen);
    on(this.box, "click", this.click);
    on(this.box, "keydown", this.key);
    on(window, "keydown", this.claimKey, { capture: true });
    if (this.filter) {
      on(this.filter, "input", () => this.search(this.filter.value));
      on(this.filter, "keydown", this.key);
    }
    this.sizes = new ResizeObserver(() => this.appear());
    this.sizes.observe(this.box);
  }

  destroy() {
    this.stopped.abort();
    this.sizes.disconnect();
    this.model.off("change:chosen", this.onChosen);
    this.element.remove();
  }

  /** There is a place in the page now, so it can be scrolled. */
  appear() {
    if (this.seen || !this.box.clientHeight) return;
    this.seen = true;
    this.scrollTo(this.chosen);
  }

  // ----------------------------------------------------------------------------------------------------------- rows

  get chosen() {
    return this.leaves[this.model.get("chosen")] ?? this.leaves[0];
  }

  /** Of a group, what is in it and was not filtered out. */
  shown(node) {
    return this.query ? node.children.filter((child) => child.found) : node.children;
  }

  isOpen(node) {
    return this.query ? !node.folded : node.open;
  }

  /** Yields the rows from top to bottom, as they are seen. */
  * rows(node = this.root) {
    for (const child of this.shown(node)) {
      yield child;
      if (child.isGroup && this.isOpen(child)) yield* this.rows(child);
    }
  }

  /** Returns the row of a node, made if it has none. */
  rowOf(node) {
    if (node.row) return node.row;
    node.row = add(null, "div", node.isGroup ? "group" : "leaf", "", { role: "treeitem", tabindex: "-1", "aria-level": node.level });
    node.row.node = node;
    const line = add(node.row, "div", "row");
    line.style.setProperty("--level", node.indent);
    add(line, "span", "name", node.name, { title: node.path });
    if (node.isGroup) {
      node.counted = add(line, "span", "count");
      node.inside = add(node.row, "div", "inside", "", { role: "group" });
    } else {
      for (const key of ["shape", "dtype", "kind"]) add(line, "span", key, node[key]);
      node.row.setAttribute("aria-label", `${node.name}, ${node.kind} ${node.shape} ${node.dtype}`.trim());
      node.row.setAttribute("aria-selected", String(node === this.chosen));
    }
    return node.row;
  }

  /** Puts the rows that are seen into a group, or takes them out of a closed one. */
  fill(node) {
    const open = node === this.root || this.isOpen(node);
    if (node !== this.root) {
      const found = this.query ? `${grouped(node.matches)} of ` : "";
      node.counted.textContent = `${found}${grouped(node.count)} tensors`;
      node.row.setAttribute("aria-label", `${node.name}, ${found}${node.count} tensors`);
      node.row.setAttribute("aria-expanded", String(open));
    }
    const inside = open ? this.shown(node) : [];
    node.inside.replaceChildren(...inside.map((child) => this.rowOf(child)));
    for (const child of inside) if (child.isGroup) this.fill(child);
  }

  toggle(node, open) {
    if (this.query) node.folded = !open;
    else node.open = open;
    this.fill(node);
    if (!open && [...this.current.above()].includes(node)) this.setCurrent(node);
  }

  // ---------------------------------------------------------------------------------------------------- what is chosen

  /** Has the chosen leaf be seen, also after the kernel has chosen another. */
  showChosen() {
    const { chosen } = this;
    if (this.marked?.row) this.marked.row.setAttribute("aria-selected", "false");
    this.marked = chosen;
    const closed = this.query ? [] : [...chosen.above()].filter((node) => !node.open);
    for (const node of closed) node.open = true;
    if (closed.length) this.fill(closed.at(-1));
    this.rowOf(chosen).setAttribute("aria-selected", "true");
    if (!this.hasFocus && (!this.query || chosen.found)) this.setCurrent(chosen);
    this.scrollTo(chosen);
  }

  choose(node) {
    if (node === this.chosen) return;
    this.model.set("chosen", node.place);
    this.model.save_changes();
  }

  act(node) {
    if (node.isGroup) this.toggle(node, !this.isOpen(node));
    else this.choose(node);
  }

  // ------------------------------------------------------------------------------------------------------------ focus

  /** Whether one of the rows has it. */
  get hasFocus() {
    return this.box.contains(this.box.getRootNode().activeElement);
  }

  /** Has a row be the one that Tab leads to. */
  setCurrent(node) {
    this.current?.row?.setAttribute("tabindex", "-1");
    this.current = node;
    this.rowOf(node).setAttribute("tabindex", "0");
  }

  focus(node) {
    if (!node) return;
    this.setCurrent(node);
    node.row.focus({ preventScroll: true });
    this.scrollTo(node);
  }

  /** Scrolls the tree, and never the page: by whole rows, to have one more on each side of this one. */
  scrollTo({ row, isGroup }) {
    const { box } = this;
    if (!row?.isConnected || !box.clientHeight) return;
    const { top, height } = (isGroup ? row.firstChild : row).getBoundingClientRect();
    const place = Math.round((top - box.getBoundingClientRect().top + box.scrollTop) / height);
    const [first, last] = [(place - 1) * height, (place + 2) * height - box.clientHeight];
    if (box.scrollTop > first) box.scrollTop = first;
    else if (box.scrollTop < last) box.scrollTop = Math.ceil(last / height) * height;
  }

  step(way) {
    const rows = [...this.rows()];
    this.focus(rows[rows.indexOf(this.current) + way]);
  }

  /** To the next row that begins with what was typed; one letter again and again leads on. */
  type(letter, when) {
    const more = when - this.typedAt < TYPING;
    this.typed = (more ? this.typed : "") + letter.toLowerCase();
    this.typedAt = when;
    const rows = [...this.rows()];
    const leadsOn = new Set(this.typed).size === 1;
    const start = rows.indexOf(this.current) + Number(leadsOn);
    const after = [...rows.slice(start), ...rows.slice(0, start)];
    this.focus(after.find((node) => node.name.toLowerCase().startsWith(leadsOn ? this.typed[0] : this.typed)));
  }

  // ----------------------------------------------------------------------------------------------------------- filter

  search(text) {
    this.query = plain(text);
    this.filter.value = text;
    const mark = (node) => {
      node.folded = false;
      node.matches = node.isGroup ? node.children.reduce((count, child) => count + mark(child), 0) : Number(node.searched.includes(this.query));
      node.found = node.matches > 0;
      return node.matches;
    };
    const count = mark(this.root);
    this.fill(this.root);
    this.tell(count);
    if (!this.query) this.showChosen();
    const rows = [...this.rows()];
    if (rows.length && !rows.includes(this.current)) this.setCurrent(rows.find((node) => node === this.chosen) ?? rows[0]);
    this.box.scrollTop = this.query ? 0 : this.box.scrollTop;
  }

  tell(count) {
    const of = this.query ? `${grouped(count)} of ` : "";
    this.told.textContent = count ? `${of}${grouped(this.leaves.length)} tensors` : "no match";
  }

  // ----------------------------------------------------------------------------------------------------- mouse and keys

  click({ target }) {
    const { node } = target.closest("[role=treeitem]") ?? {};
    if (!node) return;
    this.focus(node);
    this.act(node);
  }

  /** Returns what a key does here, nothing for those that are the page's. */
  actionOf(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return undefined;
    return event.target === this.filter ? this.filterAction(event) : this.treeAction(event);
  }

  treeAction({ key, shiftKey, timeStamp }) {
    const node = this.current;
    const first = () => this.rows().next().value;
    const actions = {
      ArrowDown: () => this.step(1),
      ArrowUp: () => this.step(-1),
      ArrowRight: () => node.isGroup && (this.isOpen(node) ? this.focus(this.shown(node)[0]) : this.toggle(node, true)),
      ArrowLeft: () => (node.isGroup && this.isOpen(node) ? this.toggle(node, false) : this.focus(node.parent.level ? node.parent : undefined)),
      Home: () => this.focus(first()),
      End: () => this.focus([...this.rows()].at(-1)),
      Enter: () => this.act(node),
      " ": () => this.act(node),
    };
    if (shiftKey && key.length > 1) return undefined;
    if (key === "Escape" && this.query) return () => this.leaveFilter();
    if (actions[key]) return actions[key];
    return key.length === 1 ? () => this.type(key, timeStamp) : undefined;
  }

  /** The filter takes all letters, of which the notebook has its own use, and leaves them to the browser. */
  filterAction({ key, shiftKey }) {
    const { done } = this.rows().next();
    if (key === "ArrowDown" && !shiftKey && !done) return () => this.focus(this.current);
    if (key === "Enter" && !shiftKey) return () => this.chooseFirst();
    if (key === "Escape" && this.query) return () => this.search("");
    const edits = key.length === 1 || ["Backspace", "Delete", "ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End"].includes(key);
    return edits ? null : undefined;
  }

  /** Back to the whole tree, at the same row. */
  leaveFilter() {
    const node = this.current;
    for (const above of node.above()) above.open = true;
    this.search("");
    this.focus(node);
  }

  chooseFirst() {
    const leaf = [...this.rows()].find((node) => !node.isGroup);
    if (this.query && leaf) this.choose(leaf);
  }

  key(event) {
    const act = this.actionOf(event);
    if (act === undefined) return;
    act?.();
    if (act) event.preventDefault();
    event.stopPropagation(); // the notebook has keys of its own
  }

  /** Notebook 7 takes arrows before they come here, but from elements that say, themselves, that they need them. */
  claimKey(event) {
    const [target] = event.composedPath();
    if (!this.element.contains(target)) return;
    const { key, shiftKey, ctrlKey, metaKey, altKey, timeStamp } = event;
    const asked = { target, key, shiftKey, ctrlKey, metaKey, altKey, timeStamp };
    target.toggleAttribute("data-lm-suppress-shortcuts", this.actionOf(asked) !== undefined);
  }
}

function render({ model, el }) {
  const tree = new Tree(model, el);
  return () => tree.destroy();
}

export default { render };
