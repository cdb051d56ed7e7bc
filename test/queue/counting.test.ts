/** The queue counts its deliveries as its log records them, whichever function writes the line. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sweep } from '../../functions/queue/sweep/sweep.ts';
import { captureServices } from '../support/capturing-services.ts';
import { makeItem, makeRecipients, makeVerdict } from '../support/delivery-item.ts';
import { QueueWorld } from '../support/queue-world.ts';
import { startScriptedServer } from '../support/scripted-server.ts';

test('recipients arrive once, are deferred and finally sent or bounced, and every line counts', async () => {
  await using server = await startScriptedServer({
    connections: { '1': { final: { default: '452 4.2.2 full' } } },
    rcpt: { default: '250 2.1.5 ok', 'nobody@x': '550 5.1.1 unknown' },
  });
  const world = new QueueWorld({ destination: `[127.0.0.1]:${server.port}` });
  world.submit({ id: 'one', recipients: ['bob@x', 'carol@x', 'nobody@x'] });
  world.submit({ id: 'two', recipients: ['dora@x', 'bob\u0007@x'] });
  await world.runToEnd();
  await world.close();
  const { metrics, lines } = world;
  const count = (...statuses: readonly string[]) => lines.filter(({ status }) => statuses.includes(status)).length;
  assert.equal(metrics.sum('Arrived'), 5);
  assert.equal(metrics.sum('Sent'), count('sent'));
  assert.equal(metrics.sum('Deferred'), count('deferred'));
  assert.equal(metrics.sum('Bounced'), count('bounced', 'expired'));
  assert.equal(metrics.sum('Sent') + metrics.sum('Bounced'), 5, 'each recipient that arrives departs');
  assert.ok(metrics.sum('Deferred') > 0 && metrics.sum('DeferredMailbox') === metrics.sum('Deferred'));
  assert.equal(metrics.sum('BouncedAddress'), 2);
  assert.equal(metrics.of('Delay').length, 3);
});

test('a repeated request arrives once', async () => {
  await using server = await startScriptedServer({});
  const world = new QueueWorld({ destination: `[127.0.0.1]:${server.port}` });
  for (let n = 0; n < 2; n += 1)
    world.submit({ id: 'same', recipients: ['bob@x'], message: { bucket: 'messages', key: 'in/same.eml' } });
  await world.runToEnd();
  await world.close();
  assert.deepEqual([world.metrics.sum('Arrived'), world.metrics.sum('Sent')], [1, 1]);
});

test('recipients that a dead worker leaves in doubt are counted by the sweep, and those it had sent to as sent', async () => {
  const services = captureServices();
  const sent = { address: 'carol@x', n: 1, last: makeVerdict('sent', 1) };
  const due = services.clock.wall - 1;
  const recipients = [...makeRecipients('bob@x'), sent];
  await services.ledger.admit(makeItem({ state: 'delivering', claim: { token: 't', until: 0 }, recipients, due }));
  await sweep(300_000, services, () => true);
  const { Delay, DelayBeforeActive, DelayInActive, DelaySetUp, DelayTransfer, ...sums } = services.metrics.sums();
  assert.deepEqual(sums, { Deferred: 1, InDoubt: 1, DeferredNetwork: 1, Sent: 1 });
});
