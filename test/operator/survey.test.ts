/** One reading of the queue for all screens, and where it stops. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BoundedQueries } from '../../functions/operator/bounded-queries.ts';
import { listEntries } from '../../functions/operator/selection.ts';
import { type Survey, survey } from '../../functions/operator/survey.ts';
import { emptyRecord } from '../../functions/queue/items/destination-record.ts';
import type { QueueEntry } from '../../functions/queue/items/queue-entry.ts';
import { makeItem, makeVerdict } from '../support/delivery-item.ts';
import { type CapturingOperatorServices, operatorServices, putItems } from '../support/operator-services.ts';

const hour = 3_600_000;
const depths = { read: async () => ({ depths: [], unreachable: [] }) };
const unbounded = { units: Number.POSITIVE_INFINITY, mayGoOn: () => true };

async function look(services: CapturingOperatorServices, bounds = unbounded): Promise<Survey> {
  return await survey({ lateAfter: hour, bounds }, services, depths);
}

const told = (address: string, text: string) => ({
  recipients: [{ address, n: 0, last: { ...makeVerdict('deferred'), text } }],
});

test('waiting mail is counted by state, age, cause and destination', async () => {
  const services = operatorServices();
  const { wall } = services.clock;
  await putItems(
    services,
    {
      id: 'a',
      state: 'deferred',
      arrival: wall - 2 * hour,
      ...told('x@a', 'host b said: 452 4.2.2 <x@a> full'),
      destination: 'inet:b:24',
    },
    { id: 'b', state: 'deferred', ...told('y@a', 'host b said: 452 4.2.2 <y@a> full'), destination: 'inet:b:24' },
    { id: 'c', state: 'active', destination: 'inet:a:24' },
    { id: 'd', state: 'corrupt', reason: 'gone', destination: 'inet:c:24' },
    { id: 'e', state: 'done', destination: 'inet:c:24' },
  );
  const { status, shape, causes, destinations, isCut, cost } = await look(services);
  assert.deepEqual([status.waiting.deliveries, status.late.deliveries, status.corrupt.deliveries], [3, 1, 1]);
  assert.deepEqual(
    [shape.total.total, shape.rows.map(({ name, total }) => [name, total])],
    [
      3,
      [
        ['inet:b:24', 2],
        ['inet:a:24', 1],
      ],
    ],
  );
  assert.deepEqual(
    causes.rows.map(({ key, deliveries }) => [key, deliveries]),
    [['452 4.2.2 full', 2]],
  );
  assert.deepEqual([causes.untold, isCut, cost.entries], [1, false, 4]);
  assert.deepEqual(
    destinations.map(({ name, state, waiting, late, oldest, reply }) => ({
      name,
      state,
      waiting,
      late,
      oldest,
      reply,
    })),
    [
      {
        name: 'inet:b:24',
        state: 'open',
        waiting: 2,
        late: 1,
        oldest: wall - 2 * hour,
        reply: '4.2.2 host b said: 452 4.2.2 <x@a> full',
      },
      { name: 'inet:a:24', state: 'open', waiting: 1, late: 0, oldest: wall, reply: undefined },
    ],
  );
});

test('a stopped destination comes first, even without mail; a healthy one is shown only with mail', async () => {
  const services = operatorServices();
  const { wall } = services.clock;
  const hold = { id: 'h', reason: 'disk full', by: 'ann', since: wall };
  const suspension = {
    since: wall - 5,
    until: wall + hour,
    why: 'Connection refused',
    dsn: '4.4.1',
    failures: 3,
  } as const;
  await services.destinations.write({ ...emptyRecord('inet:held:24'), holds: [hold] });
  await services.destinations.write({ ...emptyRecord('inet:dead:24'), suspension });
  await services.destinations.write({ ...emptyRecord('inet:usual:24'), history: [] });
  await putItems(services, { state: 'deferred', destination: 'inet:busy:24' });
  const { destinations } = await look(services);
  assert.deepEqual(
    destinations.map(({ name, state, waiting, reply }) => [name, state, waiting, reply]),
    [
      ['inet:dead:24', 'suspended', 0, '4.4.1 Connection refused'],
      ['inet:held:24', 'held', 0, undefined],
      ['inet:busy:24', 'open', 1, undefined],
    ],
  );
});

/** Pages of two entries, of ten read units each. */
function paged(count: number) {
  let asked = 0;
  const { ledger } = operatorServices();
  const list = async (_: unknown, from = '0') => {
    asked += 1;
    const first = Number(from);
    const entries = [first, first + 1]
      .filter((index) => index < count)
      .map((index) => ({ id: `${index}` }) as QueueEntry);
    return { entries, consumed: 10, ...(first + 2 < count ? { next: String(first + 2) } : {}) };
  };
  const queries = {
    list,
    findQueued: ledger.findQueued.bind(ledger),
    countActive: ledger.countActive.bind(ledger),
    countCorruptRequests: ledger.countCorruptRequests.bind(ledger),
  };
  return { queries, asked: () => asked };
}

async function idsOf(queries: BoundedQueries): Promise<string> {
  let ids = '';
  for await (const { id } of listEntries({}, queries)) ids += id;
  return ids;
}

test('reading ends with the queue, the read units, or the time, and reports which', async () => {
  const whole = new BoundedQueries(paged(5).queries, unbounded);
  assert.deepEqual(
    [await idsOf(whole), whole.isCut, whole.pages, whole.consumed, whole.entries],
    ['01234', false, 3, 30, 5],
  );
  const { queries, asked } = paged(5);
  const dear = new BoundedQueries(queries, { ...unbounded, units: 20 });
  assert.deepEqual([await idsOf(dear), dear.isCut, asked()], ['0123', true, 2]);
  const late = new BoundedQueries(paged(5).queries, { ...unbounded, mayGoOn: () => false });
  assert.deepEqual([await idsOf(late), late.isCut], ['01', true]);
  const exact = new BoundedQueries(paged(4).queries, { ...unbounded, units: 20 });
  assert.deepEqual([await idsOf(exact), exact.isCut], ['0123', false]);
  const some = new BoundedQueries(paged(5).queries, unbounded, ({ id }) => Number(id) % 2 === 1);
  assert.deepEqual([await idsOf(some), some.entries], ['13', 2]);
});

test('if the reading stops early, every number is a lower bound', async () => {
  const services = operatorServices();
  await putItems(
    services,
    ...Array.from({ length: 400 }, (_, index) => ({ ...makeItem({ id: `m${index}` }), state: 'deferred' as const })),
  );
  const { isCut, status } = await look(services, { ...unbounded, mayGoOn: () => false });
  assert.ok(isCut && status.waiting.deliveries < 400 && status.waiting.deliveries > 0);
  const counted = await look(services);
  assert.deepEqual([counted.isCut, counted.status.waiting.deliveries], [false, 400]);
});
