/** A port that answers no connection attempt. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startBlackHole } from './black-hole.ts';

test('no attempt is answered, by none of many holes that are dug at the same time', async () => {
  const holes = await Promise.all(Array.from({ length: 20 }, startBlackHole));
  const answers = holes.map(async ({ port }) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.on('error', () => {});
    const answered = new Promise((resolve) => socket.once('connect', () => resolve('answered')));
    const answer = await Promise.race([answered, sleep(500, 'unanswered')]);
    socket.destroy();
    return answer;
  });
  assert.deepEqual(new Set(await Promise.all(answers)), new Set(['unanswered']));
  await Promise.all(holes.map((hole) => hole.close()));
});
