/**
 * Lines out of a byte stream. Belongs to a session, not to one conversation: what arrived between two transactions must
 * not be lost, nor overlooked.
 *
 * Memory is bounded whatever the server sends: a line is kept to {@link replyTextLimit} octets and the rest of it
 * skipped, and no more than {@link bufferedLineLimit} unread lines are taken in before reading stops.
 */

import { replyTextLimit } from '../smtp/reply.ts';

const LF = 0x0a;
const CR = 0x0d;

/** Octets of one line after which its server is taken to be flooding us. Ours: any real reply is a thousand times shorter. */
export const endlessLine = 1024 * 1024;

/** Unread lines after which {@link LineReader.isFull} asks the transport to stop reading. */
export const bufferedLineLimit = 20_000;

const decoder = new TextDecoder('utf-8');

/** Splits what arrives into lines; a CR (or several) before the LF belongs to the line end, as in Postfix. */
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

  /** The next whole line, printable and without its end, if there is one. */
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

  /** Whether anything is unread, be it a part of a line. */
  get hasUnread(): boolean {
    return this.#read < this.#lines.length || this.#partialOctets > 0;
  }

  /** Whether the line that is coming in has grown past any sense. */
  get isEndless(): boolean {
    return this.#partialOctets > endlessLine;
  }

  /** Whether enough lies here unread. */
  get isFull(): boolean {
    return this.#lines.length - this.#read >= bufferedLineLimit;
  }

  #keep(part: Buffer): void {
    const room = this.#lineLimit - this.#partialOctets;
    if (part.length === 0) return;
    // A copy: the part must not keep a whole read buffer alive.
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

/** What of a line counts: up to a NUL, where Postfix's lines end, and printable. */
function untilNul(text: string): string {
  const nul = text.indexOf('\0');
  return nul < 0 ? text : text.slice(0, nul);
}

/** Control characters, and octets that are no UTF-8, as `?` (Postfix printable()): safe in logs, reports and terminals. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029\ufffd]/gu, '?');
}
