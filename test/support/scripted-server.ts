/**
 * A scripted LMTP server for tests, with settings for every fault of a server.
 *
 *     await using server = await startScriptedServer({ final: { default: '452 4.2.2 mailbox full' } });
 *     // deliver to server.port
 *     await server.settled(1000);
 *     server.transcript()[0]?.commands
 *
 * The script is that of the recorded scenarios, and the transcript has the form of their `observed.connections`.
 */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer, type ListenOptions, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ConnectionTranscript } from './connection-transcript.ts';
import { ScriptedConnection } from './scripted-connection.ts';
import { completeScript, type ServerScript } from './server-script.ts';

export type { ConnectionTranscript } from './connection-transcript.ts';
export { type AuthServer, andThen, type ReplyScript, type ServerScript } from './server-script.ts';

export interface ScriptedServer extends AsyncDisposable {
  /** The port of all its addresses; 0 if it listens at a unix-domain socket. */
  readonly port: number;
  /** The unix-domain socket; empty if it listens at a port. */
  readonly path: string;
  /** Waits until every connection has ended, at most so many milliseconds; false if one has not. */
  settled(milliseconds: number): Promise<boolean>;
  /** The record of each connection, in the order of their numbers. */
  transcript(): readonly ConnectionTranscript[];
  /** The received contents, dots removed, in the order in which they ended; broken ones too. */
  readonly rawContents: readonly Buffer[];
  /** Resets open connections and stops listening. */
  close(): Promise<void>;
}

/** Starts a server with this script. */
export async function startScriptedServer(script: ServerScript): Promise<ScriptedServer> {
  const connections: ScriptedConnection[] = [];
  const rawContents: Buffer[] = [];
  const accept = (socket: Socket) => {
    const n = connections.length + 1;
    connections.push(new ScriptedConnection(socket, n, completeScript(script, n), (mail) => rawContents.push(mail)));
  };
  const { port, path, listeners, cleanUp } = await listen(script, accept);

  async function close(): Promise<void> {
    for (const connection of connections) connection.destroy();
    await Promise.all(listeners.map(closeListener));
    await cleanUp();
  }
  return {
    port,
    path,
    rawContents,
    settled: (milliseconds) => settle(connections, milliseconds),
    transcript: () => connections.map((connection) => connection.transcript()),
    close,
    [Symbol.asyncDispose]: close,
  };
}

interface Listening {
  readonly port: number;
  readonly path: string;
  readonly listeners: readonly Server[];
  /** Removes the files of the socket. */
  cleanUp(): Promise<void>;
}

type Accept = (socket: Socket) => void;

function listen(script: ServerScript, accept: Accept): Promise<Listening> {
  return script.listen === 'unix'
    ? listenAtPath(script.path, accept)
    : listenAtAddresses(script.listen ?? ['127.0.0.1'], accept);
}

async function listenAtPath(given: string | undefined, accept: Accept): Promise<Listening> {
  const path = given ?? join(await mkdtemp(join(tmpdir(), 'lmtp-')), 'socket');
  await rm(path, { force: true });
  const listener = await startListener({ path }, accept);
  await chmod(path, 0o777);
  const cleanUp = async () => {
    if (given === undefined) await rm(dirname(path), { recursive: true, force: true });
  };
  return { port: 0, path, listeners: [listener], cleanUp };
}

/**
 * One port for all addresses: the first gets any free one, which may be in use on the next, and then all is
 * tried again.
 */
async function listenAtAddresses(hosts: readonly string[], accept: Accept, attempts = 20): Promise<Listening> {
  const listeners: Server[] = [];
  let port = 0;
  try {
    for (const host of hosts) {
      const listener = await startListener({ host, port }, accept);
      listeners.push(listener);
      port = (listener.address() as AddressInfo).port;
    }
  } catch (error) {
    await Promise.all(listeners.map(closeListener));
    const taken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
    if (taken && attempts > 1) return listenAtAddresses(hosts, accept, attempts - 1);
    throw error;
  }
  return { port, path: '', listeners, cleanUp: async () => {} };
}

function startListener(options: ListenOptions, accept: Accept): Promise<Server> {
  const { promise, resolve, reject } = Promise.withResolvers<Server>();
  // Half-open: after its own FIN a server still records what the client sends.
  const listener = createServer({ allowHalfOpen: true, noDelay: true }, accept);
  listener.once('error', reject);
  listener.listen(options, () => resolve(listener));
  return promise;
}

function closeListener(listener: Server): Promise<void> {
  return new Promise((resolve) => listener.close(() => resolve()));
}

/** Connections that arrive during the wait are waited for too. */
async function settle(connections: readonly ScriptedConnection[], milliseconds: number): Promise<boolean> {
  const settled = new AbortController();
  const late = sleep(milliseconds, false, { signal: settled.signal }).catch(() => true);
  for (let known = -1; known < connections.length; ) {
    known = connections.length;
    const all = Promise.all(connections.map((connection) => connection.finished));
    if (!(await Promise.race([all.then(() => true), late]))) return false;
  }
  settled.abort();
  return true;
}
