/**
 * Splits content into lines, for code that parses how lines begin.
 *
 * A line is one piece if it is no longer than Postfix's queue file records (line_length_limit). A longer line has a first piece of
 * that length, and further pieces as they are read, so that memory is bounded. Where lines need not be parsed, octets pass in bulk.
 *
 * A line ends in LF or CRLF. A CR outside a line end becomes a blank, as in content-encoder.ts, so that lines are the same here and
 * on the wire.
 */

const LF = 0x0a;
const CR = 0x0d;
const DASH = 0x2d;
const BLANK = 0x20;

const lf = Buffer.from('\n');
const crlf = Buffer.from('\r\n');
const nothing = Buffer.alloc(0);
const dashedLine = Buffer.from('\n--');

/** A line, or a piece of one. */
export interface LinePiece {
  /** Without the line end. */
  readonly text: Buffer;
  /** Whether the line begins here. */
  readonly begins: boolean;
  /** The line end if the line ends here. */
  readonly lineEnd: Buffer | undefined;
}

/** Splits chunks into lines. */
export class LineSplitter {
  readonly #lineLength: number;
  #octets: Buffer = nothing;
  #at = 0;
  #amidLine = false;

  /** @param lineLength longest line in one piece, in octets without its end */
  constructor(lineLength: number) {
    this.#lineLength = lineLength;
  }

  /** Takes the next chunk, after all pieces of the one before were read. */
  push(chunk: Buffer): void {
    const rest = this.#octets.subarray(this.#at);
    this.#octets = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    this.#at = 0;
  }

  /** Returns the next piece; `undefined` if more octets are needed. */
  next(): LinePiece | undefined {
    const newline = this.#octets.indexOf(LF, this.#at);
    return this.#amidLine ? this.#nextOfLine(newline) : this.#beginLine(newline);
  }

  /** Returns unparsed octets up to a line that begins with two dashes, or may begin so. */
  nextInBulk(): Buffer {
    const octets = this.#octets;
    const from = this.#at;
    if (!this.#amidLine && startsWithDashes(octets, from)) return nothing;
    const found = octets.indexOf(dashedLine, from);
    const to = found < 0 ? endOfBulk(octets, from, this.#amidLine) : found + 1;
    if (to > from) this.#amidLine = octets[to - 1] !== LF;
    this.#at = to;
    return octets.subarray(from, to);
  }

  /** Returns the remaining octets unchanged. */
  rest(): Buffer {
    const rest = this.#octets.subarray(this.#at);
    this.#octets = nothing;
    this.#at = 0;
    return rest;
  }

  /** Returns the last piece at the end of the content. A CR at its end is a line end. */
  last(): LinePiece | undefined {
    const text = this.rest();
    if (text.length === 0) return undefined;
    const endsInCr = text[text.length - 1] === CR;
    return {
      text: replaceStrayCr(endsInCr ? text.subarray(0, -1) : text),
      begins: !this.#amidLine,
      lineEnd: endsInCr ? crlf : undefined,
    };
  }

  #beginLine(newline: number): LinePiece | undefined {
    // The longest line that fits, with its line end.
    const longest = this.#lineLength + crlf.length;
    if (newline < 0 && this.#octets.length - this.#at < longest) return undefined;
    const end = newline < 0 ? this.#at + longest : this.#beforeLineEnd(newline);
    if (end - this.#at <= this.#lineLength) return this.#wholeLine(newline, end);
    return this.#cut(this.#at + this.#lineLength, true);
  }

  #nextOfLine(newline: number): LinePiece | undefined {
    if (newline >= 0) return this.#wholeLine(newline, this.#beforeLineEnd(newline));
    const { length } = this.#octets;
    // Whether a CR ends the line depends on what follows.
    const to = this.#octets[length - 1] === CR ? length - 1 : length;
    return to > this.#at ? this.#cut(to, false) : undefined;
  }

  #beforeLineEnd(newline: number): number {
    return newline > this.#at && this.#octets[newline - 1] === CR ? newline - 1 : newline;
  }

  #wholeLine(newline: number, end: number): LinePiece {
    const text = replaceStrayCr(this.#octets.subarray(this.#at, end));
    const begins = !this.#amidLine;
    this.#at = newline + 1;
    this.#amidLine = false;
    return { text, begins, lineEnd: end < newline ? crlf : lf };
  }

  #cut(to: number, begins: boolean): LinePiece {
    const text = replaceStrayCr(this.#octets.subarray(this.#at, to));
    this.#at = to;
    this.#amidLine = true;
    return { text, begins, lineEnd: undefined };
  }
}

function startsWithDashes(octets: Buffer, at: number): boolean {
  return octets[at] === DASH && octets[at + 1] === DASH;
}

/** Stops before a last dash that begins a line, because another may follow. */
function endOfBulk(octets: Buffer, from: number, amidLine: boolean): number {
  const last = octets.length - 1;
  if (last < from || octets[last] !== DASH) return octets.length;
  const beginsLine = last === from ? !amidLine : octets[last - 1] === LF;
  return beginsLine ? last : octets.length;
}

function replaceStrayCr(text: Buffer): Buffer {
  if (!text.includes(CR)) return text;
  const copy = Buffer.from(text);
  for (let at = copy.indexOf(CR); at >= 0; at = copy.indexOf(CR, at + 1)) copy[at] = BLANK;
  return copy;
}
