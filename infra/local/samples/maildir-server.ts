/**
 * A mail store: an LMTP server (nodemailer's smtp-server) that files each recipient's copy into a Maildir,
 * `<folder>/<recipient>/Maildir/new/`, and can be told to refuse or put off recipients.
 *
 * Content goes to disk as it arrives and is never held whole in memory; the recipients' copies are hard links to one file.
 * As other stores do it, lines end in LF on disk, and the file begins with `Return-Path:` and, if it was meant for one
 * recipient only, `Delivered-To:` (with more, the one file they share would tell each of the others).
 *
 * Limits of smtp-server 3.21.6: the greeting comes 100 ms after the connection; a recipient given twice is accepted twice but
 * answered once after the content; there is no CHUNKING.
 */
import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { link, mkdir, rm } from 'node:fs/promises';
import type { AddressInfo, Socket } from 'node:net';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { SMTPServer, type SMTPServerDataStream, type SMTPServerOptions, type SMTPServerSession } from 'smtp-server';

/** What the server says to a recipient, and when: at RCPT, or after the content in place of "saved". */
export interface StoreVerdict {
  readonly at: 'RCPT' | 'content';
  readonly code: number;
  /** Text after the code, its enhanced status code included: `4.2.2 Mailbox full`. */
  readonly text: string;
}

export interface MaildirServerOptions {
  /** Where the Maildirs go. */
  readonly folder: string;
  /** Loopback port; a free one if absent. */
  readonly port?: number;
  /**
   * Verdict for a recipient; undefined: accepted and saved.
   *
   * @param seen how often the recipient was named before, 0 at the first time
   */
  readonly verdict?: (recipient: string, seen: number) => StoreVerdict | undefined;
  /** Hears of each message once all its copies are filed: recipients that were saved, and the size on the wire in octets. */
  readonly onSaved?: (recipients: readonly string[], size: number) => void;
  /** Further options of smtp-server: STARTTLS and AUTH (off by default), SIZE, time-outs ... */
  readonly server?: SMTPServerOptions;
}

/** A running server. */
export interface MaildirServer {
  /** Loopback port. */
  readonly port: number;
  /** Postfix's name for it: `inet:127.0.0.1:PORT`. */
  readonly destination: string;
  /** The Maildir of a recipient. */
  maildirOf(recipient: string): string;
  close(): Promise<void>;
}

/** Starts a mail store. */
export async function startMaildirServer(options: MaildirServerOptions): Promise<MaildirServer> {
  const store = new Store(options);
  await mkdir(store.incoming, { recursive: true });
  const server = new LmtpServer({
    lmtp: true,
    name: 'mailstore.local',
    heloResponse: '%s',
    authOptional: true,
    disabledCommands: ['STARTTLS', 'AUTH'],
    disableReverseLookup: true,
    hideENHANCEDSTATUSCODES: false,
    hideDSN: false,
    logger: false,
    ...options.server,
    onRcptTo: ({ address }, session, callback) => callback(store.meet(address, session)),
    onData: (stream, session, callback) => {
      store.save(stream, session).then(
        (answers) => callback(null, answers),
        (error: Error) => callback(refusal(451, `4.3.0 Cannot save: ${error.message}`)),
      );
    },
  });
  server.on('error', () => {}); // a client that goes away is its own affair
  await new Promise<void>((listening, fail) => {
    server.once('error', fail);
    server.listen(options.port ?? 0, '127.0.0.1', () => listening());
  });
  const { port } = server.server.address() as AddressInfo;
  return {
    port,
    destination: `inet:127.0.0.1:${port}`,
    maildirOf: (recipient) => store.maildirOf(recipient),
    close: () => server.end(),
  };
}

class LmtpServer extends SMTPServer {
  readonly #sockets = new Set<Socket>();

