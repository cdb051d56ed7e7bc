/** A server that dies and recovers: how many containers together react, in virtual time. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseParameters } from '../../functions/parameters/parameters.ts';
import type { AttemptResult } from '../../functions/queue/destinations/scheduler.ts';
import type { DeliveryItem } from '../../functions/queue/items/item.ts';
import { backoff } from '../../functions/time/backoff.ts';
import { ContainerFleet, type Server, type Worked } from '../support/container-fleet.ts';
import { makeItem } from '../support/delivery-item.ts';

const destination = 'inet:mail.test:24';
const second = 1000;
const hour = 3_600 * second;
const failure: AttemptResult = {
  kind: 'failure',
  failure: { status: '4.4.1', text: 'connect to mail.test[10.0.0.1]:24: Connection timed out' },
};
const success: AttemptResult = { kind: 'success' };

/** A server that is up or down: when down, every delivery to it takes lmtp_connect_timeout. */
function serverThat(isAlive: (at: number) => boolean): Server {
  return (at) => (isAlive(at) ? { takes: second, experience: success } : { takes: 30 * second, experience: failure });
}

/** Containers; undelivered mail is retried when the queue allows it. */
function makeFleet(server: Server, given: { readonly containers?: number; readonly mailbox?: boolean } = {}) {
  const parameters = parseParameters({});
  const notes: string[] = [];
  const again = ({ at, item, how, until }: Worked) => {
    if (how === 'delivered') return;
    const attempt = how === 'put back' ? item.attempt : item.attempt + 1;
    const wait = until ?? at + backoff(item.arrival, at, parameters, (item.arrival % 97) / 97);
    fleet.activateAt(wait, { ...item, attempt });
  };
  const fleet: ContainerFleet = new ContainerFleet({
    containers: given.containers ?? 20,
    server,
    surroundings: {
      parameters,
      transport: 'lmtp',
      log: { delivery: () => {}, note: (level, message) => notes.push(`${level}: ${message}`) },
    },
    onWorked: again,
  });
  return { fleet, notes, begun: fleet.clock.wall };
}

function submit(fleet: ContainerFleet, count: number, given: (n: number) => Partial<DeliveryItem> = () => ({})): void {
  for (let n = 0; n < count; n += 1) {
    const arrival = fleet.clock.wall + n * 10;
    fleet.activateAt(arrival, makeItem({ id: `m${n}`, destination, arrival, ...given(n) }));
  }
}

function deliveredIn(fleet: ContainerFleet): number {
  return fleet.worked.filter(({ how }) => how === 'delivered').length;
}

describe('a host that is dead when mail for it arrives', () => {
  for (const containers of [1, 2, 5, 20, 100]) {
    test(`costs no more than the first window, over ${containers} containers`, async () => {
      const { fleet, begun, notes } = makeFleet(
        serverThat(() => false),
        { containers },
      );
      submit(fleet, 500);
      await fleet.run(begun + 290 * second);
      assert.ok(fleet.deliveries.length <= 5, `${fleet.deliveries.length} deliveries met it`);
      assert.ok(notes.includes('warn: destination suspended'));
    });
  }

  test('is tried by one delivery at a time after that, at most once in minimal_backoff_time', async () => {
    const { fleet, begun } = makeFleet(serverThat(() => false));
    submit(fleet, 500);
    await fleet.run(begun + 6 * hour);
    const probes = fleet.deliveries.filter((one) => one.begun > begun + 290 * second);
    assert.ok(probes.length > 10 && probes.length <= 6 * 12, `${probes.length} probes in six hours`);
    assert.equal(fleet.mostAtOnce(begun + 290 * second), 1);
  });

  test('delays no other delivery: each is deferred at once while it is suspended, with the words of the last failure', async () => {
    const { fleet, begun } = makeFleet(serverThat(() => false));
    submit(fleet, 500);
    await fleet.run(begun + 200 * second);
    const { suspension } = await fleet.destinations.read(destination);
    assert.match(suspension?.why ?? '', /Connection timed out/);
    assert.ok(fleet.worked.filter(({ how }) => how === 'suspended').length > 450);
  });
});

