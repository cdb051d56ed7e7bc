/**
 * One mail transaction: MAIL, RCPT..., DATA, content, and one final reply for each accepted recipient (RFC 2033
 * section 4.2).
 *
 * Answers are an array beside the recipients, in their order, never a map by address: the same address may stand there
 * twice and is answered twice. MAIL to DATA go out as one group where PIPELINING is offered (RFC 2920), in windows of
 * {@link windowOctets}; QUIT is never sent behind the dot, so its 221 cannot be taken for a recipient's reply.
 */

import type { Capabilities } from '../smtp/capabilities.ts';
import { isIntermediate, isPositive, isProtocolError, type Reply } from '../smtp/reply.ts';
import { type Envelope, mailCommand, rcptCommand } from './commands.ts';
import { type Answer, type Dialogue, Interrupted, receive, type Stage, send } from './dialogue.ts';
import { findExcess, type RcptReply } from './excess.ts';

/**
 * Octets of commands that may be under way before their replies are read (Postfix PIPELINING_BUFSIZE): a server that
 * stops reading while it writes replies cannot block us for ever.
 */
export const windowOctets = 4096;

/** How a transaction ended. */
export interface TransactionOutcome {
  /** One for each recipient of the envelope, in its order. */
  readonly answers: readonly Answer[];
  /** Why the session must not be used again; absent: it may, after RSET where the transaction was not completed. */
  readonly retire?: RetireReason;
  /** Whether the transaction ran to its end, so that no RSET is needed to leave it. */
  readonly completed: boolean;
}

/** What makes a session unfit for another transaction. */
export type RetireReason = 'interrupted' | 'protocol error' | 'closing (421)' | 'out of step';

/** Switches of a transaction. */
export interface TransactionOptions {
  /**
   * Postfix's ways, for comparison only: an empty message in answer to a 354 where nothing was accepted, and sessions that
   * go on after a 421.
   */
  readonly strictPostfix?: boolean;
}

interface Expected {
  readonly stage: Stage;
  take(reply: Reply): void;
}

/** Runs one transaction; never throws {@link Interrupted}, it answers with what it knows. */
export function* transaction(
  envelope: Envelope,
  offered: Capabilities,
  options: TransactionOptions = {},
): Dialogue<TransactionOutcome> {
  const run = new Run(envelope.recipients.length, options);
  try {
    yield* sendEnvelope(run, envelope, offered);
    yield* run.settleRefusals();
    if (run.accepted.length > 0 && run.data !== undefined && isIntermediate(run.data)) {
      yield* sendContent(run);
      run.completed = run.retire === undefined;
    } else if (run.data !== undefined && isIntermediate(run.data)) {
      yield* leaveUnwantedData(run, options);
    }
  } catch (interruption) {
    if (!(interruption instanceof Interrupted)) throw interruption;
    run.retire = 'interrupted';
    yield* run.settleInterruption(interruption);
  }
  return run.outcome();
}

/** MAIL, RCPT..., DATA. Ends with all replies read, or without DATA where nobody was accepted before it was sent. */
function* sendEnvelope(run: Run, envelope: Envelope, offered: Capabilities): Dialogue<void> {
  const group = new Group(offered.pipelining);
  yield* group.send(mailCommand(envelope, offered), { stage: 'MAIL', take: (reply) => run.takeMail(reply) });
  for (const [index, recipient] of envelope.recipients.entries()) {
    if (run.isRefused) return;
    const take = (reply: Reply) => run.takeRcpt(index, reply);
    yield* group.send(rcptCommand(recipient, envelope, offered), { stage: 'RCPT', take }, () => !run.isRefused);
  }
  yield* group.send('DATA', { stage: 'DATA', take: (reply) => run.takeData(reply) }, () => !run.isHopeless);
  yield* group.catchUp();
}

function* sendContent(run: Run): Dialogue<void> {
  try {
    yield { step: 'content' };
  } catch (interruption) {
    if (!(interruption instanceof Interrupted) || interruption.reason !== 'lost') throw interruption;
    // The server may have said why before it hung up: each such reply settles one recipient, in order.
    yield* readFinals(run, true);
    throw interruption;
  }
  yield* readFinals(run, false);
}

function* readFinals(run: Run, buffered: boolean): Dialogue<void> {
  for (const [nth, index] of run.accepted.entries()) {
    const reply = buffered ? yield { step: 'receive', stage: 'dot', nth, buffered: true } : yield* receive('dot', nth);
    if (reply === undefined) return;
    run.noteReply(reply);
    yield* run.settle(index, { kind: 'reply', stage: 'dot', reply });
  }
}

/**
 * The server wants content although it accepted no recipient, or no MAIL. We have nothing to say to it: whatever it
 * would do with a message from us, nobody asked for it.
 */
function* leaveUnwantedData(run: Run, { strictPostfix = false }: TransactionOptions): Dialogue<void> {
  if (!strictPostfix) {
    run.retire = 'out of step';
    return;
  }
  yield* send('.');
  run.retire = 'protocol error';
}

