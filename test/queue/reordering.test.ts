/** Messages that arrive twice, late and in any order, as from SQS: property tests over whole histories. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { type MailStore, startMailStore } from '../support/mail-store.ts';
import { QueueWorld } from '../support/queue-world.ts';

let store: MailStore;

before(async () => {
  store = await startMailStore();
});
after(() => store?.[Symbol.asyncDispose]());

let runs = 0;

/** An intrusion between two steps: an old message again (by its index among all that were sent), or time. */
type Intrusion =
  | { readonly kind: 'copy'; readonly place: number }
  | { readonly kind: 'time'; readonly seconds: number };

const intrusion: fc.Arbitrary<Intrusion> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('copy' as const), place: fc.nat(30) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('time' as const), seconds: fc.nat(1200) }) },
);

/** Receives all messages of a queue, delayed ones too, in the order of the numbers, with copies in between. */
async function play(order: readonly number[], intrusions: readonly Intrusion[]): Promise<void> {
  const tag = runs++;
  const world = new QueueWorld({
    destination: store.destination,
    parameters: { lmtp_destination_recipient_limit: '1' },
  });
  try {
    for (const id of ['a', 'b'])
      world.submit({ id, recipients: [`bob.${id}${tag}@x`, `busy.${id}${tag}@x`, `full.${id}${tag}@x`] });
    for (const [turn, choice] of order.entries()) {
      const message = world.messages[choice % Math.max(1, world.messages.length)];
      if (message !== undefined) await world.receive(message);
      const intruding = intrusions[turn];
      if (intruding?.kind === 'time') world.clock.advance(intruding.seconds * 1000);
      if (intruding?.kind === 'copy') {
        const copy = world.sent[intruding.place % world.sent.length];
        if (copy !== undefined) world.messages.push({ ...copy });
      }
    }
    await world.runToEnd();
    for (const { address, last } of world.recipients().values()) {
      assert.equal(last?.status, address.startsWith('full') ? 'bounced' : 'sent');
      assert.equal(store.saved(address), address.startsWith('full') ? 0 : 1, `${address} is delivered to exactly once`);
    }
    assert.equal(world.recipients().size, 6);
    assert.equal(new Set(world.events.map(({ lmtp }) => lmtp.eventId)).size, 2, 'one bounce for each request');
    assert.deepEqual(world.notices, []);
  } finally {
    await world.close();
  }
}

test('messages in any order, doubled at any distance, deliver everything exactly once', async () => {
  const history = fc.tuple(
    fc.array(fc.nat(1000), { minLength: 10, maxLength: 40 }),
    fc.array(intrusion, { minLength: 5, maxLength: 40 }),
  );
  const together = fc.array(history, { minLength: 30, maxLength: 30 });
  await fc.assert(
    fc.asyncProperty(together, async (histories) => {
      await Promise.all(histories.map(([order, intrusions]) => play(order, intrusions)));
    }),
    { numRuns: 6, endOnFailure: true },
  );
});
