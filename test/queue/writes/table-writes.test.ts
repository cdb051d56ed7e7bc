/**
 * Writes that must reach the table: how long and how often they are repeated, and what is known of them
 * meanwhile.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { TableTrouble } from '../../../functions/queue/writes/table-trouble.ts';
import { TableWrites } from '../../../functions/queue/writes/table-writes.ts';
import { writeBackoff } from '../../../functions/time/write-backoff.ts';

describe('the back-off of a refused write', () => {
  test('doubles from 50 ms to five seconds, each drawn from the upper half', () => {
    const longest = Array.from({ length: 10 }, (_, n) => writeBackoff(n + 1, 0.9999999));
    assert.deepEqual(longest, [50, 100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000]);
    const shortest = Array.from({ length: 10 }, (_, n) => writeBackoff(n + 1, 0));
    assert.deepEqual(shortest, [25, 50, 100, 200, 400, 800, 1600, 2500, 2500, 2500]);
  });

  test('stays at five seconds after any number of attempts', () => {
    assert.equal(writeBackoff(10_000, 0.9999999), 5000);
  });
});

/** Writes with a separate clock. */
class Scene {
  now = 0;
  tries: number[] = [];
  readonly writes = new TableWrites({
    sleep: async (milliseconds) => {
      this.now += milliseconds;
    },
    random: () => 0.5,
  });

  /** A write that the table refuses until a moment. */
  readonly refusedUntil = (until: number) => async (): Promise<string> => {
    this.tries.push(this.now);
    if (this.now < until) throw new TableTrouble('throttled', 'slow down');
    return 'written';
  };
}

describe('a write', () => {
  test('that is refused is repeated until the table accepts it', async () => {
    const scene = new Scene();
    const left = () => 60_000 - scene.now;
    assert.equal(await scene.writes.repeat(scene.refusedUntil(45_000), { left }), 'written');
    const pauses = scene.tries.slice(1).map((at, n) => at - (scene.tries[n] ?? 0));
    assert.ok(pauses.every((pause) => pause <= 5000));
    assert.ok(scene.now < 50_000);
  });

  test('is tried for the last time when its time ends, so any shorter outage is survived', async () => {
    for (let outage = 0; outage <= 30_000; outage += 100) {
      const scene = new Scene();
      await scene.writes.repeat(scene.refusedUntil(outage), { left: () => 30_000 - scene.now });
    }
    const scene = new Scene();
    const writing = scene.writes.repeat(scene.refusedUntil(30_001), { left: () => 30_000 - scene.now });
    await assert.rejects(writing, { name: 'TableTrouble' });
    assert.equal(scene.now, 30_000);
    assert.equal(scene.writes.areRefused, true);
  });

  test('is not repeated for an error that a repetition does not cure', async () => {
    const scene = new Scene();
    let tries = 0;
    const write = async () => {
      tries += 1;
      throw new TypeError('a bug');
    };
    await assert.rejects(scene.writes.repeat(write, { left: () => 30_000 }), { name: 'TypeError' });
    assert.equal(tries, 1);
    assert.equal(scene.writes.areRefused, false);
  });

  test('is repeated for the errors that its adapter classifies as temporary', async () => {
    let tries = 0;
    const writes = new TableWrites({
      troubleOf: (error) => (error instanceof RangeError ? 'lost' : undefined),
      sleep: async () => {},
    });
    const write = async () => {
      tries += 1;
      if (tries < 3) throw new RangeError('somewhere');
      return tries;
    };
    assert.equal(await writes.repeat(write, { left: () => 1 }), 3);
  });

  test('that is superseded is not repeated any more, and its pause is cut short', async () => {
    const newer = new AbortController();
    const writes = new TableWrites({
      sleep: (_, signal) => new Promise((wake) => signal?.addEventListener('abort', () => wake())),
    });
    let tries = 0;
    const write = async () => {
      tries += 1;
      throw new TableTrouble('throttled', 'slow down');
    };
    const writing = writes.repeat(write, { left: () => 30_000, superseded: newer.signal });
    setImmediate(() => newer.abort());
    await assert.rejects(writing, { name: 'TableTrouble' });
    assert.equal(tries, 1);
  });

  test('that is refused is reported once', async () => {
    const scene = new Scene();
    let told = 0;
    const onRefused = () => {
      told += 1;
    };
    await scene.writes.repeat(scene.refusedUntil(10_000), { left: () => 30_000 - scene.now, onRefused });
    assert.equal(told, 1);
  });
});

describe('while a write is repeated', () => {
  test('the writes of its container are refused, even if another one succeeded meanwhile', async () => {
    const pause = Promise.withResolvers<void>();
    const writes = new TableWrites({ sleep: () => pause.promise });
    let isOver = false;
    const write = async () => {
      if (!isOver) throw new TableTrouble('throttled', 'slow down');
    };
    const writing = writes.repeat(write, { left: () => 1000 });
    await new Promise((resolve) => setImmediate(resolve));
    await writes.once(async () => {});
    assert.equal(writes.areRefused, true);
    isOver = true;
    pause.resolve();
    await writing;
    assert.equal(writes.areRefused, false);
  });

  test('a caller that waits for its end gets the result, or its own time-out', async () => {
    const writing = Promise.withResolvers<void>();
    const patience = Promise.withResolvers<void>();
    const never = new Promise<void>(() => {});
    const pauses = new Map([
      [7, patience.promise],
      [8, never],
    ]);
    const writes = new TableWrites({ sleep: (milliseconds) => pauses.get(milliseconds) ?? writing.promise });
    assert.equal(await writes.awaitRepeats(7), true);
    let isOver = false;
    const write = async () => {
      if (!isOver) throw new TableTrouble('throttled', 'slow down');
    };
    const repeated = writes.repeat(write, { left: () => 1000 });
    await new Promise((resolve) => setImmediate(resolve));
    const impatient = writes.awaitRepeats(7);
    patience.resolve();
    assert.equal(await impatient, false);
    const patient = writes.awaitRepeats(8);
    isOver = true;
    writing.resolve();
    await repeated;
    assert.equal(await patient, true);
  });
});
