/**
 * Quoted-printable (RFC 2045 section 6.7), with the soft line breaks of Postfix (mime_state.c, mime_state_downgrade): no character
 * is added to a line of more than 72, so no line is longer than 76.
 *
 * Controls except TAB, `=`, DEL and octets above 127 become `=XX`, and so does a blank or TAB at the end of a line.
 */

const TAB = 0x09;
const BLANK = 0x20;
const EQUALS = 0x3d;

/** The longest line to which a character is added. */
const fullColumn = 72;

const hexDigits = Buffer.from('0123456789ABCDEF');

/** 1 for octets that are written unchanged inside a line. */
const isPlain = Uint8Array.from({ length: 256 }, (_, octet) =>
  octet === TAB || (octet >= BLANK && octet <= 126 && octet !== EQUALS) ? 1 : 0,
);

/** Encodes one part, line by line; a line may have several pieces. */
export class QuotedPrintableEncoder {
  #column = 0;
  /** A blank or TAB at the current end of the line; its encoding depends on the next octet. 0 = none. */
  #heldBlank = 0;

  /**
   * Encodes a piece of a line.
   *
   * @param piece     without its line end
   * @param lineEnd   the line end, if the line ends here
   * @param softBreak the line end of soft breaks
   */
  encode(piece: Buffer, lineEnd: Buffer | undefined, softBreak: Buffer): Buffer {
    const out = Buffer.allocUnsafe(this.#mostOctets(piece.length, softBreak.length) + (lineEnd?.length ?? 0));
    const to = this.#encodeText(piece, softBreak, out);
    return out.subarray(0, lineEnd === undefined ? to : this.#endLine(lineEnd, out, to));
  }

  /** Ends a last line that has no line end. */
  end(): Buffer {
    return this.encode(nothing, nothing, nothing);
  }

  /** At most three octets for each, a soft break after every 73rd of those, and a held blank. */
  #mostOctets(length: number, softBreakLength: number): number {
    const encoded = 3 * length + 3;
    return encoded + Math.ceil((encoded + this.#column) / fullColumn) * (1 + softBreakLength);
  }

  #encodeText(piece: Buffer, softBreak: Buffer, out: Buffer): number {
    // Locals: this loop sees every octet of the part.
    let column = this.#column;
    let heldBlank = this.#heldBlank;
    let to = 0;
    for (const octet of piece) {
      if (heldBlank !== 0) out[to++] = heldBlank;
      heldBlank = 0;
      if (column > fullColumn) {
        out[to++] = EQUALS;
        to += softBreak.copy(out, to);
        column = 0;
      }
      if (isPlain[octet] === 0) {
        to = writeHex(octet, out, to);
        column += 3;
      } else {
        if (octet === BLANK || octet === TAB) heldBlank = octet;
        else out[to++] = octet;
        column += 1;
      }
    }
    this.#column = column;
    this.#heldBlank = heldBlank;
    return to;
  }

  #endLine(lineEnd: Buffer, out: Buffer, at: number): number {
    const to = this.#heldBlank === 0 ? at : writeHex(this.#heldBlank, out, at);
    this.#column = 0;
    this.#heldBlank = 0;
    return to + lineEnd.copy(out, to);
  }
}

const nothing = Buffer.alloc(0);

function writeHex(octet: number, out: Buffer, at: number): number {
  out[at] = EQUALS;
  out[at + 1] = hexDigits[octet >> 4] ?? 0;
  out[at + 2] = hexDigits[octet & 15] ?? 0;
  return at + 3;
}
