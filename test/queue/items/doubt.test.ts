/**
 * Doubt belongs to the recipient and is limited: stories of servers that break off after the dot, over a real
 * connection.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { holdMessage, releaseMessage, rescheduleMessage } from '../../../functions/operator/operator-change.ts';
import { removeMessage } from '../../../functions/operator/removal-change.ts';
import { recordAsSent } from '../../../functions/operator/sent-change.ts';
import { doubtWords, inDoubtLimitHold } from '../../../functions/queue/items/doubt.ts';
import type { DeliveryItem, QueuedRecipient } from '../../../functions/queue/items/item.ts';
import { entryOf } from '../../../functions/queue/items/summary.ts';
import { heldAtLimitNote } from '../../../functions/queue/settlement/log-deliveries.ts';
import { sweep } from '../../../functions/queue/sweep/sweep.ts';
import type { ChangeResult } from '../../../functions/queue/writes/apply-change.ts';
import { bounceOf } from '../../support/bounce-of.ts';
import { captureServices } from '../../support/capturing-services.ts';
import { makeItem, makeRecipients, makeVerdict } from '../../support/delivery-item.ts';
import { QueueWorld, type QueueWorldOptions } from '../../support/queue-world.ts';
import { andThen, type ScriptedServer, type ServerScript, startScriptedServer } from '../../support/scripted-server.ts';

interface Scene extends AsyncDisposable {
  readonly world: QueueWorld;
  readonly server: ScriptedServer;
}

/** A day instead of five, for fewer sweeps; a session for each attempt. */
const usual = { maximal_queue_lifetime: '1d', lmtp_cache_connection: 'no' };

async function setScene(
  script: ServerScript,
  { parameters, ...options }: Partial<QueueWorldOptions> = {},
): Promise<Scene> {
  const server = await startScriptedServer(script);
  const world = new QueueWorld({
    destination: `inet:127.0.0.1:${server.port}`,
    parameters: { ...usual, ...parameters },
    ...options,
  });
  const close = async () => {
    await world.close();
    await server.close();
  };
  return { world, server, [Symbol.asyncDispose]: close };
}

/** Breaks off after the dot. */
const breaksOff: ServerScript = { final: { default: andThen('close') } };

/** Goes on until a condition holds. Time passes while everything waits. */
async function runUntil(world: QueueWorld, isSo: () => boolean): Promise<void> {
  for (let turn = 0; turn < 2000; turn += 1) {
    if (isSo()) return;
    const message = world.messages.find(({ visible }) => visible <= world.clock.wall);
    if (message !== undefined) {
      await world.receive(message);
      continue;
    }
    world.clock.advance(60_000);
    await world.sweep();
  }
  throw new Error(`in vain: ${JSON.stringify(world.ledger.items)}`);
}

const isHeld = (world: QueueWorld) => () => world.ledger.items.some(({ state }) => state === 'held');

/** The recipients that the server got content for, in each transaction. */
function sentFor({ server }: Scene): readonly (readonly string[])[] {
  return server
    .transcript()
    .map(({ commands }) => commands.flatMap((command) => /^RCPT TO:<([^>]*)>/i.exec(command)?.slice(1) ?? []))
    .filter((recipients) => recipients.length > 0);
}

function recipientOf(world: QueueWorld, address: string): QueuedRecipient {
  const recipient = world.recipients().get(address);
  assert.ok(recipient !== undefined);
  return recipient;
}

function refusal(carried: ChangeResult): string {
  assert.equal(carried.kind, 'refused');
  return carried.kind === 'refused' ? carried.why : '';
}

const ann = { by: 'ann', why: 'the log of the store was read' };

