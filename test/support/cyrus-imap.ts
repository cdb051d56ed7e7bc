/** An IMAP client (RFC 3501) that can create and read mailboxes, and no more. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** What arrived between a command and its tagged OK. */
export interface ImapAnswer {
  /** Untagged lines; a literal in one is left out. */
  readonly untagged: readonly string[];
  /** The octets of all literals, in order. */
  readonly literals: readonly Buffer[];
}

export interface Imap extends AsyncDisposable {
  /**
   * Sends a command, without its tag.
   *
   * @throws Error if the server does not reply OK
   */
  command(text: string): Promise<ImapAnswer>;
}

/** Connects to a unix-domain socket and logs in; the password is the user's name. */
export async function openImap(path: string, user: string): Promise<Imap> {
  const socket = connect(path);
  const reader = new Reader(socket);
  await once(socket, 'connect');
  await reader.line();
  const command = async (text: string) => {
    socket.write(`t ${text}\r\n`);
    return await reader.answer(text);
  };
  await command(`LOGIN ${user} ${user}`);
  return {
    command,
    [Symbol.asyncDispose]: async () => {
      await command('LOGOUT');
      socket.destroy();
    },
  };
}

class Reader {
  readonly #chunks: AsyncIterator<Buffer>;
  #buffer = Buffer.alloc(0);

  constructor(socket: Socket) {
    this.#chunks = socket[Symbol.asyncIterator]();
  }

  async answer(command: string): Promise<ImapAnswer> {
    const untagged: string[] = [];
    const literals: Buffer[] = [];
    for (;;) {
      const line = await this.line();
      const literal = /\{(\d+)\}$/.exec(line);
      if (literal !== null) literals.push(await this.#octets(Number(literal[1])));
      else if (line.startsWith('t OK')) return { untagged, literals };
      else if (line.startsWith('t ')) throw new Error(`${command}: ${line}`);
      if (line.startsWith('* ')) untagged.push(line);
    }
  }

  /** The next line without its CRLF, one character for each octet. */
  async line(): Promise<string> {
    for (;;) {
      const end = this.#buffer.indexOf('\r\n');
      if (end >= 0) return (await this.#octets(end + 2)).toString('latin1').slice(0, -2);
      await this.#more();
    }
  }

  async #octets(count: number): Promise<Buffer> {
    while (this.#buffer.length < count) await this.#more();
    const octets = this.#buffer.subarray(0, count);
    this.#buffer = this.#buffer.subarray(count);
    return octets;
  }

  async #more(): Promise<void> {
    const { done, value } = await this.#chunks.next();
    if (done === true) throw new Error('the IMAP server hung up');
    this.#buffer = Buffer.concat([this.#buffer, value]);
  }
}
