/**
 * Bodies are deleted when the last delivery of their request is done and its events are published; never
 * before, in whatever order the deliveries end, and never if another request may need them.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { removeMessage } from '../../../functions/operator/removal-change.ts';
import type { DeliveryItem, PinnedMessage } from '../../../functions/queue/items/item.ts';
import type { Changes } from '../../../functions/queue/items/ports.ts';
import type { TransitionName } from '../../../functions/queue/items/states.ts';
import { Disposal } from '../../../functions/queue/writes/disposal.ts';
import { publish, publishPending } from '../../../functions/queue/writes/publish.ts';
import { ownsBody } from '../../../functions/queue/writes/request-body.ts';
import { type CapturingServices, captureServices } from '../../support/capturing-services.ts';
import { makeEvent, makeItem } from '../../support/delivery-item.ts';

const message: PinnedMessage = { bucket: 'messages', key: 'in/4bXq1.eml', versionId: 'v1', etag: '"e"', size: 40 };

/** Services that delete bodies, and the keys of the deleted ones. */
function withDisposal(bucket = 'messages') {
  const discarded: string[] = [];
  let isFailing = false;
  let isOther = false;
  const captured = captureServices();
  const disposal = new Disposal(bucket, {
    discard: async ({ key }) => {
      if (isFailing) throw new Error('SlowDown');
      if (isOther || discarded.includes(key)) return false;
      discarded.push(key);
      return true;
    },
  });
  const services = { ...captured, disposal };
  return {
    services,
    discarded,
    fail: (fails: boolean) => {
      isFailing = fails;
    },
    writeOver: () => {
      isOther = true;
    },
  };
}

/** Deliveries of one request. */
async function admit(services: CapturingServices, count: number, given: Partial<DeliveryItem> = {}): Promise<void> {
  for (let n = 0; n < count; n += 1) {
    const delivery = String(n).padStart(4, '0');
    const claim = { token: 'ours', until: 3_000_000 };
    const item = makeItem({ id: '4bXq1', delivery, message, deliveries: count, state: 'delivering', claim, ...given });
    await services.ledger.admit(item);
  }
}

/** Moves a delivery from its current state. */
async function move(services: CapturingServices, n: number, name: TransitionName, changes: Changes) {
  const item = await services.ledger.read({ id: '4bXq1', delivery: String(n).padStart(4, '0') });
  assert.ok(item !== undefined);
  const moved = await services.ledger.move(name, item, changes);
  assert.equal(moved.kind, 'moved');
  assert.ok(moved.item !== undefined);
  return moved.item;
}

/** Ends a delivery, publishes its events, and checks whether the body is spent. */
async function finish(services: CapturingServices, n: number): Promise<void> {
  await publish(await move(services, n, 'finish', { due: null, claim: null }), services);
  await services.disposal?.deleteSpent(services);
}

test('a body is deleted when the last of its deliveries is done', async () => {
  const { services, discarded } = withDisposal();
  await admit(services, 3);
  for (const [n, expected] of [
    [1, []],
    [0, []],
    [2, [message.key]],
  ] as const) {
    await finish(services, n);
    assert.deepEqual(discarded, expected);
  }
});

describe('a body stays', () => {
  const ways: Readonly<Record<string, Partial<DeliveryItem>>> = {
    'without a version: nothing would be left of it': {
      message: { bucket: 'messages', key: message.key, etag: '"e"', size: 40 },
    },
    'in a bucket of another owner': { message: { ...message, bucket: 'ses' } },
    'that other requests may name too': { message: { ...message, key: 'in/newsletter.eml' } },
    'while the request is still being admitted': { deliveries: 2 },
    'that another transport needs': { destination: 'other:archive' },
  };
  for (const [why, given] of Object.entries(ways)) {
    test(why, async () => {
      const { services, discarded } = withDisposal();
      await admit(services, 1, given);
      await finish(services, 0);
      assert.deepEqual(discarded, []);
    });
  }

  for (const state of ['queued', 'active', 'delivering', 'deferred', 'held', 'corrupt'] as const) {
    test(`while another of its deliveries is ${state}`, async () => {
      const { services, discarded } = withDisposal();
      await admit(services, 2);
      await services.ledger.admit(makeItem({ id: '4bXq1', delivery: '0002', message, state }));
      await finish(services, 0);
      await finish(services, 1);
      assert.deepEqual(discarded, []);
    });
  }

  test('while an event of another delivery is unpublished', async () => {
    const { services, discarded } = withDisposal();
    await admit(services, 2);
    const told = await move(services, 0, 'finish', { due: 5, claim: null, pending: { e1: makeEvent('e1') } });
    await finish(services, 1);
    assert.deepEqual(discarded, []);
    await publishPending(told, services);
    await services.disposal.deleteSpent(services);
    assert.deepEqual(discarded, [message.key]);
  });

  test('that could not be deleted, without further effect: the log says so', async () => {
    const { services, discarded, fail } = withDisposal();
    fail(true);
    await admit(services, 1);
    await finish(services, 0);
    assert.deepEqual([discarded, services.notes], [[], ['warn: body not deleted']]);
  });

  test('if another one is under its key by now', async () => {
    const { services, writeOver } = withDisposal();
    writeOver();
    await admit(services, 1);
    await finish(services, 0);
    assert.deepEqual(services.notes, ['info: body not deleted: the key has another object now']);
  });
});

