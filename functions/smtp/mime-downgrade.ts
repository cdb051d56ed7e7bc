/**
 * Converts 8-bit MIME content to 7-bit for a server without 8BITMIME (RFC 6152 section 3).
 *
 * - An entity whose Content-Transfer-Encoding is 8bit or binary becomes quoted-printable, with the same octets as from Postfix
 *   (mime_state.c with MIME_OPT_DOWNGRADE, as smtp_proto.c calls it). The declaration of an entity decides, never its octets:
 *   undeclared content passes unchanged, including 8-bit octets.
 * - The field of a converted entity is removed, and a new one is the last of its header: quoted-printable, or 7bit for multipart
 *   and message, which have no encoding of their own. Their parts are converted one by one.
 * - 8-bit octets in a header pass unchanged. Blanks before the colon of a header field are removed. If the message's header ends
 *   without an empty line, one is added.
 * - As in Postfix, only too deep nesting is an error. `fault` reports it: the content must not be ended, so the connection must be
 *   dropped.
 *
 * The input is the content as stored, before the ContentEncoder. Line ends stay; an added line has the end of the line before.
 *
 * Known limits. Postfix cuts every header field at a NUL and after header_size_limit octets. Here fields pass whole, but only that
 * part is parsed, and kept of a Content-Transfer-Encoding. A boundary is recognised in the first 2048 octets of a line, the size of
 * a queue file record; Postfix also reads the rest of that line as the header of the part. The 8bit body of a
 * message/delivery-status becomes quoted-printable under a field that says 7bit, as in Postfix.
 */

import { type FieldStart, isBlank, KeptField, readFieldStart } from './mime-header-field.ts';
import { type LinePiece, LineSplitter } from './mime-line-splitter.ts';
import { QuotedPrintableEncoder } from './mime-quoted-printable.ts';
import { MimeStructure } from './mime-structure.ts';
import { OctetWriter } from './octet-writer.ts';

/** Why content cannot be converted; it bounces for all recipients. */
export interface MimeFault {
  readonly status: '5.6.0';
  readonly text: string;
}

/** Limits by their Postfix names; the defaults are Postfix's. */
export interface MimeLimits {
  /** header_size_limit: octets of one header field that are parsed. */
  readonly headerSizeLimit?: number;
  /** mime_nesting_limit: deeper content is refused. */
  readonly nestingLimit?: number;
  /** mime_boundary_length_limit: octets of a boundary that are compared. */
  readonly boundaryLengthLimit?: number;
}

/** What happens to the current line. */
type Outlet = 'as it is' | 'quoted-printable' | 'held back';

/** line_length_limit: the longest record of a Postfix queue file. */
const recordLength = 2048;

const tooDeep: MimeFault = { status: '5.6.0', text: 'MIME nesting exceeds safety limit' };

/** Converts one message, chunk by chunk, in memory bounded by the limits. */
export class MimeDowngrader {
  readonly #headerSizeLimit: number;
  readonly #structure: MimeStructure;
  readonly #lines = new LineSplitter(recordLength);
  readonly #encoder = new QuotedPrintableEncoder();
  /** The current header field. */
  #field: KeptField | undefined;
  #outlet: Outlet = 'as it is';
  /** The end of the line before. */
  #lineEnd: Buffer = Buffer.from('\r\n');
  /** Whether the last line that was written has no end yet. */
  #isLineOpen = false;
  readonly #out = new OctetWriter();

  /** @param limits the bounds of memory */
  constructor({ headerSizeLimit = 102_400, nestingLimit = 100, boundaryLengthLimit = 2048 }: MimeLimits = {}) {
    this.#headerSizeLimit = headerSizeLimit;
    this.#structure = new MimeStructure({ nestingLimit, boundaryLengthLimit });
  }

  /** Set when the content must not be sent; from then on there is no output. */
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
    return this.#out.take();
  }

  /** Returns the rest. A last line without an end stays without one. */
  end(): Buffer {
    if (this.fault !== undefined) return nothing;
    const piece = this.#lines.last();
    if (piece !== undefined) this.#take(piece);
    if (this.#outlet === 'quoted-printable') this.#out.push(this.#encoder.end());
    if (this.#structure.place !== 'body' && this.fault === undefined) this.#endHeaderAtEnd();
    return this.#out.take();
  }

  /** Passes octets up to the next possible boundary. Returns whether there were any. */
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

  /** Decides by its first piece how a line is written; returns that piece in its new form. */
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

  /** An encoding field is held back: the type, which may follow it, decides whether it stays. */
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

  /** Writes an encoding that needs no conversion; drops any other, which #endHeader replaces. */
  #endEncoding(field: KeptField): void {
    this.#structure.takeEncoding(field.body);
    if (this.#structure.is8Bit) {
      this.#isLineOpen = false;
      return;
    }
    const { octets } = field;
    this.#out.push(octets);
    // The limit may have removed its line end.
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
}

const LF = 0x0a;
const nothing = Buffer.alloc(0);
