/**
 * Two successive releases work on the same queue, during a deployment and during its roll-back: each reads
 * what the other writes, and keeps what it does not know.
 *
 * What the release before wrote is in fixtures/, as its own code wrote it (record.ts); what it expects is in
 * previous-release.ts.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { DynamoDbCorruptRequests } from '../../functions/aws/dynamodb-corrupt-requests.ts';
import { DynamoDbDestinations } from '../../functions/aws/dynamodb-destinations.ts';
import { DynamoDbLedger } from '../../functions/aws/dynamodb-ledger.ts';
import { DynamoDbReports } from '../../functions/aws/dynamodb-reports.ts';
import { putMessage } from '../../functions/aws/put-message.ts';
import { type DeliveryItem, isFinished } from '../../functions/queue/items/item.ts';
import { parseWakeUp } from '../../functions/queue/items/messages.ts';
import { deadLetterRounds } from '../../functions/queue/items/policy.ts';
import { SchemaVersionError } from '../../functions/queue/items/schema-version.ts';
import { states } from '../../functions/queue/items/states.ts';
import { handleDeadLetter } from '../../functions/queue/settlement/dead-letters.ts';
import { sweep } from '../../functions/queue/sweep/sweep.ts';
import { readTopicMessage } from '../../functions/report/read-message.ts';
import { type EmulatedClients, startEmulatedClients } from '../support/emulated-clients.ts';
import { type Finished, finishEverything, scan } from './finish.ts';
import { checkEvent, checkItem, checkWakeUp } from './previous-release.ts';
import { body, makeServices, reportGroup, stories, type Written, writeEverything } from './scenario.ts';

type Item = Readonly<Record<string, unknown>>;

const fixture = JSON.parse(readFileSync(new URL('fixtures/first.json', import.meta.url), 'utf8')) as Written;

const isDelivery = ({ delivery }: Item) => /^\d+$/.test(String(delivery));
const deliveriesOf = ({ items }: Pick<Written, 'items'>) => items.filter(isDelivery) as unknown as DeliveryItem[];

/** A separate table and bucket, with the recorded content. */
async function load({ items }: Written): Promise<EmulatedClients> {
  const aws = await startEmulatedClients();
  for (const item of items) {
    const Item = Object.fromEntries(Object.entries(item).map(([name, value]) => [name, withSets(value)]));
    await aws.clients.table.send(new PutCommand({ TableName: aws.emulators.table, Item }));
  }
  for (const id of [...stories, 'queued-first'].filter((story) => story !== 'corrupt')) {
    await putMessage(aws.clients.s3, { Bucket: 'messages', Key: `in/${id}.eml` }, body);
  }
  return aws;
}

function withSets(value: unknown): unknown {
  const isSet = typeof value === 'object' && value !== null && 'set' in value && Array.isArray(value.set);
  return isSet ? new Set(value.set as readonly unknown[]) : value;
}

/** Checks that every remaining recipient got the mail, and that every pending event was published. */
function checkFinished(written: Written, { deliveries, events, notes }: Finished): void {
  const before = new Map(deliveriesOf(written).map((item) => [`${item.id}/${item.delivery}`, item]));
  assert.equal(deliveries.length, before.size);
  const told = new Set(events.map(({ lmtp }) => lmtp.eventId));
  for (const { id, delivery, state, recipients, claim, pending } of deliveries) {
    const item = before.get(`${id}/${delivery}`);
    assert.ok(item !== undefined);
    assert.deepEqual([state, claim, pending], ['done', undefined, {}], id);
    for (const eventId of Object.keys(item.pending)) assert.ok(told.has(eventId), `${id}: an event is lost`);
    for (const [n, recipient] of item.recipients.entries()) {
      const { last } = recipients[n] ?? {};
      if (isFinished(recipient)) assert.deepEqual(last, recipient.last, `${id}: earlier verdicts are final`);
      else assert.equal(last?.status, 'sent', `${id}: ${recipient.address}`);
    }
  }
  const errors = notes.filter((note) => note.startsWith('error'));
  assert.deepEqual(errors, ['error: lease ran out: the message may be delivered more than once']);
}

