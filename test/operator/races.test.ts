/**
 * Operator commands on many messages at every moment of their delivery: before and after each call that the
 * queue makes to a service. Nothing is lost or doubled: each recipient gets the message once, or the operator
 * has removed it.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { holdDestination, releaseDestination, reopenDestinations } from '../../functions/operator/destinations.ts';
import { flushMessages, holdMessages, releaseMessages, removeMessages } from '../../functions/operator/messages.ts';
import type { Change, Changing } from '../../functions/operator/operator.ts';
import type { Selection } from '../../functions/operator/selection.ts';
import { bounceOf } from '../support/bounce-of.ts';
import { type MailStore, startMailStore } from '../support/mail-store.ts';
import { MemoryCorruptRequests } from '../support/memory-corrupt-requests.ts';
import type { Interference } from '../support/queue-process.ts';
import { QueueWorld } from '../support/queue-world.ts';

let store: MailStore;

before(async () => {
  store = await startMailStore();
});
after(() => store?.[Symbol.asyncDispose]());

const everything: Selection = { kind: 'filter', filter: {} };

async function all(changes: AsyncIterable<Change>): Promise<void> {
  await Array.fromAsync(changes);
}

/** The operator commands; each undoes what it stops. */
const actions: Readonly<Record<string, (changing: Changing, tag: string) => Promise<void>>> = {
  'everything is held and released': async (changing) => {
    await all(holdMessages(everything, { hold: 'x' }, changing));
    await all(releaseMessages(everything, { ramp: 0 }, changing));
  },
  'everything is held, and released over a ramp': async (changing) => {
    await all(holdMessages(everything, { hold: 'x' }, changing));
    await all(releaseMessages(everything, { ramp: 60_000 }, changing));
  },
  'the destination is held and released': async (changing) => {
    await holdDestination(store.destination, { hold: 'd' }, changing);
    await releaseDestination(store.destination, { ramp: 0 }, changing);
  },
  'everything is flushed, twice': async (changing) => {
    for (const _ of [1, 2]) {
      await all(reopenDestinations(undefined, changing));
      await all(flushMessages(everything, 0, changing));
    }
  },
  'one recipient is removed': (changing, tag) =>
    all(removeMessages(everything, { as: 'removed', recipient: `busy.${tag}@*` }, changing)),
  'one recipient is removed and bounced, then all others': async (changing, tag) => {
    await all(removeMessages(everything, { as: 'bounced', recipient: `busy.${tag}@*` }, changing));
    await all(removeMessages(everything, { as: 'bounced' }, changing));
  },
  'recipients in doubt are recorded as sent': (changing) => all(removeMessages(everything, { as: 'sent' }, changing)),
};

let runs = 0;

/** Plays a request, with an operator command at one moment: `n` before a call, `n.5` after it. */
async function play(
  moment: number | undefined,
  act: (changing: Changing, tag: string) => Promise<void>,
): Promise<number> {
  const tag = `op${runs++}`;
  const order = { by: 'local/ann', why: 'a test' };
  const interfere: Interference = async (call, carryOn) => {
    const isNow = (point: number) => point === moment;
    if (isNow(call.n)) await act(changing, tag);
    const answer = await carryOn();
    if (isNow(call.n + 0.5)) await act(changing, tag);
    return answer;
  };
  const world = new QueueWorld({ destination: store.destination, interfere });
  const corruptRequests = new MemoryCorruptRequests();
  const changing: Changing = { order, services: { ...world.undisturbed().services, corruptRequests } };
  try {
    const addresses = ['bob', 'busy', 'carol'].map((name) => `${name}.${tag}@example.com`);
    world.submit({ recipients: addresses });
    await world.runToEnd();
    await world.settled();
    const bounced = world.events.flatMap((event) => bounceOf(event).bouncedRecipients.map((one) => one.emailAddress));
    const item = world.onlyItem();
    assert.deepEqual([item.state, item.pending, item.due], ['done', {}, undefined]);
    for (const { address, last } of item.recipients) {
      assert.equal(store.saved(address), last?.status === 'sent' ? 1 : 0, `${address} is ${last?.status}`);
      assert.equal(bounced.filter((one) => one === address).length, last?.status === 'bounced' ? 1 : 0, address);
      if (last?.by === undefined) assert.equal(last?.status, 'sent');
    }
    return world.calls;
  } catch (cause) {
    throw new Error(`at ${moment}: ${cause}\n${world.notes.join('\n')}`, { cause });
  } finally {
    await world.close();
  }
}

const together = 40;

describe('a message that is delivered in two attempts', () => {
  let calls = 0;

  test('arrives without operator commands', async () => {
    calls = await play(undefined, async () => {});
    assert.ok(calls > 20);
  });

  for (const [name, act] of Object.entries(actions)) {
    test(`arrives once, or not where it was removed: ${name}, before and after each call`, async (t) => {
      const moments = Array.from({ length: calls }, (_, n) => [n, n + 0.5]).flat();
      for (let from = 0; from < moments.length; from += together) {
        await Promise.all(moments.slice(from, from + together).map((moment) => play(moment, act)));
      }
      t.diagnostic(`${moments.length} moments`);
    });
  }
});
