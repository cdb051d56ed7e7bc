/**
 * 8-bit MIME content made 7-bit for a server without 8BITMIME (RFC 6152 section 3), on its way through.
 *
 * - An entity whose Content-Transfer-Encoding is 8bit or binary is sent as quoted-printable, octet by octet what Postfix
 *   makes of it (mime_state.c with MIME_OPT_DOWNGRADE, as smtp_proto.c calls it). What an entity says of itself decides,
 *   never a look at its octets: whatever is not declared passes as it is, with 8-bit octets if it has them.
 * - The field of a converted entity goes, and its successor is the last of the header: quoted-printable, or 7bit for
 *   multipart and message, which have no encoding of their own. Their parts are looked at one by one.
 * - 8-bit octets in a header pass as they are. Blanks before the colon of a header field go. Where a line that belongs to
 *   no header follows the message's header directly, an empty line is put between.
 * - Only nesting too deep is an error, as there. It is told by `fault`: what was sent must not be ended, so the connection
 *   has to be dropped.
 *
 * It works on content as stored, before the ContentEncoder. Lines end as they did, and lines of our own as the line before.
 *
 * Known limits. Postfix cuts every header field at a NUL and after header_size_limit octets; here fields pass whole, but
 * no more than that is looked at, and kept of a Content-Transfer-Encoding. A boundary is looked for in the first 2048
 * octets of a line, which is what a queue file record holds; Postfix also takes what stands behind those for the header of
 * the part, we do not. The body of a message/delivery-status and its like that declares itself 8bit goes as
 * quoted-printable under a field that says 7bit, as it does in Postfix.
 */

import { type FieldStart, isBlank, KeptField, readFieldStart } from './mime-header-field.ts';
import { type LinePiece, LineSplitter } from './mime-line-splitter.ts';
import { QuotedPrintableEncoder } from './mime-quoted-printable.ts';
import { MimeStructure } from './mime-structure.ts';

/** Why content cannot be converted: a refusal of our own, for all recipients. */
export interface MimeFault {
  readonly status: '5.6.0';
  readonly text: string;
}

/** Limits by their Postfix names; the defaults are Postfix's. */
export interface MimeLimits {
  /** header_size_limit: most octets of one header field that are kept and looked at. */
  readonly headerSizeLimit?: number;
  /** mime_nesting_limit: content that is nested deeper is refused. */
  readonly nestingLimit?: number;
  /** mime_boundary_length_limit: octets of a boundary that are kept and compared. */
  readonly boundaryLengthLimit?: number;
}

/** Where the line at hand goes. */
type Outlet = 'as it is' | 'quoted-printable' | 'held back';

/** line_length_limit: the longest record of a Postfix queue file. */
const recordLength = 2048;

const tooDeep: MimeFault = { status: '5.6.0', text: 'MIME nesting exceeds safety limit' };

/** Converts one message, chunk by chunk, in any chunking; what it holds of it is bounded by the limits. */
export class MimeDowngrader {
  readonly #headerSizeLimit: number;
  readonly #structure: MimeStructure;
  readonly #lines = new LineSplitter(recordLength);
  readonly #encoder = new QuotedPrintableEncoder();
  /** The header field at hand. */
  #field: KeptField | undefined;
  #outlet: Outlet = 'as it is';
  /** How the line before ended. */
  #lineEnd: Buffer = Buffer.from('\r\n');
  /** Whether the last line that was not dropped has no end yet. */
  #isLineOpen = false;
  #out: Buffer[] = [];

  /** @param limits what keeps memory bounded */
  constructor({ headerSizeLimit = 102_400, nestingLimit = 100, boundaryLengthLimit = 2048 }: MimeLimits = {}) {
    this.#headerSizeLimit = headerSizeLimit;
    this.#structure = new MimeStructure({ nestingLimit, boundaryLengthLimit });
  }

  /** Set once the content turns out to be one that must not be sent; from then on nothing more comes out. */
  get fault(): MimeFault | undefined {
    return this.#structure.isTooDeep ? tooDeep : undefined;
  }

