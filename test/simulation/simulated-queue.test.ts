/** The queues of the simulation keep the promises of SQS, and do what SQS may do. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { Random } from './random.ts';
import { FifoQueue, type QueueFaults, type SimulatedMessage, StandardQueue } from './simulated-queue.ts';
import { VirtualTime } from './virtual-time.ts';

const visibilityTimeout = 30_000;

function makeStandard(mischief: QueueFaults = {}) {
  const time = new VirtualTime();
  return { time, queue: new StandardQueue({ time, random: new Random(1), visibilityTimeout, mischief }) };
}

function makeFifo(seed = 1) {
  const time = new VirtualTime();
  return { time, queue: new FifoQueue({ time, random: new Random(seed), visibilityTimeout }) };
}

function bodies(messages: readonly SimulatedMessage[]): readonly string[] {
  return messages.map(({ body }) => body);
}

describe('the standard queue', () => {
  test('returns sent messages, ten at most, and not again before their time-out', async () => {
    const { time, queue } = makeStandard();
    for (let n = 0; n < 12; n += 1) queue.send(String(n));
    const first = queue.receive(10);
    assert.equal(first.length, 10);
    assert.deepEqual(bodies(queue.receive(10)), ['10', '11']);
    assert.equal(queue.hasReady, false);
    for (const message of first.slice(1)) queue.delete(message);
    for (const message of first) queue.makeVisible(message);
    await time.run(time.wall + visibilityTimeout - 1);
    assert.equal(queue.hasReady, false);
    await time.run(time.wall + 1001);
    assert.deepEqual(bodies(queue.receive(10)), ['0'], 'a deleted message does not return');
  });

  test('keeps a delayed message until its time, and never returns it early', async () => {
    const { time, queue } = makeStandard();
    queue.send('later', 5000);
    await time.run(time.wall + 4999);
    assert.equal(queue.hasReady, false);
    await time.run(time.wall + 1001);
    assert.deepEqual(bodies(queue.receive(10)), ['later']);
  });

  test('may double, reorder and lose messages, if so configured', async () => {
    const all = async (mischief: QueueFaults) => {
      const { time, queue } = makeStandard(mischief);
      for (let n = 0; n < 100; n += 1) queue.send(String(n).padStart(2, '0'));
      await time.run(time.wall + 5000);
      return bodies(queue.receive(1000));
    };
    assert.deepEqual(await all({}), (await all({})).toSorted());
    assert.equal((await all({ doubles: 1 })).length, 200);
    assert.equal((await all({ loses: 1 })).length, 0);
    const reordered = await all({ reorders: 0.5 });
    assert.notDeepEqual(reordered, reordered.toSorted());
    assert.equal(new Set(reordered).size, 100);
  });
});

describe('the FIFO queue', () => {
  test('never has messages of one group in flight twice, keeps their order, and loses none', async () => {
    const steps = fc.array(
      fc.oneof(
        fc.record({ do: fc.constant('send' as const), group: fc.integer({ min: 0, max: 3 }) }),
        fc.record({ do: fc.constant('receive' as const), most: fc.integer({ min: 1, max: 10 }) }),
        fc.record({ do: fc.constant('finish' as const), batch: fc.nat(), isDone: fc.boolean() }),
      ),
      { minLength: 1, maxLength: 60 },
    );
    await fc.assert(
      fc.asyncProperty(fc.integer(), steps, async (seed, plan) => {
        const { time, queue } = makeFifo(seed);
        const batches: (readonly SimulatedMessage[])[] = [];
        const done = new Map<string, number[]>();
        let sent = 0;
        const receive = (most: number) => {
          const batch = queue.receive(most);
          const held = new Set(batches.flat().map(({ group }) => group));
          assert.ok(batch.length <= most && batch.every(({ group }) => !held.has(group)));
          if (batch.length > 0) batches.push(batch);
        };
        const finish = (index: number, isDone: boolean) => {
          for (const message of batches.splice(index, 1)[0] ?? []) {
            if (!isDone) queue.makeVisible(message, 5000);
            else queue.delete(message);
            const { group = '' } = message;
            if (isDone) done.set(group, [...(done.get(group) ?? []), Number(message.body)]);
          }
        };
        for (const step of plan) {
          if (step.do === 'send') queue.send(String(sent), `group ${step.group}`, String(sent++));
          else if (step.do === 'receive') receive(step.most);
          else if (batches.length > 0) finish(step.batch % batches.length, step.isDone);
          if (step.do === 'finish') await time.run(time.wall + 5000);
        }
        while (batches.length > 0) finish(0, true);
        while (queue.hasReady) {
          receive(10);
          finish(0, true);
        }
        assert.equal(queue.size, 0);
        assert.equal([...done.values()].flat().length, sent);
        for (const numbers of done.values())
          assert.deepEqual(
            numbers,
            numbers.toSorted((a, b) => a - b),
          );
      }),
    );
  });

  test('returns a group again when the time-out of its message has passed, and not before', async () => {
    const { time, queue } = makeFifo();
    queue.send('first', 'g', '1');
    const batch = queue.receive(10);
    queue.send('second', 'g', '2');
    assert.equal(queue.hasReady, false, 'the group is in flight');
    for (const message of batch) queue.makeVisible(message);
    await time.run(time.wall + visibilityTimeout - 1);
    assert.equal(queue.hasReady, false);
    await time.run(time.wall + 1);
    assert.equal(queue.receive(10)[0]?.body, 'first');
  });

  test('accepts a message that is sent twice within five minutes once', async () => {
    const { time, queue } = makeFifo();
    queue.send('once', 'g', '1');
    queue.send('twice', 'g', '1');
    queue.send('elsewhere', 'h', '1');
    assert.equal(queue.size, 2);
    await time.run(time.wall + 300_000);
    queue.send('again', 'g', '1');
    assert.equal(queue.size, 3);
  });
});

describe('virtual time', () => {
  test('runs all appointments at their time, in order, and simultaneous ones in the order of their making', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat({ max: 50 })), async (delays) => {
        const time = new VirtualTime();
        const came: (readonly [number, number])[] = [];
        for (const [n, delay] of delays.entries()) {
          time.at(time.start + delay, () => {
            assert.equal(time.wall, time.start + delay);
            came.push([delay, n]);
          });
        }
        await time.run();
        const wanted = delays.map((delay, n) => [delay, n] as const);
        assert.deepEqual(
          came,
          wanted.toSorted(([a, n], [b, m]) => a - b || n - m),
        );
      }),
    );
  });

  test('does not advance while any work remains', async () => {
    const time = new VirtualTime();
    const seen: number[] = [];
    time.at(time.start + 10, async () => {
      for (let n = 0; n < 100; n += 1) await Promise.resolve();
      seen.push(time.wall);
      await time.sleep(5);
      seen.push(time.wall);
    });
    time.at(time.start + 11, () => seen.push(time.wall));
    await time.run();
    assert.deepEqual(
      seen.map((at) => at - time.start),
      [10, 11, 15],
    );
  });
});
