/**
 * What active gave out too often: put back with words that say so, held after some rounds, and never lost or doubled.
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

/** Puts a delivery into the table, and its message among the dead letters. */
async function bury(given: Partial<DeliveryItem> = {}): Promise<DeliveryItem> {
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

/** Gives the dead letters to qmgr, as SQS does: what active gave out eleven times. */
async function exhume(received = 11): Promise<void> {
  for (const message of world.messages.filter(({ queue }) => queue === 'dead letters')) {
    message.received = received - 1;
    await world.receive(message);
  }
}

test('a delivery that no function could handle is put back, and its recipients are told why', async () => {
  const { id } = await bury();
  await exhume();
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
    'its wake-up is on its way, its dead letter is gone',
  );
});

test('where SQS says nothing of how often, neither do we', async () => {
  await bury();
  await exhume(1);
  assert.match(world.onlyItem().recipients[0]?.last?.text ?? '', /its message was received too often$/);
});

test('those who have the message, or were refused, stay what they are', async () => {
  const [bob, carol] = makeRecipients('bob@example.com', 'carol@example.com');
  assert.ok(bob !== undefined && carol !== undefined);
  await bury({ recipients: [{ ...bob, last: makeVerdict('sent') }, carol], attempt: 2 });
  await exhume();
  const { recipients, attempt } = world.onlyItem();
  assert.deepEqual(recipients[0]?.last, makeVerdict('sent'));
  assert.deepEqual([recipients[1]?.last?.dsn, recipients[1]?.last?.attempt, attempt], ['4.3.0', 3, 3]);
});

test('nobody is given up because of it, however old the message is', async () => {
  await bury({ arrival: world.clock.wall - 30 * 86_400_000 });
  await exhume();
  assert.equal(world.onlyItem().state, 'deferred');
  assert.equal(world.events.filter(({ notificationType }) => notificationType === 'Bounce').length, 0);
});

test('its place in active is free again', async () => {
  await world.ledger.destinations.occupy(destination, 3, 10);
  await bury();
  await exhume();
  assert.equal((await world.ledger.destinations.read(destination)).active, 2);
});

test('after some rounds in a row it is held, and the log says so in words that an alarm knows', async () => {
  const { id, delivery } = await bury({ deadLetters: deadLetterRounds - 1 });
  await exhume();
  const { state, holds = [], due, deadLetters, recipients } = world.onlyItem();
  assert.deepEqual([state, holds.length, due, deadLetters], ['held', 1, undefined, undefined]);
  assert.partialDeepStrictEqual(holds[0], { id: undeliverableHold, by: 'qmgr', since: world.clock.wall });
  assert.match(holds[0]?.reason ?? '', /no function could handle this delivery, 6 times in a row/);
  assert.equal(recipients[0]?.last?.dsn, '4.3.0');
  assert.ok(world.notes.includes(`error: ${undeliverableNote}`));
  assert.deepEqual(world.messages, [], `${id}/${delivery} waits for a person`);
});

test('whoever handles it in between ends the row', async () => {
  world.bodies.trouble = new Error('AccessDenied');
  await bury({ deadLetters: deadLetterRounds - 1 });
  world.messages = [];
  await world.receive(world.send('active', formatWakeUp(world.onlyItem())));
  assert.deepEqual([world.onlyItem().state, world.onlyItem().deadLetters], ['deferred', undefined]);
});

test('the round before that it is still tried', async () => {
  await bury({ deadLetters: deadLetterRounds - 2 });
  await exhume();
  assert.deepEqual([world.onlyItem().state, world.onlyItem().deadLetters], ['deferred', deadLetterRounds - 1]);
  assert.ok(!world.notes.includes(`error: ${undeliverableNote}`));
});

test('each that is held is counted, and nothing else is', async () => {
  for (const [deadLetters, counted] of [
    [deadLetterRounds - 2, 0],
    [deadLetterRounds - 1, 1],
  ] as const) {
    const item = await bury({ deadLetters });
    const metrics = new MemoryMetrics();
    const dead = { messageId: 'm', body: formatWakeUp(item), received: 9 };
    await handleDeadLetter(dead, { ...world.bystander().services, metrics });
    assert.deepEqual([metrics.sum('Stranded'), metrics.sum('Deferred')], [counted, 1]);
  }
});

test('where nobody was left to be delivered to, it is done', async () => {
  const [bob] = makeRecipients('bob@example.com');
  assert.ok(bob !== undefined);
  await bury({ recipients: [{ ...bob, last: makeVerdict('sent') }], deadLetters: deadLetterRounds - 1 });
  await exhume();
  assert.deepEqual([world.onlyItem().state, world.messages.length], ['done', 0]);
});

describe('a dead letter that is behind its delivery changes nothing:', () => {
  for (const state of states.filter((other) => other !== 'active')) {
    test(`the delivery is ${state}`, async () => {
      await bury({ state, claim: { token: 'ours', until: world.clock.wall + 1000 } });
      const before = world.ledger.items;
      await exhume();
      assert.deepEqual(world.ledger.items, before);
      assert.deepEqual(world.notes, ['info: stale dead letter of active']);
      assert.deepEqual(world.messages, []);
    });
  }

  test('it was put into active again meanwhile', async () => {
    await bury({ generation: 5 });
    await exhume();
    assert.equal(world.onlyItem().state, 'active');
  });

  test('somebody claims it at the same moment', async () => {
    const item = await bury();
    const { services } = world.bystander();
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
    await exhume();
    assert.deepEqual([world.ledger.items, world.messages], [[], []]);
  });
});

test('what is no message of ours goes to the corrupt ones, with the reason', async () => {
  world.send('dead letters', 'nonsense');
  await exhume();
  assert.deepEqual(
    world.notices.map(({ reason, body }) => [reason, body]),
    [['dead letter of active: the wake-up is not JSON', 'nonsense']],
  );
  assert.deepEqual(world.messages, []);
});

test('while the table cannot be reached it stays where it is', async () => {
  world = new QueueWorld({
    destination,
    interfere: (call, act) =>
      call.name.startsWith('ledger.') ? Promise.reject(new Error('AccessDeniedException')) : act(),
  });
  await bury();
  await exhume();
  assert.equal(world.messages.length, 1);
  assert.deepEqual([world.notices, world.lines], [[], []]);
});
