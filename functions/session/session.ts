/**
 * A session: one greeted connection, what the server offered on it, and its age. It is lent, probed, parked or retired.
 */

import type { Dialogue } from '../lmtp/dialogue.ts';
import { type Greeted, greet, type Introduction } from '../lmtp/greeting.ts';
import { probe, quit } from '../lmtp/parting.ts';
import type { Capabilities } from '../smtp/capabilities.ts';
import { type ChatOptions, chat } from './chat.ts';
import { type Clock, elapsed, type Moment } from './clock.ts';
import { connect, type Endpoint, type Transport } from './transport.ts';

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

/** What an opened session needs to know. */
export interface OpenOptions {
  readonly chat: ChatOptions;
  readonly introduction: Introduction;
  readonly clock: Clock;
}

/** How opening a session ends, unless the connection fails or is interrupted. */
export type Opened = { readonly kind: 'ready'; readonly session: Session } | Extract<Greeted, { kind: 'refused' }>;

/** A greeted connection. */
export class Session {
  readonly peer: Peer;
  readonly capabilities: Capabilities;
  readonly #transport: Transport;
  readonly #clock: Clock;
  readonly #opened: Moment;
  #idleSince: Moment;
  /** Requests served before the present one. */
  #uses = 0;
  /** MAIL commands sent. */
  #transactions = 0;

  constructor(peer: Peer, capabilities: Capabilities, transport: Transport, clock: Clock, opened: Moment) {
    this.peer = peer;
    this.capabilities = capabilities;
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

  /** Takes a parked session up again: alive, silent and willing to RSET? The server is not asked twice. */
  async revive(options: ChatOptions): Promise<boolean> {
    this.#transport.setBusy(true);
    // After a thaw, a FIN or an RST that came meanwhile shows only once the event loop has turned.
    await eventLoopTurn();
    await eventLoopTurn();
    if (this.isDisturbed) return false;
    try {
      return await chat(probe(), this.#transport, options);
    } catch {
      return false;
    }
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

/**
 * Connects, reads the banner and says LHLO.
 *
 * @throws ConnectError   when there is no connection
 * @throws Interrupted    when it ends before the handshake does
 */
export async function openSession(peer: Peer, options: OpenOptions): Promise<Opened> {
  const { chat: chatOptions, introduction, clock } = options;
  const opened = clock.now();
  const transport = await connect(peer.endpoint, chatOptions.limits, chatOptions.replyLimit);
  try {
    const greeted = await chat(greet(introduction), transport, chatOptions);
    if (greeted.kind === 'ready') {
      return { kind: 'ready', session: new Session(peer, greeted.capabilities, transport, clock, opened) };
    }
    // A refused handshake on a healthy stream ends with QUIT (smtp_proto.c).
    await chat(quit({ skipReply: true }), transport, chatOptions);
    transport.close();
    return greeted;
  } catch (error) {
    transport.destroy();
    throw error;
  }
}

function eventLoopTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
