/**
 * Drives a dialogue over a connection: the only place where a conversation waits and is interrupted.
 *
 * It decides nothing about mail. Time-outs restart with each arrival (Postfix without lmtp_per_request_deadline).
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
   * Waits for the claim, once, before the first octet.
   *
   * @throws the reason why the content must not be sent, which becomes the `cause` of an interruption (`claim`)
   */
  admit(): Promise<void>;
  /** Encoded chunks, with dots doubled, ending in CRLF (or empty for an empty message). */
  chunks(): AsyncIterable<Buffer>;
  /** Whether the claim is still valid; called before each chunk and before the dot. */
  mayGoOn(): boolean;
}

/** The TLS handshake of a conversation. */
export interface HandshakeOptions {
  readonly request: TlsRequest;
  /** Judges the handshake by the policy. */
  readonly judge: (secured: Secured) => TlsJudgement;
}

/** A line of a transcript; content and secrets never appear in one. */
export type Transcript = (direction: 'C' | 'S', line: string) => void;

/** The options of a conversation. */
export interface ChatOptions {
  readonly limits: TimeLimits;
  readonly transcript?: Transcript;
  readonly content?: WireContent;
  readonly handshake?: HandshakeOptions;
  /** Texts that are never shown, even if the server repeats them. */
  readonly secrets?: readonly string[];
  /** Rewrites each line of a reply before it is parsed (lmtp_reply_filter). */
  readonly filterReply?: (line: string) => string;
  /** Octets of a reply's text that are kept (line_length_limit). */
  readonly replyLimit?: number;
  /**
   * A time-out covers a whole command and its reply, not each read; content may take as long as the minimum data rate allows
   * (lmtp_per_request_deadline, lmtp_min_data_rate).
   */
  readonly requestDeadline?: { readonly minDataRate: number };
  /** Called for a recipient that is sent while others are pending. `index`: of the envelope's recipients. */
  readonly onProgress?: (index: number, reply: Reply) => void;
  /** Called for each part of an opening when it is done. */
  readonly onOpened?: (part: OpeningPart) => void;
  /** Milliseconds on a monotonic clock. Default: that of the process. */
  readonly now?: () => number;
}

/** The result of a conversation, with its times. */
export interface Chatted<T> {
  readonly value: T;
  /** When each final reply was read, in order, by {@link ChatOptions.now}. */
  readonly finalsAt: readonly number[];
  /** Octets of content that were sent, if it was complete. */
  readonly octets: number;
}

/**
 * Runs a dialogue to its end.
 *
 * @returns the result of the dialogue
 * @throws Interrupted if the dialogue does not catch it
 */
export async function chat<T>(dialogue: Dialogue<T>, transport: Transport, options: ChatOptions): Promise<T> {
  return (await timedChat(dialogue, transport, options)).value;
}

