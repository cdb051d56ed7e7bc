/**
 * One mail transaction: MAIL, RCPT..., DATA, content, one final reply for each accepted recipient (RFC 2033 section 4.2), and the RSET
 * that proves that there are no more.
 *
 * Answers are an array in the order of the recipients, not a map by address: an address may occur twice and gets two replies. With
 * PIPELINING, MAIL to DATA are one group (RFC 2920), in windows of {@link windowOctets}. RSET is sent only after the last final reply:
 * otherwise its 250 could be read as a recipient's (Cyrus sends one 552 for three recipients).
 */

import type { Capabilities } from '../smtp/capabilities.ts';
import { isPositive, type Reply } from '../smtp/reply.ts';
import { type Envelope, mailCommand, rcptCommand } from './commands.ts';
import {
  type Dialogue,
  Interrupted,
  listen,
  type Patience,
  receive,
  receiveBuffered,
  type Stage,
  send,
} from './dialogue.ts';
import type { RcptReply } from './excess.ts';
import { isFinal, isGoodbye, Names } from './final-replies.ts';
import { carefulRules } from './reading.ts';
import type {
  Closing,
  ContentSent,
  ReplyRules,
  StagedReply,
  TransactionOutcome,
  TransactionRecord,
} from './transaction-record.ts';

/**
 * Octets of commands that may be sent before their replies are read (Postfix PIPELINING_BUFSIZE), so that a server that stops reading
 * while it writes replies cannot block the client.
 */
export const windowOctets = 4096;

/** Milliseconds to wait for the reply to RSET after final replies, which stay valid without it. */
export const closingPatience = 5000;

/** Options of a transaction. */
export interface TransactionOptions {
  /** Default: {@link carefulRules}. */
  readonly rules?: ReplyRules;
  /**
   * Milliseconds to wait for the first reply on an idle session that was not probed. Absent: the time-out of the stage.
   */
  readonly firstWithin?: number;
}

interface Expected {
  readonly stage: Stage;
  take(reply: Reply): void;
}

/** Runs one transaction; on an interruption it returns the answers so far, and never throws {@link Interrupted}. */
export function* transaction(
  envelope: Envelope,
  offered: Capabilities,
  { rules = carefulRules, firstWithin }: TransactionOptions = {},
): Dialogue<TransactionOutcome> {
  const run = new Run(envelope, rules);
  try {
    yield* sendEnvelope(run, envelope, offered, firstWithin);
    if (run.goesAhead && run.accepted.length > 0) yield* sendContent(run);
    else if (run.goesAhead) yield* leaveUnwanted(run);
    if (rules.proves && run.mayBeProven) yield* prove(run, offered.pipelining);
  } catch (interruption) {
    if (!(interruption instanceof Interrupted)) throw interruption;
    run.interruption = interruption;
  }
  return rules.read(run);
}

/** Sends MAIL, RCPT..., DATA. Ends when all replies are read, or at the first misplaced one. */
function* sendEnvelope(
  run: Run,
  envelope: Envelope,
  offered: Capabilities,
  firstWithin: number | undefined,
): Dialogue<void> {
  const group = new Group(offered.pipelining, () => run.odd !== undefined, firstWithin);
  yield* group.send(mailCommand(envelope, offered), { stage: 'MAIL', take: (reply) => run.takeMail(reply) });
  for (const [index, recipient] of envelope.recipients.entries()) {
    if (run.isRefused) break;
    const take = (reply: Reply) => run.takeRcpt(index, reply);
    yield* group.send(rcptCommand(recipient, envelope, offered), { stage: 'RCPT', take }, () => !run.isRefused);
  }
  yield* group.send('DATA', { stage: 'DATA', take: (reply) => run.takeData(reply) }, () => !run.isHopeless);
  yield* group.catchUp();
}

/**
 * The server asks for content although it accepted no recipient. Postfix sends a lone dot. By default nothing is sent, because the
 * server could deliver that empty message.
 */
function* leaveUnwanted(run: Run): Dialogue<void> {
  if (run.rules.proves) yield* run.findsUnexpected('content');
  else yield* send('.');
}

