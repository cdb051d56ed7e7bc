/**
 * Thirty messages for eight places, or for one, at a server so fast that the last delivery is often done
 * while another begins to wait for its place: nothing may be left to the sweep, however far the index is
 * behind within a second.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sweepInterval } from '../../functions/queue/items/policy.ts';
import { audit } from './audit.ts';
import { letIndexLag } from './lagging-index.ts';
import { SimulatedStack } from './simulated-stack.ts';

const rounds = 40;
const messages = 30;

/** Milliseconds until all were delivered. */
async function drain(seed: number, places: number, lag: number): Promise<number> {
  const stack = new SimulatedStack({
    seed,
    servers: { 'quick.test': { takes: [1, 60] } },
    callTime: [1, 15],
    latency: [1, 30],
    containers: { qmgr: 4, lmtp: 10 },
    parameters: {
      qmgr_message_active_limit: String(places),
      lmtp_destination_concurrency_limit: '8',
      lmtp_initial_destination_concurrency: '8',
    },
  });
  if (lag > 0) letIndexLag(stack, lag);
  // All at once, or so slowly that active is full and empty in turns.
  for (let n = 0; n < messages; n += 1) stack.submit({ id: `m${n}`, recipients: [`u${n}@quick.test`] }, n * seed);
  await stack.run(10 * sweepInterval);
  const { ends, lost, doubled } = audit(stack);
  assert.deepEqual([ends, lost, doubled], [{ sent: messages }, [], []]);
  return stack.time.wall - stack.time.start;
}

for (const places of [8, 1]) {
  for (const lag of [0, 300, 900]) {
    test(`${messages} messages for ${places} places never wait for the sweep, with an index ${lag} ms behind`, async (t) => {
      const times: number[] = [];
      for (let seed = 1; seed <= rounds; seed += 1) times.push(await drain(seed, places, lag));
      const slowest = Math.max(...times);
      t.diagnostic(`the slowest of ${rounds} rounds took ${slowest / 1000} s`);
      assert.ok(slowest < sweepInterval / 10, `round ${times.indexOf(slowest) + 1} took ${slowest / 1000} s`);
    });
  }
}
