/**
 * An outage of five and a half days, 10,000 messages for the dead destination: each ends once, no other mail
 * waits for it, and the recovery is no flood.
 *
 * The simulation runs before the first test begins: Node's test runner watches every promise of a test, and
 * here are millions.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { QueueEvent } from '../../functions/queue/items/event.ts';
import { audit } from './audit.ts';
import { day, dead, healthy, stageOutage } from './outage.ts';
import { printFigures, stopwatch } from './print-figures.ts';

const second = 1000;
const messages = 10_000;
const others = 2000;
const outage = 5.5 * day;
const limit = 20;
const initial = 5;

const taken = stopwatch();
const stack = stageOutage({
  seed: 1,
  messages,
  arriveWithin: day,
  outage,
  others,
  nullSenders: 20,
  held: 100,
  // The setting of a site that knows long outages. With 4000 s, the default, there are 1.2 million attempts.
  parameters: { delay_warning_time: '4h', maximal_backoff_time: '4h' },
});
await stack.run(8 * day);
const time = taken();

const { figures } = stack;
const { start } = stack.time;
const back = start + outage;
const { connections, connectTimeouts } = stack.server(dead);
const { ends, lost, doubled } = audit(stack);
const { sent = 0, expired = 0, held = 0 } = ends;
const slowestToHealthy = figures.slowest.get(healthy) ?? Number.POSITIVE_INFINITY;

/** How many events of a kind there were about each message that they are about. */
function eventsAbout(isWanted: (event: QueueEvent) => boolean): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { event } of figures.events.values()) {
    if (isWanted(event)) counts.set(event.lmtp.id, (counts.get(event.lmtp.id) ?? 0) + 1);
  }
  return counts;
}

test('every message ends in exactly one way, none is lost, none is doubled', (t) => {
  printFigures(t, {
    attempts: figures.attempts.total,
    'with a connection': connections.count(),
    'connect time-outs': connectTimeouts,
    'peak of attempts per minute during the outage': figures.attempts.peak(start, back),
    'of connections': connections.peakPerMinute(start, back),
    'of connections after it': connections.peakPerMinute(back),
    'most at once after it': `${connections.mostAtOnce(back)} of ${limit}`,
    ...ends,
    lost: lost.length,
    doubled: doubled.length,
    'slowest to the healthy one': `${slowestToHealthy} s`,
    'simulated in': time,
  });
  assert.deepEqual([lost, doubled], [[], []]);
  assert.equal(sent + expired + held, messages + others);
});

test('mail held by an operator stays, and does not expire', () => {
  assert.equal(held, messages / 100);
});

test('mail that is five days old at an attempt expires: a line that defers it, a line that expires it, the same words, one bounce', () => {
  // Half of it arrived early enough, except what was retried only after the outage.
  assert.ok(expired > messages * 0.35 && expired < messages * 0.5, `${expired} expired`);
  assert.equal(figures.lines.get('expired'), expired);
  assert.equal(figures.expiredInTwoLines, expired);
  const bounces = eventsAbout((event) => event.notificationType === 'Bounce');
  assert.deepEqual([bounces.size, Math.max(...bounces.values())], [expired, 1]);
});

test('a sender is warned once that a message is late, and never the null sender', () => {
  const warnings = eventsAbout((event) => event.eventType === 'DeliveryDelay');
  assert.deepEqual([warnings.size, Math.max(...warnings.values())], [messages * 0.95, 1]);
});

test('the dead destination gets no more connections than the first window, then one probe at a time', () => {
  assert.ok(connections.mostAtOnce(start, start + 60 * second) <= initial);
  assert.equal(connections.mostAtOnce(start + 90 * second, back), 1);
  const probes = outage / (300 * second);
  assert.ok(connectTimeouts <= initial + probes, `${connectTimeouts} connect time-outs`);
});

test('mail for the healthy destination never waits', () => {
  assert.ok(slowestToHealthy < 2, `${slowestToHealthy} s`);
});

test('the recovery is no flood', () => {
  assert.ok(connections.mostAtOnce(back) <= limit);
  assert.ok(connections.peakPerMinute(back) < sent / 20, 'spread over the back-off times');
});
