/**
 * Outages: how often mail is tried meanwhile, and how it drains afterwards.
 *
 * The simulations run before the first test begins: Node's test runner watches every promise of a test, and
 * here are millions.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { reopenDestination } from '../../functions/operator/destination-change.ts';
import { rescheduleMessage } from '../../functions/operator/operator-change.ts';
import { audit } from './audit.ts';
import { day, dead, healthy, hour, stageOutage } from './outage.ts';
import { printFigures } from './print-figures.ts';
import type { SimulatedStack } from './simulated-stack.ts';

const second = 1000;
const minute = 60 * second;
const limit = 20;
const initial = 5;
/** The shortest delivery. */
const leastTransaction = 100;

/** Days without an answer. */
async function simulateOutage(
  messages: number,
  arriveWithin: number,
  days: number,
  jitter: string,
): Promise<SimulatedStack> {
  const parameters = { retry_jitter: jitter };
  const stack = stageOutage({ seed: 2, messages, arriveWithin, outage: 10 * day, parameters });
  await stack.run(days * day);
  return stack;
}

const toTheEnd = { plain: await simulateOutage(50, hour, 7, '0'), jittered: await simulateOutage(50, hour, 7, '15') };
const together = {
  plain: await simulateOutage(1000, minute, 1, '0'),
  jittered: await simulateOutage(1000, minute, 1, '15'),
};

const threeHours = 3 * hour;
const messages = 5000;

async function comeBack(release: (stack: SimulatedStack) => void): Promise<SimulatedStack> {
  const stack = stageOutage({ seed: 4, messages, arriveWithin: threeHours, outage: threeHours, others: 400 });
  release(stack);
  await stack.run(2 * day);
  return stack;
}

const byItself = await comeBack(() => {});
const flushed = await comeBack((stack) => {
  stack.later(threeHours + second, async (services) => {
    const order = { by: 'arn:aws:iam::1:user/ann', why: 'it is back' };
    await reopenDestination(`inet:${dead}:24`, order, services);
    for (const { id, delivery } of stack.ledger.items) await rescheduleMessage({ id, delivery }, order, services);
  });
});

test('with the times of Postfix, mail is tried some 113 times in five days', (t) => {
  const [plain, jittered] = [toTheEnd.plain, toTheEnd.jittered].map((stack) => {
    assert.deepEqual(audit(stack).ends, { expired: 50 });
    return stack.figures.attempts.total / 50;
  });
  assert.ok(plain !== undefined && jittered !== undefined);
  printFigures(t, { 'attempts of a message': plain.toFixed(1), 'with jitter': jittered.toFixed(1) });
  assert.ok(plain > 111 && plain < 115, `${plain}`);
  assert.ok(jittered > plain && jittered < plain * 1.15, `${jittered}`);
});

test('mail that arrived together is not retried together', (t) => {
  const peak = ({ figures, time: { start } }: SimulatedStack) => figures.attempts.peak(start + 12 * hour, start + day);
  const [plain, jittered] = [peak(together.plain), peak(together.jittered)];
  printFigures(t, { 'peak of attempts per minute after twelve hours': plain, 'with jitter': jittered });
  assert.ok(plain > 250, 'all of it within four minutes');
  assert.ok(jittered < plain / 5, `${jittered} of ${plain}`);
});

describe('after an outage of three hours, 5000 messages', () => {
  for (const [how, stack] of Object.entries({ 'by themselves': byItself, 'flushed by hand': flushed })) {
    test(`are all delivered once, never more at once than the limit, and no other mail waits: ${how}`, () => {
      const { ends, lost, doubled } = audit(stack);
      assert.deepEqual([ends, lost, doubled], [{ sent: messages + 400 }, [], []]);
      assert.ok((stack.figures.slowest.get(healthy) ?? Number.POSITIVE_INFINITY) < 2);
      const most = stack.server(dead).connections.mostAtOnce();
      assert.ok(most <= limit, `${most} at once`);
    });
  }

  /** When the outage was over, and the connections after it. */
  function draining(stack: SimulatedStack) {
    const back = stack.time.start + threeHours;
    const { connections, taken } = stack.server(dead);
    const drained = Math.max(...[...taken.values()].map(({ at }) => at)) - back;
    const figures = {
      attempts: stack.figures.attempts.total,
      'drained within': `${(drained / minute).toFixed(1)} min`,
      'most at once': `${connections.mostAtOnce(back)} of ${limit}`,
      'peak per minute': connections.peakPerMinute(back),
    };
    return { back, connections, drained, figures };
  }

  test('are retried each at its own time', (t) => {
    const { drained, figures } = draining(byItself);
    printFigures(t, figures);
    assert.ok(drained < 4000 * second + 10 * minute, 'within maximal_backoff_time, and the wait of the last probe');
    assert.equal(byItself.figures.notes.get('info: destination takes mail again'), 1);
  });

  test('are a ramp after an operator flush: the first window, then one more with each success', (t) => {
    const { back, connections, drained, figures } = draining(flushed);
    const first = connections.mostAtOnce(back, connections.firstAfter(back) + leastTransaction);
    printFigures(t, { ...figures, 'most at once before the first success': first });
    assert.ok(first <= initial, `${first} at once before the first success`);
    assert.ok(connections.mostAtOnce(back) > initial, 'it grows');
    assert.ok(drained < 10 * minute);
  });
});
