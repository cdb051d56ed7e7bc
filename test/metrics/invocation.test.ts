import assert from 'node:assert/strict';
import { test } from 'node:test';
import { measured } from '../../functions/metrics/invocation.ts';
import { MemoryMetrics } from '../support/memory-metrics.ts';

/** Metrics that record when they are written. */
class Noted extends MemoryMetrics {
  readonly flushed: string[][] = [];

  flush(): void {
    this.flushed.push(this.added.splice(0).map(({ name }) => name));
  }
}

test('metrics are written when an invocation ends, and the first one counts the start of its container', async () => {
  const metrics = new Noted();
  const handler = measured(metrics, async (event: string) => {
    metrics.add('Sent');
    return event;
  });
  assert.equal(await handler('first', undefined), 'first');
  assert.equal(await handler('second', undefined), 'second');
  assert.deepEqual(metrics.flushed, [['ColdStarts', 'Sent'], ['Sent']]);
});

test('they are written when an invocation fails too, and its error is thrown on', async () => {
  const metrics = new Noted();
  const handler = measured(metrics, async () => {
    metrics.add('Deferred');
    throw new Error('the table is away');
  });
  await assert.rejects(handler('event', undefined), /the table is away/);
  await assert.rejects(handler('event', undefined), /the table is away/);
  assert.deepEqual(metrics.flushed, [['ColdStarts', 'Deferred'], ['Deferred']]);
});

test('without metrics a handler is returned unchanged', async () => {
  assert.equal(await measured(undefined, async (event: number) => event + 1)(1, undefined), 2);
});
