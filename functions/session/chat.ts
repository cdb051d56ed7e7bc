/**
 * Drives a dialogue over a connection: the one place where a conversation waits, and where its interruptions arise.
 *
 * It decides nothing about mail. Time-outs restart with everything that arrives (Postfix without
 * lmtp_per_request_deadline).
 */

import {
  type Dialogue,
  type Handshake,
  Interrupted,
  type OpeningPart,
  type Patience,
  type Resumption,
  type Stage,
  type Step,
} from '../lmtp/dialogue.ts';
import { closedReply, incompleteReply, isIntermediate, isPositive, type Reply, ReplyAssembler } from '../smtp/reply.ts';
import type { Secured, TlsJudgement } from '../tls/secured.ts';
import type { Limit, TimeBudget, TimedStage, TimeLimits } from './limit.ts';
import { TlsError, type TlsRequest } from './tls.ts';
import type { Transport } from './transport.ts';

/** The content of a message, ready for the wire. */
export interface WireContent {
  /**
   * Asked once, before the first octet: may this content be sent? Waits for the claim.
   *
   * @throws whatever makes it impossible: it becomes the `cause` of an interruption (`claim`)
   */
  admit(): Promise<void>;
  /** Encoded chunks, dots doubled, ending in CRLF (or nothing at all for an empty message). */
  chunks(): AsyncIterable<Buffer>;
  /** Asked before each chunk and before the dot: is the claim still ours? */
  mayGoOn(): boolean;
}

/** A TLS handshake that a conversation may make. */
export interface HandshakeWish {
  readonly request: TlsRequest;
  /** What policy thinks of it. */
  readonly judge: (secured: Secured) => TlsJudgement;
}

/** A line of a transcript; content and secrets never appear in one. */
export type Transcript = (direction: 'C' | 'S', line: string) => void;

/** What a conversation needs beside its connection. */
export interface ChatOptions {
  readonly limits: TimeLimits;
  readonly transcript?: Transcript;
  readonly content?: WireContent;
  readonly handshake?: HandshakeWish;
  /** What is never shown of it, wherever the server repeats it. */
  readonly secrets?: readonly string[];
  /** Rewrites each line of a reply before it is looked at (lmtp_reply_filter). */
  readonly filterReply?: (line: string) => string;
  /** Octets of a reply's text that are kept (line_length_limit). */
  readonly replyLimit?: number;
  /**
   * A time-out covers a whole command and its reply, not each read; content may take as long as octets a second allow
   * (lmtp_per_request_deadline, lmtp_min_data_rate).
   */
  readonly requestDeadline?: { readonly minDataRate: number };
  /** Told of a recipient that is known to be sent while others are still awaited. `index` counts the envelope's recipients. */
  readonly onProgress?: (index: number, reply: Reply) => void;
  /** Receives each part of an opening as soon as it is over. */
  readonly onOpened?: (part: OpeningPart) => void;
  /** Milliseconds on a clock that is never set back. Default: the process's. */
  readonly now?: () => number;
}

/** How a conversation went, with the times that its dialogue knows nothing of. */
export interface Chatted<T> {
  readonly value: T;
  /** When each final reply was read, in their order, by {@link ChatOptions.now}. */
  readonly finalsAt: readonly number[];
  /** Octets of content that were handed to the network, if it was whole. */
  readonly octets: number;
}

/**
 * Runs a dialogue to its end.
 *
 * @returns what the dialogue answers
 * @throws Interrupted where the dialogue does not catch it
 */
export async function chat<T>(dialogue: Dialogue<T>, transport: Transport, options: ChatOptions): Promise<T> {
  return (await timedChat(dialogue, transport, options)).value;
}

/**
 * Runs a dialogue to its end, and takes the time of its final replies.
 *
 * @throws Interrupted where the dialogue does not catch it
 */
export async function timedChat<T>(
  dialogue: Dialogue<T>,
  transport: Transport,
  options: ChatOptions,
): Promise<Chatted<T>> {
  const driver = new Driver(transport, options);
  let next = dialogue.next();
  while (!next.done) {
    let outcome: { readonly resumption: Resumption } | { readonly interruption: Interrupted };
    try {
      outcome = { resumption: await driver.carryOut(next.value) };
    } catch (error) {
      if (!(error instanceof Interrupted)) throw error;
      outcome = { interruption: error };
    }
    next = 'interruption' in outcome ? dialogue.throw(outcome.interruption) : dialogue.next(outcome.resumption);
  }
  transport.flush();
  return { value: next.value, finalsAt: driver.finalsAt, octets: driver.octets };
}

class Driver {
  readonly #transport: Transport;
  readonly #options: ChatOptions;
  readonly #assembler: ReplyAssembler;
  #contentBudget: TimeBudget | undefined;
  readonly #secrets: string[];
  readonly finalsAt: number[] = [];
  octets = 0;

  constructor(transport: Transport, options: ChatOptions) {
    this.#transport = transport;
    this.#options = options;
    this.#assembler = new ReplyAssembler(options.replyLimit);
    this.#secrets = [...(options.secrets ?? [])];
  }

