/**
 * qmgr_message_active_limit: a burst for a slow destination stays in the table, is activated from there in
 * turn, and drains to the last message, whatever messages are lost. In virtual time: the real admission,
 * activation, refill and sweep; only the worker is a stub that accepts.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseParameters } from '../../functions/parameters/parameters.ts';
import { activate } from '../../functions/queue/admission/activate.ts';
import { admitItem } from '../../functions/queue/admission/admit-item.ts';
import { Fallbacks } from '../../functions/queue/destinations/fallbacks.ts';
import { flushAndRefill } from '../../functions/queue/destinations/refill.ts';
import { Scheduler } from '../../functions/queue/destinations/scheduler.ts';
import type { QueueServices } from '../../functions/queue/destinations/services.ts';
import type { DeliveryItem } from '../../functions/queue/items/item.ts';
import type { WakeUp } from '../../functions/queue/items/messages.ts';
import { sweepInterval } from '../../functions/queue/items/policy.ts';
import { entryOf } from '../../functions/queue/items/summary.ts';
import { sweep } from '../../functions/queue/sweep/sweep.ts';
import { captureServices } from '../support/capturing-services.ts';
import { makeItem } from '../support/delivery-item.ts';
import { MemoryLedger } from '../support/memory-ledger.ts';
import { TestClock } from '../support/test-clock.ts';

const slow = 'inet:slow.test:24';
const other = 'inet:other.test:24';

interface Sent extends Omit<WakeUp, 'version'> {
  readonly visible: number;
}

/** A stack whose messages and responses are lost at a given rate. */
class LossyStack {
  readonly clock = new TestClock();
  readonly ledger = new MemoryLedger();
  readonly notes: string[] = [];
  /** Messages of active, by destination, and wake-ups. */
  readonly active = new Map<string, Sent[]>();
  wakeUps: Sent[] = [];
  /** Most deliveries to the slow destination that were in active at once. */
  most = 0;
  readonly #parameters: QueueServices['parameters'];
  readonly #loss: number;
  #seed = 1;

  constructor(limit: number, loss: number) {
    this.#parameters = parseParameters({ qmgr_message_active_limit: String(limit) });
    this.#loss = loss;
  }

  /** Services of a separate process. */
  process(): QueueServices {
    const { clock, ledger, notes } = this;
    const destinations = this.#lossy(ledger.destinations, ['occupy', 'vacate', 'recordBacklog']);
    return {
      ...captureServices(),
      clock,
      parameters: this.#parameters,
      ledger: this.#lossy(ledger, ['move']),
      queries: ledger,
      destinations,
      scheduler: new Scheduler(destinations),
      fallbacks: new Fallbacks(destinations),
      random: () => this.#chance(),
      wakeUps: {
        activate: async (item) => {
          if (!this.#isLost()) this.#queueOf(item).push({ ...item, visible: 0 });
        },
        wake: async (wakeUp, delay) => {
          if (!this.#isLost()) this.wakeUps.push({ ...wakeUp, visible: clock.wall + delay });
        },
      },
      log: { delivery: () => {}, note: (level, message) => notes.push(`${level}: ${message}`) },
    };
  }

  /** Admits a request with the retries of SQS, until it succeeds. */
  async admit(services: QueueServices, item: DeliveryItem): Promise<void> {
    for (;;) {
      try {
        const { kind, item: admitted } = await admitItem(item, services);
        if (kind === 'moved' && admitted.state === 'active') await services.wakeUps.activate(admitted);
        return;
      } catch {}
    }
  }

  /** Delivers the wake-ups that are due. */
  async wake(services: QueueServices): Promise<void> {
    const ripe = this.wakeUps.filter(({ visible }) => visible <= this.clock.wall);
    this.wakeUps = this.wakeUps.filter(({ visible }) => visible > this.clock.wall);
    await Promise.all(
      ripe.map(async ({ id, delivery, generation }) => {
        await activate({ version: 1, id, delivery, generation }, services).catch(() => {
          this.wakeUps.push({ id, delivery, generation, visible: this.clock.wall + 90_000 });
        });
      }),
    );
    await services.scheduler.flushPlaces(services);
  }

  /** Delivers so many messages to a destination. */
  async work(destination: string, count: number, services: QueueServices): Promise<void> {
    for (const message of this.#queueOf({ destination }).splice(0, count)) {
      const item = await this.ledger.read(message);
      if (item?.state !== 'active' || item.generation !== message.generation) continue;
      await this.ledger.move('finishUnclaimed', item, { due: null });
      services.scheduler.giveBackPlace(item);
    }
    await flushAndRefill(services).catch(() => {});
  }

  async measure(): Promise<void> {
    this.most = Math.max(this.most, await this.ledger.countActive(slow));
  }

  /** How many deliveries to a destination are not done. */
  async leftFor(destination: string): Promise<number> {
    let left = 0;
    for await (const due of this.ledger.findDue(Number.POSITIVE_INFINITY)) {
      if (due.state !== 'unreadable' && due.destination === destination) left += 1;
    }
    return left;
  }

  /** Advances the time: a second, or to the next event. */
  pass(nextSweep: number): void {
    const isBusy = [...this.active.values()].some((queue) => queue.length > 0);
    const next = Math.min(nextSweep, ...this.wakeUps.map(({ visible }) => visible));
    this.clock.advance(isBusy ? 1000 : Math.max(1000, next - this.clock.wall));
  }

  #queueOf({ destination }: Pick<DeliveryItem, 'destination'>): Sent[] {
    const queue = this.active.get(destination) ?? [];
    this.active.set(destination, queue);
    return queue;
  }

  /** Some calls fail after they took effect. */
  #lossy<T extends object>(port: T, names: readonly (keyof T)[]): T {
    const isLost = () => this.#isLost();
    return new Proxy(port, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== 'function') return value;
        const call = value.bind(target) as (...args: unknown[]) => Promise<unknown>;
        if (!names.some((lossy) => lossy === name)) return call;
        return async (...args: unknown[]) => {
          const answer = await call(...args);
          if (isLost()) throw new Error(`${String(name)}: the answer is lost`);
          return answer;
        };
      },
    });
  }

  #isLost(): boolean {
    return this.#chance() < this.#loss;
  }

  /** A separate generator, so that a run can be repeated. */
  #chance(): number {
    this.#seed = (this.#seed * 48_271) % 2_147_483_647;
    return this.#seed / 2_147_483_647;
  }
}

