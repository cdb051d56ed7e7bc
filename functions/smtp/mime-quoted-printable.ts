/**
 * Quoted-printable (RFC 2045 section 6.7), with its soft line breaks where Postfix has them (mime_state.c,
 * mime_state_downgrade): a line of more than 72 characters takes no further one, so none is longer than 76.
 *
 * Controls but TAB, `=`, DEL and octets above 127 become `=XX`, and so does a blank or TAB at the end of a line.
 */

const TAB = 0x09;
const BLANK = 0x20;
const EQUALS = 0x3d;

/** The longest line to which a character is added. */
const fullColumn = 72;

const hexDigits = Buffer.from('0123456789ABCDEF');

/** 1 for octets that stand for themselves inside a line. */
const isPlain = Uint8Array.from({ length: 256 }, (_, octet) =>
  octet === TAB || (octet >= BLANK && octet <= 126 && octet !== EQUALS) ? 1 : 0,
);

/** Encodes one part, line by line; a line may come in pieces. */
export class QuotedPrintableEncoder {
  #column = 0;
  /** A blank or TAB at the end of what we have of the line: how it is written depends on what follows. 0 = none. */
  #heldBlank = 0;

  /**
   * Encodes a piece of a line, without its line end.
   *
   * @param lineEnd what ends the line at a soft break
   */
  encode(piece: Buffer, lineEnd: Buffer): Buffer {
    // At worst every octet takes three, and a soft break comes after every 73rd of those.
    const worst = 3 * piece.length + 1;
    const out = Buffer.allocUnsafe(worst + Math.ceil((worst + this.#column) / fullColumn) * (1 + lineEnd.length));
    let to = 0;
    for (const octet of piece) {
      if (this.#heldBlank !== 0) {
        out[to++] = this.#heldBlank;
        this.#heldBlank = 0;
      }
      if (this.#column > fullColumn) {
        out[to++] = EQUALS;
        to += lineEnd.copy(out, to);
        this.#column = 0;
      }
      if (isPlain[octet] === 0) {
        to = writeHex(out, to, octet);
        this.#column += 3;
      } else {
        this.#column += 1;
        if (octet === BLANK || octet === TAB) this.#heldBlank = octet;
        else out[to++] = octet;
      }
    }
    return out.subarray(0, to);
  }

  /** Ends the line, but for its line end. */
  endLine(): Buffer {
    const held = this.#heldBlank;
    this.#column = 0;
    this.#heldBlank = 0;
    if (held === 0) return nothing;
    const out = Buffer.allocUnsafe(3);
    writeHex(out, 0, held);
    return out;
  }
}

const nothing = Buffer.alloc(0);

function writeHex(out: Buffer, at: number, octet: number): number {
  out[at] = EQUALS;
  out[at + 1] = hexDigits[octet >> 4] ?? 0;
  out[at + 2] = hexDigits[octet & 15] ?? 0;
  return at + 3;
}
