/**
 * The record of a transaction: all its replies, before any of them is trusted.
 *
 * The dialogue only collects; at its end the answers are read from the whole record (reading.ts, postfix-reading.ts).
 */

import type { Reply } from '../smtp/reply.ts';
import type { Answer, Interrupted, Stage } from './dialogue.ts';
import type { RcptReply } from './excess.ts';

/** A reply, and the stage at which it was read. */
export interface StagedReply {
  readonly stage: Stage;
  readonly reply: Reply;
}

/** How much of the content was sent: nothing, perhaps some octets, or perhaps the final dot. */
export type ContentSent = 'nothing' | 'some' | 'all';

/** The RSET that closes a transaction. */
export interface Closing {
  /** The reply; absent: none arrived in time, or the connection broke. */
  readonly reply?: Reply;
  /** An unexpected reply after it. */
  readonly behind?: Reply;
  /** Why there was none. */
  readonly interruption?: Interrupted;
}

/** The record of a transaction. */
export interface TransactionRecord {
  /** Addresses of the envelope's recipients, in its order. */
  readonly recipients: readonly string[];
  readonly mail?: Reply;
  /** In the order of the RCPT commands. */
  readonly rcpts: readonly RcptReply[];
  /** Indexes of the accepted recipients, in RCPT order. */
  readonly accepted: readonly number[];
  readonly data?: Reply;
  /** The first reply that its command of the envelope cannot have. */
  readonly odd?: StagedReply;
  /** An unexpected reply. `stage` is the next one of the conversation. */
  readonly stray?: StagedReply;
  readonly sent: ContentSent;
  /** Replies to the final dot, in order. */
  readonly finals: readonly Reply[];
  /** Absent: RSET was not sent. */
  readonly closing?: Closing;
  readonly interruption?: Interrupted;
}

/** Why a session must not be used for another transaction. */
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
  /** Whether every accepted recipient has its final reply, and the session can be used for the next transaction. */
  readonly completed: boolean;
  /** Whether the server answered RSET after it: the session needs no probe before its next transaction. */
  readonly isReset: boolean;
  readonly sent: ContentSent;
  /** The server cannot be trusted with the replies of several recipients. */
  readonly miscount?: Miscount;
  /** The misplaced reply, if any. */
  readonly outOfStep?: StagedReply;
  /** What interrupted it, or its RSET. */
  readonly interruption?: Interrupted;
}

/** The rules by which a client reads replies. */
export interface ReplyRules {
  /** Whether a reply to RCPT accepts the recipient, and one to MAIL the sender. */
  accepts(reply: Reply): boolean;
  /** Whether a reply to DATA asks for the content. */
  goesAhead(reply: Reply): boolean;
  /** Whether a command of the envelope cannot have this reply. */
  isOdd(reply: Reply, stage: Stage): boolean;
  /** Whether the client looks for unexpected replies, and closes each transaction with RSET to prove that it was in step. */
  readonly proves: boolean;
  /** How many further positive replies confirm that a recipient with a positive final reply is sent. */
  readonly confirmations: 0 | 1;
  /** Whether to wait for further final replies. */
  readsOn(finals: readonly Reply[]): boolean;
  /** Returns the outcome of the whole record. */
  read(heard: TransactionRecord): TransactionOutcome;
}
