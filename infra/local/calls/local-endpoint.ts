import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A service of the local stack: where it listens, and how it ends. */
export interface LocalEndpoint {
  readonly endpoint: string;
  close(): Promise<void>;
}

/** Has a server listen on a free loopback port; closing it drops the connections that are still open. */
export async function listenLocally(server: Server): Promise<LocalEndpoint> {
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}
