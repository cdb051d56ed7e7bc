import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  holdMessage,
  releaseMessage,
  requeueMessage,
  rescheduleMessage,
} from '../../functions/operator/operator-change.ts';
import { removeMessage } from '../../functions/operator/removal-change.ts';
import { recordAsSent } from '../../functions/operator/sent-change.ts';
import { inDoubtHold } from '../../functions/queue/disposition/settlement.ts';
import type { DeliveryItem, Hold, LastVerdict } from '../../functions/queue/items/item.ts';
import type { State } from '../../functions/queue/items/states.ts';
import { type ChangeResult, withHistoryEntry } from '../../functions/queue/writes/apply-change.ts';
import { bounceOf } from '../support/bounce-of.ts';
import { type CapturingServices, captureServices } from '../support/capturing-services.ts';
import { makeEvent, makeItem, makeRecipients, makeVerdict } from '../support/delivery-item.ts';

const key = { id: '4bXq1', delivery: '0000' };
const ann = 'arn:aws:iam::1:user/ann';
const order = { by: ann, why: 'the mailbox is being moved' };
const claim = { token: 't', until: 3_000_000 };
const doubted: LastVerdict = { ...makeVerdict('deferred'), inDoubt: true };

async function withItem(given: Partial<DeliveryItem>): Promise<CapturingServices> {
  const services = captureServices();
  const claimed = given.state === 'delivering' ? { claim } : {};
  await services.ledger.admit(makeItem({ ...key, generation: 5, ...claimed, ...given }));
  return services;
}

async function itemOf({ ledger }: CapturingServices): Promise<DeliveryItem> {
  const item = await ledger.read(key);
  assert.ok(item !== undefined);
  return item;
}

function hold(id: string, until?: number): Hold {
  return { id, reason: 'r', by: 'bert', since: 1, ...(until === undefined ? {} : { until }) };
}

function refusal(carried: ChangeResult): string {
  assert.equal(carried.kind, 'refused');
  return carried.kind === 'refused' ? carried.why : '';
}

describe('a hold on a message', () => {
  for (const state of ['queued', 'deferred', 'active'] as const) {
    test(`takes it out of ${state}, and makes every wake-up sent for it obsolete`, async () => {
      const services = await withItem({ state });
      const { wall } = services.clock;
      await holdMessage(key, { ...order, hold: 'move' }, services);
      const item = await itemOf(services);
      assert.deepEqual([item.state, item.generation, item.due], ['held', 6, undefined]);
      assert.deepEqual(item.holds, [{ id: 'move', reason: order.why, by: ann, since: wall }]);
      assert.deepEqual(item.history, [{ at: wall, by: ann, what: 'held (move)', why: order.why }]);
      assert.deepEqual(services.notes, ['info: changed by hand']);
    });
  }

  test('frees its place in active', async () => {
    const services = await withItem({ state: 'active' });
    const { destination } = await itemOf(services);
    await services.destinations.adjust(destination, 3);
    await holdMessage(key, { ...order, hold: 'move' }, services);
    assert.equal((await services.destinations.read(destination)).active, 2);
  });

  test('with an end expires then, and is not due before', async () => {
    const services = await withItem({ state: 'deferred' });
    await holdMessage(key, { ...order, hold: 'move', until: 9_000_000 }, services);
    assert.equal((await itemOf(services)).due, 9_000_000);
  });

  test('can be one of several; the message is due when the first of them ends', async () => {
    const services = await withItem({ state: 'held', holds: [hold('a', 5_000_000)], due: 5_000_000 });
    await holdMessage(key, { ...order, hold: 'b', until: 4_000_000 }, services);
    const { holds = [], due, state, generation } = await itemOf(services);
    assert.deepEqual([holds.map(({ id }) => id), due, state, generation], [['a', 'b'], 4_000_000, 'held', 5]);
  });

  test('replaces one of the same name', async () => {
    const services = await withItem({ state: 'held', holds: [hold('a')] });
    await holdMessage(key, { ...order, hold: 'a' }, services);
    assert.deepEqual(
      (await itemOf(services)).holds?.map(({ id, by }) => [id, by]),
      [['a', ann]],
    );
  });

  test('on a delivery in progress waits for the end of the attempt', async () => {
    const services = await withItem({ state: 'delivering' });
    const carried = await holdMessage(key, { ...order, hold: 'move' }, services);
    const { state, generation, due, holds } = await itemOf(services);
    assert.deepEqual([state, generation, due, holds?.length], ['delivering', 5, 2_000_000, 1]);
    assert.match(carried.kind === 'changed' ? carried.what : '', /when its attempt is over/);
  });

  test('keeps unpublished events due', async () => {
    const services = await withItem({ state: 'deferred', pending: { e1: makeEvent('e1') } });
    services.events.publish = () => Promise.reject(new Error('SNS is down'));
    await holdMessage(key, { ...order, hold: 'move' }, services);
    const { due, unpublished } = await itemOf(services);
    assert.deepEqual([due, unpublished], [services.clock.wall + 60_000, {}]);
  });

  for (const state of ['done', 'corrupt'] as const) {
    test(`on a message that is ${state} is refused`, async () => {
      const services = await withItem({ state });
      assert.equal(refusal(await holdMessage(key, { ...order, hold: 'x' }, services)), `it is ${state}`);
    });
  }
});