/** Sends the content and the dot, and reads the final replies. An unexpected reply before the content or the dot ends it. */
function* sendContent(run: Run): Dialogue<void> {
  const { proves } = run.rules;
  yield { step: 'admit' };
  if (proves && (yield* run.findsUnexpected('content'))) return;
  run.sent = 'some';
  try {
    yield { step: 'content', heeds: proves };
    if (proves && (yield* run.findsUnexpected('content'))) return;
    run.sent = 'all';
    yield { step: 'dot', heeds: proves };
  } catch (interruption) {
    if (!(interruption instanceof Interrupted) || interruption.stage === 'dot') throw interruption;
    run.sent = 'some';
    if (interruption.reason === 'lost') yield* readLastWords(run);
    throw interruption;
  }
  yield* readFinals(run);
}

/** Reads what the server sent before it disconnected. */
function* readLastWords(run: Run): Dialogue<void> {
  if (!run.rules.proves) {
    // Postfix assigns each such reply to a recipient, in order.
    for (const nth of run.accepted.keys()) {
      const reply = yield* receiveBuffered('dot', nth);
      if (reply === undefined) return;
      run.finals.push(reply);
    }
    return;
  }
  const reply = yield* receiveBuffered('content');
  if (reply !== undefined) run.stray = { stage: 'content', reply };
}

function* readFinals(run: Run): Dialogue<void> {
  const names = new Names(run.accepted.map((index) => run.recipients[index] ?? ''));
  const { confirmations } = run.rules;
  let isYes = true;
  for (const nth of run.accepted.keys()) {
    // A server that sends a goodbye closes the connection, so its further replies arrive at once.
    const isLeaving = run.finals.some(isGoodbye);
    run.finals.push(yield* receive('dot', isLeaving ? { nth, within: closingPatience } : { nth }));
    const last = run.finals.at(-1);
    isYes = isYes && last !== undefined && isFinal(last) && isPositive(last) && !names.isOfAnother(last, nth);
    const [index, reply] = [run.accepted[nth - confirmations], run.finals[nth - confirmations]];
    if (isYes && index !== undefined && reply !== undefined) yield { step: 'progress', index, reply };
    if (!run.rules.readsOn(run.finals)) return;
  }
}

/**
 * Closes the transaction with RSET, which a server answers only after all earlier commands. An unexpected reply shows before RSET, in
 * the place of its reply, or after it. If it would change a verdict, the client waits a round trip for it.
 */
function* prove(run: Run, isPipelined: boolean): Dialogue<void> {
  if (yield* run.findsUnexpected('RSET', run.isMixed ? 'round trip' : 'no')) return;
  try {
    yield* send('RSET');
    const reply = yield* receive('RSET', run.sent === 'all' ? { within: closingPatience } : {});
    run.closing = { reply };
    if (isGoodbye(reply)) return;
    const behind = yield* listen('RSET', run.patience(reply, isPipelined));
    if (behind !== undefined) run.closing = { reply, behind };
  } catch (interruption) {
    if (!(interruption instanceof Interrupted)) throw interruption;
    run.closing ??= { interruption };
  }
}

/** A group of commands whose replies may be read later. */
class Group {
  readonly #pipelining: boolean;
  readonly #isOver: () => boolean;
  #firstWithin: number | undefined;
  #expected: Expected[] = [];
  #octets = 0;

  /** @param isOver whether to stop sending and reading */
  constructor(pipelining: boolean, isOver: () => boolean, firstWithin: number | undefined) {
    this.#pipelining = pipelining;
    this.#isOver = isOver;
    this.#firstWithin = firstWithin;
  }

