/**
 * One connection to a server: sends octets, and receives lines. Only this file uses sockets.
 *
 * Connections are half-open on purpose: after a FIN of the server, both directions still work. As in Postfix, the end of file counts
 * only where a reply is awaited, and before the dot. A parked connection keeps its listeners, so an error cannot end the process.
 */

import { connect as openSocket, type Socket } from 'node:net';
import type { Secured } from '../tls/secured.ts';
import { type Limit, type TimeLimits, withLimit } from './limit.ts';
import { LineReader } from './line-reader.ts';
import { alertWords, secure, type TlsRequest } from './tls.ts';

/** The address of a server. */
export type Endpoint =
  | { readonly kind: 'inet'; readonly address: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string };

/** Why there is no connection; `filtered`: no answer came. */
export type ConnectFailure = 'refused' | 'filtered' | 'unreachable' | 'missing' | 'forbidden' | 'failed';

/** No connection could be made. The message is the system's, such as "Connection refused". */
export class ConnectError extends Error {
  override readonly name = 'ConnectError';
  /** Whether the time of the function ran out, which is not a fault of the server. */
  readonly isDeadline: boolean;
  readonly failure: ConnectFailure;

  constructor(message: string, { isDeadline = false, ...options }: ErrorOptions & { isDeadline?: boolean } = {}) {
    super(message, options);
    this.isDeadline = isDeadline;
    // Without a cause, the time-out passed.
    const own = isDeadline ? 'failed' : 'filtered';
    this.failure = options.cause === undefined ? own : (systemErrors[codeOf(options.cause)]?.[1] ?? 'failed');
  }
}

/** The C library's messages, as operators know them from Postfix, and what they mean for a connection. */
const systemErrors: Readonly<Record<string, readonly [string, ConnectFailure]>> = {
  ECONNREFUSED: ['Connection refused', 'refused'],
  ECONNRESET: ['Connection reset by peer', 'failed'],
  ETIMEDOUT: ['Connection timed out', 'filtered'],
  EHOSTUNREACH: ['No route to host', 'unreachable'],
  ENETUNREACH: ['Network is unreachable', 'unreachable'],
  EHOSTDOWN: ['Host is down', 'unreachable'],
  ENOENT: ['No such file or directory', 'missing'],
  EACCES: ['Permission denied', 'forbidden'],
  EADDRNOTAVAIL: ['Cannot assign requested address', 'unreachable'],
  EPIPE: ['Broken pipe', 'failed'],
  EINVAL: ['Invalid argument', 'failed'],
};

