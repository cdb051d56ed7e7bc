/**
 * Operator changes at every moment of a delivery: before and after each call of the queue to a service. A
 * delivery is always in exactly one state; a held one is not delivered until its release, a removed one is
 * not delivered at all unless it was in progress; and no recipient gets the mail twice.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { holdDestination, unholdDestination } from '../../functions/operator/destination-change.ts';
import { holdMessage, releaseMessage, rescheduleMessage } from '../../functions/operator/operator-change.ts';
import { removeMessage } from '../../functions/operator/removal-change.ts';
import type { QueueServices } from '../../functions/queue/destinations/services.ts';
import type { DeliveryItem } from '../../functions/queue/items/item.ts';
import type { ChangeResult } from '../../functions/queue/writes/apply-change.ts';
import { bounceOf } from '../support/bounce-of.ts';
import { type MailStore, startMailStore } from '../support/mail-store.ts';
import type { Interference } from '../support/queue-process.ts';
import { QueueWorld } from '../support/queue-world.ts';

let store: MailStore;

before(async () => {
  store = await startMailStore();
});
after(() => store?.[Symbol.asyncDispose]());

const order = { by: 'arn:aws:iam::1:user/ann', why: 'a test' };

/** The operator changes to the messages of a world, and their results. */
interface Hands {
  readonly world: QueueWorld;
  readonly services: QueueServices;
  /** How many attempts a removed message may have at its end, by its key. */
  readonly lastAttempts: Map<string, number>;
  /** The destination is held now. */
  isHeld: boolean;
}

type Action = (hands: Hands) => Promise<void>;

async function toEach(
  { world }: Hands,
  act: (item: DeliveryItem) => Promise<ChangeResult>,
): Promise<readonly ChangeResult[]> {
  return await Promise.all(world.ledger.items.map(act));
}

const actions = {
  'an operator holds the messages': async (hands) => {
    await toEach(hands, (item) => holdMessage(item, { ...order, hold: 'h' }, hands.services));
  },
  'an operator holds the messages for an hour': async (hands) => {
    const until = hands.world.clock.wall + 3_600_000;
    await toEach(hands, (item) => holdMessage(item, { ...order, hold: 'hour', until }, hands.services));
  },
  'an operator holds and releases the messages': async (hands) => {
    await toEach(hands, (item) => holdMessage(item, { ...order, hold: 'error' }, hands.services));
    await toEach(hands, (item) => releaseMessage(item, { ...order, hold: 'error' }, hands.services));
  },
  'two operators hold the messages, and one releases them': async (hands) => {
    for (const hold of ['one', 'other']) {
      await toEach(hands, (item) => holdMessage(item, { ...order, hold }, hands.services));
    }
    await toEach(hands, (item) => releaseMessage(item, { ...order, hold: 'one' }, hands.services));
  },
  'an operator releases all messages': async (hands) => {
    await toEach(hands, (item) => releaseMessage(item, order, hands.services));
  },
  'an operator removes the messages': (hands) => removeAll(hands, false),
  'an operator removes the messages with a bounce': (hands) => removeAll(hands, true),
  'an operator flushes the messages': async (hands) => {
    await toEach(hands, (item) => rescheduleMessage(item, order, hands.services));
  },
  'an operator holds the destination': async (hands) => {
    await holdDestination(store.destination, { ...order, hold: 'd' }, hands.services);
    hands.isHeld = true;
  },
  'an operator releases the destination': async (hands) => {
    await unholdDestination(store.destination, { ...order, spread: 60_000 }, hands.services);
    hands.isHeld = false;
  },
} as const satisfies Record<string, Action>;

type ActionName = keyof typeof actions;
const actionNames = Object.keys(actions) as readonly ActionName[];

async function removeAll(hands: Hands, bounces: boolean): Promise<void> {
  await toEach(hands, async (item) => {
    const carried = await removeMessage(item, { ...order, bounces }, hands.services);
    if (carried.kind !== 'changed') return carried;
    const { id, delivery, state, attempt } = carried.item;
    const key = `${id}/${delivery}`;
    const last = state === 'delivering' ? attempt + 1 : attempt;
    hands.lastAttempts.set(key, Math.min(last, hands.lastAttempts.get(key) ?? last));
    return carried;
  });
}

let runs = 0;

/** The change at each call; `n.5`: after it. */
type Plan = ReadonlyMap<number, ActionName>;

const words = ['bob', 'busy', 'unknown'] as const;