  /** Converts the next chunk. */
  push(chunk: Buffer): Buffer {
    if (this.fault !== undefined) return nothing;
    this.#lines.push(chunk);
    while (this.fault === undefined) {
      if (this.#passInBulk()) continue;
      const piece = this.#lines.next();
      if (piece === undefined) break;
      this.#take(piece);
    }
    return this.#flush();
  }

  /** Gives what was held. A last line without an end stays without one. */
  end(): Buffer {
    if (this.fault !== undefined) return nothing;
    const piece = this.#lines.last();
    if (piece !== undefined) this.#take(piece);
    if (this.#outlet === 'quoted-printable') this.#out.push(this.#encoder.end());
    if (this.#structure.place !== 'body' && this.fault === undefined) this.#endHeaderAtEnd();
    return this.#flush();
  }

  /** Passes what no more than a boundary can change. Whether there was anything. */
  #passInBulk(): boolean {
    if (this.#structure.place !== 'body' || this.#structure.is8Bit) return false;
    const octets = this.#structure.isEnclosed ? this.#lines.nextInBulk() : this.#lines.rest();
    if (octets.length === 0) return false;
    this.#out.push(octets);
    return true;
  }

  #take({ text, begins, lineEnd }: LinePiece): void {
    const toWrite = begins ? this.#beginLine(text, lineEnd ?? this.#lineEnd) : text;
    if (this.fault !== undefined) return;
    this.#write(toWrite, lineEnd);
    this.#isLineOpen = lineEnd === undefined;
    this.#lineEnd = lineEnd ?? this.#lineEnd;
  }

  /** Decides by its first piece what becomes of a line; returns that piece as it is to be written. */
  #beginLine(text: Buffer, lineEnd: Buffer): Buffer {
    if (this.#structure.place !== 'body') {
      if (this.#field !== undefined && isBlank(text[0])) return text;
      this.#endField();
      const start = readFieldStart(text);
      if (start !== undefined) return this.#beginField(text, start);
      this.#endHeader(text.length === 0, lineEnd);
    }
    this.#structure.takeLine(text);
    this.#outlet = this.#structure.place === 'body' && this.#structure.is8Bit ? 'quoted-printable' : 'as it is';
    return text;
  }

  #write(text: Buffer, lineEnd: Buffer | undefined): void {
    this.#field?.add(text);
    if (lineEnd !== undefined) this.#field?.add(lineEnd);
    if (this.#outlet === 'held back') return;
    if (this.#outlet === 'quoted-printable') {
      this.#out.push(this.#encoder.encode(text, lineEnd, this.#lineEnd));
    } else {
      this.#out.push(text);
      if (lineEnd !== undefined) this.#out.push(lineEnd);
    }
  }

  /** Whether an encoding is true of what we send depends on the type, which may come behind it: it is held back. */
  #beginField(text: Buffer, start: FieldStart): Buffer {
    this.#field = new KeptField(start, start.role === 'other' ? 0 : this.#headerSizeLimit);
    this.#outlet = start.role === 'encoding' ? 'held back' : 'as it is';
    if (start.colon === start.nameLength) return text;
    return Buffer.concat([text.subarray(0, start.nameLength), text.subarray(start.colon)]);
  }

  #endField(): void {
    const field = this.#field;
    this.#field = undefined;
    if (field?.role === 'type') this.#structure.takeType(field.body);
    if (field?.role === 'encoding') this.#endEncoding(field);
  }

  /** An encoding that needs no conversion is let go; the other kind is dropped, since #endHeader writes its successor. */
  #endEncoding(field: KeptField): void {
    this.#structure.takeEncoding(field.body);
    if (this.#structure.is8Bit) {
      this.#isLineOpen = false;
      return;
    }
    const { octets } = field;
    this.#out.push(octets);
    // The limit may have cut off its end.
    if (octets.at(-1) !== LF && !this.#isLineOpen) this.#out.push(this.#lineEnd);
  }

  #endHeader(byEmptyLine: boolean, lineEnd: Buffer): void {
    this.#writeEncoding();
    if (!byEmptyLine && this.#structure.place === 'message header') this.#out.push(lineEnd);
    this.#structure.endHeader(byEmptyLine);
  }

  /** The content ends with a header. */
  #endHeaderAtEnd(): void {
    this.#endField();
    if (this.#structure.is8Bit && this.#isLineOpen) this.#out.push(this.#lineEnd);
    this.#writeEncoding();
  }

  #writeEncoding(): void {
    if (!this.#structure.is8Bit) return;
    const encoding = this.#structure.isComposite ? '7bit' : 'quoted-printable';
    this.#out.push(Buffer.from(`Content-Transfer-Encoding: ${encoding}`), this.#lineEnd);
  }

  #flush(): Buffer {
    const [first] = this.#out;
    const octets = this.#out.length === 1 && first !== undefined ? first : Buffer.concat(this.#out);
    this.#out = [];
    return octets;
  }
}

const LF = 0x0a;
const nothing = Buffer.alloc(0);
