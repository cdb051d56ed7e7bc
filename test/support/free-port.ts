/** Free ports of the loopback addresses. */
import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

// Above the range that Linux uses for port 0 and for outgoing connections (32768 to 60999), so that no other
// test gets the port by chance after it was found free.
const lowest = 61_000;
const highest = 65_535;

/**
 * Returns a port where connections are refused, and where a server may be started.
 *
 * @throws Error if a hundred tries found none
 */
export async function freePort(host = '127.0.0.1'): Promise<number> {
  for (let tries = 0; tries < 100; tries++) {
    const port = randomInt(lowest, highest + 1);
    if (await isFree(host, port)) return port;
  }
  throw new Error(`no free port at ${host} from ${lowest} to ${highest}`);
}

function isFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const listener = createServer();
    listener.once('error', () => resolve(false));
    listener.listen({ host, port, exclusive: true }, () => listener.close(() => resolve(true)));
  });
}
