/**
 * The encoding of a message's content for the wire (RFC 5321 sections 2.3.8, 4.5.2 and 4.5.3.1.6).
 *
 * - Every line ends in CRLF: LF becomes CRLF, CRLF stays, a last line without an end gets one. A CR outside a line end becomes a
 *   blank, as in Postfix's cleanup(8) (cleanup_replace_stray_cr_lf), so that no server can read it as a line end.
 * - A line that begins with a dot gets a second dot, so that no body can end early.
 * - A line longer than `lmtp_line_length_limit` is split with CRLF and a blank, which may split a character
 *   (smtp_proto.c:smtp_text_out). NUL and 8-bit octets pass as they are.
 *
 * The dialogue sends the final dot.
 */

import { OctetWriter } from './octet-writer.ts';

const LF = 0x0a;
const CR = 0x0d;
const DOT = 0x2e;
const BLANK = 0x20;
const crlf = Buffer.from('\r\n');
const fold = Buffer.from('\r\n ');
const dot = Buffer.from('.');
const blank = Buffer.from([BLANK]);

/** Encodes the content of one message, chunk by chunk. */
export class ContentEncoder {
  readonly #lineLimit: number;
  readonly #stuff: boolean;
  /** Octets of the current output line so far, without the doubled dot. */
  #column = 0;
  #pendingCr = false;
  readonly #out = new OctetWriter();

  /**
   * @param lineLimit longest line in octets without CRLF; 0 = lines are never split
   * @param stuff     whether dots are doubled: not for BDAT, and not to compute a size
   */
  constructor({ lineLimit = 998, stuff = true }: { readonly lineLimit?: number; readonly stuff?: boolean } = {}) {
    // A split line continues with a blank, and needs room for more than that.
    this.#lineLimit = lineLimit > 0 ? Math.max(2, lineLimit) : Number.POSITIVE_INFINITY;
    this.#stuff = stuff;
  }

  /** Encodes the next chunk. */
  push(chunk: Buffer): Buffer {
    let from = 0;
    // The next CR is searched only once for all lines before it.
    let cr = chunk.indexOf(CR);
    if (this.#pendingCr && chunk.length > 0) {
      this.#pendingCr = false;
      // The CR that ended the last chunk was a line end only if LF follows.
      if (chunk[0] !== LF) this.#text(blank, 0, 1);
    }
    while (from < chunk.length) {
      const newline = chunk.indexOf(LF, from);
      const to = newline < 0 ? chunk.length : newline;
      const endsInCr = to > from && chunk[to - 1] === CR;
      const end = endsInCr ? to - 1 : to;
      if (cr >= 0 && cr < from) cr = chunk.indexOf(CR, from);
      if (cr >= 0 && cr < end) this.#text(withoutCr(chunk, from, end), 0, end - from);
      else this.#text(chunk, from, end);
      if (newline < 0) {
        this.#pendingCr = endsInCr;
        break;
      }
      this.#endLine();
      from = newline + 1;
    }
    return this.#out.take();
  }

  /** Ends the last line, if it has no line end. */
  end(): Buffer {
    if (this.#pendingCr) {
      this.#pendingCr = false;
      this.#endLine();
    } else if (this.#column > 0) {
      this.#endLine();
    }
    return this.#out.take();
  }

  #text(octets: Buffer, from: number, to: number): void {
    for (let at = from; at < to; ) {
      if (this.#column >= this.#lineLimit) {
        this.#out.push(fold);
        this.#column = 1;
      }
      if (this.#column === 0 && octets[at] === DOT && this.#stuff) this.#out.push(dot);
      const end = Math.min(to, at + this.#lineLimit - this.#column);
      this.#out.write(octets, at, end);
      this.#column += end - at;
      at = end;
    }
  }

  #endLine(): void {
    this.#out.push(crlf);
    this.#column = 0;
  }
}

function withoutCr(octets: Buffer, from: number, to: number): Buffer {
  const copy = Buffer.from(octets.subarray(from, to));
  for (let at = copy.indexOf(CR); at >= 0; at = copy.indexOf(CR, at + 1)) copy[at] = BLANK;
  return copy;
}

/** Returns the size for `SIZE=`: octets with CRLF line ends, without doubled dots and the final dot (RFC 1870 section 3). */
export function canonicalSize(content: Buffer): number {
  let size = content.length;
  for (let at = content.indexOf(LF); at >= 0; at = content.indexOf(LF, at + 1)) {
    if (at === 0 || content[at - 1] !== CR) size += 1;
  }
  // A last line without an end gets one; a CR at the end of the content is half of one. Any other CR becomes a blank.
  const last = content.at(-1);
  if (last === undefined || last === LF) return size;
  return size + (last === CR ? 1 : 2);
}

/** Whether any octet is above 127. */
export function has8BitOctets(content: Buffer): boolean {
  return content.some((octet) => octet > 127);
}