describe('a release', () => {
  test('makes the message deferred, due now, and wakes it', async () => {
    const services = await withItem({ state: 'held', holds: [hold('a'), hold('b')] });
    await releaseMessage(key, order, services);
    const { state, due, holds, generation } = await itemOf(services);
    assert.deepEqual([state, due, holds, generation], ['queued', services.clock.wall, undefined, 6]);
    assert.deepEqual(services.woken, [['4bXq1/0000 6', 0]]);
  });

  test('can make it due at another moment', async () => {
    const services = await withItem({ state: 'held', holds: [hold('a')] });
    await releaseMessage(key, { ...order, due: services.clock.wall + 60_000 }, services);
    assert.deepEqual(services.woken, [['4bXq1/0000 6', 60_000]]);
  });

  test('removes one hold and leaves the other', async () => {
    const services = await withItem({ state: 'held', holds: [hold('a', 5_000_000), hold('b')], due: 5_000_000 });
    await releaseMessage(key, { ...order, hold: 'a' }, services);
    const { state, due, holds } = await itemOf(services);
    assert.deepEqual([state, due, holds?.map(({ id }) => id)], ['held', undefined, ['b']]);
  });

  test('withdraws a hold that was requested during the attempt', async () => {
    const services = await withItem({ state: 'delivering', holds: [hold('a')] });
    await releaseMessage(key, order, services);
    const { state, holds } = await itemOf(services);
    assert.deepEqual([state, holds], ['delivering', undefined]);
  });

  test('is refused with the reason', async () => {
    const cases: readonly (readonly [Partial<DeliveryItem>, string | undefined, string])[] = [
      [{ state: 'deferred' }, undefined, 'it is deferred, not held'],
      [{ state: 'held' }, undefined, 'its destination is held'],
      [{ state: 'held', holds: [hold('a')] }, 'b', 'it has no hold "b"'],
      [{ state: 'delivering' }, undefined, 'it has no hold'],
    ];
    for (const [given, name, why] of cases) {
      const services = await withItem(given);
      const named = name === undefined ? {} : { hold: name };
      assert.equal(refusal(await releaseMessage(key, { ...order, ...named }, services)), why);
      assert.equal((await itemOf(services)).history, undefined);
    }
  });
});

describe('a removal', () => {
  const recipients = [
    { address: 'bob@x', n: 0, last: makeVerdict('sent') },
    { address: 'carol@x', n: 1, last: makeVerdict('deferred') },
    { address: 'dave@x', n: 2 },
  ];

  for (const state of ['queued', 'active', 'deferred', 'held', 'corrupt'] as const) {
    test(`ends the message, from ${state}: no report is sent, and delivered recipients stay delivered`, async () => {
      const services = await withItem({ state, recipients });
      await removeMessage(key, { ...order, bounces: false }, services);
      const item = await itemOf(services);
      assert.deepEqual([item.state, item.due, item.generation], ['done', undefined, 6]);
      assert.deepEqual(
        item.recipients.map(({ last }) => [last?.status, last?.by]),
        [
          ['sent', undefined],
          ['removed', ann],
          ['removed', ann],
        ],
      );
      assert.deepEqual(services.published, []);
    });
  }

  test('notifies the sender on request, once, of the remaining recipients', async () => {
    const services = await withItem({ state: 'deferred', recipients });
    await removeMessage(key, { ...order, bounces: true }, services);
    const [event, ...others] = services.published;
    assert.deepEqual(others, []);
    assert.ok(event !== undefined);
    assert.partialDeepStrictEqual(bounceOf(event), {
      // The address is not to blame: no list should remove it.
      bounceType: 'Transient',
      bouncedRecipients: [{ emailAddress: 'carol@x' }, { emailAddress: 'dave@x' }],
    });
    assert.match(
      bounceOf(event).bouncedRecipients[0]?.diagnosticCode ?? '',
      /^X-Postfix; .*the mailbox is being moved/,
    );
    const item = await itemOf(services);
    assert.deepEqual([item.pending, item.due], [{}, undefined]);
  });

  test('waits for the attempt in progress', async () => {
    const services = await withItem({ state: 'delivering', recipients });
    await removeMessage(key, { ...order, bounces: true }, services);
    const { state, removal } = await itemOf(services);
    assert.deepEqual(
      [state, removal],
      ['delivering', { by: ann, why: order.why, at: services.clock.wall, bounces: true }],
    );
  });

  test('of a message that is done is refused', async () => {
    const services = await withItem({ state: 'done' });
    assert.equal(refusal(await removeMessage(key, { ...order, bounces: false }, services)), 'it is done');
  });
});

