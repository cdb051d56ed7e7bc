/**
 * Malformed items: the function that reads one holds it, visibly, and no other mail waits for it. Items of
 * releases that are too different are left to them.
 */
import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { activate } from '../../../functions/queue/admission/activate.ts';
import { refillAfterCount } from '../../../functions/queue/destinations/refill.ts';
import type { DeliveryItem } from '../../../functions/queue/items/item.ts';
import { formatWakeUp, parseWakeUp } from '../../../functions/queue/items/messages.ts';
import { SchemaVersionError } from '../../../functions/queue/items/schema-version.ts';
import type { State } from '../../../functions/queue/items/states.ts';
import {
  ItemFault,
  isUnreadable,
  malformedHold,
  type RawItem,
} from '../../../functions/queue/items/unreadable-item.ts';
import { handleDeadLetter } from '../../../functions/queue/settlement/dead-letters.ts';
import { sweep } from '../../../functions/queue/sweep/sweep.ts';
import { type Deliver, work } from '../../../functions/queue/work/worker.ts';
import { holdMalformed, malformedNote, readOrHold } from '../../../functions/queue/writes/malformed.ts';
import { type CapturingServices, captureServices } from '../../support/capturing-services.ts';
import { makeEvent, makeItem, makeRecipients, makeVerdict } from '../../support/delivery-item.ts';
import { rawItem } from '../../support/malformed-contract.ts';

const destination = 'inet:mail.test:24';

let services: CapturingServices;

beforeEach(() => {
  services = captureServices();
});

const takes: Deliver = async ({ recipients }, { gate }) => {
  await gate?.admit();
  const verdict = { status: 'sent', dsn: '2.0.0', text: '250 ok', relay: 'mail.test', setUp: 0, transfer: 0 } as const;
  return { verdicts: recipients.map(() => verdict) };
};

/** A recipient with an unknown verdict. */
const broken = {
  recipients: [
    ...makeRecipients('ann@example.com', 'bob@example.com'),
    { address: 'carol@example.com', n: 2, last: { ...makeVerdict('sent'), status: 'foo' } },
  ],
};
const fault = 'recipients[2].last.status: "foo" is not one of sent, deferred, bounced, expired, removed';

/** Adds a malformed item that is old enough to be due. */
function plant(given: Partial<DeliveryItem>, how: Readonly<Record<string, unknown>> = broken): RawItem {
  const raw = rawItem({ destination, due: services.clock.wall - 1, generation: 4, ...given }, how);
  services.ledger.plant(raw);
  return raw;
}

/** The raw item in the table now. */
async function rawNow({ id }: RawItem): Promise<RawItem> {
  const [found] = await services.ledger.readAll(String(id));
  assert.ok(found !== undefined);
  return isUnreadable(found) ? found.raw : { ...found };
}

async function checkHeld(raw: RawItem, was: string): Promise<void> {
  const { state, holds, due, generation, recipients, by } = await rawNow(raw);
  assert.deepEqual([state, due, generation], ['held', undefined, 5]);
  assert.notEqual(by, raw['by']);
  assert.deepEqual(recipients, raw['recipients'], 'the fault remains visible');
  assert.ok(Array.isArray(holds));
  assert.partialDeepStrictEqual(holds.at(-1), { id: malformedHold, since: services.clock.wall });
  const { reason } = holds.at(-1) as { readonly reason: string };
  assert.ok(reason.startsWith(`${fault} (it was ${was}`), reason);
  assert.equal(services.notes.filter((note) => note === `error: ${malformedNote}`).length, 1);
  assert.equal(services.metrics.sum('Stranded'), 1);
  const { entries } = await services.ledger.list({ states: ['held'] });
  assert.deepEqual(
    entries.map(({ id, summary }) => [id, summary.malformed]),
    [[raw['id'], fault]],
  );
}

