/** When a secret is read, when the previous one is used, and what happens after failures. */
import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { failurePause, longestAge, SecretCache, type SecretSource } from '../../functions/secrets/secret-cache.ts';
import { type Secret, SecretFault, type SecretStage } from '../../functions/secrets/secrets.ts';
import type { Moment } from '../../functions/time/clock.ts';
import { TestClock } from '../support/test-clock.ts';

/** A scripted source that records its requests. */
class Source implements SecretSource {
  readonly asked: string[] = [];
  answer: string | Error = 'one';
  /** While it is set, nothing is answered. */
  gate: Promise<void> | undefined;

  async read(name: string, stage: SecretStage): Promise<Secret> {
    this.asked.push(stage === 'AWSCURRENT' ? name : `${name} ${stage}`);
    const { answer } = this;
    await this.gate;
    if (answer instanceof Error) throw answer;
    return { text: answer, version: `version of ${answer}` };
  }
}

const fault = new SecretFault('the secret "a" cannot be read: InternalServiceError');

let source: Source;
let clock: TestClock;
let cache: SecretCache;
let stale: { name: string; message: string; age: number }[];

beforeEach(() => {
  source = new Source();
  clock = new TestClock();
  stale = [];
  const onStale = (name: string, { message }: SecretFault, age: number) => void stale.push({ name, message, age });
  cache = new SecretCache(source, { clock, onStale });
});

const text = async (...fetched: Parameters<SecretCache['fetch']>) => (await cache.fetch(...fetched)).text;

describe('age', () => {
  test('a secret is read once in five minutes, and each by its own name', async () => {
    assert.deepEqual(await cache.fetch('a'), { text: 'one', version: 'version of one' });
    clock.advance(longestAge - 1);
    source.answer = 'two';
    assert.equal(await text('a'), 'one');
    assert.equal(await text('b'), 'two');
    clock.advance(1);
    assert.equal(await text('a'), 'two');
    assert.deepEqual(source.asked, ['a', 'b', 'a']);
  });

  for (const frozen of ['wall', 'monotonic'] as const) {
    test(`it is five minutes on either clock: the ${frozen} clock may have stopped`, async () => {
      const start = clock.now();
      let now: Moment = start;
      cache = new SecretCache(source, { clock: { now: () => now } });
      await cache.fetch('a');
      const later = { wall: start.wall + longestAge, monotonic: start.monotonic + longestAge };
      now = { ...later, [frozen]: start[frozen] };
      source.answer = 'two';
      assert.equal(await text('a'), 'two');
    });
  }

  test('it counts from the start of the read', async () => {
    const gate = Promise.withResolvers<void>();
    source.gate = gate.promise;
    const first = text('a');
    clock.advance(longestAge);
    gate.resolve();
    assert.equal(await first, 'one');
    source.answer = 'two';
    assert.equal(await text('a'), 'two');
  });
});

describe('one read at a time', () => {
  test('concurrent fetches share one read', async () => {
    assert.deepEqual(await Promise.all([text('a'), text('a'), text('b'), text('a')]), ['one', 'one', 'one', 'one']);
    assert.deepEqual(source.asked, ['a', 'b']);
  });

  test('and its failure', async () => {
    source.answer = fault;
    const settled = await Promise.allSettled([text('a'), text('a'), text('a')]);
    assert.deepEqual(
      settled.map(({ status }) => status),
      ['rejected', 'rejected', 'rejected'],
    );
    assert.deepEqual(source.asked, ['a']);
  });
});

