/**
 * An LMTP server that accepts everything and stores nothing: it counts and hashes content as it arrives, so
 * that messages of any size and any number can be sent to it. For faults of servers there is
 * scripted-server.ts.
 */
import { createHash, type Hash } from 'node:crypto';
import { type AddressInfo, createServer, type Socket } from 'node:net';

/** A complete content, as on the wire. */
export interface SunkContent {
  /** Octets, including doubled dots, without the final dot line. */
  readonly octets: number;
  /** Of those octets; empty unless hashes were requested. */
  readonly sha256: string;
  readonly recipients: number;
}

/** Pauses of the server. */
export interface SinkOptions {
  readonly hash?: boolean;
  /** Awaited after the first octets of a content; nothing more is read until then. */
  readonly onContentBegun?: () => Promise<void>;
  /** Awaited before the octets of a read are handled: a server that is slow, or far away. */
  readonly beforeRead?: () => Promise<void>;
  /** Awaited before the final replies. */
  readonly beforeFinalReplies?: (content: SunkContent) => Promise<void>;
}

/** A running sink. */
export interface LmtpSink extends AsyncDisposable {
  readonly port: number;
  readonly destination: string;
  /** Complete contents. */
  readonly contents: readonly SunkContent[];
  /** Connections that ended in the middle of a content. */
  readonly broken: () => number;
  close(): Promise<void>;
}

/** Starts a sink on a free loopback port. */
export async function startLmtpSink(options: SinkOptions = {}): Promise<LmtpSink> {
  const contents: SunkContent[] = [];
  const connections = new Set<SinkConnection>();
  let broken = 0;
  const listener = createServer({ noDelay: true }, (socket) => {
    const connection = new SinkConnection(socket, options, (content) => contents.push(content));
    connections.add(connection);
    void connection.serve().then((isWhole) => {
      connections.delete(connection);
      if (!isWhole) broken += 1;
    });
  });
  await new Promise<void>((listening) => listener.listen(0, '127.0.0.1', listening));
  const { port } = listener.address() as AddressInfo;
  const close = async () => {
    for (const connection of connections) connection.destroy();
    await new Promise<void>((closed) => listener.close(() => closed()));
  };
  return {
    port,
    destination: `inet:127.0.0.1:${port}`,
    contents,
    broken: () => broken,
    close,
    [Symbol.asyncDispose]: close,
  };
}

const endOfContent = Buffer.from('\r\n.\r\n');

class SinkConnection {
  readonly #socket: Socket;
  readonly #options: SinkOptions;
  readonly #onContent: (content: SunkContent) => void;
  #waiting: Buffer = Buffer.alloc(0);
  #recipients = 0;
  /** The content that is being read. */
  #content: ContentReader | undefined;

  constructor(socket: Socket, options: SinkOptions, onContent: (content: SunkContent) => void) {
    this.#socket = socket;
    this.#options = options;
    this.#onContent = onContent;
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** Serves the connection to its end; false if that came in the middle of a content. */
  async serve(): Promise<boolean> {
    this.#socket.write('220 sink.test LMTP ready\r\n');
    try {
      for await (const chunk of this.#socket) {
        await this.#options.beforeRead?.();
        let rest: Buffer = Buffer.concat([this.#waiting, chunk]);
        this.#waiting = Buffer.alloc(0);
        while (rest.length > 0)
          rest = this.#content === undefined ? this.#takeLine(rest) : await this.#takeContent(rest);
      }
    } catch {
      // A client that resets the connection has ended it, like any other.
    }
    return this.#content === undefined;
  }

  #takeLine(octets: Buffer): Buffer {
    const end = octets.indexOf('\n');
    if (end < 0) {
      this.#waiting = octets;
      return Buffer.alloc(0);
    }
    this.#answer(octets.toString('latin1', 0, 4).toUpperCase());
    return octets.subarray(end + 1);
  }

  #answer(verb: string): void {
    if (verb === 'RCPT') this.#recipients += 1;
    if (verb === 'MAIL' || verb === 'RSET') this.#recipients = 0;
    if (verb === 'DATA') this.#content = new ContentReader(this.#options.hash === true);
    this.#socket.write(replies[verb] ?? '250 2.0.0 ok\r\n');
    if (verb === 'QUIT') this.#socket.end();
  }

  async #takeContent(octets: Buffer): Promise<Buffer> {
    const content = this.#content ?? new ContentReader(false);
    if (content.octets === 0) await this.#options.onContentBegun?.();
    const rest = content.push(octets);
    if (rest === undefined) return Buffer.alloc(0);
    const sunk = { ...content.finish(), recipients: this.#recipients };
    this.#content = undefined;
    this.#onContent(sunk);
    await this.#options.beforeFinalReplies?.(sunk);
    this.#socket.write('250 2.0.0 sunk\r\n'.repeat(this.#recipients));
    this.#recipients = 0;
    return rest;
  }
}

const replies: Readonly<Record<string, string>> = {
  LHLO: '250-sink.test\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SIZE\r\n250 ENHANCEDSTATUSCODES\r\n',
  DATA: '354 go ahead\r\n',
  QUIT: '221 2.0.0 bye\r\n',
};

/** Finds the end of a content with no more than one chunk of it in memory. */
class ContentReader {
  readonly #hash: Hash | undefined;
  /** The last octets, which may begin the end mark; at first the line end of DATA. */
  #tail: Buffer = Buffer.from('\r\n');
  #octets = -2;

  constructor(hash: boolean) {
    this.#hash = hash ? createHash('sha256') : undefined;
  }

  /** Octets that are known to be content. */
  get octets(): number {
    return Math.max(0, this.#octets);
  }

  /** Reads octets; returns those after the content, or nothing before its end. */
  push(chunk: Buffer): Buffer | undefined {
    const seen = Buffer.concat([this.#tail, chunk]);
    const end = seen.indexOf(endOfContent);
    const kept = end < 0 ? Math.max(0, seen.length - endOfContent.length + 1) : end + 2;
    this.#count(seen.subarray(0, kept));
    this.#tail = seen.subarray(kept);
    return end < 0 ? undefined : seen.subarray(end + endOfContent.length);
  }

  finish(): Omit<SunkContent, 'recipients'> {
    return { octets: this.octets, sha256: this.#hash?.digest('hex') ?? '' };
  }

  #count(octets: Buffer): void {
    // The line end before the content is not part of it.
    this.#hash?.update(octets.subarray(Math.min(octets.length, Math.max(0, -this.#octets))));
    this.#octets += octets.length;
  }
}
