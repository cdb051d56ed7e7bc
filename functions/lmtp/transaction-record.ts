/**
 * All that was said in one transaction, before any of it is believed.
 *
 * The dialogue only gathers; what the replies settle is read from the whole record at its end (reading.ts, postfix-reading.ts).
 */

import type { Reply } from '../smtp/reply.ts';
import type { Answer, Interrupted, Stage } from './dialogue.ts';
import type { RcptReply } from './excess.ts';

/** A reply and the stage at which it was read. */
export interface StagedReply {
  readonly stage: Stage;
  readonly reply: Reply;
}

/** How far the message itself got: nothing left, some octets may have, the final dot may have. */
export type ContentSent = 'nothing' | 'some' | 'all';

/** What became of the RSET that closes a transaction. */
export interface Closing {
  /** The reply that was read; absent: none came in time, or the connection broke. */
  readonly reply?: Reply;
  /** A reply that was read behind it, which nothing asked for. */
  readonly behind?: Reply;
  /** Why there was none. */
  readonly interruption?: Interrupted;
}

/** The record of a transaction. */
export interface Heard {
  /** Addresses of the envelope's recipients, in its order. */
  readonly recipients: readonly string[];
  readonly mail?: Reply;
  /** In the order of the RCPT commands. */
  readonly rcpts: readonly RcptReply[];
  /** Indexes of the accepted recipients, in RCPT order. */
  readonly accepted: readonly number[];
  readonly data?: Reply;
  /** The first reply to a command of the envelope that cannot belong to it. */
  readonly odd?: StagedReply;
  /** A reply that no command asked for. `stage` is what came next in the conversation. */
  readonly stray?: StagedReply;
  readonly sent: ContentSent;
  /** Replies to the final dot, in their order. */
  readonly finals: readonly Reply[];
  /** Absent: RSET was not sent. */
  readonly closing?: Closing;
  readonly interruption?: Interrupted;
}

/** What makes a session unfit for another transaction. */
export type RetireReason = 'interrupted' | 'protocol error' | 'closing (421)' | 'out of step';

/** The number of final replies was not that of the accepted recipients. */
export interface Miscount {
  /** Final replies that were read. */
  readonly replies: number;
  /** Accepted recipients. */
  readonly recipients: number;
}

/** How a transaction ended. */
export interface TransactionOutcome {
  /** One for each recipient of the envelope, in its order. */
  readonly answers: readonly Answer[];
  /** Why the session must not be used again; absent: it may. */
  readonly retire?: RetireReason;
  /** Whether every accepted recipient has its final reply, and the session can go on with the next transaction. */
  readonly completed: boolean;
  /** Whether RSET was answered behind it: the session needs no probe before its next transaction. */
  readonly isReset: boolean;
  readonly sent: ContentSent;
  /** The server cannot be trusted with the replies of several recipients. */
  readonly miscount?: Miscount;
  /** A reply that was not where it belongs, if there was one. */
  readonly outOfStep?: StagedReply;
  /** What ended it before its time, or left its RSET without an answer. */
  readonly interruption?: Interrupted;
}

/** How a client takes what a server says. */
export interface Manners {
  /** Whether a reply to RCPT accepts the recipient, and one to MAIL the sender. */
  accepts(reply: Reply): boolean;
  /** Whether a reply to DATA asks for the content. */
  goesAhead(reply: Reply): boolean;
  /** Whether a reply of the envelope cannot belong to its command. */
  isOdd(reply: Reply, stage: Stage): boolean;
  /** Whether replies are looked for where there must be none, and RSET closes each transaction to prove that it was in step. */
  readonly proves: boolean;
  /** How many further yeses it takes until a recipient whose own final reply is a yes is known to be sent. */
  readonly confirmations: 0 | 1;
  /** Whether further final replies are worth waiting for. */
  readsOn(finals: readonly Reply[]): boolean;
  /** What the whole record settles. */
  read(heard: Heard): TransactionOutcome;
}