/** A group of commands whose replies may be read later. */
class Group {
  readonly #pipelining: boolean;
  #expected: Expected[] = [];
  #octets = 0;

  constructor(pipelining: boolean) {
    this.#pipelining = pipelining;
  }

  /** Sends a command, first reading what is due where the window is full; `wanted` is asked after that reading. */
  *send(line: string, expected: Expected, wanted: () => boolean = () => true): Dialogue<void> {
    const octets = Buffer.byteLength(line) + 2;
    if (!this.#pipelining || this.#octets + octets > windowOctets) yield* this.catchUp();
    if (!wanted()) return;
    yield* send(line);
    this.#octets += octets;
    this.#expected.push(expected);
    if (!this.#pipelining) yield* this.catchUp();
  }

  /** Reads every reply that is due. */
  *catchUp(): Dialogue<void> {
    for (let next = this.#expected.shift(); next !== undefined; next = this.#expected.shift()) {
      next.take(yield* receive(next.stage));
    }
    this.#octets = 0;
  }
}

/** What is known so far. */
class Run {
  readonly #answers: (Answer | undefined)[];
  /** Indexes of the accepted recipients, in RCPT order. */
  readonly accepted: number[] = [];
  readonly #refusals = new Map<number, Answer>();
  readonly #rcpts: RcptReply[] = [];
  #mail: Reply | undefined;
  #rcptReplies = 0;
  data: Reply | undefined;
  retire: RetireReason | undefined;
  completed = false;

  readonly #keepsClosing: boolean;

  constructor(recipients: number, { strictPostfix = false }: TransactionOptions) {
    this.#keepsClosing = strictPostfix;
    this.#answers = new Array<undefined>(recipients).fill(undefined);
  }

  /** MAIL was refused. */
  get isRefused(): boolean {
    return this.#mail !== undefined && !isPositive(this.#mail);
  }

  /** Nothing is left to send DATA for: every reply so far is in, and none accepted anything. */
  get isHopeless(): boolean {
    return this.isRefused || (this.#rcptReplies === this.#answers.length && this.accepted.length === 0);
  }

  takeMail(reply: Reply): void {
    this.#mail = reply;
    this.noteReply(reply);
  }

  takeRcpt(index: number, reply: Reply): void {
    this.#rcptReplies += 1;
    // Where MAIL was refused, whatever is said to a RCPT behind it means nothing.
    if (this.isRefused) return;
    this.noteReply(reply);
    if (isPositive(reply)) this.accepted.push(index);
    else this.#refusals.set(index, { kind: 'reply', stage: 'RCPT', reply });
    this.#rcpts.push({ index, reply });
  }

  takeData(reply: Reply): void {
    this.data = reply;
    // A refusal of DATA where nobody was accepted is as it should be.
    if (!this.isRefused && this.accepted.length > 0) this.noteReply(reply);
  }

  noteReply(reply: Reply): void {
    if (reply.code === 421 && !this.#keepsClosing) this.retire ??= 'closing (421)';
    else if (isProtocolError(reply)) this.retire ??= 'protocol error';
  }

  /** Tells the answers that the envelope's replies decide. */
  *settleRefusals(): Dialogue<void> {
    if (this.#mail !== undefined && this.isRefused) {
      yield* this.#settleRest({ kind: 'reply', stage: 'MAIL', reply: this.#mail });
      return;
    }
    for (const { index, reply } of this.#keepsClosing ? [] : findExcess(this.#rcpts)) {
      this.#refusals.set(index, { kind: 'excess', reply });
    }
    for (const [index, answer] of this.#refusals) yield* this.settle(index, answer);
    if (this.data !== undefined && !isIntermediate(this.data) && this.accepted.length > 0) {
      if (isPositive(this.data)) this.retire = 'out of step';
      yield* this.#settleRest({ kind: 'reply', stage: 'DATA', reply: this.data });
    }
  }

  *settleInterruption({ stage, reason }: Interrupted): Dialogue<void> {
    // What was said before the connection broke stands; the rest is in doubt only once the dot may have been read.
    if (this.#mail !== undefined && this.isRefused) {
      yield* this.#settleRest({ kind: 'reply', stage: 'MAIL', reply: this.#mail });
      return;
    }
    for (const [index, answer] of this.#refusals) {
      if (this.#answers[index] === undefined) yield* this.settle(index, answer);
    }
    yield* this.#settleRest({ kind: 'interrupted', stage, reason, inDoubt: stage === 'dot' });
  }

  *settle(index: number, answer: Answer): Dialogue<void> {
    this.#answers[index] = answer;
    yield { step: 'answered', index, answer };
  }

  *#settleRest(answer: Answer): Dialogue<void> {
    for (const [index, known] of this.#answers.entries()) {
      if (known === undefined) yield* this.settle(index, answer);
    }
  }

  outcome(): TransactionOutcome {
    const answers = this.#answers.map((answer) => {
      if (answer === undefined) throw new Error('a recipient was left without an answer');
      return answer;
    });
    return this.retire === undefined
      ? { answers, completed: this.completed }
      : { answers, completed: this.completed, retire: this.retire };
  }
}