/** Returns the C library's message for an error, or the error's own. */
export function errorWords(error: unknown): string {
  return systemErrors[codeOf(error)]?.[0] ?? (error instanceof Error ? error.message : String(error));
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

/** What ended a wait. */
export type Arrival = 'octets' | 'end' | 'timeout' | 'deadline';

/** An open connection. */
export class Transport {
  #socket: Socket;
  #reader: LineReader;
  readonly #lineLimit: number | undefined;
  #detach: () => void = () => {};
  #ended = false;
  #lost = false;
  #outgoing: string[] = [];
  #lostUnsent = false;
  #alert: string | undefined;
  #flushed: number | undefined;
  #roundTrip = 0;
  #wake: (() => void) | undefined;
  #drain: (() => void) | undefined;

  constructor(socket: Socket, lineLimit?: number) {
    this.#lineLimit = lineLimit;
    this.#socket = socket;
    this.#reader = new LineReader(lineLimit);
    this.#attach(socket);
  }

  /**
   * Starts TLS. Unread octets from before the handshake are discarded, because a third party could have injected them (RFC 3207 section
   * 6). By default the opening has looked for them before, and fails then (lmtp/opening.ts).
   *
   * @throws TlsError, Interrupted: the connection cannot be used then
   */
  async secure(request: TlsRequest, limit: Limit): Promise<Secured> {
    this.#detach();
    const { socket, secured } = await secure(this.#socket, request, limit);
    this.#reader = new LineReader(this.#lineLimit);
    this.#socket = socket;
    this.#attach(socket);
    return secured;
  }

  #attach(socket: Socket): void {
    const listeners = {
      data: (chunk: Buffer) => {
        this.#takeTime();
        this.#reader.push(chunk);
        if (this.#reader.isFull) socket.pause();
        this.#wake?.();
      },
      end: () => this.#end(),
      drain: () => this.#drain?.(),
      error: (error: Error) => {
        this.#alert ??= alertWords(error);
        this.#lose();
      },
      close: () => this.#lose(),
    };
    for (const [event, listener] of Object.entries(listeners)) socket.on(event, listener);
    this.#detach = () => {
      for (const [event, listener] of Object.entries(listeners)) socket.off(event, listener);
      // An error of the connection below TLS is also reported above it.
      socket.on('error', () => {});
    };
  }

  /** The server has closed its side, or the connection is gone. */
  get isEnded(): boolean {
    return this.#ended;
  }

  /** Whether there are unread octets. */
  get hasUnread(): boolean {
    return this.#reader.hasUnread;
  }

  /** Whether the server sends an endless line. */
  get isFlooded(): boolean {
    return this.#reader.isEndless;
  }

  /** Keeps a command line for the next {@link flush}, so that a group is sent in one packet. */
  queue(line: string): void {
    this.#outgoing.push(line, '\r\n');
  }

  /** Sends the queued lines. */
  flush(): void {
    if (this.#outgoing.length === 0) return;
    const group = this.#outgoing.join('');
    this.#outgoing = [];
    if (this.#lost) return;
    this.#socket.write(group, 'utf8');
    this.#flushed = performance.now();
  }

  /** Milliseconds from the last commands to the first octet of their replies; 0 at first. */
  get roundTrip(): number {
    return this.#roundTrip;
  }

  #takeTime(): void {
    if (this.#flushed === undefined) return;
    this.#roundTrip = performance.now() - this.#flushed;
    this.#flushed = undefined;
  }

  /** Writes octets; returns `false` if the caller should wait for the peer. */
  write(octets: Buffer): boolean {
    return this.#lost || this.#socket.write(octets);
  }

  /** Whether the connection can still be written to. */
  get isWritable(): boolean {
    return !this.#lost && this.#socket.writable;
  }

  /** Whether earlier writes are pending. */
  get isCongested(): boolean {
    return !this.#lost && this.#socket.writableNeedDrain;
  }

  /** Returns the next line that has arrived, if any. */
  shiftLine(): string | undefined {
    const line = this.#reader.shift();
    if (line !== undefined && !this.#reader.isFull) this.#socket.resume();
    return line;
  }

  /** Whether the connection broke before all written octets were sent. */
  get lostUnsent(): boolean {
    return this.#lostUnsent;
  }

  /** Why TLS failed after the handshake, from the TLS library. */
  get alert(): string | undefined {
    return this.#alert;
  }

  /** Waits until octets arrive, the server closes its side, or the limit passes. */
  async activity(limit: Limit): Promise<Arrival> {
    if (this.#ended) return 'end';
    const woken = new Promise<Arrival>((resolve) => {
      this.#wake = () => resolve(this.#ended ? 'end' : 'octets');
    });
    try {
      return await withLimit(woken, limit);
    } finally {
      this.#wake = undefined;
    }
  }

  /**
   * Waits until the written octets are sent, the connection breaks, or the limit passes. With `heeds`, also until the server sends
   * something or closes its side.
   */
  async drained(limit: Limit, heeds: boolean): Promise<Arrival | 'drained'> {
    if (!this.isCongested) return this.isWritable ? 'drained' : 'end';
    const woken = new Promise<Arrival | 'drained'>((resolve) => {
      this.#drain = () => resolve(this.#lost ? 'end' : 'drained');
      if (heeds) this.#wake = () => resolve(this.#ended ? 'end' : 'octets');
    });
    try {
      return await withLimit(woken, limit);
    } finally {
      this.#drain = undefined;
      this.#wake = undefined;
    }
  }

  /** Sets whether the connection keeps the process alive. */
  setBusy(busy: boolean): void {
    if (busy) this.#socket.ref();
    else this.#socket.unref();
  }

  /** Drops the connection at once. */
  destroy(): void {
    this.#socket.destroy();
    this.#lose();
  }

  /** Closes the client's side after the written octets are sent. */
  close(): void {
    this.#socket.end(() => this.#socket.destroy());
    this.#socket.unref();
    // A server that never closes its side must not keep the connection open.
    setTimeout(() => this.#socket.destroy(), closeGrace).unref();
  }

  #end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  #lose(): void {
    if (!this.#lost) this.#lostUnsent = this.#socket.writableLength > 0;
    this.#lost = true;
    this.#drain?.();
    this.#end();
  }
}

/** Milliseconds until a closed connection is destroyed. */
const closeGrace = 2000;

/**
 * Opens a connection; `lineLimit`: octets of a line that are kept.
 *
 * @throws ConnectError with the message of the system
 */
export async function connect(endpoint: Endpoint, limits: TimeLimits, lineLimit?: number): Promise<Transport> {
  const limit = limits.limit('connect');
  const socket =
    endpoint.kind === 'unix'
      ? openSocket({ path: endpoint.path, allowHalfOpen: true })
      : openSocket({ host: endpoint.address, port: endpoint.port, allowHalfOpen: true, noDelay: true });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  socket.once('connect', resolve);
  socket.once('error', (cause) => reject(new ConnectError(errorWords(cause), { cause })));
  try {
    const outcome = await withLimit(promise, limit);
    if (outcome !== undefined) throw new ConnectError('Connection timed out', { isDeadline: outcome === 'deadline' });
  } catch (error) {
    socket.on('error', () => {});
    socket.destroy();
    throw error;
  }
  socket.removeAllListeners('connect');
  socket.removeAllListeners('error');
  return new Transport(socket, lineLimit);
}