  async carryOut(step: Step): Promise<Resumption> {
    switch (step.step) {
      case 'send':
        this.#options.transcript?.('C', this.#hide(step.line, step.secret));
        this.#transport.queue(step.line);
        return undefined;
      case 'receive':
        this.#transport.flush();
        return step.buffered ? this.#takeReply(step.stage) : await this.#receive(step);
      case 'listen':
        this.#transport.flush();
        return await this.#listen(step.stage, step.waits);
      case 'secure':
        return await this.#secure();
      case 'opened':
        this.#options.onOpened?.(step.part);
        return undefined;
      case 'admit':
        return await this.#admit();
      case 'content':
        this.#transport.flush();
        return await this.#sendContent(step.heeds);
      case 'dot':
        return await this.#sendDot(step.heeds);
      case 'progress':
        this.#options.onProgress?.(step.index, step.reply);
        return undefined;
      default:
        return step satisfies never;
    }
  }

  async #receive(step: Extract<Step, { step: 'receive' }>): Promise<Reply> {
    const reply = await this.#awaitReply(step);
    if (step.stage === 'dot') this.finalsAt.push((this.#options.now ?? processTime)());
    return reply;
  }

  async #awaitReply({ stage, nth = 0, within }: Extract<Step, { step: 'receive' }>): Promise<Reply> {
    const limitNow = this.#limits(stage === 'dot' && nth > 0 ? 'next dot' : stage);
    while (true) {
      const reply = this.#takeReply(stage);
      if (reply !== undefined) return reply;
      if (this.#assembler.isFlooding || this.#transport.isFlooded) throw new Interrupted(stage, 'flood');
      const arrival = await this.#transport.activity(atMost(limitNow(), within));
      if (arrival === 'octets') continue;
      // What came before the end of file is still read first.
      const last = arrival === 'end' ? this.#takeReply(stage) : undefined;
      if (last !== undefined) return last;
      // A dot that never left this machine leaves no recipient in doubt.
      throw interruption(stage === 'dot' && this.#transport.lostUnsent ? 'content' : stage, arrival);
    }
  }

  /**
   * What was said unasked. Octets that have come to this machine show only once the event loop has turned; a line that has begun
   * is waited for, for a while.
   */
  async #listen(stage: Stage, waits: Patience): Promise<Reply | undefined> {
    const transport = this.#transport;
    if (!transport.hasUnread) await eventLoopTurn();
    if (!transport.hasUnread && !transport.isEnded && waits !== 'no') await transport.activity(this.#quietTime(waits));
    const latest = processTime() + longestLine;
    while (transport.hasUnread || this.#assembler.isPartial) {
      const reply = this.#takeReply(stage);
      if (reply !== undefined) return reply;
      const isOver = this.#assembler.isFlooding || transport.isFlooded || transport.isEnded || processTime() > latest;
      if (isOver || (await transport.activity(this.#quietTime('long'))) !== 'octets') return incompleteReply();
    }
    // Only where it was waited for does an end say anything: it takes the place of what might have come.
    return waits !== 'no' && transport.isEnded ? closedReply() : undefined;
  }

  /** How long a server gets to say what it should not: what had to come behind a reply comes within a round trip. */
  #quietTime(waits: Exclude<Patience, 'no'>): Limit {
    const milliseconds =
      waits === 'long' ? longestQuiet : Math.min(longestQuiet, Math.max(shortestQuiet, 2 * this.#transport.roundTrip));
    return atMost(this.#options.limits.limit('RSET'), milliseconds);
  }

  /** What limits each of the waits that begin now: the stage's time-out afresh, or what the request has left of it. */
  #limits(stage: TimedStage): () => Limit {
    const { limits, requestDeadline } = this.#options;
    if (requestDeadline === undefined) return () => limits.limit(stage);
    const budget = limits.budget(stage);
    if (stage === 'content') this.#contentBudget = budget;
    return () => budget.remaining();
  }

  /** A command line as it may be shown; from now on its secret part is not shown in replies either. */
  #hide(line: string, secret: string | undefined): string {
    if (secret === undefined) return line;
    this.#secrets.push(secret);
    return line.replace(secret, hidden);
  }

  /** A server that repeats a secret of ours must not bring it into a log. */
  #withoutSecrets(line: string): string {
    return this.#secrets.reduce(
      (text, secret) => (secret.length < shortestSecret ? text : text.replaceAll(secret, hidden)),
      line,
    );
  }

  #asMayBeShown(reply: Reply): Reply {
    const lines = reply.lines.map((line) => this.#withoutSecrets(line));
    return { ...reply, lines, text: lines.join(' ') };
  }

  #takeReply(stage: Stage): Reply | undefined {
    for (let raw = this.#transport.shiftLine(); raw !== undefined; raw = this.#transport.shiftLine()) {
      const line = this.#withoutSecrets(raw);
      // A challenge is one half of what could be guessed a password from.
      const shown = stage === 'AUTH' ? line.replace(/^(3\d\d[ -]).+/s, `$1${hidden}`) : line;
      this.#options.transcript?.('S', shown);
      const reply = this.#assembler.take(this.#options.filterReply?.(raw) ?? raw);
      if (reply !== undefined) return isForUsOnly(stage, reply) ? reply : this.#asMayBeShown(reply);
      if (this.#assembler.isFlooding) return undefined;
    }
    return undefined;
  }

  async #secure(): Promise<Handshake> {
    const { handshake, limits } = this.#options;
    if (handshake === undefined) throw new TypeError('a conversation that begins TLS was given no handshake');
    try {
      const secured = await this.#transport.secure(handshake.request, limits.limit('STARTTLS'));
      return { kind: 'secured', secured, judgement: handshake.judge(secured) };
    } catch (error) {
      if (!(error instanceof TlsError)) throw error;
      return { kind: 'TLS failed', reason: error.message };
    }
  }

  get #content(): WireContent {
    const { content } = this.#options;
    if (content === undefined) throw new TypeError('a conversation with content was given none');
    return content;
  }

  async #admit(): Promise<undefined> {
    try {
      await this.#content.admit();
    } catch (cause) {
      throw new Interrupted('content', 'claim', { cause });
    }
  }