test('the operator who removes the last delivery deletes its body', async () => {
  const { services, discarded } = withDisposal();
  await admit(services, 1, { state: 'corrupt' });
  const order = { by: 'operator', why: 'it is unwanted', bounces: false };
  assert.equal((await removeMessage({ id: '4bXq1', delivery: '0000' }, order, services)).kind, 'changed');
  assert.deepEqual(discarded, [message.key]);
});

test('a request is checked once, however many of its deliveries end together', async () => {
  const { services, discarded } = withDisposal();
  await admit(services, 5);
  for (let n = 0; n < 5; n += 1) {
    await publish(await move(services, n, 'finish', { due: null, claim: null }), services);
  }
  await services.disposal.deleteSpent(services);
  await services.disposal.deleteSpent(services);
  assert.deepEqual(discarded, [message.key]);
});

/** Transitions of one delivery up to its end. */
const endings: Readonly<Record<string, readonly (readonly [TransitionName, Changes])[]>> = {
  sent: [['finish', { due: null, claim: null }]],
  bounced: [['finish', { due: 5, claim: null, pending: { e: makeEvent('e') } }]],
  'deferred and held, then removed': [
    ['defer', { due: 5, claim: null }],
    ['hold', {}],
    ['remove', { due: null }],
  ],
  'refused later': [
    ['defer', { due: 5, claim: null }],
    ['activate', { due: 6 }],
    ['finishUnclaimed', { due: 5, pending: { e: makeEvent('e') } }],
  ],
  'corrupt, then removed': [
    ['markCorruptClaimed', { claim: null, due: null }],
    ['remove', { due: null }],
  ],
  lapsed: [['expireLeaseFinished', { due: null, claim: null }]],
};

test('in whatever order the deliveries of a request end, and whatever fails, its body is deleted with the last and not before', async () => {
  const story = fc.record({
    kinds: fc.array(fc.constantFrom(...Object.keys(endings)), { minLength: 1, maxLength: 6 }),
    // Which delivery is next, whether publishing fails, whether S3 does, and whether the process dies before
    // the check.
    turns: fc.array(fc.record({ who: fc.nat(5), tells: fc.boolean(), deletes: fc.boolean(), forgets: fc.boolean() }), {
      maxLength: 40,
    }),
  });
  await fc.assert(
    fc.asyncProperty(story, async ({ kinds, turns }) => {
      const { services, discarded, fail } = withDisposal();
      await admit(services, kinds.length);
      const left = kinds.map((kind) => [...(endings[kind] ?? [])]);
      const needed = () =>
        services.ledger.items.some(({ state, pending }) => state !== 'done' || Object.keys(pending).length > 0);
      const check = () => assert.ok(discarded.length === 0 || !needed(), 'deleted while it is needed');
      const step = async (who: number, { tells, deletes, forgets }: Omit<(typeof turns)[number], 'who'>) => {
        const next = left[who]?.shift();
        if (next === undefined) return;
        fail(!deletes);
        const item = await move(services, who, ...next);
        const events = { publish: () => (tells ? Promise.resolve() : Promise.reject(new Error('no topic'))) };
        await publish(item, { ...services, events });
        check();
        if (forgets) await new Disposal('none', { discard: async () => true }).deleteSpent(services);
        else await services.disposal.deleteSpent(services);
        check();
      };
      for (const { who, ...turn } of turns) await step(who % kinds.length, turn);
      const fair = { tells: true, deletes: true, forgets: false };
      for (const [who, steps] of left.entries()) while (steps.length > 0) await step(who, fair);
      // The sweep publishes the remaining events.
      fail(false);
      const isOver = discarded.length > 0 || !needed();
      for (const item of services.ledger.items) {
        await publishPending(item, services);
        await services.disposal.deleteSpent(services);
        check();
      }
      assert.ok(!needed());
      if (!isOver) assert.deepEqual(discarded, [message.key], 'the last one deleted it');
      assert.ok(discarded.every((key) => key === message.key));
    }),
    { numRuns: 300 },
  );
});

describe('a body belongs to a request', () => {
  const whose: readonly (readonly [string, boolean, Parameters<typeof ownsBody>[0]])[] = [
    ['that it is named after', true, { id: '4bXq1', message }],
    ['without an ending', true, { id: '4bXq1', message: { ...message, key: '4bXq1' } }],
    ['with dots in its name', true, { id: 'a.b', message: { ...message, key: 'x/a.b.eml' } }],
    [
      'if Amazon SES made it from that',
      true,
      { id: 'ses-1', sesMessageId: '0123', message: { ...message, key: 'mail/0123' } },
    ],
    [
      'if the request is about the object itself',
      true,
      { id: 's3-2b8fc2c682012dcc2e08fe6023bc3259fa5d81aa', message: { ...message, key: 'drop/x.eml' } },
    ],
    ['but not with another name', false, { id: '4bXq', message }],
    ['but not if it is named after its folder', false, { id: 'in', message }],
    ['but not to the part that was passed on', false, { id: '4bXq1.0000', message }],
  ];
  for (const [what, expected, item] of whose) {
    test(what, () => {
      assert.equal(ownsBody(item), expected);
    });
  }
});