/** Admits a burst and drains it; returns the minutes that it took. */
async function drain(stack: LossyStack, count: number, perSecond: number): Promise<number> {
  const [front, qmgr, lmtp, sweeper] = [stack.process(), stack.process(), stack.process(), stack.process()];
  const begun = stack.clock.wall;
  for (let n = 0; n < count; n += 10) {
    const batch = Array.from({ length: 10 }, (_, index) =>
      makeItem({ id: `slow-${n + index}`, destination: slow, arrival: stack.clock.wall }),
    );
    await Promise.all(batch.map((item) => stack.admit(front, item)));
    await stack.measure();
  }
  let nextSweep = begun + sweepInterval;
  for (let turn = 0; (await stack.leftFor(slow)) > 0; turn += 1) {
    assert.ok(turn < 10_000, `no end in sight: ${await stack.leftFor(slow)} left`);
    stack.pass(nextSweep);
    await stack.work(slow, perSecond, lmtp);
    await stack.wake(qmgr);
    if (stack.clock.wall >= nextSweep) {
      nextSweep += sweepInterval;
      await sweep(sweepInterval, sweeper, () => true).catch(() => {});
    }
    await stack.measure();
  }
  return (stack.clock.wall - begun) / 60_000;
}

describe('a burst of requests for a slow destination', () => {
  test('of 5,000 puts no more than the limit into active, and drains without a pause', async (t) => {
    const stack = new LossyStack(100, 0);
    const minutes = await drain(stack, 5000, 20);
    assert.ok(stack.most <= 100, `${stack.most} in active`);
    assert.ok(minutes < 5000 / 20 / 60 + 1, `${minutes} minutes: active ran dry`);
    assert.equal((await stack.ledger.destinations.read(slow)).active, 0, 'every place was given back');
    t.diagnostic(`${stack.most} in active at most, ${minutes.toFixed(1)} minutes`);
  });

  test('drains where every tenth message and response is lost, and stays near the limit', async (t) => {
    const stack = new LossyStack(100, 0.1);
    const minutes = await drain(stack, 1500, 20);
    t.diagnostic(`${stack.most} in active at most, ${minutes.toFixed(1)} minutes`);
    // A place that was taken while the table was unreachable is an extra one.
    assert.ok(stack.most <= 150, `${stack.most} in active`);
    assert.ok(minutes < 36 * 60, `${minutes} minutes`);
  });

  test('does not affect the places of another destination', async () => {
    const stack = new LossyStack(100, 0);
    const [front, lmtp] = [stack.process(), stack.process()];
    for (let n = 0; n < 300; n += 1) await stack.admit(front, makeItem({ id: `slow-${n}`, destination: slow }));
    for (let n = 0; n < 100; n += 1) await stack.admit(front, makeItem({ id: `other-${n}`, destination: other }));
    await stack.work(other, 100, lmtp);
    assert.deepEqual([await stack.leftFor(other), await stack.leftFor(slow)], [0, 300]);
  });

  test('alternates between new and deferred mail', async () => {
    const stack = new LossyStack(20, 0);
    const [front, qmgr, lmtp] = [stack.process(), stack.process(), stack.process()];
    for (let n = 0; n < 20; n += 1) await stack.admit(front, makeItem({ id: `first-${n}`, destination: slow }));
    const { wall } = stack.clock;
    const queued = { destination: slow, state: 'queued', due: wall - 1 } as const;
    for (let n = 0; n < 30; n += 1) {
      await stack.ledger.admit(makeItem({ id: `new-${n}`, ...queued }));
      await stack.ledger.admit(makeItem({ id: `old-${n}`, ...queued, attempt: 3 }));
    }
    await stack.ledger.destinations.recordBacklog(slow, wall);
    await stack.work(slow, 20, lmtp);
    await stack.wake(qmgr);
    const ids = stack.ledger.items.filter(({ state }) => state === 'active').map(({ id }) => id.split('-')[0]);
    assert.deepEqual([ids.filter((id) => id === 'new').length, ids.filter((id) => id === 'old').length], [10, 10]);
  });
});

