/**
 * The changes of smtpd(8) and cleanup(8) to a message, for mail that did not pass through them.
 *
 * - Leading `From ` and `>From ` lines become `X-Mailbox-Line:` fields (smtpd.c:data_cmd).
 * - An empty line is inserted before a first line that begins with a blank, and before the first line of the header that is
 *   not a field. A message without any field begins with an empty line (mime_state.c).
 * - Blanks before the colon of a field are removed, in the headers of MIME parts too.
 * - Fields named by message_drop_headers are removed from the message's own header.
 * - In a field, the rest of a record after a NUL is removed; a record is a line, or 2048 octets of a longer one. Octets beyond
 *   header_size_limit are removed; a line end counts as one octet.
 *
 * Other content passes unchanged; the ContentEncoder handles line ends and dots. An added line has the end of the current line.
 */

import { type FieldStart, isBlank, KeptField, readFieldStart } from './mime-header-field.ts';
import { type LinePiece, LineSplitter } from './mime-line-splitter.ts';
import { MimeStructure } from './mime-structure.ts';
import { OctetWriter } from './octet-writer.ts';

/** The rules of cleanup, by Postfix's parameters. */
export interface CleanupRules {
  /** message_drop_headers: names in lower case. */
  readonly dropHeaders: ReadonlySet<string>;
  /** header_size_limit, in octets. */
  readonly headerSizeLimit: number;
  /** mime_nesting_limit: deeper parts are not parsed. */
  readonly nestingLimit: number;
  /** mime_boundary_length_limit: octets of a boundary that are compared. */
  readonly boundaryLengthLimit: number;
}

/** Postfix's defaults. */
export const postfixCleanup: CleanupRules = {
  dropHeaders: new Set(['bcc', 'content-length', 'resent-bcc', 'return-path']),
  headerSizeLimit: 102_400,
  nestingLimit: 100,
  boundaryLengthLimit: 2048,
};

/** line_length_limit: the longest record of a Postfix queue file, in octets. */
const recordLength = 2048;

const NUL = 0x00;
const LF = Buffer.from('\n');
const mailboxLine = Buffer.from('X-Mailbox-Line: ');

/** Returns content as cleanup(8) would leave it. */
export function cleanContent(content: Buffer, rules: CleanupRules = postfixCleanup): Buffer {
  const cleanup = new MessageCleanup(rules);
  const cleaned = cleanup.push(content);
  const rest = cleanup.end();
  return rest.length === 0 ? cleaned : Buffer.concat([cleaned, rest]);
}

/** Cleans one message, chunk by chunk, with at most one record of 2048 octets and one MIME field in memory. */
export class MessageCleanup {
  readonly #rules: CleanupRules;
  readonly #structure: MimeStructure;
  readonly #lines = new LineSplitter(recordLength);
  #field: CleanedField | undefined;
  /** Whether there were only `From ` lines so far. */
  #isAtStart = true;
  /** Whether the message's own header has a field that stays, or ended. */
  #hasHeader = false;
  /** Whether the rest of the current line is dropped. */
  #isLineCut = false;
  /** The end of the line before. */
  #lineEnd: Buffer = Buffer.from('\r\n');
  readonly #out = new OctetWriter();

  /** @param rules the fields to drop, and the bounds of memory */
  constructor(rules: CleanupRules) {
    this.#rules = rules;
    this.#structure = new MimeStructure(rules);
  }

  /** Cleans the next chunk. */
  push(chunk: Buffer): Buffer {
    this.#lines.push(chunk);
    for (;;) {
      if (this.#passInBulk()) continue;
      const piece = this.#lines.next();
      if (piece === undefined) return this.#out.take();
      this.#take(piece);
    }
  }

  /** Returns the rest. A last line without an end stays without one. */
  end(): Buffer {
    const piece = this.#lines.last();
    if (piece !== undefined) this.#take(piece);
    if (!this.#hasHeader) this.#out.push(this.#lineEnd);
    return this.#out.take();
  }

  /** Passes octets up to the next possible boundary. Returns whether there were any. */
  #passInBulk(): boolean {
    if (this.#structure.place !== 'body') return false;
    const octets = this.#structure.isEnclosed ? this.#lines.nextInBulk() : this.#lines.rest();
    if (octets.length === 0) return false;
    this.#out.push(octets);
    return true;
  }

  #take(piece: LinePiece): void {
    const { text, begins, lineEnd } = piece;
    if (!begins) this.#goOn(piece);
    else if (this.#structure.place === 'body') this.#takeBodyLine(piece);
    else this.#takeHeaderLine(text, lineEnd);
    this.#lineEnd = lineEnd ?? this.#lineEnd;
  }

  /** Takes another piece of a long line. */
  #goOn({ text, lineEnd }: LinePiece): void {
    if (this.#field !== undefined) this.#out.push(...this.#field.goOn(text, lineEnd));
    else this.#write(text, lineEnd);
  }

  #takeHeaderLine(text: Buffer, lineEnd: Buffer | undefined): void {
    if (this.#isAtStart && isMailboxLine(text)) {
      this.#takeMailboxLine(text, lineEnd);
      return;
    }
    const isFirst = this.#isAtStart;
    this.#isAtStart = false;
    if (this.#field !== undefined && isBlank(text[0])) {
      this.#out.push(...this.#field.fold(text, lineEnd));
      return;
    }
    this.#endField();
    const start = readFieldStart(text);
    if (start !== undefined) this.#beginField(start, text, lineEnd);
    else this.#takeLineAfterHeader(text, lineEnd, isFirst);
  }

  #beginField(start: FieldStart, text: Buffer, lineEnd: Buffer | undefined): void {
    const { nameLength, colon, role } = start;
    const limit = this.#rules.headerSizeLimit;
    const isOwn = this.#structure.place === 'message header';
    const isDropped = isOwn && this.#rules.dropHeaders.has(text.toString('latin1', 0, nameLength).toLowerCase());
    this.#hasHeader ||= !isDropped;
    const kept = role === 'other' ? undefined : new KeptField(start, limit);
    this.#field = new CleanedField({ kept, isDropped, limit });
    const joined = colon === nameLength ? text : Buffer.concat([text.subarray(0, nameLength), text.subarray(colon)]);
    this.#out.push(...this.#field.begin(joined, lineEnd));
  }