/** Each way to read an item, and the state in which it is read. */
const meetings: readonly (readonly [string, Exclude<State, 'done' | 'corrupt'>, (raw: RawItem) => Promise<unknown>])[] =
  [
    [
      'the worker with its message',
      'active',
      (raw) => work(wakeUpOf(raw), services, takes, { left: () => 240_000, whole: 300_000 }),
    ],
    ['its wake-up', 'deferred', (raw) => activate(wakeUpOf(raw), services)],
    [
      'its dead letter',
      'active',
      (raw) => handleDeadLetter({ messageId: 'm', body: formatWakeUp(wakeUpOf(raw)), received: 9 }, services),
    ],
    ['the sweep, when its message seems lost', 'active', () => sweepOnce()],
    ['the sweep, when its lease has expired', 'delivering', () => sweepOnce()],
    ['the sweep, when its hold has ended', 'held', () => sweepOnce()],
    ['the refill of the last place', 'queued', () => refillAfterCount(destination, services)],
  ];

function wakeUpOf({ id }: RawItem) {
  return parseWakeUp(formatWakeUp({ id: String(id), delivery: '0000', generation: 4 }));
}

async function sweepOnce(): Promise<void> {
  await sweep(300_000, services, () => true);
}

for (const [who, state, meet] of meetings) {
  test(`${who} holds a malformed item, names its fault, and is done`, async () => {
    const raw = plant({ state });
    await meet(raw);
    await checkHeld(raw, state);
    assert.deepEqual([services.activated, services.published, services.notices], [[], [], []]);
  });
}

describe('a malformed item', () => {
  test('that is held is not held again, and no further notice is sent', async () => {
    const raw = plant({ state: 'deferred' });
    for (let n = 0; n < 3; n += 1) await activate(wakeUpOf(raw), services);
    await sweepOnce();
    await checkHeld(raw, 'deferred');
  });

  test('whose worker may be alive is left to it until the end of its lease', async () => {
    const { wall } = services.clock;
    const raw = plant({ state: 'delivering', due: wall + 60_000, claim: { token: 't', until: wall + 1000 } });
    await readOrHold(wakeUpOf(raw), services);
    assert.deepEqual(await rawNow(raw), raw);
    services.clock.advance(60_001);
    await sweepOnce();
    await checkHeld(raw, 'delivering; its lease ran out, so its recipients may have it already');
    assert.ok(services.notes.includes('error: lease ran out: the message may be delivered more than once'));
  });

  test('that is finished stays unchanged', async () => {
    for (const raw of [
      rawItem({ state: 'done' }, { ...broken, due: undefined, shard: undefined }),
      rawItem({ state: 'corrupt', reason: 'message.key: gone' }, broken),
    ]) {
      services.ledger.plant(raw);
      await readOrHold({ id: String(raw['id']), delivery: '0000' }, services);
      assert.deepEqual(await rawNow(raw), raw);
    }
    assert.deepEqual(services.metrics.sum('Stranded'), 0);
  });

  test('that is done, but has an unpublished event, is held', async () => {
    const raw = plant({ state: 'done', pending: { e1: makeEvent('e1') } });
    await sweepOnce();
    await checkHeld(raw, 'done');
    assert.equal((await rawNow(raw))['expires'], undefined, 'and does not expire');
  });

  test('with an unknown state is found by the sweep and held', async () => {
    const raw = plant({ state: 'deferred' }, { state: 'lost' });
    await sweepOnce();
    const { state, holds } = await rawNow(raw);
    assert.equal(state, 'held');
    assert.match(JSON.stringify(holds), /state: \\"lost\\" is not one of queued, .*\(it was lost\)/);
  });

  test('with a malformed generation is held too, and no message matches it', async () => {
    const raw = plant({ state: 'active' }, { generation: 'many' });
    await work(wakeUpOf(raw), services, takes, { left: () => 240_000, whole: 300_000 });
    const { state, generation } = await rawNow(raw);
    assert.deepEqual([state, generation], ['held', 'many']);
  });

  test('that another writer changed meanwhile is left to that writer', async () => {
    const raw = plant({ state: 'active' });
    const seen = await services.ledger.read(wakeUpOf(raw)).catch((error: unknown) => error);
    assert.ok(seen instanceof ItemFault);
    services.ledger.plant({ ...raw, by: 'another writer' });
    await holdMalformed(seen, services);
    assert.equal((await rawNow(raw))['state'], 'active');
    assert.equal(services.metrics.sum('Stranded'), 0);
  });

  test('gives its place in active back', async () => {
    await services.destinations.occupy(destination, 3, 10);
    plant({ state: 'active' });
    await sweepOnce();
    assert.equal((await services.destinations.read(destination)).active, 2);
  });

  test('that is corrected in the table waits for its release, and then continues', async () => {
    const raw = plant({ state: 'deferred' });
    await activate(wakeUpOf(raw), services);
    services.ledger.plant({ ...(await rawNow(raw)), recipients: makeRecipients('ann@example.com') });
    const item = await services.ledger.read(wakeUpOf(raw));
    assert.ok(item !== undefined);
    assert.deepEqual([item.state, item.holds?.map(({ id }) => id)], ['held', [malformedHold]]);
    const { kind } = await services.ledger.move('release', item, { holds: null, due: services.clock.wall });
    assert.equal(kind, 'moved');
  });
});

