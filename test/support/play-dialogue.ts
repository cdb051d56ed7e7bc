/** A raw client: plays its lines against a server, one step after another, and returns what arrived. */
import { connect, type NetConnectOpts } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** One step of the client. */
export type ClientStep =
  /** Writes text, in UTF-8. */
  | { readonly send: string; readonly times?: number }
  | { readonly send_base64: string }
  /** Waits until the server has sent this, after the text of the last wait. */
  | { readonly await: string }
  /** Waits so many milliseconds, so that the writes before and after do not arrive in one read. */
  | { readonly pause_ms: number }
  /** Sends FIN, or RST. */
  | { readonly finish: 'end' | 'reset' }
  /** Waits until the server has ended the connection. */
  | { readonly await_end: true };

/** What a client saw. */
export interface ClientView {
  /** All received octets, one character each. */
  readonly received: string;
  /** How the server ended it; `open` if it had not when the steps were done. */
  readonly ended: 'open' | 'end' | 'reset';
}

/**
 * Connects and runs the steps.
 *
 * @param patience milliseconds that each wait may take
 * @throws Error naming the step that timed out
 */
export async function playDialogue(
  server: NetConnectOpts,
  steps: readonly ClientStep[],
  patience = 5000,
): Promise<ClientView> {
  const socket = connect({ ...server, allowHalfOpen: true, noDelay: true });
  let received = '';
  let awaited = 0;
  let ended: ClientView['ended'] = 'open';
  let changed = Promise.withResolvers<void>();
  const change = () => {
    changed.resolve();
    changed = Promise.withResolvers<void>();
  };
  socket.on('data', (octets) => {
    received += octets.toString('latin1');
    change();
  });
  socket.on('end', () => {
    if (ended === 'open') ended = 'end';
    change();
  });
  socket.on('error', () => {
    ended = 'reset';
    change();
  });
  const waitFor = async (what: string, isThere: () => boolean) => {
    const deadline = Date.now() + patience;
    while (!isThere()) {
      const left = deadline - Date.now();
      if (left <= 0) throw new Error(`waited ${patience} ms for ${what}, after ${JSON.stringify(received)}`);
      await Promise.race([changed.promise, sleep(left, undefined, { ref: false })]);
    }
  };
  const take = async (step: ClientStep) => {
    if ('send' in step) socket.write(step.send.repeat(step.times ?? 1));
    else if ('send_base64' in step) socket.write(Buffer.from(step.send_base64, 'base64'));
    else if ('pause_ms' in step) await sleep(step.pause_ms);
    else if ('finish' in step) step.finish === 'end' ? socket.end() : socket.resetAndDestroy();
    else if ('await_end' in step) await waitFor('the end', () => ended !== 'open');
    else {
      await waitFor(JSON.stringify(step.await), () => received.includes(step.await, awaited));
      awaited = received.indexOf(step.await, awaited) + step.await.length;
    }
  };
  try {
    for (const step of steps) await take(step);
    return { received, ended };
  } finally {
    socket.end();
    socket.destroySoon();
  }
}
