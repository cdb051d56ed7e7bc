/**
 * Network distance for loopback: delays each packet by so many milliseconds in either direction, whatever the
 * load.
 */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/**
 * Returns a port that relays to the given one with so many milliseconds of delay, for as long as the process
 * lives.
 */
export async function delayPort(port: number, milliseconds: number): Promise<number> {
  const server = createServer({ noDelay: true }, (client) => {
    const upstream = connect({ host: '127.0.0.1', port, noDelay: true });
    relay(client, upstream, milliseconds);
    relay(upstream, client, milliseconds);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return (server.address() as AddressInfo).port;
}

function relay(from: Socket, to: Socket, milliseconds: number): void {
  from.on('data', (octets) => setTimeout(() => to.write(octets), milliseconds));
  from.on('end', () => setTimeout(() => to.end(), milliseconds));
  from.on('error', () => to.destroy());
}
