/** One answer: is any mail lost, or late? */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { statusAsJson, statusAsText } from '../../functions/command/status-text.ts';
import type { QueueDepth, QueueDepths } from '../../functions/operator/ports.ts';
import { assess, overdueAfter, type StatusReport } from '../../functions/operator/status.ts';
import { emptyRecord } from '../../functions/queue/items/destination-record.ts';
import type { DeliveryItem } from '../../functions/queue/items/item.ts';
import type { State } from '../../functions/queue/items/states.ts';
import { makeEvent, makeVerdict } from '../support/delivery-item.ts';
import { type CapturingOperatorServices, operatorServices, putItems } from '../support/operator-services.ts';

const name = 'inet:[127.0.0.1]:24';
const hour = 3_600_000;

function depths(...found: readonly QueueDepth[]): QueueDepths {
  return { read: async () => ({ depths: found, unreachable: [] }) };
}

async function look(services: CapturingOperatorServices, queues = depths()): Promise<StatusReport> {
  return await assess({ lateAfter: hour }, services, queues);
}

test('an empty queue is healthy, and so is one in which nothing waits for long', async () => {
  const services = operatorServices();
  assert.equal((await look(services)).isWell, true);
  const { wall } = services.clock;
  await putItems(
    services,
    { id: 'a', state: 'deferred', arrival: wall - hour, due: wall + 60_000 },
    { id: 'b', state: 'queued', due: wall - hour },
    { id: 'c', state: 'active', due: wall + hour },
    { id: 'd', state: 'held' },
    { id: 'e', state: 'done' },
  );
  const report = await look(services);
  assert.equal(report.isWell, true, JSON.stringify(report));
  assert.deepEqual(report.waiting, { deliveries: 4, oldest: { id: 'a', delivery: '0000', at: wall - hour } });
  assert.deepEqual([report.states.deferred, report.states.held, report.held.deliveries], [1, 1, 1]);
});

describe('status reports', () => {
  type Given = Partial<DeliveryItem> & { readonly state: State };
  const wall = operatorServices().clock.wall;
  const doubted = { ...makeVerdict('deferred'), inDoubt: true } as const;
  const overdue = wall - overdueAfter - 1;
  const items: Readonly<Record<string, readonly [Given, keyof StatusReport]>> = {
    'mail that waits for too long': [{ state: 'deferred', arrival: wall - hour - 1 }, 'late'],
    'mail that is held for too long': [{ state: 'held', arrival: wall - hour - 1 }, 'late'],
    'mail that is about to be returned': [{ state: 'deferred', arrival: wall - 115 * hour }, 'expiring'],
    'a recipient in doubt': [{ state: 'deferred', recipients: [{ address: 'bob@x', n: 0, last: doubted }] }, 'inDoubt'],
    'a corrupt delivery': [{ state: 'corrupt', reason: 'message.key: gone' }, 'corrupt'],
    'a due delivery that is not woken': [{ state: 'deferred', due: overdue }, 'overdue'],
    'a delivery whose message in active is lost': [{ state: 'active', due: overdue }, 'overdue'],
    'a worker whose lease has ended': [{ state: 'delivering', due: overdue }, 'overdue'],
    'a hold that has ended': [{ state: 'held', due: overdue }, 'overdue'],
    'a bounce that was never published': [
      { state: 'done', due: overdue, pending: { e: makeEvent('e') } },
      'unpublished',
    ],
    'a warning that was never published': [
      { state: 'deferred', due: overdue, unpublished: { due: wall + hour }, pending: { e: makeEvent('e') } },
      'unpublished',
    ],
  };
  for (const [what, [item, count]] of Object.entries(items)) {
    test(what, async () => {
      const services = operatorServices();
      await putItems(services, { id: 'a', ...item });
      const report = await look(services);
      assert.equal(report.isWell, false);
      assert.partialDeepStrictEqual(report[count], { deliveries: 1, oldest: { id: 'a' } });
      const others = ['late', 'expiring', 'inDoubt', 'corrupt', 'overdue', 'unpublished'] as const;
      for (const other of others.filter((one) => one !== count)) {
        if (other === 'late' && count === 'expiring') continue;
        assert.equal(report[other].deliveries, 0, other);
      }
    });
  }

  test('a request that could not be used', async () => {
    const services = operatorServices();
    await services.corruptRequests.file({ id: 'r1', reason: 'sender: is missing', body: '{}', sent: 5 });
    const report = await look(services);
    assert.deepEqual([report.isWell, report.corruptRequests], [false, { requests: 1, oldest: { id: 'r1', at: 5 } }]);
  });

  test('a queue with dead letters, whatever is in the others', async () => {
    const services = operatorServices();
    const others = [
      { name: 'active', kind: 'wake-ups', messages: 7 },
      { name: 'corrupt', kind: 'corrupt', messages: 3 },
      { name: 'deferred dead letters', kind: 'dead letters', messages: 0 },
    ] as const;
    assert.equal((await look(services, depths(...others))).isWell, true);
    const letters = { name: 'incoming dead letters', kind: 'dead letters', messages: 2 } as const;
    const report = await look(services, depths(...others, letters));
    assert.deepEqual([report.isWell, report.deadLetters], [false, [letters]]);
  });
});

