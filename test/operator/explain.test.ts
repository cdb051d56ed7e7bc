/** The history of a message, and the state of a destination. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  type DestinationState,
  destinationState,
  explainDestination,
  explainMessage,
} from '../../functions/operator/explain.ts';
import { type DestinationRecord, emptyRecord } from '../../functions/queue/items/destination-record.ts';
import { makeVerdict } from '../support/delivery-item.ts';
import { operatorServices, putItems } from '../support/operator-services.ts';

const name = 'inet:[127.0.0.1]:24';
const day = 86_400_000;

describe('a message', () => {
  test('is shown with all its deliveries, the destinations that they wait for, and when it would be returned', async () => {
    const services = operatorServices({ maximal_queue_lifetime: '3d', bounce_queue_lifetime: '1d' });
    const items = await putItems(
      services,
      { id: 'a', delivery: '0000', state: 'done', destination: 'inet:done:24' },
      { id: 'a', delivery: '0001', state: 'deferred' },
    );
    const story = await explainMessage('a', services);
    assert.deepEqual(story?.items, items);
    assert.deepEqual([...(story?.destinations.keys() ?? [])], [name]);
    assert.equal(story?.expires, services.clock.wall + 3 * day);
    const one = await explainMessage('a/0001', services);
    assert.deepEqual(one?.items, items.slice(1));
  });

  test('from the null sender is returned earlier; a finished one is not returned at all', async () => {
    const services = operatorServices({ maximal_queue_lifetime: '3d', bounce_queue_lifetime: '1d' });
    await putItems(services, { id: 'a', state: 'deferred', sender: '' }, { id: 'b', state: 'done' });
    assert.equal((await explainMessage('a', services))?.expires, services.clock.wall + day);
    assert.equal((await explainMessage('b', services))?.expires, undefined);
  });

  test('may be a request that was never admitted; an unknown id has no history', async () => {
    const services = operatorServices();
    await services.corruptRequests.file({ id: 'r1', reason: 'sender: is missing', body: '{}' });
    const story = await explainMessage('r1', services);
    assert.deepEqual([story?.items, story?.requests[0]?.reason], [[], 'sender: is missing']);
    assert.equal(await explainMessage('unknown', services), undefined);
  });
});

describe('a destination', () => {
  const now = 1_000_000;
  const hold = { id: 'h', reason: 'r', by: 'b', since: 0 };
  const suspension = { since: 0, until: 2 * now, why: 'refused', dsn: '4.4.1', failures: 5 } as const;
  const probe = { token: 't', until: now + 1 };
  const cases: readonly (readonly [DestinationState, Partial<DestinationRecord>])[] = [
    ['open', {}],
    ['open', { holds: [{ ...hold, until: now }] }],
    ['open', { probe: { token: 't', until: now } }],
    ['held', { holds: [hold], suspension }],
    ['suspended', { suspension }],
    ['probing', { suspension, probe }],
    ['probing', { probe }],
  ];
  for (const [state, record] of cases) {
    test(`with ${JSON.stringify(record)} is ${state}`, () => {
      assert.equal(destinationState({ ...emptyRecord(name), ...record }, now), state);
    });
  }

  test('is shown with its waiting mail, the oldest of it, its commonest replies, and mailboxes in trouble', async () => {
    const services = operatorServices();
    const { wall } = services.clock;
    const say = (text: string) => [{ address: 'bob@x', n: 0, last: { ...makeVerdict('deferred'), text } }];
    await putItems(
      services,
      { id: 'a', state: 'deferred', arrival: wall - 2, recipients: say('quota') },
      { id: 'b', state: 'deferred', arrival: wall - 9, recipients: say('greylisted') },
      { id: 'c', state: 'held', arrival: wall - 1, recipients: say('quota') },
      { id: 'd', state: 'corrupt', arrival: wall - 99 },
      { id: 'e', state: 'deferred', arrival: wall - 99, destination: 'inet:other:24' },
    );
    await services.destinations.write({
      ...emptyRecord(`bob@x@${name}`),
      suspension: { ...suspension, until: wall + 1 },
    });
    await services.destinations.write(emptyRecord(`carol@x@${name}`));
    const story = await explainDestination(name, services);
    assert.deepEqual(story?.counts, { deferred: 2, held: 1, corrupt: 1 });
    assert.deepEqual(story?.oldest, { id: 'b', arrival: wall - 9 });
    assert.deepEqual(
      story?.replies.map(({ reply, deliveries }) => `${deliveries} ${reply.dsn} ${reply.text}`),
      ['2 4.2.2 quota', '1 4.2.2 greylisted'],
    );
    assert.deepEqual(
      story?.mailboxes.map((record) => record.name),
      [`bob@x@${name}`],
    );
  });

  test('that is unknown does not exist', async () => {
    assert.equal(await explainDestination('inet:unknown:24', operatorServices()), undefined);
  });

  test('whose server gives a different reply each time does not fill the memory', async () => {
    const services = operatorServices();
    await putItems(
      services,
      ...Array.from({ length: 1500 }, (_, n) => ({
        state: 'deferred' as const,
        recipients: [{ address: 'bob@x', n: 0, last: { ...makeVerdict('deferred'), text: `try ${n}` } }],
      })),
    );
    const story = await explainDestination(name, services);
    assert.deepEqual([story?.counts, story?.replies.length], [{ deferred: 1500 }, 5]);
  });
});