/**
 * Runs a dialogue to its end, and records the times of its final replies.
 *
 * @throws Interrupted if the dialogue does not catch it
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
      outcome = { resumption: await driver.perform(next.value) };
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

  async perform(step: Step): Promise<Resumption> {
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
      // Octets before the end of file are read first.
      const last = arrival === 'end' ? this.#takeReply(stage) : undefined;
      if (last !== undefined) return last;
      // A dot that was not sent leaves no recipient in doubt.
      throw interruption(stage === 'dot' && this.#transport.lostUnsent ? 'content' : stage, arrival);
    }
  }

  /**
   * Returns an unexpected reply, if any. Octets that have arrived show only after a turn of the event loop. A line that has begun is
   * awaited for a while.
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
    // The end of the connection counts only if a reply was awaited.
    return waits !== 'no' && transport.isEnded ? closedReply() : undefined;
  }

  /** Returns how long to wait for an unexpected reply: one that follows a reply arrives within a round trip. */
  #quietTime(waits: Exclude<Patience, 'no'>): Limit {
    const milliseconds =
      waits === 'long' ? longestQuiet : Math.min(longestQuiet, Math.max(shortestQuiet, 2 * this.#transport.roundTrip));
    return atMost(this.#options.limits.limit('RSET'), milliseconds);
  }

  /** Returns the limit of each following wait: the whole time-out of the stage, or the rest of the request's. */
  #limits(stage: TimedStage): () => Limit {
    const { limits, requestDeadline } = this.#options;
    if (requestDeadline === undefined) return () => limits.limit(stage);
    const budget = limits.budget(stage);
    if (stage === 'content') this.#contentBudget = budget;
    return () => budget.remaining();
  }

  /** Returns a command line without its secret part, which is hidden in later replies too. */
  #hide(line: string, secret: string | undefined): string {
    if (secret === undefined) return line;
    this.#secrets.push(secret);
    return line.replace(secret, hidden);
  }

  /** Hides secrets that the server repeats. */
  #withoutSecrets(line: string): string {
    return this.#secrets.reduce(
      (text, secret) => (secret.length < shortestSecret ? text : text.replaceAll(secret, hidden)),
      line,
    );
  }

  #withoutSecretsIn(reply: Reply): Reply {
    const lines = reply.lines.map((line) => this.#withoutSecrets(line));
    return { ...reply, lines, text: lines.join(' ') };
  }

  #takeReply(stage: Stage): Reply | undefined {
    for (let raw = this.#transport.shiftLine(); raw !== undefined; raw = this.#transport.shiftLine()) {
      const line = this.#withoutSecrets(raw);
      // A challenge helps to guess the password offline.
      const shown = stage === 'AUTH' ? line.replace(/^(3\d\d[ -]).+/s, `$1${hidden}`) : line;
      this.#options.transcript?.('S', shown);
      const reply = this.#assembler.take(this.#options.filterReply?.(raw) ?? raw);
      if (reply !== undefined) return isInternal(stage, reply) ? reply : this.#withoutSecretsIn(reply);
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
      // Before the dot too, to notice a reply that arrives during this wait.
      if (heeds && !(await this.#hasRoom(limitNow, heeds))) return undefined;
    } finally {
      await chunks.return?.();
    }
    this.octets = octets;
    this.#options.transcript?.('C', '<content>');
    return undefined;
  }

  /** Sends the dot, unless the server has closed its side: it could not reply, and recipients would be in doubt. */
  async #sendDot(heeds: boolean): Promise<undefined> {
    if (heeds && this.#transport.isEnded) throw new Interrupted('content', 'lost');
    this.#options.transcript?.('C', '.');
    await this.#hasRoom(this.#limits('content'), false);
    this.#write(finalDot, this.#content, 'dot');
    return undefined;
  }

  /** Waits until earlier writes are sent. With `heeds`, returns false if the server sends something meanwhile. */
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
    // From here the server may have the whole message.
    if (stage === 'dot' && !this.#transport.isWritable) throw new Interrupted('dot', 'lost');
  }
}

/**
 * Whether only the dialogue uses a reply, and it is never shown. A short password may occur by chance in a challenge or a capability,
 * which must stay unchanged.
 */
function isInternal(stage: Stage, reply: Reply): boolean {
  return (stage === 'AUTH' && isIntermediate(reply)) || (stage === 'LHLO' && isPositive(reply));
}

const finalDot = Buffer.from('.\r\n');

/** The shortest and the longest wait for an unexpected reply, in milliseconds. */
const shortestQuiet = 150;
const longestQuiet = 1000;

/** Milliseconds in which an unexpected reply must be complete. */
const longestLine = 5000;

function processTime(): number {
  return performance.now();
}

/** Returns the limit, or a shorter one for the server. */
function atMost(limit: Limit, within = Number.POSITIVE_INFINITY): Limit {
  return within < limit.milliseconds ? { milliseconds: within, isDeadline: false } : limit;
}

function eventLoopTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** The shortest secret that is hidden in replies: a shorter one occurs in any text. */
const shortestSecret = 4;

/** Replaces a secret. */
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
