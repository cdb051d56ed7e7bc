/**
 * Deliveries that crash their function each time, with everything else in the batch: the others are still
 * delivered, and those are finally held, where an operator finds them.
 *
 * The simulation runs before the first test begins: Node's test runner watches every promise of a test, and
 * here are many.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { releaseMessage } from '../../functions/operator/operator-change.ts';
import { deadLetterRounds } from '../../functions/queue/items/policy.ts';
import { undeliverableHold, undeliverableNote } from '../../functions/queue/settlement/dead-letters.ts';
import { audit } from './audit.ts';
import { hour } from './outage.ts';
import { printFigures } from './print-figures.ts';
import { SimulatedStack } from './simulated-stack.ts';

const host = 'mail.test';
const messages = 1000;
const minute = 60_000;

let isMended = false;

/** Mail over two hours, some of it poisonous. */
async function deliver(isPoisonous: (id: string, after: number) => boolean): Promise<SimulatedStack> {
  const stack: SimulatedStack = new SimulatedStack({
    seed: 7,
    servers: { [host]: {} },
    isPoison: ({ id }, at) => isPoisonous(id, at - stack.time.start),
  });
  for (let n = 0; n < messages; n += 1) {
    stack.submit({ id: `m${n}`, recipients: [`user${n}@${host}`] }, Math.floor((n / messages) * 2 * hour));
  }
  await stack.run(10 * 24 * hour);
  return stack;
}

/** Six at the beginning, two of them submitted together. */
const poison = new Set(['m10', 'm11', 'm200', 'm400', 'm600', 'm800']);
const isPoison = (id: string) => !isMended && poison.has(id);

const poisoned = await deliver(isPoison);
const afterPoison = audit(poisoned);
const heldThen = poisoned.ledger.items.filter(({ state }) => state === 'held');

// An operator finds the cause, and releases them.
isMended = true;
for (const { id, delivery } of heldThen) {
  poisoned.later(0, async (services) => {
    const order = { by: 'operator', why: 'it is mended', hold: undeliverableHold };
    assert.equal((await releaseMessage({ id, delivery }, order, services)).kind, 'changed');
  });
}
await poisoned.time.run(poisoned.time.wall + hour, () => false);

/** Nothing works for more than an hour: the function fails for every delivery. */
const broken = await deliver((_, after) => after < 80 * minute);

test('deliveries that crash the function are finally held, with a hold that says so; no others are', () => {
  assert.deepEqual(heldThen.map(({ id }) => id).sort(), [...poison].sort());
  assert.ok(heldThen.every(({ holds = [] }) => holds.length === 1 && holds[0]?.id === undeliverableHold));
  assert.equal(poisoned.figures.notes.get(`error: ${undeliverableNote}`), poison.size);
});

test('all other recipients get the mail once', (t) => {
  const { ends, lost, doubled } = afterPoison;
  assert.deepEqual([ends, lost, doubled], [{ sent: messages - poison.size, held: poison.size }, [], []]);
  const taken = poisoned.figures.notes.get('warn: dead letter of active taken up again') ?? 0;
  // Six rounds of each, and the last round holds it: no other delivery is among them.
  assert.equal(taken, poison.size * (deadLetterRounds - 1));
  printFigures(t, { held: poison.size, 'dead letters of others': 0, lost: 0, doubled: 0 });
});

test('after their release those deliveries succeed too', () => {
  const { ends, lost, doubled } = audit(poisoned);
  assert.deepEqual([ends, lost, doubled], [{ sent: messages }, [], []]);
});

test('a fault of all deliveries loses nothing: when it is corrected, all succeed, and none needs an operator', (t) => {
  const { ends, lost, doubled } = audit(broken);
  assert.deepEqual([ends, lost, doubled], [{ sent: messages }, [], []]);
  const taken = broken.figures.notes.get('warn: dead letter of active taken up again') ?? 0;
  assert.ok(taken > 0);
  printFigures(t, {
    'dead letters': taken,
    'seconds until the last was delivered': broken.figures.slowest.get(host) ?? 0,
  });
});
