/**
 * A conversation as a value: what is said and in which order, with no socket, no promise and no clock.
 *
 * A dialogue is a generator. It yields steps; its driver (session/chat.ts, or a transcript in a test) carries them out and
 * hands each reply, and what became of a TLS handshake, back in. An interruption (time-out, lost connection) is thrown into
 * the dialogue at the step where it happened, so the answers gathered so far are still in its hands.
 */

import type { Capabilities } from '../smtp/capabilities.ts';
import type { Reply } from '../smtp/reply.ts';
import type { Secured, TlsJudgement } from '../tls/secured.ts';

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
  /** Our own message source broke off; `cause` is what it threw. */
  | 'body'
  /** The claim on the delivery could not be made; `cause` says why. Nothing of the content was sent. */
  | 'claim';

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

/**
 * Why a reply settles nothing:
 *
 *   out of step  it, or a reply before it, is not where it belongs: it may be the answer to another command
 *   early        the server spoke while the content was being sent, which no reply is due to
 *   goodbye      421 or 221: the server ends the session
 *   unconfirmed  the session ended before it was proven in step behind this refusal
 */
export type Doubt = 'out of step' | 'early' | 'goodbye' | 'unconfirmed';

/** What the server said about one recipient, or that it never did. */
export type Answer =
  /** A reply in its place. `nth`: which of the final replies it was, from 0. */
  | { readonly kind: 'reply'; readonly stage: Stage; readonly reply: Reply; readonly nth?: number }
  /** A reply that settles nothing. `inDoubt`: the message may have been delivered all the same. */
  | {
      readonly kind: 'unsettled';
      readonly stage: Stage;
      readonly reply: Reply;
      readonly why: Doubt;
      readonly inDoubt: boolean;
    }
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
   * the line that is never shown, neither now nor when the server repeats it.
   */
  | { readonly step: 'send'; readonly line: string; readonly secret?: string }
  /**
   * Wait for a reply. `buffered`: only one that has arrived already, after the connection broke. `within`: milliseconds, where
   * the stage's own time-out is longer.
   */
  | {
      readonly step: 'receive';
      readonly stage: Stage;
      readonly nth?: number;
      readonly buffered?: true;
      readonly within?: number;
    }
  /**
   * Look whether the server has said something that no command asked for. Answers that reply, or nothing. `waits`: how long to
   * wait for one: not at all, for twice the round trip, or a good second where the answer decides about mail; then the end of
   * the connection is an answer too, of code 421.
   */
  | { readonly step: 'listen'; readonly stage: Stage; readonly waits: Patience }
  /** Make the TLS handshake, and have policy judge it. Answers a {@link Handshake}. Octets that are still unread are discarded. */
  | { readonly step: 'secure' }
  /** A part of the opening is over: for an operator who watches it (`check`). */
  | { readonly step: 'opened'; readonly part: OpeningPart }
  /** Wait until content may be sent: for the claim. */
  | { readonly step: 'admit' }
  /** Send the message's content, without the final dot. `heeds`: stop where the server says something meanwhile. */
  | { readonly step: 'content'; readonly heeds: boolean }
  /** Send the final dot. `heeds`: not where the server has closed its side: it could not answer. */
  | { readonly step: 'dot'; readonly heeds: boolean }
  /** A recipient is known to be sent, while others are still awaited. */
  | { readonly step: 'progress'; readonly index: number; readonly reply: Reply };

/** How long to listen for what should not come. */
export type Patience = 'no' | 'round trip' | 'long';

/** A TLS handshake that was made, and what policy thinks of it. */
export interface Shown {
  readonly kind: 'secured';
  readonly secured: Secured;
  readonly judgement: TlsJudgement;
}

/** How a TLS handshake ended, unless our own time ended it. `reason`: in the TLS library's words. */
export type Handshake = Shown | { readonly kind: 'TLS failed'; readonly reason: string };

/** A part of an opening that is over. */
export type OpeningPart =
  | { readonly part: 'connected' }
  | { readonly part: 'greeted'; readonly banner: Reply }
  | { readonly part: 'secured'; readonly shown: Shown }
  /** The session stays in plain text. `isOffered`: the server offers STARTTLS; `refusal`: and then refused it. */
  | { readonly part: 'plain text'; readonly isOffered: boolean; readonly refusal?: Reply }
  /** What the server offers, once it is known whether the session is encrypted. */
  | { readonly part: 'introduced'; readonly capabilities: Capabilities };

/** What the driver hands back in: a reply, a handshake, or nothing. */
export type Resumption = Reply | Handshake | undefined;

/** A conversation that ends in a `T`. */
export type Dialogue<T> = Generator<Step, T, Resumption>;

/** Sends one command line; `secret` is the part of it that is never shown. */
export function* send(line: string, secret?: string): Dialogue<void> {
  yield secret === undefined || secret === '' ? { step: 'send', line } : { step: 'send', line, secret };
}

/** How a reply is waited for. */
export interface Waiting {
  /** Counts the final replies of one transaction, from 0. */
  readonly nth?: number;
  /** Milliseconds, where the stage's own time-out is longer. */
  readonly within?: number;
}

/** Waits for the reply of a stage. */
export function* receive(stage: Stage, waiting: Waiting = {}): Dialogue<Reply> {
  const reply = replyIn(yield { step: 'receive', stage, ...waiting });
  if (reply === undefined) throw new TypeError('the driver resumed a receive without a reply');
  return reply;
}

/** Returns the next reply that came before the connection broke, if there is one. `nth` counts final replies, from 0. */
export function* receiveBuffered(stage: Stage, nth?: number): Dialogue<Reply | undefined> {
  return replyIn(yield { step: 'receive', stage, ...(nth === undefined ? {} : { nth }), buffered: true });
}

/** Looks for a reply that no command asked for: at this point of a conversation there must be none. */
export function* listen(stage: Stage, waits: Patience = 'no'): Dialogue<Reply | undefined> {
  return replyIn(yield { step: 'listen', stage, waits });
}

/** Makes the TLS handshake. */
export function* secure(): Dialogue<Handshake> {
  const handshake = yield { step: 'secure' };
  if (handshake === undefined || !('kind' in handshake)) {
    throw new TypeError('the driver resumed a handshake without its outcome');
  }
  return handshake;
}

/** Says that a part of the opening is over. */
export function* opened(part: OpeningPart): Dialogue<void> {
  yield { step: 'opened', part };
}

function replyIn(resumption: Resumption): Reply | undefined {
  if (resumption !== undefined && 'kind' in resumption) throw new TypeError('the driver resumed with a handshake');
  return resumption;
}
