/**
 * One mail transaction: MAIL, RCPT..., DATA, content, one final reply for each accepted recipient (RFC 2033 section 4.2), and
 * the RSET that proves them to be all.
 *
 * Answers are an array beside the recipients, in their order, never a map by address: the same address may occur twice and is
 * answered twice. MAIL to DATA go out as one group where PIPELINING is offered (RFC 2920), in windows of {@link windowOctets}.
 * RSET is not sent before the last final reply is read: its 250 could be taken for a recipient's (Cyrus answers one 552 for
 * three recipients).
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
import type { Closing, ContentSent, Heard, Manners, StagedReply, TransactionOutcome } from './heard.ts';
import { careful } from './reading.ts';

/**
 * Octets of commands that may be under way before their replies are read (Postfix PIPELINING_BUFSIZE): a server that
 * stops reading while it writes replies cannot block us for ever.
 */
export const windowOctets = 4096;

/** Milliseconds to wait for the reply to RSET behind final replies: they stand all the same where it does not come. */
export const closingPatience = 5000;

/** How a transaction is made. */
export interface TransactionOptions {
  /** Default: our own. */
  readonly manners?: Manners;
  /**
   * Milliseconds to wait for the first reply, where the session lay idle and was not asked whether it still works. Absent: the
   * stage's own time-out.
   */
  readonly firstWithin?: number;
}

interface Expected {
  readonly stage: Stage;
  take(reply: Reply): void;
}

/** Runs one transaction; never throws {@link Interrupted}, it answers with what it knows. */
export function* transaction(
  envelope: Envelope,
  offered: Capabilities,
  { manners = careful, firstWithin }: TransactionOptions = {},
): Dialogue<TransactionOutcome> {
  const run = new Run(envelope, manners);
  try {
    yield* sendEnvelope(run, envelope, offered, firstWithin);
    if (run.goesAhead && run.accepted.length > 0) yield* sendContent(run);
    else if (run.goesAhead) yield* leaveUnwanted(run);
    if (manners.proves && run.mayBeProven) yield* prove(run, offered.pipelining);
  } catch (interruption) {
    if (!(interruption instanceof Interrupted)) throw interruption;
    run.interruption = interruption;
  }
  return manners.read(run);
}

/** MAIL, RCPT..., DATA. Ends with all replies read, or at the first that cannot belong to its command. */
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
 * The server asks for content although it accepted no recipient. Postfix says a lone dot; we say nothing: whatever the server
 * would do with a message from us, no recipient asked for it.
 */
function* leaveUnwanted(run: Run): Dialogue<void> {
  if (run.manners.proves) yield* run.hearsStray('content');
  else yield* send('.');
}