describe('an item of a release that is too different', () => {
  const far = { version: 3, recipients: 'another form' };

  test('stays unchanged, whichever function reads it', async () => {
    for (const state of ['active', 'deferred', 'queued', 'delivering', 'held', 'done'] as const) {
      const raw = plant({ state, pending: { e1: makeEvent('e1') } }, far);
      await sweepOnce();
      await activate(wakeUpOf(raw), services);
      assert.deepEqual(await rawNow(raw), raw, state);
    }
    assert.equal(services.metrics.sum('Stranded'), 0);
    assert.ok(
      services.notes.every((note) => !note.startsWith('error')),
      services.notes.join('\n'),
    );
    assert.ok(services.notes.includes('info: left to the release that wrote it'));
  });

  test('keeps its message in active: the worker does not delete it', async () => {
    const raw = plant({ state: 'active' }, far);
    await assert.rejects(
      work(wakeUpOf(raw), services, takes, { left: () => 240_000, whole: 300_000 }),
      SchemaVersionError,
    );
  });
});

test('of 50 due deliveries one is malformed: 49 are delivered, and that one is held and named', async () => {
  for (let n = 0; n < 50; n += 1) {
    const id = `mail-${n}`;
    const key = `in/${id}.eml`;
    services.bodies.put(key, 'Subject: x\r\n\r\nhello\r\n');
    const message = await services.bodies.pin({ bucket: 'messages', key });
    const state = n % 2 === 0 ? 'deferred' : 'queued';
    const given = {
      id,
      message,
      destination,
      state,
      due: services.clock.wall - 1,
      arrival: services.clock.wall,
    } as const;
    if (n === 24) services.ledger.plant(rawItem(given, broken));
    else await services.ledger.admit(makeItem(given));
  }
  await sweepOnce();
  const wake = (text: string) => parseWakeUp(formatWakeUp(keyOf(text)));
  for (const [text] of services.woken) await activate(wake(text), services);
  for (const text of services.activated)
    await work(wake(text), services, takes, { left: () => 240_000, whole: 300_000 });
  const byState = Map.groupBy(services.ledger.items, ({ state }) => state);
  assert.deepEqual(
    [...byState].map(([state, items]) => [state, items.length]),
    [['done', 49]],
  );
  assert.equal(services.lines.filter(({ status }) => status === 'sent').length, 49);
  const { state, holds } = await rawNow({ id: 'mail-24' });
  assert.equal(state, 'held');
  assert.match(JSON.stringify(holds), /recipients\[2\]\.last\.status/);
  assert.deepEqual(
    services.notes.filter((note) => note.startsWith('error')),
    [`error: ${malformedNote}`],
  );
});

/** The sent messages: `id/delivery generation`. */
function keyOf(text: string) {
  const [, id = '', delivery = '', generation = ''] = /^(.+)\/(\d+) (\d+)/.exec(text) ?? [];
  return { id, delivery, generation: Number(generation) };
}