describe('a recipient whose attempts end in doubt', () => {
  test('is tried three times; then the delivery is held, with its reason, an error in the log and a metric', async () => {
    await using scene = await setScene(breaksOff);
    const { world } = scene;
    world.submit({ recipients: ['bob@x'] });
    await runUntil(world, isHeld(world));
    assert.deepEqual(sentFor(scene), [['bob@x'], ['bob@x'], ['bob@x']]);
    const item = world.onlyItem();
    assert.equal(recipientOf(world, 'bob@x').doubt?.attempts, 3);
    assert.partialDeepStrictEqual(item.holds, [
      {
        id: inDoubtLimitHold,
        by: 'lmtp',
        reason: `3 attempts ended in doubt: it ${doubtWords}`,
        until: item.arrival + 86_400_000,
      },
    ]);
    assert.equal(item.due, item.arrival + 86_400_000);
    assert.equal(world.metrics.sum('HeldInDoubt'), 1);
    assert.equal(world.metrics.sum('InDoubt'), 3);
    assert.ok(world.notes.includes(`error: ${heldAtLimitNote}`));
    assert.equal(entryOf(item).summary.expires, true, 'the count of mail about to be returned includes it');
  });

  test('expires with a text that leaves open whether the message arrived', async () => {
    await using scene = await setScene(breaksOff);
    const { world } = scene;
    world.submit({ recipients: ['bob@x'] });
    await world.runToEnd();
    assert.equal(sentFor(scene).length, 3);
    const item = world.onlyItem();
    assert.ok(world.clock.wall >= item.arrival + 86_400_000);
    assert.partialDeepStrictEqual(item, {
      state: 'done',
      recipients: [{ last: { status: 'expired', inDoubt: true } }],
    });
    assert.deepEqual([item.holds, item.due, item.pending], [undefined, undefined, {}]);
    assert.deepEqual(
      world.lines.map(({ status, in_doubt, in_doubt_known }) => [status, in_doubt, in_doubt_known]),
      [
        ['deferred', true, undefined],
        ['deferred', true, undefined],
        ['deferred', true, undefined],
        ['expired', true, true],
      ],
    );
    assert.equal(world.events.length, 1);
    const [event] = world.events;
    const [told] = bounceOf(event).bouncedRecipients;
    assert.ok(told?.diagnosticCode.startsWith(`X-Postfix; ${doubtWords} (last: lost connection`), told?.diagnosticCode);
    assert.deepEqual(event?.lmtp.recipients[0]?.inDoubt, true);
  });

  test('at the limit is not sent again while another recipient of the delivery is retried', async () => {
    await using scene = await setScene({ final: { 'busy@x': '452 4.2.2 full', default: andThen('close') } });
    const { world } = scene;
    world.submit({ recipients: ['busy@x', 'bob@x'] });
    await runUntil(
      world,
      () =>
        sentFor(scene)
          .flat()
          .filter((address) => address === 'busy@x').length >= 6,
    );
    const all = sentFor(scene).flat();
    assert.equal(all.filter((address) => address === 'bob@x').length, 3);
    assert.partialDeepStrictEqual(world.onlyItem(), { state: 'deferred' });
    assert.deepEqual([world.onlyItem().holds, world.metrics.sum('HeldInDoubt')], [undefined, 0]);
    await world.runToEnd();
    assert.equal(
      sentFor(scene)
        .flat()
        .filter((address) => address === 'bob@x').length,
      3,
    );
    const told = world.events.flatMap((event) => bounceOf(event).bouncedRecipients);
    assert.deepEqual(
      told.map(({ emailAddress, diagnosticCode }) => [emailAddress, diagnosticCode.includes(doubtWords)]).toSorted(),
      [
        ['bob@x', true],
        ['busy@x', false],
      ],
      'both expire at the end of the lifetime',
    );
  });

  test('at the limit is held when the other recipients are finished', async () => {
    await using scene = await setScene({
      final: { 'busy@x': '452 4.2.2 full', default: andThen('close') },
      connections: Object.fromEntries([6, 7, 8, 9].map((n) => [n, { final: { default: '250 2.0.0 saved' } }])),
    });
    const { world } = scene;
    world.submit({ recipients: ['busy@x', 'bob@x'] });
    await runUntil(world, () => isHeld(world)() || sentFor(scene).length > 9);
    assert.partialDeepStrictEqual(world.onlyItem(), { state: 'held', holds: [{ id: inDoubtLimitHold }] });
    assert.equal(recipientOf(world, 'busy@x').last?.status, 'sent');
    assert.equal(
      sentFor(scene)
        .flat()
        .filter((address) => address === 'bob@x').length,
      3,
    );
  });

  test('that is refused later bounces as one that may have the message', async () => {
    await using scene = await setScene({
      rcpt: { default: '550 5.1.1 no such user' },
      connections: { '1': { rcpt: { default: '250 2.1.5 ok' }, ...breaksOff } },
    });
    const { world } = scene;
    world.submit({ recipients: ['bob@x'] });
    await world.runToEnd();
    assert.partialDeepStrictEqual(world.lines, [
      { status: 'deferred', in_doubt: true },
      { status: 'bounced', in_doubt: true, in_doubt_known: true, dsn: '5.1.1' },
    ]);
    assert.equal(world.metrics.sum('InDoubt'), 1, 'doubt is counted once');
    const bounce = bounceOf(world.events[0]);
    assert.equal(bounce.bounceType, 'Transient', 'no conclusion is drawn about the address');
    const [told] = bounce.bouncedRecipients;
    assert.ok(told?.diagnosticCode.startsWith(`X-Postfix; ${doubtWords} (last: host `));
    assert.match(told?.diagnosticCode ?? '', /550 5\.1\.1 no such user/);
  });

  test('that is sent later is no longer in doubt', async () => {
    await using scene = await setScene({ connections: { '1': breaksOff } });
    const { world } = scene;
    world.submit({ recipients: ['bob@x'] });
    await world.runToEnd();
    assert.equal(world.lines.at(-1)?.status, 'sent');
    assert.equal(world.lines.at(-1)?.in_doubt, undefined);
    assert.equal(recipientOf(world, 'bob@x').last?.inDoubt, undefined);
    assert.deepEqual(world.events, []);
  });

  test('that is deferred without an attempt stays in doubt, and nothing is counted', async () => {
    await using scene = await setScene({ ...breaksOff, connections: { '2': { greeting: '421 4.3.2 not now' } } });
    const { world } = scene;
    world.submit({ recipients: ['bob@x'] });
    await runUntil(world, () => world.lines.length >= 2);
    assert.partialDeepStrictEqual(world.lines, [{ in_doubt: true }, { in_doubt: true, in_doubt_known: true }]);
    const { last, doubt } = recipientOf(world, 'bob@x');
    assert.deepEqual([last?.inDoubt, doubt?.attempts], [true, 1]);
  });

  test('is tried for the whole lifetime with strict_postfix_verdicts=yes, and the text stays the same', async () => {
    await using scene = await setScene(breaksOff, { parameters: { strict_postfix_verdicts: 'yes' } });
    const { world } = scene;
    world.submit({ recipients: ['bob@x'] });
    await world.runToEnd();
    assert.ok(sentFor(scene).length > 10, String(sentFor(scene).length));
    assert.equal(world.metrics.sum('HeldInDoubt'), 0);
    const [told] = world.events.flatMap((event) => bounceOf(event).bouncedRecipients);
    assert.ok(told?.diagnosticCode.includes(doubtWords));
  });

  test('is tried without a limit with in_doubt_limit=0', async () => {
    await using scene = await setScene(breaksOff, { parameters: { in_doubt_limit: '0' } });
    const { world } = scene;
    world.submit({ recipients: ['bob@x'] });
    await runUntil(world, () => sentFor(scene).length > 4);
    assert.equal(world.onlyItem().state, 'deferred');
  });

  test('is held at once and without end with in_doubt_action=hold, and not again for a later deferral', async () => {
    await using scene = await setScene(
      { final: { default: '452 4.2.2 full' }, connections: { '1': breaksOff } },
      { parameters: { in_doubt_action: 'hold' } },
    );
    const { world } = scene;
    world.submit({ recipients: ['bob@x'] });
    await world.runToEnd();
    assert.partialDeepStrictEqual(world.onlyItem(), { state: 'held', holds: [{ id: 'in-doubt' }] });
    assert.equal(world.onlyItem().due, undefined);
    await releaseMessage(world.onlyItem(), ann, world.undisturbed().services);
    await runUntil(world, () => world.lines.length >= 2);
    assert.equal(world.onlyItem().state, 'deferred');
    assert.partialDeepStrictEqual(world.lines[1], { status: 'deferred', in_doubt: true });
  });
});