  /** Sends a command; if the window is full, reads the pending replies first. `wanted` is called after that. */
  *send(line: string, expected: Expected, wanted: () => boolean = () => true): Dialogue<void> {
    const octets = Buffer.byteLength(line) + 2;
    if (!this.#pipelining || this.#octets + octets > windowOctets) yield* this.catchUp();
    if (this.#isOver() || !wanted()) return;
    yield* send(line);
    this.#octets += octets;
    this.#expected.push(expected);
    if (!this.#pipelining) yield* this.catchUp();
  }

  /** Reads every pending reply. */
  *catchUp(): Dialogue<void> {
    for (let next = this.#expected.shift(); next !== undefined && !this.#isOver(); next = this.#expected.shift()) {
      const within = this.#firstWithin;
      this.#firstWithin = undefined;
      next.take(yield* receive(next.stage, within === undefined ? {} : { within }));
    }
    this.#octets = 0;
  }
}

/** The record of a running transaction. */
class Run implements TransactionRecord {
  readonly rules: ReplyRules;
  readonly recipients: readonly string[];
  mail?: Reply;
  readonly rcpts: RcptReply[] = [];
  readonly accepted: number[] = [];
  data?: Reply;
  odd?: StagedReply;
  stray?: StagedReply;
  sent: ContentSent = 'nothing';
  readonly finals: Reply[] = [];
  closing?: Closing;
  interruption?: Interrupted;

  constructor({ recipients }: Envelope, rules: ReplyRules) {
    this.rules = rules;
    this.recipients = recipients.map(({ address }) => address);
  }

  /** MAIL was refused. */
  get isRefused(): boolean {
    return this.mail !== undefined && !this.rules.accepts(this.mail);
  }

  /** DATA is pointless: all replies have arrived, and no recipient was accepted. */
  get isHopeless(): boolean {
    return this.isRefused || (this.rcpts.length === this.recipients.length && this.accepted.length === 0);
  }

  /** The server asks for the content. */
  get goesAhead(): boolean {
    return this.odd === undefined && this.data !== undefined && this.rules.goesAhead(this.data);
  }

  /** Whether RSET can be sent: no reply was misplaced, and the server does not wait for content. */
  get mayBeProven(): boolean {
    if (this.odd !== undefined || this.stray !== undefined) return false;
    if (this.goesAhead)
      return this.sent === 'all' && this.finals.length === this.accepted.length && this.finals.every(isFinal);
    // After a goodbye, RSET is sent only if a refusal needs the proof.
    return this.#isHard || !this.#envelopeReplies.some(isGoodbye);
  }

  /** Whether a final reply is negative: then one line more or less changes verdicts. */
  get isMixed(): boolean {
    return this.finals.some(({ code }) => code >= 300);
  }

  /** Whether a hard refusal was read before content. */
  get #isHard(): boolean {
    if (this.isRefused) return (this.mail?.code ?? 0) >= 500;
    const isDataHard = this.accepted.length > 0 && (this.data?.code ?? 0) >= 500;
    return isDataHard || this.rcpts.some(({ reply }) => reply.code >= 500);
  }

  get #envelopeReplies(): readonly Reply[] {
    return [this.mail, ...this.rcpts.map(({ reply }) => reply), this.data].filter((reply) => reply !== undefined);
  }

  takeMail(reply: Reply): void {
    this.mail = reply;
    this.#note('MAIL', reply);
  }

  takeRcpt(index: number, reply: Reply): void {
    this.#note('RCPT', reply);
    // After a refused MAIL, replies to RCPT do not count.
    if (this.isRefused) return;
    this.rcpts.push({ index, reply });
    if (this.rules.accepts(reply)) this.accepted.push(index);
  }

  takeData(reply: Reply): void {
    this.data = reply;
    this.#note('DATA', reply);
  }

  /** Looks for an unexpected reply; `stage` is the next one. Returns whether there is one. */
  *findsUnexpected(stage: Stage, waits: Patience = 'no'): Dialogue<boolean> {
    const reply = yield* listen(stage, waits);
    if (reply !== undefined) this.stray = { stage, reply };
    return reply !== undefined;
  }

  /**
   * Returns how long to listen after RSET's reply. If every reply was positive, one too many changes no verdict. If the reply was not
   * 250, only the next one shows whose it was.
   */
  patience(reply: Reply, isPipelined: boolean): Patience {
    if (reply.code !== 250) return 'long';
    if (this.sent === 'all') return this.isMixed ? 'round trip' : 'no';
    // In a group the reply to DATA comes between, so RSET's 250 cannot be mistaken for it.
    return this.#isHard && !(isPipelined && this.data !== undefined) ? 'round trip' : 'no';
  }

  #note(stage: Stage, reply: Reply): void {
    if (this.odd === undefined && this.rules.isOdd(reply, stage)) this.odd = { stage, reply };
  }
}