  /** Ends the server and every session with it. */
  end(): Promise<void> {
    return new Promise((closed) => {
      this.close(() => closed());
      for (const socket of this.#sockets) socket.destroy();
    });
  }

  /** smtp-server puts an enhanced status code of its choice before every reply: not where ours has one already. */
  override connect(...args: Parameters<SMTPServer['connect']>): void {
    const known = new Set(this.connections);
    super.connect(...args);
    const socket = args[0];
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    for (const connection of this.connections) {
      if (known.has(connection)) continue;
      const send = connection.send.bind(connection);
      connection.send = (code, data, context) => {
        send(code, data, /^[245]\.\d+\.\d+ /.test(String(data)) ? false : context);
      };
    }
  }
}

type Answer = string | Error;

/** Where mail lies, and what is known about recipients. */
class Store {
  /** Where content waits until it is complete; on the same file system as the Maildirs. */
  readonly incoming: string;
  readonly #options: MaildirServerOptions;
  readonly #seen = new Map<string, number>();
  /** Verdicts after the content, which RCPT has decided already. */
  readonly #decided = new WeakMap<SMTPServerSession, Map<string, StoreVerdict>>();

  constructor(options: MaildirServerOptions) {
    this.#options = options;
    this.incoming = join(options.folder, '.incoming');
  }

  maildirOf(recipient: string): string {
    return join(this.#options.folder, folderName(recipient), 'Maildir');
  }

  /** The answer to RCPT: an error to refuse the recipient. */
  meet(recipient: string, session: SMTPServerSession): Error | null {
    const seen = this.#seen.get(recipient) ?? 0;
    this.#seen.set(recipient, seen + 1);
    const verdict = this.#options.verdict?.(recipient, seen);
    if (verdict?.at === 'RCPT') return refusal(verdict.code, verdict.text);
    const decided = this.#decided.get(session) ?? new Map<string, StoreVerdict>();
    this.#decided.set(session, decided);
    if (verdict === undefined) decided.delete(recipient);
    else decided.set(recipient, verdict);
    return null;
  }

  /** Takes the content in, files it, and answers for each recipient in the order of RCPT. */
  async save(stream: SMTPServerDataStream, session: SMTPServerSession): Promise<Answer[]> {
    const { mailFrom, rcptTo } = session.envelope;
    const recipients = rcptTo.map(({ address }) => address);
    const refused = this.#decided.get(session) ?? new Map<string, StoreVerdict>();
    const saved = recipients.filter((recipient) => !refused.has(recipient));
    const name = `${Date.now()}.${randomUUID()}.${hostname().replaceAll('/', '_')}`;
    const file = join(this.incoming, name);
    const sender = mailFrom === false ? '' : mailFrom.address;
    try {
      await pipeline(stream, withUnixLines(topLines(sender, recipients)), createWriteStream(file, { flags: 'wx' }));
      for (const recipient of saved) await this.#file(file, recipient, name);
    } finally {
      await rm(file, { force: true });
    }
    if (saved.length > 0) this.#options.onSaved?.(saved, stream.byteLength);
    return recipients.map((recipient) => {
      const verdict = refused.get(recipient);
      return verdict === undefined ? `2.0.0 <${recipient}> Saved` : refusal(verdict.code, verdict.text);
    });
  }

  /** The link is what makes a copy appear, whole, in `new`: no reader sees half a message. */
  async #file(file: string, recipient: string, name: string): Promise<void> {
    const maildir = this.maildirOf(recipient);
    for (const part of ['new', 'cur', 'tmp']) await mkdir(join(maildir, part), { recursive: true });
    await link(file, join(maildir, 'new', name));
  }
}

/** An address as the name of a folder: what could lead elsewhere is written as %XX. */
function folderName(recipient: string): string {
  return recipient.replace(/[/\\\0%]|^\./g, (character) => `%${character.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

function topLines(sender: string, recipients: readonly string[]): string {
  const [only] = recipients;
  return `Return-Path: <${sender}>\n${recipients.length === 1 ? `Delivered-To: ${only}\n` : ''}`;
}

/** Puts text before a stream and turns its CRLF into LF; a CR or LF that stands alone is left as it is. */
function withUnixLines(top: string): Transform {
  let first = true;
  let heldCr = false;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      let text = (heldCr ? '\r' : '') + chunk.toString('latin1');
      heldCr = text.endsWith('\r');
      if (heldCr) text = text.slice(0, -1);
      if (first) this.push(top);
      first = false;
      this.push(text.replaceAll('\r\n', '\n'), 'latin1');
      done();
    },
    flush(done) {
      if (first) this.push(top);
      if (heldCr) this.push('\r', 'latin1');
      done();
    },
  });
}

function refusal(responseCode: number, text: string): Error {
  return Object.assign(new Error(text), { responseCode });
}