/** The content, the dot and the final replies; nothing unasked may have come before the first octet, nor before the dot. */
function* sendContent(run: Run): Dialogue<void> {
  const { proves } = run.manners;
  yield { step: 'admit' };
  if (proves && (yield* run.hearsStray('content'))) return;
  run.sent = 'some';
  try {
    yield { step: 'content', heeds: proves };
    if (proves && (yield* run.hearsStray('content'))) return;
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

/** The server may have said why before it hung up. */
function* readLastWords(run: Run): Dialogue<void> {
  if (!run.manners.proves) {
    // Postfix takes each such reply for one of a recipient, in order.
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
  const { confirmations } = run.manners;
  let isYes = true;
  for (const nth of run.accepted.keys()) {
    // A server that says goodbye closes the connection; what it still has to say comes at once.
    const isLeaving = run.finals.some(isGoodbye);
    run.finals.push(yield* receive('dot', isLeaving ? { nth, within: closingPatience } : { nth }));
    const last = run.finals.at(-1);
    isYes = isYes && last !== undefined && isFinal(last) && isPositive(last) && !names.isOfAnother(last, nth);
    const [index, reply] = [run.accepted[nth - confirmations], run.finals[nth - confirmations]];
    if (isYes && index !== undefined && reply !== undefined) yield { step: 'progress', index, reply };
    if (!run.manners.readsOn(run.finals)) return;
  }
}

/**
 * Closes the transaction: a server answers RSET only after all that it has to say to the commands before. A reply that
 * nothing asked for shows before RSET, in the place of RSET's reply, or behind it; where it would change a verdict, it is given
 * the time of a round trip to come.
 */
function* prove(run: Run, isPipelined: boolean): Dialogue<void> {
  if (yield* run.hearsStray('RSET', run.isMixed ? 'round trip' : 'no')) return;
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

  /** @param isOver nothing more is to be sent or read */
  constructor(pipelining: boolean, isOver: () => boolean, firstWithin: number | undefined) {
    this.#pipelining = pipelining;
    this.#isOver = isOver;
    this.#firstWithin = firstWithin;
  }

  /** Sends a command, first reading what is due where the window is full; `wanted` is asked after that reading. */
  *send(line: string, expected: Expected, wanted: () => boolean = () => true): Dialogue<void> {
    const octets = Buffer.byteLength(line) + 2;
    if (!this.#pipelining || this.#octets + octets > windowOctets) yield* this.catchUp();
    if (this.#isOver() || !wanted()) return;
    yield* send(line);
    this.#octets += octets;
    this.#expected.push(expected);
    if (!this.#pipelining) yield* this.catchUp();
  }

  /** Reads every reply that is due. */
  *catchUp(): Dialogue<void> {
    for (let next = this.#expected.shift(); next !== undefined && !this.#isOver(); next = this.#expected.shift()) {
      const within = this.#firstWithin;
      this.#firstWithin = undefined;
      next.take(yield* receive(next.stage, within === undefined ? {} : { within }));
    }
    this.#octets = 0;
  }
}

/** What is heard, as it comes in. */
class Run implements Heard {
  readonly manners: Manners;
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

  constructor({ recipients }: Envelope, manners: Manners) {
    this.manners = manners;
    this.recipients = recipients.map(({ address }) => address);
  }

  /** MAIL was refused. */
  get isRefused(): boolean {
    return this.mail !== undefined && !this.manners.accepts(this.mail);
  }

  /** Nothing is left to send DATA for: every reply so far is in, and none accepted anything. */
  get isHopeless(): boolean {
    return this.isRefused || (this.rcpts.length === this.recipients.length && this.accepted.length === 0);
  }

  /** The server asks for the content. */
  get goesAhead(): boolean {
    return this.odd === undefined && this.data !== undefined && this.manners.goesAhead(this.data);
  }

  /** Whether RSET can still be sent and read: nothing was out of place, and the server is not in the middle of a content. */
  get mayBeProven(): boolean {
    if (this.odd !== undefined || this.stray !== undefined) return false;
    if (this.goesAhead)
      return this.sent === 'all' && this.finals.length === this.accepted.length && this.finals.every(isFinal);
    // A server that has said goodbye is asked only where a refusal needs the proof.
    return this.#isHard || !this.#envelopeReplies.some(isGoodbye);
  }

  /** Whether a final reply is no yes: then one line more or less changes verdicts. */
  get isMixed(): boolean {
    return this.finals.some(({ code }) => code >= 300);
  }

  /** Whether a refusal for good was read before content. */
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
    // Where MAIL was refused, whatever is said to a RCPT behind it means nothing.
    if (this.isRefused) return;
    this.rcpts.push({ index, reply });
    if (this.manners.accepts(reply)) this.accepted.push(index);
  }

  takeData(reply: Reply): void {
    this.data = reply;
    this.#note('DATA', reply);
  }

  /** Whether something was said that no command asked for; `stage` is what comes next. */
  *hearsStray(stage: Stage, waits: Patience = 'no'): Dialogue<boolean> {
    const reply = yield* listen(stage, waits);
    if (reply !== undefined) this.stray = { stage, reply };
    return reply !== undefined;
  }

  /**
   * How long to listen behind RSET's reply. Where every reply was a yes, one too many changes no verdict; where the reply was not
   * RSET's 250, only what follows tells whose it was.
   */
  patience(reply: Reply, isPipelined: boolean): Patience {
    if (reply.code !== 250) return 'long';
    if (this.sent === 'all') return this.isMixed ? 'round trip' : 'no';
    // In a group the reply to DATA comes between: RSET's 250 cannot be taken for it.
    return this.#isHard && !(isPipelined && this.data !== undefined) ? 'round trip' : 'no';
  }

  #note(stage: Stage, reply: Reply): void {
    if (this.odd === undefined && this.manners.isOdd(reply, stage)) this.odd = { stage, reply };
  }
}
