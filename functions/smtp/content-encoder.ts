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

import { joined } from './joined.ts';

const LF = 0x0a;
const CR = 0x0d;
const DOT = 0x2e;
const BLANK = 0x20;
const crlf = Buffer.from('\r\n');
const fold = Buffer.from('\r\n ');
const dot = Buffer.from('.');

/** Encodes the content of one message, chunk by chunk. */
export class ContentEncoder {
  readonly #lineLimit: number;
  readonly #stuff: boolean;
  /** Octets of the current output line so far, without the doubled dot. */
  #column = 0;
  #pendingCr = false;
  #out: Buffer[] = [];

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
    if (this.#pendingCr && chunk.length > 0) {
      this.#pendingCr = false;
      // The CR that ended the last chunk was a line end only if LF follows.
      if (chunk[0] !== LF) this.#text(Buffer.from([BLANK]));
    }
    while (from < chunk.length) {
      const newline = chunk.indexOf(LF, from);
      const to = newline < 0 ? chunk.length : newline;
      const endsInCr = to > from && chunk[to - 1] === CR;
      this.#text(replaceStrayCr(chunk.subarray(from, endsInCr ? to - 1 : to)));
      if (newline < 0) {
        this.#pendingCr = endsInCr;
        break;
      }
      this.#endLine();
      from = newline + 1;
    }
    return this.#flush();
  }

  /** Ends the last line, if it has no line end. */
  end(): Buffer {
    if (this.#pendingCr) {
      this.#pendingCr = false;
      this.#endLine();
    } else if (this.#column > 0) {
      this.#endLine();
    }
    return this.#flush();
  }

  #text(segment: Buffer): void {
    let rest = segment;
    while (rest.length > 0) {
      if (this.#column >= this.#lineLimit) {
        this.#out.push(fold);
        this.#column = 1;
      }
      if (this.#column === 0 && rest[0] === DOT && this.#stuff) this.#out.push(dot);
      const room = this.#lineLimit - this.#column;
      const piece = rest.length > room ? rest.subarray(0, room) : rest;
      this.#out.push(piece);
      this.#column += piece.length;
      rest = rest.subarray(piece.length);
    }
  }

  #endLine(): void {
    this.#out.push(crlf);
    this.#column = 0;
  }

  #flush(): Buffer {
    const encoded = joined(this.#out);
    this.#out = [];
    return encoded;
  }
}

function replaceStrayCr(segment: Buffer): Buffer {
  if (!segment.includes(CR)) return segment;
  const copy = Buffer.from(segment);
  for (let at = copy.indexOf(CR); at >= 0; at = copy.indexOf(CR, at + 1)) copy[at] = BLANK;
  return copy;
}

/** Returns the size for `SIZE=`: octets with CRLF line ends, without doubled dots and the final dot (RFC 1870 section 3). */
export function canonicalSize(content: Buffer): number {
  const encoder = new ContentEncoder({ lineLimit: 0, stuff: false });
  return encoder.push(content).length + encoder.end().length;
}

/** Whether any octet is above 127. */
export function has8BitOctets(content: Buffer): boolean {
  for (const octet of content) if (octet > 127) return true;
  return false;
}