  async #sendContent(heeds: boolean): Promise<undefined> {
    const content = this.#content;
    const limitNow = this.#limits('content');
    const chunks = content.chunks()[Symbol.asyncIterator]();
    let octets = 0;
    try {
      for (let chunk = await nextChunk(chunks); chunk !== undefined; chunk = await nextChunk(chunks)) {
        if (!(await this.#hasRoom(limitNow, heeds))) return undefined;
        this.#write(chunk, content, 'content');
        octets += chunk.length;
      }
      // Before the dot too: what is said while this is waited for must not be overlooked.
      if (heeds && !(await this.#hasRoom(limitNow, heeds))) return undefined;
    } finally {
      await chunks.return?.();
    }
    this.octets = octets;
    this.#options.transcript?.('C', '<content>');
    return undefined;
  }

  /** A server that has closed its side answers no dot: with one, recipients would be in doubt for nothing. */
  async #sendDot(heeds: boolean): Promise<undefined> {
    if (heeds && this.#transport.isEnded) throw new Interrupted('content', 'lost');
    this.#options.transcript?.('C', '.');
    await this.#hasRoom(this.#limits('content'), false);
    this.#write(finalDot, this.#content, 'dot');
    return undefined;
  }

  /** Waits until what was written before has gone out; `heeds`: false where the server says something meanwhile. */
  async #hasRoom(limitNow: () => Limit, heeds: boolean): Promise<boolean> {
    const transport = this.#transport;
    if (heeds && transport.hasUnread) return false;
    if (!transport.isCongested) return true;
    const arrival = await transport.drained(limitNow(), heeds);
    if (arrival === 'octets' || (heeds && transport.hasUnread)) return false;
    if (arrival !== 'drained') throw interruption('content', arrival);
    return true;
  }

  #write(chunk: Buffer, content: WireContent, stage: 'content' | 'dot'): void {
    if (!content.mayGoOn()) throw new Interrupted('content', 'deadline');
    if (!this.#transport.isWritable) throw new Interrupted('content', 'lost');
    this.#transport.write(chunk);
    const { requestDeadline } = this.#options;
    if (requestDeadline !== undefined) this.#contentBudget?.earn((chunk.length / requestDeadline.minDataRate) * 1000);
    // From here the server may have the whole message, whatever becomes of the connection.
    if (stage === 'dot' && !this.#transport.isWritable) throw new Interrupted('dot', 'lost');
  }
}

/**
 * Whether a reply is for the dialogue alone, and never shown: in a challenge, or in what a server offers, a short password may
 * turn up by chance, and must not spoil it.
 */
function isForUsOnly(stage: Stage, reply: Reply): boolean {
  return (stage === 'AUTH' && isIntermediate(reply)) || (stage === 'LHLO' && isPositive(reply));
}

const finalDot = Buffer.from('.\r\n');

/** Milliseconds: the least, and the most, that is listened for what should not come. */
const shortestQuiet = 150;
const longestQuiet = 1000;

/** Milliseconds in which a reply that nothing asked for must have come to its end, however its octets come. */
const longestLine = 5000;

function processTime(): number {
  return performance.now();
}

/** The limit, or a shorter one: that is the server's time too, unless our own is up before. */
function atMost(limit: Limit, within = Number.POSITIVE_INFINITY): Limit {
  return within < limit.milliseconds ? { milliseconds: within, isDeadline: false } : limit;
}

function eventLoopTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Octets of a secret that is looked for in replies: what is shorter is part of any text. */
const shortestSecret = 4;

/** Stands where a secret was. */
const hidden = '<hidden>';

async function nextChunk(chunks: AsyncIterator<Buffer>): Promise<Buffer | undefined> {
  try {
    const { value, done } = await chunks.next();
    return done === true ? undefined : value;
  } catch (cause) {
    throw new Interrupted('content', 'body', { cause });
  }
}

function interruption(stage: Stage, arrival: 'end' | 'timeout' | 'deadline'): Interrupted {
  return new Interrupted(stage, arrival === 'end' ? 'lost' : arrival);
}