describe('a delivery that is held at in_doubt_limit', () => {
  const hour = 3_600_000;

  /** One that was held a moment ago. */
  async function heldScene(parameters: Readonly<Record<string, string>> = {}, script = breaksOff): Promise<Scene> {
    const scene = await setScene(script, { parameters });
    scene.world.submit({ recipients: ['bob@x'] });
    await runUntil(scene.world, isHeld(scene.world));
    return scene;
  }

  test('is not tried by flush, which says what to do', async () => {
    await using scene = await heldScene();
    const { world } = scene;
    const why = refusal(await rescheduleMessage(world.onlyItem(), ann, world.undisturbed().services));
    assert.match(why, /^it is held: 3 attempts ended in doubt/);
    assert.match(why, /log of the server first.*delete request --as sent.*release request/);
  });

  test('is tried again when an operator releases it: the count starts at zero', async () => {
    await using scene = await heldScene();
    const { world } = scene;
    const carried = await releaseMessage(world.onlyItem(), ann, world.undisturbed().services);
    assert.equal(carried.kind, 'changed');
    assert.equal(recipientOf(world, 'bob@x').doubt?.attempts, 0);
    assert.equal(entryOf(world.onlyItem()).summary.inDoubt, 1, 'it is still in doubt');
    await runUntil(world, () => isHeld(world)() && sentFor(scene).length > 3);
    assert.equal(sentFor(scene).length, 6);
  });

  test('causes a delay warning in time, once', async () => {
    await using scene = await heldScene({ delay_warning_time: '8h' });
    const { world } = scene;
    const { arrival, due } = world.onlyItem();
    assert.equal(due, arrival + 8 * hour, 'the item is due when the warning is');
    await world.runToEnd();
    const [warning, bounce, ...others] = world.events;
    assert.deepEqual([warning?.eventType, bounce?.notificationType, others.length], ['DeliveryDelay', 'Bounce', 0]);
    assert.ok(warning?.eventType === 'DeliveryDelay');
    assert.ok(warning.deliveryDelay.delayedRecipients[0]?.diagnosticCode.includes(doubtWords));
    const at = Date.parse(warning.deliveryDelay.timestamp) - arrival;
    assert.ok(at >= 8 * hour && at < 8 * hour + 600_000, String(at));
    assert.notEqual(warning.lmtp.eventId, bounce?.lmtp.eventId);
  });

  test('is kept beyond its lifetime while an operator holds it too, and returned at the release', async () => {
    await using scene = await heldScene();
    const { world } = scene;
    const { services } = world.undisturbed();
    await holdMessage(world.onlyItem(), { ...ann, hold: 'mine' }, services);
    await world.runToEnd();
    world.clock.advance(72 * hour);
    await world.runToEnd();
    assert.deepEqual([world.onlyItem().state, world.events.length], ['held', 0]);
    await releaseMessage(world.onlyItem(), { ...ann, hold: 'mine' }, services);
    await world.runToEnd();
    assert.equal(sentFor(scene).length, 3, 'it is not sent again');
    assert.partialDeepStrictEqual(world.onlyItem().recipients, [{ last: { status: 'expired', inDoubt: true } }]);
  });

  test('ends when the operator knows that it was delivered', async () => {
    await using scene = await heldScene();
    const { world } = scene;
    await recordAsSent(world.onlyItem(), ann, world.undisturbed().services);
    assert.partialDeepStrictEqual(world.onlyItem(), { state: 'done', recipients: [{ last: { status: 'sent' } }] });
    assert.deepEqual(world.events, []);
  });

  test('bounces on request as one that may have been delivered', async () => {
    await using scene = await heldScene();
    const { world } = scene;
    await removeMessage(world.onlyItem(), { ...ann, bounces: true }, world.undisturbed().services);
    await world.runToEnd();
    assert.equal(recipientOf(world, 'bob@x').last?.inDoubt, true);
    const [told] = world.events.flatMap((event) => bounceOf(event).bouncedRecipients);
    assert.ok(told?.diagnosticCode.startsWith(`X-Postfix; ${doubtWords} (last: message removed by the postmaster`));
  });

  test('is released by the next sweep after the limit is raised or removed', async () => {
    await using scene = await heldScene({ delay_warning_time: '8h' });
    const { world } = scene;
    world.redeploy({ ...usual, delay_warning_time: '8h', in_doubt_limit: '5' });
    await runUntil(world, () => sentFor(scene).length >= 5);
    await runUntil(world, isHeld(world));
    assert.equal(sentFor(scene).length, 5);
  });

  test('arises from a deferred one when the limit is lowered: nothing is sent', async () => {
    await using scene = await setScene(breaksOff);
    const { world } = scene;
    world.submit({ recipients: ['bob@x'] });
    await runUntil(world, () => sentFor(scene).length === 2 && world.onlyItem().state === 'deferred');
    world.redeploy({ ...usual, in_doubt_limit: '1' });
    await runUntil(world, isHeld(world));
    assert.equal(sentFor(scene).length, 2);
    assert.equal(world.metrics.sum('HeldInDoubt'), 1);
  });
});

