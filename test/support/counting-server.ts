/**
 * An LMTP server (nodemailer's smtp-server) that counts: how many transactions it has at once, and how often
 * it accepted a message for each address. It may be started at a port that was closed before.
 */
import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { SMTPServer, type SMTPServerDataStream } from 'smtp-server';

export interface CountingOptions {
  /** Loopback port; a free one if absent. */
  readonly port?: number;
  /** Milliseconds from the end of a content to its replies. Default: 0. */
  readonly takes?: number;
}

/** A running server. */
export interface CountingServer extends AsyncDisposable {
  /** Its name in Postfix's notation. */
  readonly destination: string;
  /** How often each address received a complete message, in order of arrival. */
  readonly taken: ReadonlyMap<string, number>;
  /** The most concurrent transactions, from MAIL to the last reply. */
  readonly mostAtOnce: () => number;
}

/** Starts a server. */
export async function startCountingServer({ port = 0, takes = 0 }: CountingOptions = {}): Promise<CountingServer> {
  const taken = new Map<string, number>();
  const sockets = new Set<Socket>();
  const underWay = new Set<string>();
  let most = 0;
  const server = new SMTPServer({
    lmtp: true,
    name: 'counting.test',
    authOptional: true,
    disabledCommands: ['STARTTLS', 'AUTH'],
    disableReverseLookup: true,
    onMailFrom: (_address, { id }, callback) => {
      underWay.add(id);
      most = Math.max(most, underWay.size);
      callback();
    },
    onClose: ({ id }) => {
      underWay.delete(id);
    },
    onData: (stream, { id, envelope }, callback) => {
      const take = async () => {
        await readAll(stream);
        for (const { address } of envelope.rcptTo) taken.set(address, (taken.get(address) ?? 0) + 1);
        await sleep(takes);
        underWay.delete(id);
      };
      take().then(() => callback(null), callback);
    },
  });
  // Errors of a client that closes are ignored.
  server.on('error', () => {});
  server.server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.listen(port, '127.0.0.1');
  await once(server.server, 'listening');
  const address = server.server.address() as AddressInfo;
  return {
    destination: `inet:127.0.0.1:${address.port}`,
    taken,
    mostAtOnce: () => most,
    [Symbol.asyncDispose]: () =>
      new Promise((closed) => {
        server.close(() => closed());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

async function readAll(stream: SMTPServerDataStream): Promise<void> {
  stream.resume();
  await once(stream, 'end');
}
