/**
 * A conversation as a value: the commands and their order, without sockets, promises and clocks.
 *
 * A dialogue is a generator. It yields steps; its driver (session/chat.ts, or a transcript in a test) performs them and returns each
 * reply, and the result of a TLS handshake. An interruption (time-out, lost connection) is thrown into the dialogue at its step, so
 * the dialogue still has the replies received so far.
 */

import type { Capabilities } from '../smtp/capabilities.ts';
import type { Reply } from '../smtp/reply.ts';
import type { Secured, TlsJudgement } from '../tls/secured.ts';

/** The stage of a conversation, which selects the time-out and the text in log and report. */
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

/** Why a conversation was interrupted. */
export type InterruptionCause =
  /** The time-out of the stage passed. */
  | 'timeout'
  /** The connection ended or failed. */
  | 'lost'
  /** The time of the invocation ran out, which is not a fault of the server. */
  | 'deadline'
  /** The server sent an endless reply. */
  | 'flood'
  /** The message could not be read; `cause` is the error. */
  | 'body'
  /** The delivery could not be claimed; `cause` is the error. No content was sent. */
  | 'claim';

/** The conversation cannot continue. Thrown into the dialogue; replies received so far stay valid. */
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
 * Why a reply decides nothing:
 *
 *   out of step  it, or a reply before it, is misplaced: it may be the reply to another command
 *   early        it arrived while the content was being sent, when no reply is due
 *   goodbye      421 or 221: the server ends the session
 *   unconfirmed  the session ended before it was proven in step after this refusal
 */
export type Doubt = 'out of step' | 'early' | 'goodbye' | 'unconfirmed';

/** The reply for one recipient, or why there is none. */
export type Answer =
  /** A reply in its place. `nth`: the number of the final reply, from 0. */
  | { readonly kind: 'reply'; readonly stage: Stage; readonly reply: Reply; readonly nth?: number }
  /** A reply that decides nothing. `inDoubt`: the message may have been delivered. */
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
  /** The server accepts no more recipients in this transaction (RFC 5321 section 4.5.3.1.10). */
  | { readonly kind: 'excess'; readonly reply: Reply };

/** A step for the driver. */
export type Step =
  /**
   * Send a command line; the driver adds CRLF, and may buffer the line until the next receive. `secret` is the part of the line that
   * is never shown, even when the server repeats it.
   */
  | { readonly step: 'send'; readonly line: string; readonly secret?: string }
  /**
   * Wait for a reply. `buffered`: only one that arrived before the connection broke. `within`: milliseconds, if shorter than the
   * time-out of the stage.
   */
  | {
      readonly step: 'receive';
      readonly stage: Stage;
      readonly nth?: number;
      readonly buffered?: true;
      readonly within?: number;
    }
  /**
   * Look for an unexpected reply. Returns it, or nothing. `waits`: no wait, twice the round trip, or one second where the reply
   * decides about mail. With a wait, the end of the connection returns a reply with code 421.
   */
  | { readonly step: 'listen'; readonly stage: Stage; readonly waits: Patience }
  /** Make the TLS handshake, and judge it by the policy. Returns a {@link Handshake}. Unread octets are discarded. */
  | { readonly step: 'secure' }
  /** A part of the opening is done, for an observer (`check`). */
  | { readonly step: 'opened'; readonly part: OpeningPart }
  /** Wait until content may be sent: for the claim. */
  | { readonly step: 'admit' }
  /** Send the content, without the final dot. `heeds`: stop if the server sends something meanwhile. */
  | { readonly step: 'content'; readonly heeds: boolean }
  /** Send the final dot. `heeds`: not if the server has closed its side, because it could not reply. */
  | { readonly step: 'dot'; readonly heeds: boolean }
  /** A recipient is known to be sent, while others are still awaited. */
  | { readonly step: 'progress'; readonly index: number; readonly reply: Reply };

/** How long to listen for an unexpected reply. */
export type Patience = 'no' | 'round trip' | 'long';

/** A successful TLS handshake, and its judgement by the policy. */
export interface Shown {
  readonly kind: 'secured';
  readonly secured: Secured;
  readonly judgement: TlsJudgement;
}

/** How a TLS handshake ended, unless the time of the function ran out. `reason`: from the TLS library. */
export type Handshake = Shown | { readonly kind: 'TLS failed'; readonly reason: string };

/** A part of an opening that is done. */
export type OpeningPart =
  | { readonly part: 'connected' }
  | { readonly part: 'greeted'; readonly banner: Reply }
  | { readonly part: 'secured'; readonly shown: Shown }
  /** The session stays in plain text. `isOffered`: the server offers STARTTLS; `refusal`: it then refused it. */
  | { readonly part: 'plain text'; readonly isOffered: boolean; readonly refusal?: Reply }
  /** The capabilities of the server, after TLS if there is TLS. */
  | { readonly part: 'introduced'; readonly capabilities: Capabilities };

/** The result of a step: a reply, a handshake, or nothing. */
export type Resumption = Reply | Handshake | undefined;

/** A conversation that returns a `T`. */
export type Dialogue<T> = Generator<Step, T, Resumption>;

/** Sends one command line; `secret` is the part of it that is never shown. */
export function* send(line: string, secret?: string): Dialogue<void> {
  yield secret === undefined || secret === '' ? { step: 'send', line } : { step: 'send', line, secret };
}

/** Options of a wait for a reply. */
export interface Waiting {
  /** Counts the final replies of one transaction, from 0. */
  readonly nth?: number;
  /** Milliseconds, if shorter than the time-out of the stage. */
  readonly within?: number;
}

/** Waits for the reply of a stage. */
export function* receive(stage: Stage, waiting: Waiting = {}): Dialogue<Reply> {
  const reply = replyIn(yield { step: 'receive', stage, ...waiting });
  if (reply === undefined) throw new TypeError('the driver resumed a receive without a reply');
  return reply;
}

/** Returns the next reply that arrived before the connection broke, if any. `nth` counts final replies, from 0. */
export function* receiveBuffered(stage: Stage, nth?: number): Dialogue<Reply | undefined> {
  return replyIn(yield { step: 'receive', stage, ...(nth === undefined ? {} : { nth }), buffered: true });
}

/** Looks for an unexpected reply. */
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

/** Reports that a part of the opening is done. */
export function* opened(part: OpeningPart): Dialogue<void> {
  yield { step: 'opened', part };
}

function replyIn(resumption: Resumption): Reply | undefined {
  if (resumption !== undefined && 'kind' in resumption) throw new TypeError('the driver resumed with a handshake');
  return resumption;
}
