/**
 * A session: one greeted connection, what the server offered on it, and its age. It is lent, probed, parked or retired.
 */

import type { Envelope } from '../lmtp/commands.ts';
import { type Dialogue, listen } from '../lmtp/dialogue.ts';
import { isGoodbye } from '../lmtp/final-replies.ts';
import type { Manners, TransactionOutcome } from '../lmtp/heard.ts';
import type { Security } from '../lmtp/opening.ts';
import { type Probed, probe, quit } from '../lmtp/parting.ts';
import { transaction } from '../lmtp/transaction.ts';
import type { Capabilities } from '../smtp/capabilities.ts';
import { type Clock, elapsed, type Moment } from '../time/clock.ts';
import { type ChatOptions, chat, timedChat } from './chat.ts';
import type { Endpoint, Transport } from './transport.ts';

/** One server as logs show it. */
export interface Peer {
  /** The name that was looked up, or the address text. */
  readonly host: string;
  readonly endpoint: Endpoint;
}

/** `host[address]`, as Postfix names a server in its messages; for a unix socket, our own name and the path. */
export function peerName({ host, endpoint }: Peer): string {
  return `${host}[${endpoint.kind === 'inet' ? endpoint.address : endpoint.path}]`;
}

/** The relay field of a delivery line: {@link peerName}, and the port where there is one. */
export function relayName(peer: Peer): string {
  const { endpoint } = peer;
  return endpoint.kind === 'inet' ? `${peerName(peer)}:${endpoint.port}` : peerName(peer);
}

/** What a session is made of. */
export interface SessionParts {
  readonly peer: Peer;
  readonly capabilities: Capabilities;
  readonly security: Security;
  readonly transport: Transport;
  readonly clock: Clock;
  /** When the connection was begun. */
  readonly opened: Moment;
}

/** A transaction that is over. */
export interface Transacted {
  readonly outcome: TransactionOutcome;
  /** When each final reply was read, in their order: milliseconds on the monotonic clock. */
  readonly finalsAt: readonly number[];
  /** Octets of content that were handed to the network, if it was whole. */
  readonly octets: number;
}

/** A greeted connection. */
export class Session {
  readonly peer: Peer;
  readonly capabilities: Capabilities;
  readonly security: Security;
  readonly #transport: Transport;
  readonly #clock: Clock;
  readonly #opened: Moment;
  #idleSince: Moment;
  /** Requests served before the present one. */
  #uses = 0;
  /** MAIL commands sent. */
  #transactions = 0;
  /** Whether the server has shown, since the last transaction, that it waits for the next. */
  #isReset = true;
  /** Taken up again without a probe: its first reply is the probe. */
  #isUnproven = false;

  constructor({ peer, capabilities, security, transport, clock, opened }: SessionParts) {
    this.peer = peer;
    this.capabilities = capabilities;
    this.security = security;
    this.#transport = transport;
    this.#clock = clock;
    this.#opened = opened;
    this.#idleSince = opened;
  }

  /** Which use of the connection the present request is, from 1 (Postfix's conn_use). */
  get use(): number {
    return this.#uses + 1;
  }

  /** Whether the server lets another MAIL in (RFC 9422 MAILMAX). */
  get takesMore(): boolean {
    return this.#transactions < (this.capabilities.limits.mail ?? Number.POSITIVE_INFINITY);
  }

  /** Counts a MAIL that is about to be sent. */
  countTransaction(): void {
    this.#transactions += 1;
  }

  /** Milliseconds since the connection was begun. */
  get age(): number {
    return elapsed(this.#opened, this.#clock.now());
  }

  /** Milliseconds since it was parked. */
  get idleTime(): number {
    return elapsed(this.#idleSince, this.#clock.now());
  }

  /** Whether the server said something unasked, or hung up: such a session is out of step and never used again. */
  get isDisturbed(): boolean {
    return this.#transport.isEnded || this.#transport.hasUnread;
  }

  /** Whether the server said something that is not read yet. */
  get hasUnread(): boolean {
    return this.#transport.hasUnread;
  }

  /**
   * Runs one transaction, and answers with its outcome; the content is that of the options.
   *
   * It never throws {@link Interrupted}. Where it throws, the session is dropped.
   */
  async transact(envelope: Envelope, manners: Manners, options: ChatOptions): Promise<Transacted> {
    const firstWithin = this.#isUnproven ? { firstWithin: options.limits.limit('RSET').milliseconds } : {};
    this.countTransaction();
    this.#isUnproven = false;
    this.#isReset = false;
    const dialogue = transaction(envelope, this.capabilities, { manners, ...firstWithin });
    try {
      const { value, finalsAt, octets } = await timedChat(dialogue, this.#transport, {
        ...options,
        now: () => this.#clock.now().monotonic,
      });
      this.#isReset = value.isReset;
      return { outcome: value, finalsAt, octets };
    } catch (error) {
      this.drop();
      throw error;
    }
  }

  /** Runs a dialogue on this session. */
  async chat<T>(dialogue: Dialogue<T>, options: ChatOptions): Promise<T> {
    return await chat(dialogue, this.#transport, options);
  }

  /** Counts the request that ends now, and lets the process end while the session lies idle. */
  park(): void {
    this.#uses += 1;
    this.#idleSince = this.#clock.now();
    this.#transport.setBusy(false);
  }

  /**
   * Takes a parked session up again: alive, silent, and willing to go on? Where RSET closed the last transaction, the first
   * reply of the next one shows that; else the server is asked.
   *
   * @param isStrict what Postfix does: RSET is always sent, and any 2xx is a yes
   */
  async revive(options: ChatOptions, isStrict = false): Promise<Probed> {
    this.#transport.setBusy(true);
    // After a thaw, a FIN or an RST that came meanwhile shows only once the event loop has turned.
    await eventLoopTurn();
    await eventLoopTurn();
    if (this.isDisturbed) return await this.#lastWords(options);
    if (this.#isReset && !isStrict) {
      this.#isUnproven = true;
      return 'alive';
    }
    try {
      return await chat(probe(isStrict), this.#transport, options);
    } catch {
      return 'dead';
    }
  }

  /** What the server said while the session lay idle: a goodbye is as it should be, anything else is out of step. */
  async #lastWords(options: ChatOptions): Promise<Probed> {
    const heard = await chat(listen('MAIL'), this.#transport, options);
    return heard === undefined || isGoodbye(heard) ? 'dead' : 'out of step';
  }

  /** Ends the session politely; never throws, and no verdict depends on it. */
  async quit(options: ChatOptions, { skipReply }: { readonly skipReply: boolean }): Promise<void> {
    try {
      await chat(quit({ skipReply }), this.#transport, options);
    } catch {
      // Whatever the server makes of QUIT concerns no mail.
    } finally {
      this.#transport.close();
    }
  }

  /** Drops the connection at once: the server discards what was not finished with a dot. */
  drop(): void {
    this.#transport.destroy();
  }
}

function eventLoopTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
