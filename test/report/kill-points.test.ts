/**
 * The bounce function dies between any two steps, responses of AWS get lost, events arrive doubled and in any
 * order.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ReportableEvent } from '../../functions/queue/items/event.ts';
import { makeItem } from '../support/delivery-item.ts';
import { readReport } from '../support/read-report.ts';
import { bounced } from '../support/report-events.ts';
import { type ReportInterference, ReportWorld } from '../support/report-world.ts';

const deliveries = 3;
const addresses = Array.from({ length: deliveries }, (_, n) => `r${n}@example.com`);

const eventsOfAll = (): readonly ReportableEvent[] =>
  addresses.flatMap((address, n) => bounced({ recipients: [address], item: { delivery: `000${n}`, deliveries } }));

const copies = { notify_classes: 'bounce', relay_domains: 'mail.example.org' };
const overSes = { ...copies, bounce_report_routes: 'ses', bounce_report_ses_sender: 'bounce@example.net' };

function makeWorld(values: Record<string, string>, interfere?: ReportInterference): ReportWorld {
  const world = new ReportWorld(values, interfere);
  for (let n = 0; n < deliveries; n += 1) {
    world.items.push(makeItem({ id: '4bXq1', delivery: `000${n}`, deliveries, state: 'delivering' }));
  }
  return world;
}

/** A call fails: before it takes effect, or after, as when the function dies or a response is lost. */
function failAt(faults: ReadonlyMap<number, 'before' | 'after'>): ReportInterference {
  return async (call, name, act) => {
    const fault = faults.get(call);
    if (fault === 'before') throw new Error(`${name} not done`);
    const result = await act();
    if (fault === 'after') throw new Error(`${name} done, and its response is lost`);
    return result;
  };
}

/** Checks that everything is reported once; repetitions of a mail are identical. */
async function checkTold(world: ReportWorld): Promise<void> {
  assert.deepEqual(world.queue, []);
  const byId = Map.groupBy(world.requests, ({ reportId }) => reportId);
  for (const [first, ...others] of byId.values()) {
    for (const other of others) assert.deepEqual(other, first);
  }
  assert.deepEqual(Object.fromEntries(await toldBy(world)), {
    'alice@example.org': addresses,
    'postmaster@mail.example.org': addresses,
  });
}

/** The recipients reported to each addressee, over all mails. */
async function toldBy({ mails }: ReportWorld): Promise<ReadonlyMap<string, readonly string[]>> {
  const told = new Map<string, string[]>();
  for (const { recipient, content } of mails) {
    const { recipients } = await readReport(content);
    const about = recipients.map((fields) => fields['final-recipient']?.replace('rfc822; ', '') ?? '');
    told.set(recipient, [...(told.get(recipient) ?? []), ...about].toSorted());
  }
  return told;
}

test('whenever it dies, and whatever response is lost, the sender and the postmaster get a report of each recipient, once', async () => {
  const undisturbed = makeWorld(copies);
  undisturbed.publish(...eventsOfAll());
  await undisturbed.runToEnd();
  await checkTold(undisturbed);
  assert.equal(undisturbed.mails.length, 2);
  let points = 0;
  for (let call = 0; call < undisturbed.calls; call += 1) {
    for (const fault of ['before', 'after'] as const) {
      const world = makeWorld(copies, failAt(new Map([[call, fault]])));
      world.publish(...eventsOfAll());
      await world.runToEnd();
      await checkTold(world);
      points += 1;
    }
  }
  assert.ok(points > 30, `${points} points`);
});

test('SES gets a second copy only if the first may not have been sent', async () => {
  const undisturbed = makeWorld(overSes);
  undisturbed.publish(...eventsOfAll());
  await undisturbed.runToEnd();
  assert.equal(undisturbed.sesMails.length, 2);
  let doubled = 0;
  for (let call = 0; call < undisturbed.calls; call += 1) {
    for (const fault of ['before', 'after'] as const) {
      let hit = '';
      const world = makeWorld(overSes, (at, name, act) => {
        if (at === call) hit = name;
        return failAt(new Map([[call, fault]]))(at, name, act);
      });
      world.publish(...eventsOfAll());
      await world.runToEnd();
      const isUnknown =
        (hit === 'ses' && fault === 'after') || (/recordHandedOver|markDone/.test(hit) && fault === 'before');
      for (const [recipient, told] of await toldBy(world)) {
        const once = [...new Set(told)];
        assert.deepEqual(once, addresses, `${recipient}, ${hit} ${fault}`);
        assert.ok(told.length === once.length || isUnknown, `${recipient}, ${hit} ${fault}`);
      }
      doubled += world.sesMails.length > 2 && isUnknown ? 1 : 0;
    }
  }
  assert.ok(doubled > 0, 'the unavoidable case occurs');
});

test('with doubled, reordered and late events, and repeated failures, every recipient is reported, and none twice', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.shuffledSubarray([0, 1, 2, 0, 1, 2, 0, 1, 2], { minLength: 9 }),
      fc.dictionary(fc.nat(120).map(String), fc.constantFrom('before' as const, 'after' as const), { maxKeys: 12 }),
      fc.array(fc.nat(150_000), { minLength: 9, maxLength: 9 }),
      async (order, faults, pauses) => {
        const world = makeWorld(
          copies,
          failAt(new Map(Object.entries(faults).map(([call, fault]) => [Number(call), fault]))),
        );
        const events = eventsOfAll();
        for (const [n, which] of order.entries()) {
          const event = events[which];
          if (event !== undefined) world.publish(event);
          const message = world.queue.at(-1);
          if (message !== undefined) message.visible += pauses.slice(0, n).reduce((sum, pause) => sum + pause, 0);
        }
        await world.runToEnd();
        await checkTold(world);
      },
    ),
    { numRuns: 150 },
  );
});

test('several concurrent functions with the same events send one report', async () => {
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), async (scheduler) => {
      const world = makeWorld(overSes, (_, __, act) => scheduler.schedule(Promise.resolve()).then(act));
      world.publish(...eventsOfAll(), ...eventsOfAll());
      const all = Promise.all([...world.queue].map((message) => world.receive(message)));
      await scheduler.waitFor(all);
      const mails = world.sesMails.length;
      assert.ok(mails <= 2, `${mails} mails`);
    }),
    { numRuns: 100 },
  );
});
