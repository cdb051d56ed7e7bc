import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A service of the local stack: its endpoint, and a method to close it. */
export interface LocalEndpoint {
  readonly endpoint: string;
  close(): Promise<void>;
}

/** Starts a server on a free loopback port; closing it drops its open connections. */
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
