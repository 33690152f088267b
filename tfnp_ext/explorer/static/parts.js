/** Small parts of the canvas: elements, requests, the still card, the clipboard. */

const DEBOUNCE = 40;
const PATIENCE = 3000; // milliseconds until an answer is no longer waited for

/** Returns a new element with a class, appended to its parent. */
export function part(parent, tag, name, attributes = {}) {
  const element = document.createElement(tag);
  element.className = `tfnp-explorer-${name}`;
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  parent.append(element);
  return element;
}

/** Asks the kernel one question at a time, of those that wait the latest; after a pause where many come at once. */
export class Requests {
  constructor(send, pause = DEBOUNCE) {
    this.send = send;
    this.pause = pause;
    this.timer = this.deadline = undefined;
  }

  ask(message) {
    const key = JSON.stringify(message);
    if (key === this.key) return;
    this.key = key;
    this.next = message;
    clearTimeout(this.timer);
    if (this.pause) this.timer = setTimeout(() => this.flush(), this.pause);
    else this.flush();
  }

  flush() {
    if (this.waiting || !this.next) return;
    this.waiting = true;
    clearTimeout(this.deadline);
    this.deadline = setTimeout(() => this.answered(), PATIENCE);
    this.send(this.next);
    this.next = undefined;
  }

  answered() {
    clearTimeout(this.deadline);
    this.waiting = false;
    this.flush();
  }

  /** What was asked is no longer what is seen: the same may be asked again. */
  forget() {
    this.key = this.next = undefined;
    clearTimeout(this.timer);
  }

  stop() {
    clearTimeout(this.timer);
    clearTimeout(this.deadline);
    this.next = undefined;
  }
}

const closedCards = new WeakMap(); // details -> how many canvases keep it closed

/** Keeps the still card closed while a canvas lives: the `<details>` whose summary holds a word of its own. */
export class StillCard {
  constructor(word) {
    this.word = word;
    this.timers = word ? [0, 250, 1000, 3000].map((delay) => setTimeout(() => this.close(), delay)) : [];
  }

  close() {
    if (this.card) return;
    this.card = StillCard.find(document, this.word);
    if (!this.card) return;
    const others = closedCards.get(this.card) ?? 0;
    closedCards.set(this.card, others + 1);
    if (!others) this.card.open = false;
  }

  static find(root, word) {
    for (const summary of root.querySelectorAll("details > summary")) {
      if (summary.textContent.includes(word)) return summary.parentElement;
    }
    for (const element of root.querySelectorAll("*")) {
      const found = element.shadowRoot && StillCard.find(element.shadowRoot, word);
      if (found) return found;
    }
    return null;
  }

  open() {
    this.timers.forEach(clearTimeout);
    if (!this.card) return;
    const others = closedCards.get(this.card) - 1;
    closedCards.set(this.card, others);
    if (!others) this.card.open = true;
  }
}

/** Puts text into the clipboard, also where the browser allows that only to a selection; says whether it could. */
export async function copyText(text, host) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const field = part(host, "textarea", "hidden", { "aria-hidden": "true", tabindex: "-1" });
    field.value = text;
    field.select();
    const copied = document.execCommand("copy");
    field.remove();
    return copied;
  }
}
