/**
 * Distance for loopback: what goes in comes out so many milliseconds later, in either direction, however much is under way.
 */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** Puts a port so many milliseconds away, and answers the port that is. Lasts as long as the process. */
export async function putAway(port: number, milliseconds: number): Promise<number> {
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
