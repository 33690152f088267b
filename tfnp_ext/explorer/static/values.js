/** Numbers as text, exactly, and the values of a buffer. */

const ARRAYS = {
  f4: Float32Array, f8: Float64Array, i1: Int8Array, u1: Uint8Array, i2: Int16Array, u2: Uint16Array,
  i4: Int32Array, u4: Uint32Array, i8: BigInt64Array, u8: BigUint64Array, b1: Uint8Array,
};

const TABLE_DIGITS = 9;

/** Returns a buffer's bytes as a typed array; bytes that do not start at a whole element are copied. */
export function typedArray(buffer, dtype) {
  const Type = ARRAYS[dtype];
  const bytes = ArrayBuffer.isView(buffer) ? buffer : new DataView(buffer);
  const count = Math.floor(bytes.byteLength / Type.BYTES_PER_ELEMENT);
  if (bytes.byteOffset % Type.BYTES_PER_ELEMENT === 0) return new Type(bytes.buffer, bytes.byteOffset, count);
  const start = bytes.byteOffset;
  return new Type(bytes.buffer.slice(start, start + count * Type.BYTES_PER_ELEMENT));
}

/** Rounds to a binary format of so many significant bits and this least exponent (of normal numbers). */
function roundedTo(number, [bits, least]) {
  if (!Number.isFinite(number) || number === 0) return number;
  const unit = 2 ** (Math.max(Math.floor(Math.log2(Math.abs(number))), least) - bits + 1);
  const [whole, rest] = [Math.floor(number / unit), number / unit - Math.floor(number / unit)];
  return (rest > 0.5 || (rest === 0.5 && whole % 2) ? whole + 1 : whole) * unit;
}

/** Returns the decimal below, where it is as near and ends with an even digit: JavaScript rounds halves up. */
function evenDigit(number, text, digits, narrow) {
  const longer = number.toExponential(digits + 1);
  if (Number(longer) !== number || !/5e/.test(longer)) return text;
  const below = text.replace(/[13579](?=e)/, (digit) => String(digit - 1));
  return narrow(Number(below)) === number ? below : text;
}

/** Returns mantissa digits and exponent of the shortest decimal that `narrow` rounds back to the number. */
function shortestDigits(number, narrow) {
  if (!narrow) return number.toExponential();
  for (let digits = 0; digits < 17; digits++) {
    const text = number.toExponential(digits);
    if (narrow(Number(text)) === number) return evenDigit(number, text, digits, narrow);
    // The nearest may miss a power of two, which reaches further up than down, where the next one does not.
    const above = (Number(text) + 10 ** (Number(text.split("e")[1]) - digits)).toExponential(digits);
    if (narrow(Number(above)) === number) return above;
  }
  return number.toExponential();
}

/**
 * Returns a float as Python and NumPy write it, with the fewest digits that read back as the same number.
 *
 * @param {number} number
 * @param {function=} narrow Rounds a double to the number's own format; left out for float64.
 */
