/**
 * A conversation as a value: what is said and in which order, with no socket, no promise and no clock.
 *
 * A dialogue is a generator. It yields steps; whoever drives it (session/chat.ts, or a transcript in a test) carries them
 * out and hands each reply back in. An interruption (time-out, lost connection) is thrown into the dialogue at the step
 * where it happened, so the answers gathered so far are still in its hands.
 */

import type { Reply } from '../smtp/reply.ts';

/** Where a conversation is; names the timer, the words in the log and the report alike. */
export type Stage =
  | 'greeting'
  | 'LHLO'
  | 'STARTTLS'
  | 'AUTH'
  | 'MAIL'
  | 'RCPT'
  | 'DATA'
  | 'content'
  | 'dot'
  | 'RSET'
  | 'QUIT';

/** Why a conversation stopped short. */
export type InterruptionCause =
  /** The stage's timer ran out. */
  | 'timeout'
  /** End of file, reset, or any other fault of the connection. */
  | 'lost'
  /** No time is left in this invocation: our limit, not the server's fault. */
  | 'deadline'
  /** The server sent a reply without end. */
  | 'flood'
  /** Our own message source broke off. */
  | 'body';

/** The conversation cannot go on. Thrown into the dialogue; its answers so far stay good. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
  readonly stage: Stage;
  readonly reason: InterruptionCause;

  constructor(stage: Stage, reason: InterruptionCause, options?: ErrorOptions) {
    super(`${reason} at ${stage}`, options);
    this.stage = stage;
    this.reason = reason;
  }
}

/** What the server said about one recipient, or that it never did. */
export type Answer =
  | { readonly kind: 'reply'; readonly stage: Stage; readonly reply: Reply }
  | {
      readonly kind: 'interrupted';
      readonly stage: Stage;
      readonly reason: InterruptionCause;
      readonly inDoubt: boolean;
    }
  /** Never offered in this transaction: the server takes no more recipients at a time (RFC 5321 section 4.5.3.1.10). */
  | { readonly kind: 'excess'; readonly reply: Reply };

/** What the driver is asked to do. */
export type Step =
  /**
   * Send a command line; the driver adds CRLF and may hold it back until something is received. `secret` is the part of
   * the line that nobody is shown, neither now nor when the server repeats it.
   */
  | { readonly step: 'send'; readonly line: string; readonly secret?: string }
  /** Wait for a reply. `buffered`: only one that has arrived already, after the connection broke. */
  | { readonly step: 'receive'; readonly stage: Stage; readonly nth?: number; readonly buffered?: true }
  /** Send the message's content and the final dot. */
  | { readonly step: 'content' }
  /** A recipient's answer is known: tell it at once, before the next is waited for (RFC 2033 section 5). */
  | { readonly step: 'answered'; readonly index: number; readonly answer: Answer };

/** A conversation that ends in a `T`. */
export type Dialogue<T> = Generator<Step, T, Reply | undefined>;

/** Sends one command line; `secret` is the part of it that nobody is shown. */
export function* send(line: string, secret?: string): Dialogue<void> {
  yield secret === undefined || secret === '' ? { step: 'send', line } : { step: 'send', line, secret };
}

/** Waits for the reply of a stage; `nth` counts the final replies of one transaction from 0. */
export function* receive(stage: Stage, nth?: number): Dialogue<Reply> {
  const reply = yield nth === undefined ? { step: 'receive', stage } : { step: 'receive', stage, nth };
  if (reply === undefined) throw new TypeError('the driver resumed a receive without a reply');
  return reply;
}
