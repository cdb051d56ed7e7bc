/** The worker of black-hole.ts: listens, reports its port, and then blocks for ever. */
import { type AddressInfo, createServer } from 'node:net';
import { parentPort } from 'node:worker_threads';

const listener = createServer();
listener.listen({ host: '127.0.0.1', port: 0, backlog: 1 }, () => {
  parentPort?.postMessage((listener.address() as AddressInfo).port);
  // Blocks this thread, so that its event loop never accepts a connection.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
});