describe('what the release before wrote', () => {
  test('shows deliveries in every state', () => {
    assert.deepEqual([...new Set(deliveriesOf(fixture).map(({ state }) => state))].sort(), [...states].sort());
  });

  test('is brought to its end by this one', async () => {
    await using aws = await load(fixture);
    checkFinished(fixture, await finishEverything(aws, fixture));
  });

  test('is brought to its end by this one also from the dead letters', async () => {
    await using aws = await load(fixture);
    checkFinished(fixture, await finishEverything(aws, fixture, true));
  });

  test('is read by this one: destinations, corrupt requests, records of reports', async () => {
    await using aws = await load(fixture);
    const { clients, emulators } = aws;
    const destinations = new DynamoDbDestinations(clients.table, emulators.table);
    assert.equal((await destinations.read('inet:suspended.test:24')).suspension?.why, 'connect: refused');
    assert.equal((await destinations.read('inet:withheld.test:24')).holds[0]?.id, 'manual');
    assert.equal((await destinations.read('inet:queued.test:24')).active, 1);
    const corrupt = new DynamoDbCorruptRequests(clients, { table: emulators.table, incomingUrl: 'none' });
    const requests = await Array.fromAsync(corrupt.list());
    assert.deepEqual(
      requests.map(({ id }) => id),
      ['unusable'],
    );
    const { events, reports } = await new DynamoDbReports(clients.table, emulators.table).read(reportGroup);
    assert.deepEqual([events.length, reports[0]?.handedOver], [1, ['sender']]);
  });

  test('is read by this one: wake-ups and events', () => {
    for (const text of [...fixture.active, ...fixture.deferred]) assert.equal(parseWakeUp(text).version, 1);
    for (const text of fixture.events) assert.equal(readTopicMessage(text).kind, 'event');
  });
});

describe('what this release writes', () => {
  let aws: EmulatedClients;
  let written: Written;

  before(async () => {
    aws = await startEmulatedClients();
    written = await writeEverything(aws);
  });
  after(() => aws?.[Symbol.asyncDispose]());

  test('is what the release before expects, of the same deliveries in the same states', () => {
    for (const item of written.items) checkItem(item);
    for (const text of [...written.active, ...written.deferred]) checkWakeUp(text);
    for (const text of written.events) checkEvent(JSON.parse(text));
    const statesOf = (one: Written) => deliveriesOf(one).map(({ id, delivery, state }) => `${id}/${delivery} ${state}`);
    assert.deepEqual(statesOf(written).sort(), statesOf(fixture).sort());
  });

  test('is what the release before expects, also of dead letters and at the end of everything', async () => {
    const services = makeServices(aws, { active: () => {}, deferred: () => {}, event: async () => {} });
    const [dead = '', stranded = ''] = written.active;
    await handleDeadLetter({ messageId: 'dead', body: dead, received: 9 }, services);
    const key = parseWakeUp(stranded);
    const item = await services.ledger.read(key);
    assert.ok(item !== undefined);
    // As in the last of its rounds.
    const Item = { ...item, deadLetters: deadLetterRounds - 1, shard: 'active#0' };
    await aws.clients.table.send(new PutCommand({ TableName: aws.emulators.table, Item }));
    await handleDeadLetter({ messageId: 'stranded', body: stranded, received: 9 }, services);
    const now = [await services.ledger.read(parseWakeUp(dead)), await services.ledger.read(key)];
    assert.deepEqual(
      now.map((one) => one?.state),
      ['deferred', 'held'],
    );
    const { items } = await finishEverything(aws, { ...written, active: written.active.slice(2) });
    for (const one of items) checkItem(one);
  });
});

test('the checks of the release before find missing and wrong attributes', () => {
  for (const item of fixture.items) {
    checkItem(item);
    const names = isDelivery(item) ? ['version', 'generation', 'recipients', 'message', 'pending', 'group'] : [];
    for (const name of names) {
      const { [name]: _, ...rest } = item;
      assert.throws(() => checkItem(rest), `${item['id']} without ${name}`);
      assert.throws(() => checkItem({ ...item, [name]: 'other' }), `${item['id']} with another ${name}`);
    }
  }
});