  /** Ends the header. If the line is not empty, an empty line is inserted before it. */
  #takeLineAfterHeader(text: Buffer, lineEnd: Buffer | undefined, isFirst: boolean): void {
    const isEmpty = text.length === 0;
    if (!isEmpty && this.#structure.place === 'message header') this.#out.push(lineEnd ?? this.#lineEnd);
    this.#hasHeader = true;
    // For a first line that begins with a blank, smtpd(8) inserts the empty line before cleanup(8).
    this.#structure.endHeader(isEmpty || (isFirst && isBlank(text[0])));
    this.#takeBodyLine({ text, begins: true, lineEnd });
  }

  /** Writes the line as a field. Another one may follow, and a continuation line does not belong to it. */
  #takeMailboxLine(text: Buffer, lineEnd: Buffer | undefined): void {
    this.#hasHeader = true;
    this.#out.push(mailboxLine);
    const nul = text.indexOf(NUL);
    this.#write(nul < 0 ? text : text.subarray(0, nul), lineEnd);
    this.#isLineCut = nul >= 0 && lineEnd === undefined;
  }

  #takeBodyLine({ text, lineEnd }: LinePiece): void {
    this.#isLineCut = false;
    this.#structure.takeLine(text);
    this.#write(text, lineEnd);
  }

  #write(text: Buffer, lineEnd: Buffer | undefined): void {
    if (!this.#isLineCut) this.#out.push(text);
    if (lineEnd === undefined) return;
    this.#out.push(lineEnd);
    this.#isLineCut = false;
  }

  #endField(): void {
    const kept = this.#field?.kept;
    this.#field = undefined;
    if (kept?.role === 'type') this.#structure.takeType(kept.body);
    // The encoding matters for message/global: one that declares itself 8bit is not parsed.
    if (kept?.role === 'encoding') this.#structure.takeEncoding(kept.body);
  }
}

/** A field that is being cleaned. Each step returns the octets to write. */
class CleanedField {
  /** The field that decides about the structure; undefined for other fields. */
  readonly kept: KeptField | undefined;
  readonly #limit: number;
  readonly #isDropped: boolean;
  /** Octets so far as Postfix counts them: a line end is one. */
  #length = 0;
  /** Octets of the current record. */
  #column = 0;
  /** Whether the rest of the current record is dropped, after a NUL. */
  #isRecordCut = false;
  /** Whether the current line is beyond the limit. */
  #isLineRefused = false;

  constructor({
    kept,
    isDropped,
    limit,
  }: { readonly kept: KeptField | undefined; readonly isDropped: boolean; readonly limit: number }) {
    this.kept = kept;
    this.#isDropped = isDropped;
    this.#limit = limit;
  }

  /** Takes its first line, or the first record of that. */
  begin(text: Buffer, lineEnd: Buffer | undefined): readonly Buffer[] {
    return this.#take(text, lineEnd);
  }

  /** Takes a continuation line, or the first record of it. */
  fold(text: Buffer, lineEnd: Buffer | undefined): readonly Buffer[] {
    this.#isLineRefused = this.#length >= this.#limit;
    this.#column = 0;
    this.#isRecordCut = false;
    if (this.#isLineRefused) return [];
    this.#length += 1;
    this.kept?.add(LF);
    return this.#take(text, lineEnd);
  }

  /** Takes the next piece of a long line. */
  goOn(text: Buffer, lineEnd: Buffer | undefined): readonly Buffer[] {
    return this.#isLineRefused ? [] : this.#take(text, lineEnd);
  }

  #take(text: Buffer, lineEnd: Buffer | undefined): readonly Buffer[] {
    const shown: Buffer[] = [];
    for (let at = 0; at < text.length; ) {
      const to = Math.min(text.length, at + recordLength - this.#column);
      shown.push(this.#takeOfRecord(text.subarray(at, to)));
      this.#column += to - at;
      at = to;
      if (this.#column < recordLength) break;
      this.#column = 0;
      this.#isRecordCut = false;
    }
    for (const octets of shown) this.kept?.add(octets);
    if (this.#isDropped) return [];
    return lineEnd === undefined ? shown : [...shown, lineEnd];
  }

  #takeOfRecord(text: Buffer): Buffer {
    const nul = text.indexOf(NUL);
    const usable = this.#isRecordCut ? 0 : nul < 0 ? text.length : nul;
    const shown = text.subarray(0, Math.max(0, Math.min(usable, this.#limit - this.#length)));
    this.#isRecordCut ||= nul >= 0;
    this.#length += shown.length;
    return shown;
  }
}

/** Whether smtpd(8) treats a line as the separator of an mbox file: `From `, after any number of `>`. */
function isMailboxLine(text: Buffer): boolean {
  return /^>*From /.test(text.toString('latin1', 0, recordLength));
}