/** A port with some calls replaced. */
function withCalls<Port extends object>(port: Port, calls: Partial<Port>): Port {
  return new Proxy(port, {
    get(target, name) {
      const value: unknown = Reflect.get(calls, name) ?? Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

describe('a delivery that found active full is woken even if active is empty by now:', () => {
  const late = { id: 'late', destination: slow } as const;

  /**
   * Active is full. An arriving delivery sees that, and all of active is done before the delivery is recorded
   * as waiting.
   */
  async function overtaken(arrive: (stack: LossyStack, services: QueueServices) => Promise<void>): Promise<LossyStack> {
    const stack = new LossyStack(8, 0);
    const [front, qmgr, lmtp] = [stack.process(), stack.process(), stack.process()];
    for (let n = 0; n < 8; n += 1) await stack.admit(front, makeItem({ id: `first-${n}`, destination: slow }));
    const { ledger } = qmgr;
    const slowly = withCalls(ledger, {
      admit: async (...given) => {
        await stack.work(slow, 8, lmtp);
        return await ledger.admit(...given);
      },
      move: async (...given) => {
        await stack.work(slow, 8, lmtp);
        return await ledger.move(...given);
      },
    });
    await arrive(stack, { ...qmgr, ledger: slowly });
    await stack.wake(qmgr);
    return stack;
  }

  async function assertActive({ ledger }: LossyStack): Promise<void> {
    assert.equal((await ledger.read({ id: 'late', delivery: '0000' }))?.state, 'active');
    assert.equal((await ledger.destinations.read(slow)).active, 1);
  }

  test('a new one', async () => {
    await assertActive(await overtaken((stack, services) => stack.admit(services, makeItem(late))));
  });

  test('a deferred one', async () => {
    await assertActive(
      await overtaken(async ({ ledger }, services) => {
        await ledger.admit(makeItem({ ...late, state: 'deferred', attempt: 1 }));
        await activate({ version: 1, id: 'late', delivery: '0000', generation: 1 }, services);
      }),
    );
  });

  test('one that read a moment ago that active is full, and whose destination recorded it then', async () => {
    const stack = new LossyStack(8, 0);
    const [front, qmgr, lmtp] = [stack.process(), stack.process(), stack.process()];
    for (let n = 0; n < 9; n += 1) await stack.admit(front, makeItem({ id: `first-${n}`, destination: slow }));
    while ((await stack.leftFor(slow)) > 0) {
      await stack.work(slow, 8, lmtp);
      await stack.wake(qmgr);
    }
    await stack.admit(front, makeItem(late));
    await stack.wake(qmgr);
    await assertActive(stack);
  });
});

describe('the delivery that gives the last place back while the index is behind', () => {
  /** Active is full, and another delivery waits; `wakes` is the index's answer about waiting deliveries. */
  async function lastOne(
    queries: Partial<QueueServices['queries']>,
  ): Promise<LossyStack & { readonly lmtp: QueueServices }> {
    const stack = new LossyStack(1, 0);
    const [front, lmtp] = [stack.process(), stack.process()];
    for (const id of ['first', 'late']) await stack.admit(front, makeItem({ id, destination: slow }));
    const first = await stack.ledger.read({ id: 'first', delivery: '0000' });
    assert.ok(first);
    await stack.ledger.move('finishUnclaimed', first, { due: null });
    lmtp.scheduler.giveBackPlace(first);
    return Object.assign(stack, {
      lmtp: { ...lmtp, queries: withCalls<QueueServices['queries']>(stack.ledger, queries) },
    });
  }

  const wakes = ({ wakeUps }: LossyStack) => wakeUps.map(({ id }) => id);

  test('reads the index again a moment later, and finds the delivery that arrived just before', async () => {
    let isShown = false;
    const stack = await lastOne({
      findQueued: async (...given) => (isShown ? await stack.ledger.findQueued(...given) : []),
    });
    const pauses: number[] = [];
    await flushAndRefill(stack.lmtp, async (milliseconds) => {
      pauses.push(milliseconds);
      isShown = true;
    });
    assert.deepEqual([pauses, wakes(stack)], [[1000], ['late']]);
  });

  test('does not read again where another delivery has entered active meanwhile, which will read it', async () => {
    let isShown = false;
    const stack = await lastOne({
      findQueued: async (...given) => (isShown ? await stack.ledger.findQueued(...given) : []),
    });
    // With room for more, which that one fills.
    const parameters = parseParameters({ qmgr_message_active_limit: '8' });
    await flushAndRefill({ ...stack.lmtp, parameters }, async () => {
      isShown = true;
      await stack.ledger.destinations.adjust(slow, 1);
    });
    assert.deepEqual(wakes(stack), []);
  });

  test('does not read again where no delivery began to wait recently', async () => {
    const stack = await lastOne({ findQueued: async () => [] });
    stack.clock.advance(10_000);
    await flushAndRefill(stack.lmtp, () => assert.fail('no need to wait'));
    assert.deepEqual(wakes(stack), []);
  });

  test('wakes a delivery that really waits, and none that the index still shows', async () => {
    const gone = Array.from({ length: 5 }, (_, n) => entryOf(makeItem({ id: `gone-${n}`, destination: slow, due: 1 })));
    const stack = await lastOne({
      findQueued: async (destination, { isNew, limit, ...wanted }) => {
        const there = await stack.ledger.findQueued(destination, { isNew, limit, ...wanted });
        return isNew ? [...gone, ...there].slice(0, limit) : [];
      },
    });
    await flushAndRefill(stack.lmtp, () => assert.fail('no need to wait'));
    assert.deepEqual(wakes(stack), ['late']);
  });
});

test('the sweep corrects a wrong count, and waiting mail continues', async () => {
  const stack = new LossyStack(10, 0);
  const services = stack.process();
  await stack.ledger.destinations.adjust(slow, 10);
  for (let n = 0; n < 5; n += 1) await stack.admit(services, makeItem({ id: `slow-${n}`, destination: slow }));
  assert.deepEqual(new Set(stack.ledger.items.map(({ state }) => state)), new Set(['queued']));
  stack.clock.advance(1);
  await sweep(sweepInterval, services, () => true);
  assert.ok(stack.notes.includes('info: places in active counted again'));
  await stack.wake(services);
  assert.deepEqual(new Set(stack.ledger.items.map(({ state }) => state)), new Set(['active']));
  assert.equal((await stack.ledger.destinations.read(slow)).active, 5);
});

test('a limit of 0 is fifty times the concurrency limit', async () => {
  const stack = new LossyStack(0, 0);
  const services = stack.process();
  for (let n = 0; n < 1010; n += 1) await stack.admit(services, makeItem({ id: `slow-${n}`, destination: slow }));
  assert.equal(await stack.ledger.countActive(slow), 1000);
});