describe('release of a delivery that is not held', () => {
  const limited = (address: string, n: number): QueuedRecipient => ({
    address,
    n,
    last: { ...makeVerdict('deferred'), inDoubt: true },
    doubt: { attempts: 3, since: 1, at: 2 },
  });

  test('allows its recipients at in_doubt_limit to be tried again with the others', async () => {
    const services = captureServices();
    const recipients = [limited('bob@x', 0), { address: 'busy@x', n: 1, last: makeVerdict('deferred') }];
    const item = makeItem({ state: 'deferred', recipients });
    await services.ledger.admit(item);
    const flushed = await rescheduleMessage(item, ann, services);
    assert.match(flushed.kind === 'changed' ? flushed.what : '', /not for recipients at in_doubt_limit/);
    await releaseMessage(item, ann, services);
    const after = await services.ledger.read(item);
    assert.deepEqual(
      after?.recipients.map(({ doubt }) => doubt),
      [{ attempts: 0, since: 1, at: 2 }, undefined],
    );
    assert.equal(after?.state, 'deferred');
  });

  test('is refused if it names a missing hold, or no recipient is at the limit', async () => {
    const services = captureServices();
    const at = makeItem({ state: 'deferred', recipients: [limited('bob@x', 0)] });
    const below = makeItem({ state: 'deferred', recipients: makeRecipients('bob@x') });
    for (const item of [at, below]) await services.ledger.admit(item);
    assert.equal(refusal(await releaseMessage(at, { ...ann, hold: 'mine' }, services)), 'it is deferred, not held');
    assert.equal(refusal(await releaseMessage(below, ann, services)), 'it is deferred, not held');
  });
});