describe('destinations', () => {
  const suspension = { since: 0, until: 1, why: 'refused', dsn: '4.4.1', failures: 5 } as const;

  test('that are suspended matter while mail waits for them', async () => {
    const services = operatorServices();
    await services.destinations.write({ ...emptyRecord(name), suspension });
    await services.destinations.write({ ...emptyRecord(`bob@x@${name}`), suspension });
    await services.destinations.write({ ...emptyRecord('inet:forgotten:24'), suspension });
    assert.equal((await look(services)).isWell, true);
    await putItems(services, { id: 'a', state: 'deferred' });
    const report = await look(services);
    assert.equal(report.isWell, false);
    assert.deepEqual(
      report.suspended.map((record) => record.name),
      [name, `bob@x@${name}`],
    );
  });

  test('that are held are reported, and are not a fault', async () => {
    const services = operatorServices();
    const hold = { id: 'h', reason: 'r', by: 'b', since: 0 };
    await services.destinations.write({ ...emptyRecord(name), holds: [hold] });
    const report = await look(services);
    assert.deepEqual([report.isWell, report.heldDestinations.length], [true, 1]);
  });

  test('whose replies were out of step are reported for as long as they get one recipient at a time', async () => {
    const services = operatorServices();
    const why = 'replies out of step: 3 final replies for 2 recipients from imap-b[10.0.4.22]:24';
    const { wall } = services.clock;
    await services.destinations.write({ ...emptyRecord(name), caution: { until: wall + hour, why } });
    await services.destinations.write({ ...emptyRecord('inet:other:24'), caution: { until: wall, why } });
    const report = await look(services);
    assert.deepEqual([report.isWell, report.cautioned.map((record) => record.name)], [true, [name]]);
    const told = statusAsText(report, hour).filter((line) => line.startsWith('One recipient at a time'));
    assert.deepEqual(told, [`One recipient at a time: ${name} for 1h more: ${why}`]);
    assert.partialDeepStrictEqual(statusAsJson(report), { one_by_one: [{ name, caution: { why } }] });
  });

  test('that are overdue for the sweep show that it does not run; one that is being released does not', async () => {
    const services = operatorServices();
    const due = services.clock.wall - overdueAfter - 1;
    await services.destinations.write({ ...emptyRecord(name), due, release: { since: due, spread: 0 } });
    assert.equal((await look(services)).isWell, true);
    await services.destinations.write({ ...emptyRecord('inet:other:24'), due });
    assert.equal((await look(services)).overdue.deliveries, 1);
  });
});

test('mail from the null sender is returned after its own lifetime, and mail with a single attempt is not rescued', async () => {
  const services = operatorServices({ bounce_queue_lifetime: '1d', maximal_queue_lifetime: '4h' });
  const { wall } = services.clock;
  await putItems(
    services,
    { id: 'a', state: 'deferred', sender: '', arrival: wall - 19 * hour },
    { id: 'b', state: 'deferred', arrival: wall - 3 * hour },
    { id: 'c', state: 'held', sender: '', arrival: wall - 19 * hour },
  );
  const report = await look(services);
  assert.deepEqual(report.expiring, { deliveries: 1, oldest: { id: 'a', delivery: '0000', at: wall - 19 * hour } });
});

test('a source that cannot be read is reported, and everything else is still examined', async () => {
  const services = operatorServices();
  const closed = { read: async () => ({ depths: [], unreachable: ['active: AccessDenied'] }) };
  const report = await look(services, closed);
  assert.deepEqual([report.isWell, report.unreachable], [true, ['active: AccessDenied']]);
});

describe('the start of a hold', () => {
  const { wall } = operatorServices().clock;
  const old = wall - 3 * hour;
  const line = async (services: CapturingOperatorServices) => {
    const report = await assess({ lateAfter: 100 * hour }, services, depths());
    return statusAsText(report, hour).find((text) => text.startsWith('Held: 1 delivery'));
  };

  test('is the time of the hold, not of the arrival', async () => {
    const services = operatorServices();
    const hold = { id: 'h', reason: 'r', by: 'ann', since: wall - 300_000 };
    await putItems(services, { id: 'a', state: 'held', arrival: old, holds: [hold] });
    assert.equal(await line(services), 'Held: 1 delivery (a, held for 5m, arrived 3h ago)');
  });

  test('is that of the hold on the destination, if that is held', async () => {
    const services = operatorServices();
    const [item] = await putItems(services, { id: 'a', state: 'held', arrival: old });
    const hold = { id: 'h', reason: 'r', by: 'ann', since: wall - 600_000 };
    await services.destinations.write({ ...emptyRecord(item?.destination ?? ''), holds: [hold] });
    assert.equal(await line(services), 'Held: 1 delivery (a, held for 10m, arrived 3h ago)');
    assert.partialDeepStrictEqual(statusAsJson(await assess({ lateAfter: hour }, services, depths())), {
      held: { deliveries: 1, since: new Date(wall - 600_000).toISOString() },
    });
  });
});
