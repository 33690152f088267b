/** What is said of a cell. */

import { shortText } from "./values.js";

/** Returns an index as it is typed: `[3, 120, 45]`. */
function indexText({ meta, series }, y, x) {
  const { prefix } = meta;
  const entries = { y: series > 1 ? ":" : y, x, c: ":" };
  return `[${prefix.map((entry) => (Object.hasOwn(entries, entry) ? entries[entry] : entry)).join(", ")}]`;
}

/** Returns what is said of one cell: its index, the names it has, its value, and what else there is to know. */
export function describe(frame, y, x) {
  const { meta } = frame;
  const named = [frame.series > 1 ? undefined : meta.labels.y?.[y], meta.labels.x?.[x]].filter((name) => name !== undefined);
  const told = { index: indexText(frame, y, x), names: named.join(" · "), value: "", note: "", known: true };
  const place = frame.place(y, x);
  if (meta.kind === "histogram") return { ...told, ...describeBin(frame, x) };
  if (place < 0 || !frame.values.length) return { ...told, known: false };
  if (meta.dtype === "text") return { ...told, value: JSON.stringify(frame.values[0].text(place)) };
  if (meta.kind === "line") return { ...told, ...describeLine(frame, place) };
  if (meta.kind === "image") return { ...told, ...describePixel(frame, place) };
  const value = frame.values[0].text(place);
  if (!frame.exact) return { ...told, known: false, note: `${blockText(frame)} ${value}` };
  if (frame.panels > 1) {
    const other = frame.values[1];
    return { ...told, value: `${value} → ${other.text(place)}`, note: `difference ${frame.values[0].difference(other, place)}` };
  }
  return { ...told, value, note: meta.compare && meta.compare !== "side" ? meta.compare : "" };
}

/** Returns what a pooled pixel is: `mean of 4 × 4:`. */
function blockText(frame) {
  const [y0, x0, y1, x1] = frame.region;
  const sizes = [(y1 - y0) / frame.pixels[0], (x1 - x0) / frame.pixels[1]].map((size) => Math.ceil(size - 1e-9));
  return `${frame.meta.pooled} of ${sizes[0]} × ${sizes[1]}:`;
}

function describeBin(frame, bin) {
  const [from, to] = [frame.edge(bin), frame.edge(bin + 1)].map((edge) => shortText(edge, 4));
  const [first, last] = [frame.edge(0), frame.edge(frame.width)];
  const closed = frame.edge(bin + 1) === last && last >= first;
  return { index: `${from} … ${to}`, value: shortCount(frame.values[0].numbers[bin]), note: closed ? "values, both ends" : "values" };
}

export const shortCount = (count) => String(Math.round(count)).replace(/\B(?=(\d{3})+$)/g, " ");

function describeLine(frame, place) {
  const values = frame.values[0];
  const columns = frame.pixels[1];
  const spanned = frame.region[3] - frame.region[1];
  const length = frame.seriesLength;
  const texts = Array.from({ length: frame.series }, (_, series) => {
    const name = frame.seriesName(series);
    const start = series * length + (place % columns);
    const text = length === 2 * columns && !frame.exact ? `${values.text(start)} … ${values.text(start + columns)}` : values.text(start);
    const told = !name ? text : frame.meta.labels.series ? `${name} ${text}` : `${name}: ${text}`;
    return told.replaceAll(" ", "\u00a0"); // a name stays with its number where the line breaks
  });
  if (frame.exact) return { value: texts.join("   ") };
  return { known: false, note: `min … max of ${Math.ceil(spanned / columns)}: ${texts.join("   ")}` };
}

function describePixel(frame, place) {
  if (!frame.exact) return { known: false };
  const [rows, columns] = frame.pixels;
  const channels = frame.values[0].length / (rows * columns);
  return { value: Array.from({ length: channels }, (_, c) => frame.values[0].text(place * channels + c)).join("  ") };
}
