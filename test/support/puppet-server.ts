/**
 * An LMTP server that a test controls: it accepts all mail, and sends unexpected lines when the test says so.
 *
 * The replies of a scripted server are fixed before; with this one a test decides while the connection is
 * idle.
 */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';

/** One connection, from the server's side. */
export class PuppetConnection {
  readonly commands: string[] = [];
  readonly #socket: Socket;
  #waiting = '';
  #recipients = 0;
  #isInContent = false;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding('latin1');
    socket.on('data', (text) => this.#take(String(text)));
    socket.on('error', () => {});
    socket.write('220 puppet.test LMTP\r\n');
  }

  /** Sends an unexpected line. Resolves when it has left. */
  say(text: string): Promise<void> {
    return new Promise((resolve) => this.#socket.write(text, () => resolve()));
  }

  /** Closes with a FIN. Resolves when it has left. */
  hangUp(): Promise<void> {
    return new Promise((resolve) => this.#socket.end(() => resolve()));
  }

  /** Cuts the connection with a RST. */
  reset(): void {
    this.#socket.resetAndDestroy();
  }

  /** Whether the client has closed. */
  get isOver(): boolean {
    return this.#socket.readableEnded || this.#socket.destroyed;
  }

  #take(text: string): void {
    this.#waiting += text;
    for (let end = this.#waiting.indexOf('\r\n'); end >= 0; end = this.#waiting.indexOf('\r\n')) {
      const line = this.#waiting.slice(0, end);
      this.#waiting = this.#waiting.slice(end + 2);
      if (!this.#isInContent) this.#answer(line);
      else if (line === '.') this.#endContent();
    }
  }

  #answer(line: string): void {
    this.commands.push(line);
    const verb = line.slice(0, 4);
    if (verb === 'RCPT') this.#recipients += 1;
    this.#isInContent = verb === 'DATA';
    const replies: Readonly<Record<string, string>> = {
      LHLO: '250-puppet.test\r\n250 PIPELINING\r\n',
      DATA: '354 go ahead\r\n',
      QUIT: '221 2.0.0 bye\r\n',
    };
    this.#socket.write(replies[verb] ?? '250 2.0.0 ok\r\n');
    if (verb === 'QUIT') this.#socket.end();
  }

  #endContent(): void {
    this.commands.push('.');
    this.#isInContent = false;
    this.#socket.write('250 2.0.0 saved\r\n'.repeat(this.#recipients));
    this.#recipients = 0;
  }
}

/** A server whose connections the test controls. */
export interface PuppetServer extends AsyncDisposable {
  readonly port: number;
  readonly connections: readonly PuppetConnection[];
}

/** Starts one on a free loopback port. */
export async function startPuppetServer(): Promise<PuppetServer> {
  const connections: PuppetConnection[] = [];
  const sockets = new Set<Socket>();
  const listener = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    connections.push(new PuppetConnection(socket));
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  return {
    port: (listener.address() as AddressInfo).port,
    connections,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((closed) => listener.close(closed));
    },
  };
}
