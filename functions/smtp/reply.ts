/**
 * Replies of a server (RFC 5321 section 4.2).
 *
 * Parsing is exactly as lenient as in Postfix (smtp_chat.c:smtp_chat_resp): only the last line gives the code and the status,
 * continuation lines may have other codes, and a line that is not a reply is skipped but stays in the text.
 */

import { type EnhancedStatus, reconcileStatus } from './enhanced-status.ts';

/** One whole reply. */
export interface Reply {
  /** Three digits, from the last line. */
  readonly code: number;
  /** Reconciled with the code; never absent. */
  readonly status: EnhancedStatus;
  /** All lines as received, codes included, joined by blanks; at most about {@link replyTextLimit} octets. */
  readonly text: string;
  /** The lines of `text`. */
  readonly lines: readonly string[];
  /** Lines that are not a reply precede it: the server is out of step (Postfix: protocol error). */
  readonly garbled: boolean;
}

/** Octets of reply text that are kept, over all lines (Postfix line_length_limit). */
export const replyTextLimit = 2048;

/** Lines of one reply after which the server counts as flooding. Ours: Postfix has no limit. */
export const replyLineLimit = 10_000;

const replyLine = /^(\d{3})(?:([ -])(.*)|)$/s;

/** Collects lines until a reply is complete, in bounded memory. */
export class ReplyAssembler {
  readonly #textLimit: number;
  #kept: string[] = [];
  #keptOctets = 0;
  #lines = 0;
  #garbled = false;

  /** @param textLimit octets of text that are kept, over all lines */
  constructor(textLimit = replyTextLimit) {
    this.#textLimit = textLimit;
  }

  /** Whether a reply has begun and is not complete. */
  get isPartial(): boolean {
    return this.#lines > 0;
  }

  /** Whether the reply has reached the limit of lines. */
  get isFlooding(): boolean {
    return this.#lines >= replyLineLimit;
  }

  /** Takes one line without its line end; returns the reply if the line completes one. */
  take(line: string): Reply | undefined {
    this.#lines += 1;
    this.#keep(line);
    const match = replyLine.exec(line);
    if (match === null) {
      this.#garbled = true;
      return undefined;
    }
    if (match[2] === '-') return undefined;
    const code = Number(match[1]);
    const reply: Reply = {
      code,
      status: reconcileStatus(code, match[3] ?? ''),
      text: this.#kept.join(' '),
      lines: this.#kept,
      garbled: this.#garbled,
    };
    this.#kept = [];
    this.#keptOctets = 0;
    this.#lines = 0;
    this.#garbled = false;
    return reply;
  }

  #keep(line: string): void {
    // An empty line before a reply is not part of its text.
    if (this.#keptOctets >= this.#textLimit || (line === '' && this.#kept.length === 0)) return;
    this.#kept.push(line);
    this.#keptOctets += line.length + 1;
  }
}

/** 2xx. */
export function isPositive({ code }: Reply): boolean {
  return code >= 200 && code < 300;
}

/** 3xx: "go ahead" after DATA. */
export function isIntermediate({ code }: Reply): boolean {
  return code >= 300 && code < 400;
}

/**
 * Whether a reply shows that the server is out of step or did not understand the command. Postfix stops caching such a session
 * (smtp_chat.c:smtp_check_code).
 */
export function isProtocolError({ code, garbled }: Reply): boolean {
  return garbled || code < 200 || code > 599 || code === 555 || (code >= 500 && code < 510);
}

/** Represents the end of a connection where a reply was expected: the server is gone, as after a 421. */
export function closedReply(): Reply {
  const text = '(the connection was closed)';
  return { code: 421, status: '4.4.2', text, lines: [text], garbled: false };
}

/** Represents a reply that began and did not end: it has no code, and fits no command. */
export function incompleteReply(): Reply {
  const text = '(an incomplete line)';
  return { code: 0, status: '4.5.0', text, lines: [text], garbled: true };
}