export function floatText(number, narrow) {
  if (Number.isNaN(number)) return "nan";
  if (!Number.isFinite(number)) return number > 0 ? "inf" : "-inf";
  if (number === 0) return Object.is(number, -0) ? "-0.0" : "0.0";
  const [mantissa, power] = shortestDigits(Math.abs(number), narrow).split("e");
  const exponent = Number(power);
  const digits = mantissa.replace(".", "");
  const sign = number < 0 ? "-" : "";
  if (exponent < -4 || exponent >= 16) {
    const padded = String(Math.abs(exponent)).padStart(2, "0");
    return `${sign}${mantissa}e${exponent < 0 ? "-" : "+"}${padded}`;
  }
  if (exponent < 0) return `${sign}0.${"0".repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, "0");
  return `${sign}${whole}.${digits.slice(exponent + 1) || "0"}`;
}

/** Returns a float in so many significant digits at most, as C's `%g` and the small floats of TensorFlow are written. */
function roundedText(number, digits) {
  if (!Number.isFinite(number)) return floatText(number);
  const sign = number < 0 || Object.is(number, -0) ? "-" : "";
  const size = Math.abs(number);
  const text = evenDigit(size, size.toExponential(digits - 1), digits - 1, () => size);
  const [mantissa, power] = text.split("e");
  if (Number(power) >= -4 && Number(power) < digits) return sign + String(Number(text));
  const padded = String(Math.abs(power)).padStart(2, "0");
  return `${sign}${Number(mantissa)}e${power < 0 ? "-" : "+"}${padded}`;
}

/** Returns a number in few digits, as the ends of a scale are written. */
export function shortText(number, digits = 3) {
  if (!Number.isFinite(number)) return floatText(number);
  if (number === 0) return "0";
  if (Number.isInteger(number) && Math.abs(number) < 1e5) return String(number);
  const size = Math.abs(number);
  if (size >= 1e-3 && size < 1e5) return String(Number(number.toPrecision(digits)));
  const [mantissa, power] = number.toExponential(digits - 1).split("e");
  return `${mantissa.includes(".") ? mantissa.replace(/\.?0+$/, "") : mantissa}e${Number(power)}`;
}

/** A buffer of values of one dtype: as doubles to paint, as exact text to read. */
export class Values {
  /**
   * @param {DataView} buffer
   * @param {string} dtype
   * @param {object=} facts What the frame says of it: `precision`, [significant bits, least exponent] of the format
   *   that was widened to float32, or how many digits it is written with; `integers`, floats that stand for them;
   *   `missing` without `nans`: then NaN is what is not there.
   * @param {Uint8Array=} absent Where 1 is what is not there; then NaN is a value.
   */
  constructor(buffer, dtype, { precision, missing, nans, integers } = {}, absent) {
    this.dtype = dtype;
    this.array = typedArray(buffer, dtype);
    this.length = this.array.length;
    this.isFloat = dtype[0] === "f";
    this.absent = absent;
    this.integers = Boolean(integers);
    this.nanIsMissing = Boolean(missing) && !nans && !absent;
    this.mayBeMissing = Boolean(missing) && !absent;
    this.digits = typeof precision === "number" ? precision : 0;
    const format = Array.isArray(precision) ? precision : null;
    this.narrow = format ? (number) => roundedTo(number, format) : dtype === "f4" ? Math.fround : null;
  }

  /**
   * All values as numbers, NaN where nothing is there; 64-bit integers lose what a double cannot hold, which colours do
   * not show.
   */
  get numbers() {
    const long = this.dtype === "i8" || this.dtype === "u8";
    const holed = this.absent && !this.isFloat;
    if (!long && !holed) return this.array;
    if (!this.doubles && !long) this.doubles = Float64Array.from(this.array);
    else if (!this.doubles) {
      const words = new Uint32Array(this.array.buffer, this.array.byteOffset, 2 * this.length);
      const high = this.dtype === "i8" ? new Int32Array(words.buffer, words.byteOffset, words.length) : words;
      this.doubles = new Float64Array(this.length);
      for (let i = 0; i < this.length; i++) this.doubles[i] = high[2 * i + 1] * 4294967296 + words[2 * i];
    }
    if (holed && !this.holed) this.absent.forEach((gone, i) => gone && (this.doubles[i] = NaN));
    this.holed = holed;
    return this.doubles;
  }

  isMissing(i) {
    return Boolean(this.absent?.[i]) || (this.nanIsMissing && Number.isNaN(this.array[i]));
  }

  text(i) {
    if (this.isMissing(i)) return "missing";
    if (this.mayBeMissing && Number.isNaN(this.array[i])) return "nan or missing";
    if (this.dtype === "b1") return this.array[i] ? "True" : "False";
    if (this.integers && Number.isInteger(this.array[i])) return String(this.array[i]);
    if (this.isFloat && this.digits) return roundedText(this.array[i], this.digits);
    return this.isFloat ? floatText(this.array[i], this.narrow) : String(this.array[i]);
  }

  /** The value in at most so many characters; empty where it does not fit. */
  brief(i, room) {
    if (this.isMissing(i)) return "";
    const exact = this.text(i);
    if (exact.length <= room || !this.isFloat) return exact.length <= room ? exact : "";
    for (let digits = 6; digits > 0; digits--) {
      const text = shortText(this.array[i], digits);
      if (text.length <= room) return text;
    }
    return "";
  }

  /** The value as a table has it: a float in the digits that float32 carries, what is not there as a dash. */
  tableText(i) {
    if (this.isMissing(i)) return "–";
    const exact = this.text(i);
    if (!this.isFloat || !Number.isFinite(this.array[i]) || exact.replace(/^-?0\.0*|e.*|[-.]/g, "").length <= TABLE_DIGITS) return exact;
    return floatText(Number(this.array[i].toPrecision(TABLE_DIGITS)));
  }

  /** The value in the decimals that suit the largest one, as all cells of a picture have; else in its own short form. */
  cellText(i, room, largest) {
    const number = this.array[i];
    if (!this.isFloat || !largest || (Number.isInteger(number) && Math.abs(number) < 1000)) return this.brief(i, room);
    const size = Math.floor(Math.log10(largest));
    for (let decimals = 3 - size; size > -4 && size < 6 && decimals >= 0; decimals--) {
      const text = number.toFixed(decimals);
      if (text.length <= room && Number(text) !== 0) return text;
    }
    return this.brief(i, room);
  }

  /** What another buffer's value at `i` differs by, in this dtype. */
  difference(other, i) {
    if (this.isMissing(i) || other.isMissing(i)) return "missing";
    if (this.dtype === "b1") return String(Number(other.array[i]) - Number(this.array[i]));
    if (this.isFloat && !this.integers) {
      const difference = other.array[i] - this.array[i];
      if (this.digits) return roundedText(difference, this.digits);
      return floatText(this.narrow ? this.narrow(difference) : difference, this.narrow);
    }
    return String(BigInt(other.array[i]) - BigInt(this.array[i]));
  }
}

/** Rows of strings, as the table reads them. */
export class Texts {
  constructor(rows) {
    this.texts = rows.flat();
    this.length = this.texts.length;
    this.isFloat = false;
    this.numbers = [];
  }

  text(i) {
    return this.texts[i];
  }

  isMissing() {
    return false;
  }

  tableText(i) {
    return this.texts[i];
  }
}
