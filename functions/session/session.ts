/**
 * A session: one opened connection, its capabilities and its age. It is used, probed, parked or dropped.
 */

import type { Envelope } from '../lmtp/commands.ts';
import { type Dialogue, listen } from '../lmtp/dialogue.ts';
import { isGoodbye } from '../lmtp/final-replies.ts';
import type { Security } from '../lmtp/opening.ts';
import { type Probed, probe, quit } from '../lmtp/rset-and-quit.ts';
import { transaction } from '../lmtp/transaction.ts';
import type { ReplyRules, TransactionOutcome } from '../lmtp/transaction-record.ts';
import type { Capabilities } from '../smtp/capabilities.ts';
import { type Clock, elapsed, type Moment } from '../time/clock.ts';
import { type ChatOptions, chat, timedChat } from './chat.ts';
import type { Endpoint, Transport } from './transport.ts';

/** One server. */
export interface Peer {
  /** The name that was looked up, or the address. */
  readonly host: string;
  readonly endpoint: Endpoint;
}

/** Returns `host[address]`, as in Postfix's messages; for a unix-domain socket, the name of this host and the path. */
export function peerName({ host, endpoint }: Peer): string {
  return `${host}[${endpoint.kind === 'inet' ? endpoint.address : endpoint.path}]`;
}

/** Returns the relay field of a delivery line: {@link peerName}, and the port if any. */
export function relayName(peer: Peer): string {
  const { endpoint } = peer;
  return endpoint.kind === 'inet' ? `${peerName(peer)}:${endpoint.port}` : peerName(peer);
}

/** The parts of a session. */
export interface SessionParts {
  readonly peer: Peer;
  readonly capabilities: Capabilities;
  readonly security: Security;
  readonly transport: Transport;
  readonly clock: Clock;
  /** The start of the connection. */
  readonly opened: Moment;
}

/** The result of a transaction. */
export interface Transacted {
  readonly outcome: TransactionOutcome;
  /** When each final reply was read, in order: milliseconds on the monotonic clock. */
  readonly finalsAt: readonly number[];
  /** Octets of content that were sent, if it was complete. */
  readonly octets: number;
}

/** An open session. */
export class Session {
  readonly peer: Peer;
  readonly capabilities: Capabilities;
  readonly security: Security;
  readonly #transport: Transport;
  readonly #clock: Clock;
  readonly #opened: Moment;
  #idleSince: Moment;
  /** Requests served before the current one. */
  #uses = 0;
  /** MAIL commands sent. */
  #transactions = 0;
  /** Whether RSET was answered after the last transaction. */
  #isReset = true;
  /** Revived without a probe: its first reply is the probe. */
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

  /** The number of the current use of the connection, from 1 (Postfix's conn_use). */
  get use(): number {
    return this.#uses + 1;
  }

  /** Whether the server accepts another MAIL (RFC 9422 MAILMAX). */
  get takesMore(): boolean {
    return this.#transactions < (this.capabilities.limits.mail ?? Number.POSITIVE_INFINITY);
  }

  /** Counts a MAIL before it is sent. */
  countTransaction(): void {
    this.#transactions += 1;
  }

  /** Milliseconds since the start of the connection. */
  get age(): number {
    return elapsed(this.#opened, this.#clock.now());
  }

  /** Milliseconds since the session was parked. */
  get idleTime(): number {
    return elapsed(this.#idleSince, this.#clock.now());
  }

  /** Whether there is an unexpected reply or the server disconnected: such a session is never used again. */
  get isDisturbed(): boolean {
    return this.#transport.isEnded || this.#transport.hasUnread;
  }

  /** Whether there are unread octets. */
  get hasUnread(): boolean {
    return this.#transport.hasUnread;
  }

  /**
   * Runs one transaction with the content of the options, and returns its outcome.
   *
   * It never throws {@link Interrupted}. If it throws, the session is dropped.
   */
  async transact(envelope: Envelope, rules: ReplyRules, options: ChatOptions): Promise<Transacted> {
    const firstWithin = this.#isUnproven ? { firstWithin: options.limits.limit('RSET').milliseconds } : {};
    this.countTransaction();
    this.#isUnproven = false;
    this.#isReset = false;
    const dialogue = transaction(envelope, this.capabilities, { rules, ...firstWithin });
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

  /** Counts the request that ends now. The idle session does not keep the process alive. */
  park(): void {
    this.#uses += 1;
    this.#idleSince = this.#clock.now();
    this.#transport.setBusy(false);
  }

  /**
   * Revives a parked session, and returns whether it works. If RSET closed the last transaction, the first reply of the next one is
   * the probe; else RSET is sent now.
   *
   * @param isStrict as in Postfix, RSET is always sent, and any 2xx means alive
   */
  async revive(options: ChatOptions, isStrict = false): Promise<Probed> {
    this.#transport.setBusy(true);
    // After a thaw, a FIN or an RST shows only after a turn of the event loop.
    await eventLoopTurn();
    await eventLoopTurn();
    if (this.isDisturbed) return await this.#readUnexpected(options);
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

  /** Reads a reply that arrived during idle time: a goodbye is expected, any other is out of step. */
  async #readUnexpected(options: ChatOptions): Promise<Probed> {
    const heard = await chat(listen('MAIL'), this.#transport, options);
    return heard === undefined || isGoodbye(heard) ? 'dead' : 'out of step';
  }

  /** Ends the session with QUIT; never throws, and no verdict depends on it. */
  async quit(options: ChatOptions, { skipReply }: { readonly skipReply: boolean }): Promise<void> {
    try {
      await chat(quit({ skipReply }), this.#transport, options);
    } catch {
      // A failed QUIT concerns no mail.
    } finally {
      this.#transport.close();
    }
  }

  /** Drops the connection at once: the server discards content without a dot. */
  drop(): void {
    this.#transport.destroy();
  }
}

function eventLoopTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
