/**
 * Messages that active delivered too often: put back with a text that says so, held after some rounds, and
 * never lost or doubled.
 */
import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import type { DeliveryItem } from '../../../functions/queue/items/item.ts';
import { formatWakeUp } from '../../../functions/queue/items/messages.ts';
import { deadLetterRounds } from '../../../functions/queue/items/policy.ts';
import { states } from '../../../functions/queue/items/states.ts';
import {
  handleDeadLetter,
  undeliverableHold,
  undeliverableNote,
} from '../../../functions/queue/settlement/dead-letters.ts';
import { makeItem, makeRecipients, makeVerdict } from '../../support/delivery-item.ts';
import { MemoryMetrics } from '../../support/memory-metrics.ts';
import { QueueWorld } from '../../support/queue-world.ts';

const destination = 'inet:[127.0.0.1]:24';

let world: QueueWorld;

beforeEach(() => {
  world = new QueueWorld({ destination });
});

/** Puts a delivery into the table, and its message into the dead-letter queue. */
async function addDeadLetter(given: Partial<DeliveryItem> = {}): Promise<DeliveryItem> {
  const { wall } = world.clock;
  const item = makeItem({
    destination,
    arrival: wall,
    activated: wall,
    due: wall + 3_600_000,
    generation: 4,
    ...given,
  });
  await world.ledger.admit(item);
  world.send('dead letters', formatWakeUp({ ...item, generation: 4 }));
  return item;
}

/** Delivers the dead letters to qmgr, as SQS does: messages that active delivered eleven times. */
async function receiveDeadLetters(received = 11): Promise<void> {
  for (const message of world.messages.filter(({ queue }) => queue === 'dead letters')) {
    message.received = received - 1;
    await world.receive(message);
  }
}

test('a delivery that no function could handle is put back, and its recipients get the reason', async () => {
  const { id } = await addDeadLetter();
  await receiveDeadLetters();
  const { state, recipients, attempt, generation, deadLetters, due } = world.onlyItem();
  assert.deepEqual([state, attempt, generation, deadLetters], ['deferred', 1, 4, 1]);
  assert.partialDeepStrictEqual(recipients[0]?.last, {
    status: 'deferred',
    dsn: '4.3.0',
    text: 'no function could handle this delivery; its message was received 10 times',
  });
  assert.equal(due, world.clock.wall + world.parameters.minimal_backoff_time);
  assert.deepEqual(
    world.lines.map(({ id, status, dsn }) => [id, status, dsn]),
    [[id, 'deferred', '4.3.0']],
  );
  assert.deepEqual(
    world.messages.map(({ queue, body }) => [queue, JSON.parse(body).generation]),
    [['deferred', 4]],
    'its wake-up is sent, its dead letter is deleted',
  );
});

test('without a receive count from SQS, the text has none', async () => {
  await addDeadLetter();
  await receiveDeadLetters(1);
  assert.match(world.onlyItem().recipients[0]?.last?.text ?? '', /its message was received too often$/);
});

test('sent and refused recipients stay unchanged', async () => {
  const [bob, carol] = makeRecipients('bob@example.com', 'carol@example.com');
  assert.ok(bob !== undefined && carol !== undefined);
  await addDeadLetter({ recipients: [{ ...bob, last: makeVerdict('sent') }, carol], attempt: 2 });
  await receiveDeadLetters();
  const { recipients, attempt } = world.onlyItem();
  assert.deepEqual(recipients[0]?.last, makeVerdict('sent'));
  assert.deepEqual([recipients[1]?.last?.dsn, recipients[1]?.last?.attempt, attempt], ['4.3.0', 3, 3]);
});

test('no recipient expires because of it, however old the message is', async () => {
  await addDeadLetter({ arrival: world.clock.wall - 30 * 86_400_000 });
  await receiveDeadLetters();
  assert.equal(world.onlyItem().state, 'deferred');
  assert.equal(world.events.filter(({ notificationType }) => notificationType === 'Bounce').length, 0);
});

test('its place in active is free again', async () => {
  await world.ledger.destinations.occupy(destination, 3, 10);
  await addDeadLetter();
  await receiveDeadLetters();
  assert.equal((await world.ledger.destinations.read(destination)).active, 2);
});

test('after several rounds in a row it is held, and the log says so in words that an alarm knows', async () => {
  const { id, delivery } = await addDeadLetter({ deadLetters: deadLetterRounds - 1 });
  await receiveDeadLetters();
  const { state, holds = [], due, deadLetters, recipients } = world.onlyItem();
  assert.deepEqual([state, holds.length, due, deadLetters], ['held', 1, undefined, undefined]);
  assert.partialDeepStrictEqual(holds[0], { id: undeliverableHold, by: 'qmgr', since: world.clock.wall });
  assert.match(holds[0]?.reason ?? '', /no function could handle this delivery, 6 times in a row/);
  assert.equal(recipients[0]?.last?.dsn, '4.3.0');
  assert.ok(world.notes.includes(`error: ${undeliverableNote}`));
  assert.deepEqual(world.messages, [], `${id}/${delivery} waits for an operator`);
});

