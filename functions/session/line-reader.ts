/**
 * Splits a byte stream into lines. It belongs to a session, not to one conversation, so that octets between two transactions are
 * neither lost nor overlooked.
 *
 * Memory is bounded: {@link replyTextLimit} octets of a line are kept and the rest is skipped, and reading stops at
 * {@link bufferedLineLimit} unread lines.
 */

import { replaceControls } from '../smtp/control-characters.ts';
import { replyTextLimit } from '../smtp/reply.ts';

const LF = 0x0a;
const CR = 0x0d;

/** Octets of one line after which the server counts as flooding: any real reply is a thousand times shorter. */
export const endlessLine = 1024 * 1024;

/** Unread lines after which {@link LineReader.isFull} asks the transport to stop reading. */
export const bufferedLineLimit = 20_000;

const decoder = new TextDecoder('utf-8');

/** Splits octets into lines; any number of CRs before the LF belong to the line end, as in Postfix. */
export class LineReader {
  readonly #lineLimit: number;
  #lines: string[] = [];
  #read = 0;
  #partial: Buffer[] = [];
  #partialOctets = 0;

  /** @param lineLimit octets of a line that are kept */
  constructor(lineLimit = replyTextLimit) {
    this.#lineLimit = lineLimit;
  }

  /** Takes octets from the wire. */
  push(chunk: Buffer): void {
    let from = 0;
    for (let newline = chunk.indexOf(LF); newline >= 0; newline = chunk.indexOf(LF, from)) {
      this.#keep(chunk.subarray(from, newline));
      this.#lines.push(this.#takePartial());
      from = newline + 1;
    }
    this.#keep(chunk.subarray(from));
  }

  /** Returns the next complete line, printable and without its end, if any. */
  shift(): string | undefined {
    const line = this.#lines[this.#read];
    if (line === undefined) return undefined;
    this.#read += 1;
    if (this.#read === this.#lines.length) {
      this.#lines = [];
      this.#read = 0;
    }
    return line;
  }

  /** Whether octets are unread, even part of a line. */
  get hasUnread(): boolean {
    return this.#read < this.#lines.length || this.#partialOctets > 0;
  }

  /** Whether the current line has passed the limit of {@link endlessLine}. */
  get isEndless(): boolean {
    return this.#partialOctets > endlessLine;
  }

  /** Whether the limit of unread lines is reached. */
  get isFull(): boolean {
    return this.#lines.length - this.#read >= bufferedLineLimit;
  }

  #keep(part: Buffer): void {
    const room = this.#lineLimit - this.#partialOctets;
    if (part.length === 0) return;
    // A copy, because the part must not keep a whole read buffer in memory.
    if (room > 0) this.#partial.push(Buffer.from(part.subarray(0, room)));
    this.#partialOctets += part.length;
  }

  #takePartial(): string {
    const octets = Buffer.concat(this.#partial);
    this.#partial = [];
    this.#partialOctets = 0;
    let end = octets.length;
    while (end > 0 && octets[end - 1] === CR) end -= 1;
    return printable(untilNul(decoder.decode(octets.subarray(0, end))));
  }
}

/** Returns the text up to a NUL, where Postfix's lines end. */
function untilNul(text: string): string {
  const nul = text.indexOf('\0');
  return nul < 0 ? text : text.slice(0, nul);
}

/** Replaces control characters and invalid UTF-8 with `?` (Postfix printable()), for logs, reports and terminals. */
export function printable(text: string): string {
  return replaceControls(text.replaceAll('\ufffd', '?'), '?');
}