describe('a recipient in doubt that the operator knows to be delivered', () => {
  const recipients = [
    { address: 'bob@x', n: 0, last: doubted },
    { address: 'carol@x', n: 1, last: doubted },
    { address: 'dave@x', n: 2, last: makeVerdict('deferred') },
  ];

  test('is recorded as sent, with author and reason; the others are retried', async () => {
    const services = await withItem({ state: 'deferred', recipients });
    await recordAsSent(key, { ...order, recipients: ['bob@x'] }, services);
    const item = await itemOf(services);
    assert.deepEqual(
      item.recipients.map(({ last }) => last?.status),
      ['sent', 'deferred', 'deferred'],
    );
    assert.partialDeepStrictEqual(item, { state: 'deferred', recipients: [{ last: { by: ann } }, {}, {}] });
  });

  test('is each one in doubt if none is named, and the delivery may be finished with it', async () => {
    const services = await withItem({ state: 'held', recipients: recipients.slice(0, 2) });
    await recordAsSent(key, order, services);
    const item = await itemOf(services);
    assert.deepEqual([item.state, item.due], ['done', undefined]);
    assert.deepEqual(services.published, []);
  });

  test('releases the others if they were held because of the doubt', async () => {
    const services = await withItem({ state: 'held', recipients, holds: [hold(inDoubtHold)] });
    await recordAsSent(key, { ...order, recipients: ['bob@x'] }, services);
    assert.equal((await itemOf(services)).state, 'held', 'carol is still in doubt');
    await recordAsSent(key, order, services);
    const { state, holds } = await itemOf(services);
    assert.deepEqual([state, holds, services.woken.length], ['queued', undefined, 1]);
  });

  test("leaves an operator's own hold", async () => {
    const services = await withItem({ state: 'held', recipients, holds: [hold(inDoubtHold), hold('mine')] });
    await recordAsSent(key, order, services);
    const { state, holds } = await itemOf(services);
    assert.deepEqual([state, holds?.map(({ id }) => id)], ['held', ['mine']]);
  });

  test('must be in doubt', async () => {
    const services = await withItem({ state: 'deferred', recipients });
    const named = { ...order, recipients: ['bob@x', 'dave@x', 'eve@x'] };
    assert.equal(refusal(await recordAsSent(key, named, services)), 'not in doubt: dave@x, eve@x');
    const sure = await withItem({ state: 'deferred' });
    assert.equal(refusal(await recordAsSent(key, order, sure)), 'no recipient is in doubt');
  });

  for (const state of ['active', 'delivering', 'done', 'corrupt'] as const) {
    test(`is not recorded while the message is ${state}`, async () => {
      const services = await withItem({ state, recipients });
      assert.equal(refusal(await recordAsSent(key, order, services)), `it is ${state}`);
    });
  }
});

describe('a corrupt delivery', () => {
  test('is requeued with its id and arrival, and the corrected fields', async () => {
    const services = await withItem({ state: 'corrupt', reason: 'message.key: gone', attempt: 3 });
    const message = { bucket: 'messages', key: 'in/again.eml', etag: '"f"', size: 50 };
    await requeueMessage(key, { ...order, edit: { message } }, services);
    const { wall } = services.clock;
    const item = await itemOf(services);
    assert.partialDeepStrictEqual(item, { state: 'queued', due: wall, arrival: 1_000_000, attempt: 3, message });
    assert.equal(item.reason, undefined);
    assert.deepEqual(services.woken, [['4bXq1/0000 6', 0]]);
    assert.equal(item.history?.[0]?.what, 'requeued with other message');
  });

  test('is the only one that can be requeued', async () => {
    const services = await withItem({ state: 'deferred' });
    assert.equal(refusal(await requeueMessage(key, order, services)), 'it is deferred, not corrupt');
  });
});

