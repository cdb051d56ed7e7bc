/** A simulation is determined by its seed, with and without faults. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hour, stageOutage } from './outage.ts';
import { type Faults, SimulatedStack } from './simulated-stack.ts';

async function traceOfOutage(seed: number): Promise<string> {
  const stack = stageOutage({ seed, messages: 100, arriveWithin: hour, outage: 5 * hour, others: 30, held: 10 });
  await stack.run(24 * hour);
  return stack.traceHash;
}

const faults: Faults = {
  queues: { loses: 0.02, doubles: 0.05, reorders: 0.2 },
  deaths: 0.01,
  failures: 0.01,
  lostAnswers: 0.01,
};

async function traceWithFaults(seed: number): Promise<string> {
  const stack = new SimulatedStack({
    seed,
    faults,
    callTime: [1, 40],
    servers: {
      'a.test': { losesAnswers: 0.1 },
      'b.test': { condition: (at) => (at % hour < hour / 2 ? 'up' : 'dead') },
    },
  });
  for (let n = 0; n < 60; n += 1) stack.submit({ id: `m${n}`, recipients: [`u${n}@a.test`, `u${n}@b.test`] }, n * 1000);
  await stack.run(24 * hour);
  return stack.traceHash;
}

for (const [what, trace] of Object.entries({ 'an outage': traceOfOutage, 'foul faults': traceWithFaults })) {
  test(`the same seed gives the same run, to the last line, and another seed another: ${what}`, async () => {
    const first = await trace(7);
    assert.equal(await trace(7), first);
    assert.notEqual(await trace(8), first);
  });
}