const addition = { since: 7, words: ['a', 'b'] };

/** Content of a later release: another version, and unknown members in every place. */
function asLater(written: Written, version: number): Written {
  const wakeUp = (text: string) => JSON.stringify({ ...JSON.parse(text), version, addition });
  return {
    ...written,
    items: written.items.map((item) => {
      if (item['delivery'] === 'destination') {
        const known = item['known'] === undefined ? {} : { known: { ...(item['known'] as object), addition } };
        return item['version'] === undefined ? item : { ...item, ...known, version, addition };
      }
      if (!isDelivery(item)) return { ...item, version, addition };
      const { recipients, pending, message, ...rest } = item as unknown as DeliveryItem;
      return {
        ...rest,
        ...{ version, addition },
        recipients: recipients.map((recipient) => ({ ...recipient, addition })),
        message: { ...message, addition },
        pending: Object.fromEntries(
          Object.entries(pending).map(([id, event]) => [id, { ...event, lmtp: { ...event.lmtp, version, addition } }]),
        ),
      };
    }),
    active: written.active.map(wakeUp),
    deferred: written.deferred.map(wakeUp),
  };
}

describe('what the release after this one wrote', () => {
  const later = asLater(fixture, 2);

  test('is brought to its end by this one, and unknown members are kept', async () => {
    await using aws = await load(later);
    const finished = await finishEverything(aws, later);
    checkFinished(later, finished);
    for (const item of finished.items) {
      if (item['version'] === undefined) continue;
      const what = `${item['id']}/${item['delivery']}`;
      assert.deepEqual([item['version'], item['addition']], [2, addition], what);
      const { recipients = [], message, known } = item as { recipients?: Item[]; message?: Item; known?: Item };
      for (const recipient of recipients) assert.deepEqual(recipient['addition'], addition, what);
      for (const one of [message, known]) if (one !== undefined) assert.deepEqual(one['addition'], addition, what);
    }
    const pending = deliveriesOf(later).flatMap((item) => Object.entries(item.pending));
    assert.ok(pending.length > 0);
    for (const [eventId, event] of pending) {
      assert.deepEqual(
        finished.events.find(({ lmtp }) => lmtp.eventId === eventId),
        event,
      );
    }
  });

  test('is read by this one: corrupt requests, records of reports, events', async () => {
    await using aws = await load(later);
    const { clients, emulators } = aws;
    const corrupt = new DynamoDbCorruptRequests(clients, { table: emulators.table, incomingUrl: 'none' });
    assert.equal((await Array.fromAsync(corrupt.list())).length, 1);
    const { events, reports } = await new DynamoDbReports(clients.table, emulators.table).read(reportGroup);
    assert.deepEqual([events.length, reports.length], [1, 1]);
    for (const text of fixture.events) {
      const event = JSON.parse(text);
      const told = readTopicMessage(JSON.stringify({ ...event, lmtp: { ...event.lmtp, version: 2, addition } }));
      assert.equal(told.kind, 'event');
    }
  });
});

test('content of a release that is further away is left to it: nothing is lost, filed as corrupt or changed', async () => {
  const far = asLater(fixture, 3);
  await using aws = await load(far);
  const notes: string[] = [];
  const services = makeServices(aws, {
    active: () => {},
    deferred: () => {},
    event: async () => {},
    note: (text) => notes.push(text),
  });
  const ledger = new DynamoDbLedger(aws.clients.table, aws.emulators.table);
  for (const { id, delivery } of deliveriesOf(far))
    await assert.rejects(ledger.read({ id, delivery }), SchemaVersionError);
  for (const text of far.active) {
    await assert.rejects(handleDeadLetter({ messageId: 'm', body: text, received: 9 }, services), SchemaVersionError);
  }
  const { items: before } = await scan(aws);
  services.clock.advance(86_400_000);
  await sweep(300_000, services, () => true);
  assert.ok(notes.length > 0 && notes.every((note) => !note.includes('corrupt')));
  assert.deepEqual((await scan(aws)).items, before);
});
