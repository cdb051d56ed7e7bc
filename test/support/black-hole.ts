/**
 * A port where connection attempts are never answered, as behind a firewall that drops packets.
 *
 * On the loopback there is no such firewall, but a listener whose queue is full does the same: the kernel
 * drops further SYNs (Linux, tcp_abort_on_overflow=0). The listener runs in a worker that never accepts.
 */
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';

export interface BlackHole extends AsyncDisposable {
  readonly port: number;
  close(): Promise<void>;
}

/** Attempts to fill the queue: libuv asks for a backlog of 1, and the kernel allows one more. A busy machine answers late. */
const mostFillers = 30;

/** A loopback connection that is answered at all is answered at once. */
const answerTime = 150;

/**
 * Starts a black hole.
 *
 * @throws Error if the kernel still answers
 */
export async function startBlackHole(): Promise<BlackHole> {
  const worker = new Worker(new URL('black-hole-listener.ts', import.meta.url));
  const port = await new Promise<number>((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
  const fillers: Socket[] = [];
  const close = async () => {
    for (const filler of fillers) filler.destroy();
    await worker.terminate();
  };
  if (!(await fill(port, fillers))) {
    await close();
    throw new Error('the kernel answers connection attempts although the queue of the listener is full');
  }
  return { port, close, [Symbol.asyncDispose]: close };
}

/** Opens connections until the queue is full and one is not answered. */
async function fill(port: number, fillers: Socket[]): Promise<boolean> {
  for (let n = 0; n < mostFillers; n++) {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.on('error', () => {});
    socket.unref();
    const answered = new Promise<true>((resolve) => socket.once('connect', () => resolve(true)));
    if (await Promise.race([answered, sleep(answerTime, false)])) fillers.push(socket);
    else {
      socket.destroy();
      if (isQueueFull(port)) return true;
    }
  }
  return false;
}

/** Whether more connections wait than the listener asked for, by what the kernel says of it (proc_net_tcp.txt). */
function isQueueFull(port: number): boolean {
  const hexadecimal = port.toString(16).toUpperCase().padStart(4, '0');
  const listener = new RegExp(`^ *\\d+: [0-9A-F]+:${hexadecimal} \\S+ 0A [0-9A-F]+:([0-9A-F]+) `, 'm');
  const [, waiting = '0'] = listener.exec(readFileSync('/proc/net/tcp', 'utf8')) ?? [];
  return Number.parseInt(waiting, 16) > 1;
}
