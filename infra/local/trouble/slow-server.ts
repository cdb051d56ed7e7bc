/**
 * An LMTP server in trouble, for a stack to be tried on: it takes its time over each octet that it says, and the content of a message
 * ends with a refusal, or with a connection that is closed before a word is said.
 */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { splitLines } from '../samples/line-splitter.ts';

/** How it is in trouble. */
export interface ServerTrouble {
  /** Milliseconds between two octets of a reply; 0: replies come whole. */
  readonly gap: number;
  /** What is said to each recipient after the content; absent: the connection is closed without a word. */
  readonly final?: string;
}

/** A server that runs. */
export interface TroubledServer {
  /** Postfix's name for it: `inet:127.0.0.1:PORT`. */
  readonly destination: string;
  close(): Promise<void>;
}

/** Starts a server on a free loopback port. */
export async function startTroubledServer(trouble: ServerTrouble): Promise<TroubledServer> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => {}); // a client that goes away is its own affair
    serve(socket, trouble);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    destination: `inet:127.0.0.1:${port}`,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

const replies: Readonly<Record<string, string>> = {
  LHLO: '250-trouble.local\r\n250-PIPELINING\r\n250 ENHANCEDSTATUSCODES',
  MAIL: '250 2.1.0 Ok',
  RCPT: '250 2.1.5 Ok',
  DATA: '354 Go on',
  RSET: '250 2.0.0 Ok',
  QUIT: '221 2.0.0 Bye',
};

function serve(socket: Socket, { gap, final }: ServerTrouble): void {
  let said = Promise.resolve();
  const say = (text: string) => {
    said = said.then(() => trickle(socket, `${text}\r\n`, gap));
  };
  let recipients = 0;
  let isContent = false;
  say('220 trouble.local LMTP ready');
  splitLines(socket, (line) => {
    const verb = line.slice(0, 4).toUpperCase();
    if (isContent) {
      if (line !== '.\r') return;
      isContent = false;
      if (final === undefined) socket.destroy();
      else for (let n = 0; n < recipients; n += 1) say(final);
      return;
    }
    if (verb === 'MAIL' || verb === 'RSET') recipients = 0;
    if (verb === 'RCPT') recipients += 1;
    isContent = verb === 'DATA';
    say(replies[verb] ?? '500 5.5.1 Unknown command');
    if (verb === 'QUIT') said = said.then(() => void socket.end());
  });
}

async function trickle(socket: Socket, text: string, gap: number): Promise<void> {
  for (const part of gap === 0 ? [text] : text) {
    if (socket.destroyed) return;
    socket.write(part);
    if (gap > 0) await sleep(gap);
  }
}
