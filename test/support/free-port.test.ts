import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startBlackHole } from './black-hole.ts';
import { freePort } from './free-port.ts';

test('a free port refuses connections', async () => {
  const socket = connect({ port: await freePort(), host: '127.0.0.1' });
  const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException];
  assert.equal(error.code, 'ECONNREFUSED');
});

test('a black hole neither accepts nor refuses connections', async () => {
  await using hole = await startBlackHole();
  const socket = connect({ port: hole.port, host: '127.0.0.1' });
  const outcome = await Promise.race([
    once(socket, 'connect').then(
      () => 'connected',
      () => 'refused',
    ),
    sleep(300, 'nothing'),
  ]);
  socket.destroy();
  assert.equal(outcome, 'nothing');
});

test('the port of a black hole refuses connections after it is closed', async () => {
  const hole = await startBlackHole();
  await hole.close();
  const [error] = (await once(connect({ port: hole.port, host: '127.0.0.1' }), 'error')) as [NodeJS.ErrnoException];
  assert.equal(error.code, 'ECONNREFUSED');
});