describe('a host that closes after a second', () => {
  const hangsUp: Server = () => ({ takes: second, experience: failure });

  for (const containers of [1, 2, 3, 4, 20]) {
    test(`is suspended as soon as the cohort has failed, over ${containers} containers, and no delivery is put back needlessly`, async () => {
      const { fleet, begun, notes } = makeFleet(hangsUp, { containers });
      submit(fleet, 40);
      await fleet.run(begun + 290 * second);
      assert.ok(fleet.deliveries.length <= 5, `${fleet.deliveries.length} deliveries met it`);
      assert.ok(notes.includes('warn: destination suspended'));
      const decided = Math.max(...fleet.deliveries.map(({ ended }) => ended)) - begun;
      // The first ones, those that fill the cohort, and at most one put-back between them.
      assert.ok(decided <= 10 * second, `after ${decided} ms`);
      const putBack = fleet.worked.filter(({ how }) => how === 'put back').map(({ item }) => item.id);
      const most = Math.max(0, ...[...Map.groupBy(putBack, (id) => id).values()].map((times) => times.length));
      assert.ok(most <= 2, `one was put back ${most} times`);
      const waiting = fleet.worked.filter(({ how }) => how === 'suspended' || how === 'failed');
      assert.equal(new Set(waiting.map(({ item }) => item.id)).size, 40, 'each deferral has its reason');
    });
  }
});

describe('workers that die at a dead host', () => {
  test('delay its suspension by two minutes at most; others go on', async () => {
    let count = 0;
    const { fleet, begun, notes } = makeFleet(() => {
      count += 1;
      return count === 1
        ? { takes: second, experience: failure }
        : { takes: second, experience: count <= 4 ? 'death' : failure };
    });
    submit(fleet, 100);
    await fleet.run(begun + 200 * second);
    assert.ok(notes.includes('warn: destination suspended'));
    assert.ok(count <= 8, `${count} deliveries met it`);
  });
});

describe('a host that recovers after an hour', () => {
  const comesBack = (begun: number) => serverThat((at) => at >= begun + hour);

  test('gets all mail, each once', async () => {
    const { fleet, begun } = makeFleet((at, item) => comesBack(begun)(at, item));
    submit(fleet, 1000);
    await fleet.run();
    const ids = fleet.worked.filter(({ how }) => how === 'delivered').map(({ item }) => item.id);
    assert.deepEqual([ids.length, new Set(ids).size], [1000, 1000]);
  });

  test('gets it as a ramp: the first window, then one more with each success, never above the limit', async () => {
    const { fleet, begun } = makeFleet((at, item) => comesBack(begun)(at, item));
    submit(fleet, 3000);
    await fleet.run();
    const reopened = fleet.deliveries.find((one) => one.begun >= begun + hour);
    assert.ok(reopened !== undefined);
    assert.equal(fleet.mostAtOnce(reopened.begun, reopened.ended), 1, 'the probe is alone');
    const first = fleet.mostAtOnce(reopened.ended, reopened.ended + second);
    assert.ok(first <= 5, `${first} at once in the first second`);
    assert.ok(fleet.mostAtOnce() <= 20, 'never above the limit');
  });
});

describe('a host that dies during deliveries', () => {
  test('costs the deliveries in progress, and those until its window has shrunk', async () => {
    const { fleet, begun } = makeFleet((at, item) => serverThat(() => at < begun + 30 * second)(at, item));
    submit(fleet, 4000);
    await fleet.run(begun + 200 * second);
    const met = fleet.deliveries.filter((one) => one.begun >= begun + 30 * second).length;
    assert.ok(fleet.mostAtOnce() > 15, 'it was busy');
    // Twenty were in progress, and until the thirteenth failed others took their slots.
    assert.ok(met <= 33, `${met} deliveries met it dead`);
  });

  test('and recovers in the next minute costs nothing but time', async () => {
    const { fleet, begun } = makeFleet((at, item) =>
      serverThat(() => at < begun + 10 * second || at > begun + 70 * second)(at, item),
    );
    submit(fleet, 1000);
    await fleet.run();
    assert.equal(deliveredIn(fleet), 1000);
  });
});

describe('a host that fails now and then', () => {
  test('is not suspended: a success resets the count', async () => {
    let count = 0;
    const { fleet, notes } = makeFleet(() => {
      count += 1;
      return { takes: second, experience: count % 10 === 5 ? failure : success };
    });
    submit(fleet, 2000);
    await fleet.run();
    assert.equal(deliveredIn(fleet), 2000);
    assert.ok(!notes.includes('warn: destination suspended'));
  });
});

describe('with lmtp_destination_recipient_limit=1', () => {
  test('a failing mailbox is suspended alone', async () => {
    const { fleet, begun } = makeFleet((_, item) =>
      item.mailbox === 'bad@example.com'
        ? { takes: 30 * second, experience: failure }
        : { takes: second, experience: success },
    );
    submit(fleet, 400, (n) => ({ mailbox: n % 4 === 0 ? 'bad@example.com' : `good${n % 40}@example.com` }));
    await fleet.run(begun + 200 * second);
    assert.equal(deliveredIn(fleet), 300);
    const met = fleet.deliveries.filter(({ item }) => item.mailbox === 'bad@example.com').length;
    assert.ok(met <= 5, `${met} deliveries met the bad one`);
  });
});
