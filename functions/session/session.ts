/**
 * A session: one greeted connection, what the server offered on it, and its age. It is lent, probed, parked or retired.
 */

import type { Dialogue } from '../lmtp/dialogue.ts';
import { probe, quit } from '../lmtp/parting.ts';
import type { Capabilities } from '../smtp/capabilities.ts';
import type { TlsFacts } from '../tls/facts.ts';
import { type ChatOptions, chat } from './chat.ts';
import { type Clock, elapsed, type Moment } from './clock.ts';
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

/** How a session was made sure of. */
export interface Security {
  /** What was had of TLS; absent: plain text. */
  readonly tls?: TlsFacts;
  /** Mechanism by which we authenticated; absent: not at all. */
  readonly mechanism?: string;
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

  /** Whether the server said something that nobody has read. */
  get hasUnread(): boolean {
    return this.#transport.hasUnread;
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

function eventLoopTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
