/**
 * Replies: what the server says to one command (RFC 5321 section 4.2).
 *
 * Reading is lenient exactly where Postfix is (smtp_chat.c:smtp_chat_resp): the last line alone gives the code and the
 * status, continuation lines may carry other codes, a line that is no reply is skipped but stays in the text.
 */

import { type EnhancedStatus, reconcileStatus } from './enhanced-status.ts';

/** One whole reply. */
export interface Reply {
  /** Three digits, of the last line. */
  readonly code: number;
  /** Reconciled with the code; never absent. */
  readonly status: EnhancedStatus;
  /** All lines as received, codes included, joined by blanks; at most about {@link replyTextLimit} octets. */
  readonly text: string;
  /** The lines that `text` was joined from. */
  readonly lines: readonly string[];
  /** Lines that were no reply at all came before it: the server is out of step (Postfix: protocol error). */
  readonly garbled: boolean;
}

/** Octets of reply text that are kept, lines together (Postfix line_length_limit). */
export const replyTextLimit = 2048;

/** Lines of one reply after which the server is taken to be flooding us. Ours: Postfix reads on for ever. */
export const replyLineLimit = 10_000;

const replyLine = /^(\d{3})(?:([ -])(.*)|)$/s;

/** Gathers lines until they make a reply. Costs bounded memory whatever the server sends. */
export class ReplyAssembler {
  readonly #textLimit: number;
  #kept: string[] = [];
  #keptOctets = 0;
  #lines = 0;
  #garbled = false;

  /** @param textLimit octets of text that are kept, lines together */
  constructor(textLimit = replyTextLimit) {
    this.#textLimit = textLimit;
  }

  /** Whether lines were taken in that are not a whole reply yet. */
  get isPartial(): boolean {
    return this.#lines > 0;
  }

  /** Whether the reply has grown past any sense. */
  get isFlooding(): boolean {
    return this.#lines >= replyLineLimit;
  }

  /** Takes one line without its line end; answers the reply when the line completes one. */
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
    // An empty line in front of a reply leaves no trace in its text.
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
 * A refusal whose code says that the server is out of step or did not understand us; Postfix stops caching the session
 * (smtp_chat.c:smtp_check_code).
 */
export function isProtocolError({ code, garbled }: Reply): boolean {
  return garbled || code < 200 || code > 599 || code === 555 || (code >= 500 && code < 510);
}

/** Stands for the end of a connection where a reply was listened for: the server is gone, as behind a 421. */
export function closedReply(): Reply {
  const text = '(the connection was closed)';
  return { code: 421, status: '4.4.2', text, lines: [text], garbled: false };
}

/** Stands for a reply that began and was never finished: it has no code, and fits nowhere. */
export function incompleteReply(): Reply {
  const text = '(an incomplete line)';
  return { code: 0, status: '4.5.0', text, lines: [text], garbled: true };
}
