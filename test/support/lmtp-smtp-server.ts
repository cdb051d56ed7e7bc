/**
 * Nodemailer's smtp-server speaking LMTP, in this process: its own replies, and scripted ones for
 * recipients.
 *
 *     await using server = await startLmtpSmtpServer({ rcpt: { 'no@x.test': '550 unknown' }, final: { 'full@x.test': '552 full' } });
 *
 * It greets 100 ms after the connection, whatever the settings.
 */
import type { AddressInfo, Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { SMTPServer, type SMTPServerAddress, type SMTPServerOptions, type SMTPServerSession } from 'smtp-server';

/** Replies by recipient: a code and words, to which the server adds its own status. Other recipients are accepted. */
export type Answers = Readonly<Record<string, string>>;

export interface LmtpSmtpServerOptions {
  /** Replies to RCPT. */
  readonly rcpt?: Answers;
  /** Replies after the dot. */
  readonly final?: Answers;
  /** The server's own options. It offers SIZE 10000000 by default. */
  readonly server?: SMTPServerOptions & FurtherOptions;
}

/** Options that the server has and its types do not. */
export interface FurtherOptions {
  readonly maxRecipients?: number;
  /** Whether a message over `size` is refused after the dot too. */
  readonly rejectOversized?: boolean;
  readonly hideDSN?: boolean;
}

/** A recipient or the sender, as the server parsed the command. */
export interface UnderstoodAddress {
  readonly address: string;
  /** ESMTP parameters; `true` for one without a value. */
  readonly args: Readonly<Record<string, string | true>>;
}

/** A message that the server received, whatever its replies. */
export interface TakenMessage {
  readonly sender: UnderstoodAddress;
  /** Those in its final list; one that was named twice is there once. */
  readonly recipients: readonly UnderstoodAddress[];
  readonly content: Buffer;
}

export interface LmtpSmtpServer extends AsyncDisposable {
  readonly port: number;
  /** In next-hop syntax. */
  readonly destination: string;
  /** In order. */
  readonly messages: readonly TakenMessage[];
}

/** Starts a server at a free loopback port. */
export async function startLmtpSmtpServer(options: LmtpSmtpServerOptions = {}): Promise<LmtpSmtpServer> {
  const { rcpt = {}, final = {} } = options;
  const messages: TakenMessage[] = [];
  const sockets = new Set<Socket>();
  const server = new SMTPServer({
    lmtp: true,
    name: 'node.test',
    authOptional: true,
    disabledCommands: ['STARTTLS', 'AUTH'],
    disableReverseLookup: true,
    size: 10_000_000,
    hideENHANCEDSTATUSCODES: false,
    hideDSN: false,
    ...options.server,
    onRcptTo: ({ address }, _session, callback) => callback(toError(rcpt[address])),
    onData: (stream, session, callback) => {
      const answer = async () => {
        messages.push(takenMessage(session, await buffer(stream)));
        return session.envelope.rcptTo.map(({ address }) => toError(final[address]) ?? `<${address}> stored`);
      };
      // A list has one reply for each recipient; the types know only of one for all.
      const answered = callback as unknown as (error: null, answers: readonly (string | Error)[]) => void;
      answer().then((answers) => answered(null, answers), callback);
    },
  });
  // Errors of a client that closes are ignored.
  server.on('error', () => {});
  server.server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', () => listening()));
  const { port } = server.server.address() as AddressInfo;
  return {
    port,
    destination: `inet:[127.0.0.1]:${port}`,
    messages,
    [Symbol.asyncDispose]: () =>
      new Promise((closed) => {
        server.close(() => closed());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

function takenMessage({ envelope }: SMTPServerSession, content: Buffer): TakenMessage {
  const [sender] = envelope.mailFrom === false ? [] : [envelope.mailFrom];
  return { sender: understood(sender), recipients: envelope.rcptTo.map(understood), content };
}

function understood(given: SMTPServerAddress | undefined): UnderstoodAddress {
  // `false` means no parameters at all.
  return { address: given?.address ?? '', args: { ...(given?.args as UnderstoodAddress['args']) } };
}

/** `550 unknown` as an error that the server sends. */
function toError(answer: string | undefined): Error | null {
  const match = /^(\d{3}) (.*)$/s.exec(answer ?? '');
  if (match === null) return null;
  return Object.assign(new Error(match[2]), { responseCode: Number(match[1]) });
}
