import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DeliveryLine } from '../../functions/log/delivery-line.ts';
import { countLine } from '../../functions/metrics/count-line.ts';
import { MemoryMetrics } from '../support/memory-metrics.ts';

const line: DeliveryLine = {
  id: '4fTest1',
  recipient: 'bob@example.com',
  orig: null,
  relay: 'mail.example.com[10.0.0.1]:24',
  delay: 3.1,
  delays: [1, 0.5, 0.4, 1.2],
  dsn: '2.0.0',
  status: 'sent',
  text: '250 2.0.0 Ok',
};

function count(changes: Partial<DeliveryLine>) {
  const metrics = new MemoryMetrics();
  countLine({ ...line, ...changes }, 'inet:mail.example.com:24', metrics);
  return metrics;
}

test('a sent recipient counts with its delays', () => {
  assert.deepEqual(count({}).sums(), {
    Sent: 1,
    Delay: 3.1,
    DelayBeforeActive: 1,
    DelayInActive: 0.5,
    DelaySetUp: 0.4,
    DelayTransfer: 1.2,
  });
});

test('any other recipient counts with its class, without delays', () => {
  assert.deepEqual(count({ status: 'deferred', dsn: '4.2.2' }).sums(), { Deferred: 1, DeferredMailbox: 1 });
  assert.deepEqual(count({ status: 'bounced', dsn: '5.1.1' }).sums(), { Bounced: 1, BouncedAddress: 1 });
});

test('an expired recipient counts as given up', () => {
  assert.deepEqual(count({ status: 'expired', dsn: '4.4.1' }).sums(), { Bounced: 1, BouncedNetwork: 1 });
});

test('doubt is counted in addition', () => {
  assert.deepEqual(count({ status: 'deferred', dsn: '4.4.2', in_doubt: true }).sums(), {
    Deferred: 1,
    InDoubt: 1,
    DeferredNetwork: 1,
  });
});

test('only the destination of a line is passed on, neither id nor recipient nor host', () => {
  const text = JSON.stringify(count({}).added);
  for (const word of [line.id, line.recipient, '10.0.0.1']) assert.ok(!text.includes(word), word);
  assert.deepEqual(
    count({})
      .added.filter(({ destination }) => destination !== undefined)
      .map(({ name }) => name),
    ['Sent', 'Delay'],
  );
});