/** Plays a request of two deliveries, with the planned operator changes; then everything is released, and checked. */
async function play(plan: Plan): Promise<QueueWorld> {
  const tag = runs++;
  const interfere: Interference = async (call, act) => {
    await perform(plan.get(call.n));
    const answer = await act();
    await perform(plan.get(call.n + 0.5));
    return answer;
  };
  const world = new QueueWorld({
    destination: store.destination,
    parameters: { lmtp_destination_recipient_limit: '2' },
    interfere,
  });
  const hands: Hands = { world, services: world.undisturbed().services, lastAttempts: new Map(), isHeld: false };
  const perform = async (name: ActionName | undefined) => {
    if (name !== undefined) await actions[name](hands);
  };
  try {
    const addresses = words.map((word) => `${word}.race${tag}@example.com`);
    world.submit({ recipients: addresses });
    await world.runToEnd();
    checkRest(hands);
    // The changes planned for later calls may hold them once more.
    for (let turn = 0; turn <= plan.size; turn += 1) {
      await actions['an operator releases the destination'](hands);
      await world.runToEnd();
      await actions['an operator releases all messages'](hands);
      await world.runToEnd();
    }
    for (const item of world.ledger.items) checkEnd(hands, item);
    assert.deepEqual(
      world.ledger.items.flatMap(({ recipients }) => recipients.map(({ address }) => address)).sort(),
      addresses.toSorted(),
    );
    return world;
  } catch (cause) {
    const happened = [...plan].map(([n, what]) => `at call ${n} ${what}`);
    throw new Error(`${happened.join('; ')}: ${cause}\n${world.notes.join('\n')}`, { cause });
  } finally {
    await world.close();
  }
}

/** Nothing is in progress: then everything is done or held, and held for a reason. */
function checkRest({ world, isHeld }: Hands): void {
  assert.deepEqual(world.messages, []);
  for (const { state, holds = [], due, claim, pending } of world.ledger.items) {
    assert.deepEqual([due, claim, pending], [undefined, undefined, {}]);
    assert.ok(state === 'done' || (state === 'held' && (holds.length > 0 || isHeld)), `${state} at rest`);
  }
}

function checkEnd({ world, lastAttempts }: Hands, item: DeliveryItem): void {
  assert.equal(item.state, 'done');
  const last = lastAttempts.get(`${item.id}/${item.delivery}`);
  assert.ok(last === undefined || item.attempt <= last, 'a removed message was tried once more');
  const bounces = world.events.flatMap((event) => bounceOf(event).bouncedRecipients);
  for (const { address, last } of item.recipients) {
    const told = new Set(world.events.map(({ lmtp }) => lmtp.eventId)).size === world.events.length;
    assert.ok(told, 'each event is published once');
    const bounced = bounces.filter(({ emailAddress }) => emailAddress === address).length;
    const isBounced = last?.status === 'bounced';
    assert.equal(bounced, isBounced ? 1 : 0, `${address}: ${bounced} bounces`);
    const saved = store.saved(address);
    if (last?.by === undefined) assert.equal(last?.status, address.startsWith('unknown') ? 'bounced' : 'sent');
    else assert.ok(last.status === 'removed' || last.status === 'bounced');
    assert.equal(saved, last?.status === 'sent' ? 1 : 0, `${address} is ${last?.status}, delivered to ${saved} times`);
  }
  assert.equal(world.lines.filter(({ in_doubt }) => in_doubt === true).length, 0, 'no recipient is in doubt');
}

const together = 40;

async function playAll(plans: readonly Plan[]): Promise<void> {
  for (let from = 0; from < plans.length; from += together) {
    await Promise.all(plans.slice(from, from + together).map(play));
  }
}

describe('a request of two deliveries, with operator changes', () => {
  let calls = 0;

  test('ends normally without any', async () => {
    calls = (await play(new Map())).calls;
  });

  for (const name of actionNames) {
    test(`ends correctly when ${name}, before and after each call`, async (t) => {
      const points = Array.from({ length: calls }, (_, n) => [n, n + 0.5]).flat();
      await playAll(points.map((n) => new Map([[n, name]])));
      t.diagnostic(`${points.length} points`);
    });
  }

  test('ends correctly with any four changes', async () => {
    const point = fc.tuple(
      fc.nat(120).map((half) => half / 2),
      fc.constantFrom(...actionNames),
    );
    const plans = fc.array(fc.array(point, { minLength: 4, maxLength: 4 }), {
      minLength: together,
      maxLength: together,
    });
    await fc.assert(
      fc.asyncProperty(plans, async (plan) => {
        await playAll(plan.map((points) => new Map(points)));
      }),
      { numRuns: 5, endOnFailure: true },
    );
  });
});