test('an attempt in between resets the count', async () => {
  world.bodies.trouble = new Error('AccessDenied');
  await addDeadLetter({ deadLetters: deadLetterRounds - 1 });
  world.messages = [];
  await world.receive(world.send('active', formatWakeUp(world.onlyItem())));
  assert.deepEqual([world.onlyItem().state, world.onlyItem().deadLetters], ['deferred', undefined]);
});

test('the round before the last is still tried', async () => {
  await addDeadLetter({ deadLetters: deadLetterRounds - 2 });
  await receiveDeadLetters();
  assert.deepEqual([world.onlyItem().state, world.onlyItem().deadLetters], ['deferred', deadLetterRounds - 1]);
  assert.ok(!world.notes.includes(`error: ${undeliverableNote}`));
});

test('each held delivery is counted, and nothing else is', async () => {
  for (const [deadLetters, counted] of [
    [deadLetterRounds - 2, 0],
    [deadLetterRounds - 1, 1],
  ] as const) {
    const item = await addDeadLetter({ deadLetters });
    const metrics = new MemoryMetrics();
    const dead = { messageId: 'm', body: formatWakeUp(item), received: 9 };
    await handleDeadLetter(dead, { ...world.undisturbed().services, metrics });
    assert.deepEqual([metrics.sum('Stranded'), metrics.sum('Deferred')], [counted, 1]);
  }
});

test('if no recipient was left, it is done', async () => {
  const [bob] = makeRecipients('bob@example.com');
  assert.ok(bob !== undefined);
  await addDeadLetter({ recipients: [{ ...bob, last: makeVerdict('sent') }], deadLetters: deadLetterRounds - 1 });
  await receiveDeadLetters();
  assert.deepEqual([world.onlyItem().state, world.messages.length], ['done', 0]);
});

describe('a dead letter that is behind its delivery changes nothing:', () => {
  for (const state of states.filter((other) => other !== 'active')) {
    test(`the delivery is ${state}`, async () => {
      await addDeadLetter({ state, claim: { token: 'ours', until: world.clock.wall + 1000 } });
      const before = world.ledger.items;
      await receiveDeadLetters();
      assert.deepEqual(world.ledger.items, before);
      assert.deepEqual(world.notes, ['info: stale dead letter of active']);
      assert.deepEqual(world.messages, []);
    });
  }

  test('the delivery was put into active again meanwhile', async () => {
    await addDeadLetter({ generation: 5 });
    await receiveDeadLetters();
    assert.equal(world.onlyItem().state, 'active');
  });

  test('another worker claims it at the same moment', async () => {
    const item = await addDeadLetter();
    const { services } = world.undisturbed();
    const { ledger } = services;
    const read: typeof ledger.read = async (key) => {
      const seen = await ledger.read(key);
      await world.ledger.move('claim', item, { claim: { token: 'ours', until: world.clock.wall + 1000 } });
      return seen;
    };
    const dead = { messageId: 'm', body: formatWakeUp(item), received: 11 };
    await handleDeadLetter(dead, { ...services, ledger: { ...ledger, read } });
    assert.equal(world.onlyItem().state, 'delivering');
    assert.deepEqual(world.lines, []);
  });

  test('it is in no table', async () => {
    world.send('dead letters', formatWakeUp({ id: 'gone', delivery: '0000', generation: 1 }));
    await receiveDeadLetters();
    assert.deepEqual([world.ledger.items, world.messages], [[], []]);
  });
});

test('an unknown message goes to the corrupt queue, with the reason', async () => {
  world.send('dead letters', 'nonsense');
  await receiveDeadLetters();
  assert.deepEqual(
    world.notices.map(({ reason, body }) => [reason, body]),
    [['dead letter of active: the wake-up is not JSON', 'nonsense']],
  );
  assert.deepEqual(world.messages, []);
});

test('while the table is unreachable it stays where it is', async () => {
  world = new QueueWorld({
    destination,
    interfere: (call, act) =>
      call.name.startsWith('ledger.') ? Promise.reject(new Error('AccessDeniedException')) : act(),
  });
  await addDeadLetter();
  await receiveDeadLetters();
  assert.equal(world.messages.length, 1);
  assert.deepEqual([world.notices, world.lines], [[], []]);
});