describe('a waiting message', () => {
  test('is tried now on request', async () => {
    const services = await withItem({ state: 'deferred', due: 9_000_000_000_000 });
    await rescheduleMessage(key, order, services);
    const { state, due, generation } = await itemOf(services);
    assert.deepEqual([state, due, generation], ['deferred', services.clock.wall, 5]);
    assert.deepEqual(services.woken, [['4bXq1/0000 5', 0]]);
  });

  test('or later, when the sweep wakes it', async () => {
    const services = await withItem({ state: 'deferred' });
    await rescheduleMessage(key, { ...order, due: services.clock.wall + 3_600_000 }, services);
    assert.deepEqual([(await itemOf(services)).due, services.woken], [services.clock.wall + 3_600_000, []]);
  });
});

describe('every operator command', () => {
  const orders = {
    hold: (services) => holdMessage(key, { ...order, hold: 'h', whatIf: true }, services),
    remove: (services) => removeMessage(key, { ...order, bounces: true, whatIf: true }, services),
    reschedule: (services) => rescheduleMessage(key, { ...order, whatIf: true }, services),
  } as const satisfies Record<string, (services: CapturingServices) => Promise<ChangeResult>>;

  for (const [name, give] of Object.entries(orders)) {
    test(`to ${name} changes nothing in a dry run`, async () => {
      const services = await withItem({ state: 'deferred' });
      const before = await itemOf(services);
      assert.equal((await give(services)).kind, 'changed');
      assert.deepEqual(await itemOf(services), before);
      assert.deepEqual([services.notes, services.published, services.woken], [[], [], []]);
    });
  }

  test('reports a missing delivery', async () => {
    const services = captureServices();
    assert.equal(refusal(await holdMessage(key, { ...order, hold: 'h' }, services)), 'no such delivery');
  });

  test('is applied again if the message changes meanwhile, to its new state', async () => {
    const services = await withItem({ state: 'active' });
    const { ledger } = services;
    const move = ledger.move.bind(ledger);
    let isFirst = true;
    ledger.move = async (...args) => {
      if (isFirst) {
        isFirst = false;
        await move('claim', await itemOf(services), { claim });
      }
      return await move(...args);
    };
    const carried = await holdMessage(key, { ...order, hold: 'h' }, services);
    assert.match(carried.kind === 'changed' ? carried.what : '', /when its attempt is over/);
    assert.equal((await itemOf(services)).state, 'delivering');
  });

  test('that loses every race is given up', async () => {
    const services = await withItem({ state: 'deferred' });
    services.ledger.move = async () => ({ kind: 'behind', item: await itemOf(services) });
    assert.equal(
      refusal(await holdMessage(key, { ...order, hold: 'h' }, services)),
      'the delivery changed state during every attempt; try again',
    );
  });

  test('is recorded; of many, the latest are kept', () => {
    const entry = (at: number) => ({ at, by: ann, what: 'x', why: 'y' });
    const history = Array.from({ length: 30 }, (_, at) => at).reduce(
      (before: ReturnType<typeof withHistoryEntry>, at) => withHistoryEntry(before, entry(at)),
      [],
    );
    assert.deepEqual(
      history.map(({ at }) => at),
      Array.from({ length: 20 }, (_, n) => n + 10),
    );
  });
});

test('in any state leaves a valid message with all its recipients', async () => {
  const states: readonly State[] = ['queued', 'active', 'delivering', 'deferred', 'held', 'done', 'corrupt'];
  for (const state of states) {
    for (const give of [
      (services: CapturingServices) => holdMessage(key, { ...order, hold: 'h' }, services),
      (services: CapturingServices) => releaseMessage(key, order, services),
      (services: CapturingServices) => removeMessage(key, { ...order, bounces: true }, services),
      (services: CapturingServices) => recordAsSent(key, order, services),
      (services: CapturingServices) => requeueMessage(key, order, services),
      (services: CapturingServices) => rescheduleMessage(key, order, services),
    ]) {
      const services = await withItem({ state, recipients: makeRecipients('bob@x', 'carol@x') });
      await give(services);
      const { recipients } = await itemOf(services);
      assert.deepEqual(
        recipients.map(({ address }) => address),
        ['bob@x', 'carol@x'],
      );
    }
  }
});
