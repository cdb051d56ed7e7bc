/** Waits for something without a notification: a file that is written, a process that listens. */
import { setTimeout as sleep } from 'node:timers/promises';

/** How often to look, and for how long. */
export interface Patience {
  /** Milliseconds in all. Default: 30,000: only a failing test waits so long. */
  readonly within?: number;
  /** Milliseconds between two looks. Default: 10. */
  readonly every?: number;
}

/**
 * Looks repeatedly until a look finds something, and resolves to it. `undefined` and `false` are nothing.
 *
 * @param what description for the error
 * @throws Error when the time is over
 */
export async function waitUntil<T>(
  what: string,
  look: () => T | Promise<T>,
  { within = 30_000, every = 10 }: Patience = {},
): Promise<Exclude<T, undefined | false>> {
  const deadline = performance.now() + within;
  for (;;) {
    const found = await look();
    if (isThere(found)) return found;
    if (performance.now() > deadline) throw new Error(`waited ${within} ms in vain: ${what}`);
    await sleep(every);
  }
}

function isThere<T>(found: T): found is Exclude<T, undefined | false> {
  return found !== undefined && found !== false;
}