describe('fresh', () => {
  test('a young one is read again, and then used for others', async () => {
    await cache.fetch('a');
    source.answer = 'two';
    assert.equal(await text('a'), 'one');
    assert.equal(await text('a', { fresh: true }), 'two');
    assert.equal(await text('a'), 'two');
    assert.deepEqual(source.asked, ['a', 'a']);
  });

  test('a read in progress does not count as fresh: one more read serves all callers that need a fresh one', async () => {
    const gate = Promise.withResolvers<void>();
    source.gate = gate.promise;
    const before = text('a');
    source.answer = 'two';
    const after = [text('a', { fresh: true }), text('a', { fresh: true }), text('a', { fresh: true })];
    gate.resolve();
    assert.deepEqual(await Promise.all([before, ...after]), ['one', 'two', 'two', 'two']);
    assert.deepEqual(source.asked, ['a', 'a']);
  });

  test('if it cannot be read, the old one is used', async () => {
    await cache.fetch('a');
    source.answer = fault;
    assert.equal(await text('a', { fresh: true }), 'one');
    assert.equal(stale.length, 1);
  });
});

describe('a rotation in progress', () => {
  test('the pending version is never cached, and not mistaken for the current one', async () => {
    assert.equal(await text('a', { stage: 'AWSPENDING' }), 'one');
    source.answer = 'two';
    assert.equal(await text('a', { stage: 'AWSPENDING' }), 'two');
    source.answer = 'three';
    assert.equal(await text('a'), 'three');
    assert.deepEqual(source.asked, ['a AWSPENDING', 'a AWSPENDING', 'a']);
  });

  test('a missing pending version does not affect the current one', async () => {
    await cache.fetch('a');
    source.answer = fault;
    await assert.rejects(cache.fetch('a', { stage: 'AWSPENDING' }), fault);
    source.answer = 'two';
    assert.equal(await text('a', { fresh: true }), 'two');
    assert.deepEqual(stale, []);
  });

  test('concurrent fetches of a pending version share one read', async () => {
    await Promise.all([text('a', { stage: 'AWSPENDING' }), text('a', { stage: 'AWSPENDING' }), text('a')]);
    assert.deepEqual(source.asked, ['a AWSPENDING', 'a']);
  });
});

describe('failure', () => {
  test('an old one stays in use, and that is logged, with its age, once for each failed read', async () => {
    await cache.fetch('a');
    clock.advance(longestAge);
    source.answer = fault;
    assert.equal(await text('a'), 'one');
    assert.equal(await text('a'), 'one');
    assert.deepEqual(stale, [{ name: 'a', message: fault.message, age: longestAge }]);
    clock.advance(failurePause);
    assert.equal(await text('a'), 'one');
    assert.equal(stale.length, 2);
    assert.deepEqual(source.asked, ['a', 'a', 'a']);
  });

  test('without an old one there is a fault, which is remembered for five seconds', async () => {
    source.answer = fault;
    await assert.rejects(cache.fetch('a'), fault);
    source.answer = 'one';
    clock.advance(failurePause - 1);
    await assert.rejects(cache.fetch('a'), fault);
    await assert.rejects(cache.fetch('a', { fresh: true }), fault);
    clock.advance(1);
    assert.equal(await text('a'), 'one');
    assert.deepEqual(source.asked, ['a', 'a']);
    assert.deepEqual(stale, []);
  });

  test('a secret that could be read again is as young as any', async () => {
    await cache.fetch('a');
    clock.advance(longestAge);
    source.answer = fault;
    await cache.fetch('a');
    clock.advance(failurePause);
    source.answer = 'two';
    assert.equal(await text('a'), 'two');
    clock.advance(longestAge - 1);
    source.answer = 'three';
    assert.equal(await text('a'), 'two');
  });

  test('of one secret does not affect another', async () => {
    source.answer = fault;
    await assert.rejects(cache.fetch('a'));
    source.answer = 'one';
    assert.equal(await text('b'), 'one');
  });

  test('by a bug is not classified as a fault, and not remembered', async () => {
    await cache.fetch('a');
    clock.advance(longestAge);
    source.answer = new TypeError('a bug');
    await assert.rejects(cache.fetch('a'), TypeError);
    source.answer = 'two';
    assert.equal(await text('a'), 'two');
  });
});
