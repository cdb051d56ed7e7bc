/**
 * A server that accepts connections and never greets, with the default time-outs, in functions of three
 * lengths.
 *
 * The outages run before the first test begins: Node's test runner watches every promise of a test.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { audit } from './audit.ts';
import { day, hour } from './outage.ts';
import { printFigures } from './print-figures.ts';
import { SimulatedStack } from './simulated-stack.ts';

const second = 1000;
const host = 'mail.test';
const messages = 300;
const outage = 3 * hour;

async function simulateOutage(functionTimeout: number) {
  const stack: SimulatedStack = new SimulatedStack({
    seed: 3,
    functionTimeout,
    servers: { [host]: { condition: (at) => (at < stack.time.start + outage ? 'hanging' : 'up') } },
  });
  for (let n = 0; n < messages; n += 1) {
    stack.submit({ id: `m${n}`, recipients: [`user${n}@${host}`] }, Math.floor((n / messages) * outage));
  }
  await stack.run(2 * day);
  return { stack, ...audit(stack), connections: stack.server(host).connections };
}

const outcomes = new Map<number, Awaited<ReturnType<typeof simulateOutage>>>();
for (const seconds of [60, 300, 900]) outcomes.set(seconds, await simulateOutage(seconds * second));

describe('a server that accepts connections and never greets', () => {
  for (const [seconds, outcome] of outcomes) {
    test(`is suspended by a function of ${seconds} s, and gets all mail once after its recovery`, (t) => {
      const { stack, ends, lost, doubled, connections } = outcome;
      const { start } = stack.time;
      printFigures(t, {
        'connections in the first hour': connections.count(start, start + hour),
        'in the next two': connections.count(start + hour, start + outage),
        'times suspended': stack.figures.notes.get('warn: destination suspended') ?? 0,
        'deliveries deferred without an attempt': stack.figures.suspended.total,
      });
      assert.deepEqual([ends, lost, doubled], [{ sent: messages }, [], []]);
      assert.ok((stack.figures.notes.get('warn: destination suspended') ?? 0) > 0);
      // Each probe lasts as long as the silence, and minimal_backoff_time (300 s) is between two of them.
      assert.ok(connections.count(start + hour, start + outage) <= 2 * 12);
      assert.equal(connections.mostAtOnce(start + hour, start + outage), 1, 'one probe at a time');
    });
  }
});