describe('an expired lease', () => {
  async function expiredLease(given: Partial<DeliveryItem>) {
    const services = captureServices();
    const due = services.clock.wall - 1;
    const item = makeItem({ state: 'delivering', claim: { token: 't', until: 0 }, ...given, due });
    await services.ledger.admit(item);
    await sweep(300_000, services, () => true);
    const after = await services.ledger.read(item);
    assert.ok(after !== undefined);
    return { services, after };
  }

  test('counts as an attempt in doubt, and the last one leads to the hold', async () => {
    const twice = { attempts: 2, since: 1, at: 2 };
    const last = { ...makeVerdict('deferred'), inDoubt: true } as const;
    const { services, after } = await expiredLease({ recipients: [{ address: 'bob@x', n: 0, last, doubt: twice }] });
    assert.equal(after.recipients[0]?.doubt?.attempts, 3);
    assert.partialDeepStrictEqual(after, { state: 'held', holds: [{ id: inDoubtLimitHold }] });
    assert.equal(services.metrics.sum('HeldInDoubt'), 1);
  });

  test('counts nothing for recipients that were not part of the attempt', async () => {
    const last = { ...makeVerdict('deferred'), inDoubt: true } as const;
    const atLimit = { address: 'bob@x', n: 0, last, doubt: { attempts: 3, since: 1, at: 2 } };
    const { services, after } = await expiredLease({ recipients: [atLimit, { address: 'carol@x', n: 1 }] });
    assert.deepEqual(after.recipients[0], atLimit);
    assert.equal(after.recipients[1]?.doubt?.attempts, 1);
    assert.equal(after.state, 'deferred');
    assert.deepEqual(
      services.lines.map(({ recipient }) => recipient),
      ['carol@x'],
    );
  });

  test('reads the flag of an item of an earlier release as one attempt in doubt', async () => {
    const last = { ...makeVerdict('deferred'), inDoubt: true } as const;
    const { after } = await expiredLease({ recipients: [{ address: 'bob@x', n: 0, last }] });
    assert.deepEqual(after.recipients[0]?.doubt?.attempts, 2);
    assert.equal(after.recipients[0]?.doubt?.since, last.at);
  });
});
