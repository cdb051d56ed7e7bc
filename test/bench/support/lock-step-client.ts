/**
 * The simplest possible LMTP client, as a reference for measurements: one connection, one command at a time,
 * one recipient, and no replies but 2xx and 3xx.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** Milliseconds to wait for a reply. */
const patience = 10_000;

/** A connection that has been greeted. */
export class LockStepClient implements Disposable {
  readonly #socket: Socket;
  #received = '';

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding('latin1');
    socket.setTimeout(patience, () => socket.destroy(new Error('the server has fallen silent')));
  }

  static async open(port: number): Promise<LockStepClient> {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true });
    const client = new LockStepClient(socket);
    await client.#reply();
    await client.#say('LHLO bench.test\r\n');
    return client;
  }

  /** Sends a message whose content is ready for the wire, final dot included. */
  async deliver(sender: string, recipient: string, content: Buffer): Promise<void> {
    await this.#say(`MAIL FROM:<${sender}>\r\n`);
    await this.#say(`RCPT TO:<${recipient}>\r\n`);
    await this.#say('DATA\r\n');
    await this.#say(content);
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }

  async #say(octets: string | Buffer): Promise<void> {
    this.#socket.write(octets);
    await this.#reply();
  }

  async #reply(): Promise<void> {
    while (!/^\d{3} [^\n]*\n/m.test(this.#received)) this.#received += String((await once(this.#socket, 'data'))[0]);
    if (!/^[23]/.test(this.#received)) throw new Error(`refused: ${this.#received}`);
    this.#received = '';
  }
}
