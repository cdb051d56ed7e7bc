import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatWakeUp, parseWakeUp, WakeUpError } from '../../../functions/queue/items/messages.ts';
import { SchemaVersionError } from '../../../functions/queue/items/schema-version.ts';

const wakeUp = { version: 1, id: '4bXq1', delivery: '0000', generation: 1 } as const;

test('a wake-up carries a key and a generation, and never mail', () => {
  const body = formatWakeUp({ ...wakeUp, sender: 'alice@x' } as typeof wakeUp);
  assert.deepEqual(JSON.parse(body), wakeUp);
});

test('a written message is read unchanged', () => {
  const id = fc.stringMatching(/^[A-Za-z0-9._-]{1,80}$/);
  const delivery = fc.nat(99_999).map((number) => String(number).padStart(4, '0'));
  fc.assert(
    fc.property(id, delivery, fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), (...[name, number, generation]) => {
      const written = { id: name, delivery: number, generation };
      assert.deepEqual(parseWakeUp(formatWakeUp(written)), { version: 1, ...written });
    }),
  );
});

test('a message that is not a wake-up is refused, with the wrong field', () => {
  for (const [body, reason] of [
    ['', /not JSON/],
    ['{', /not JSON/],
    ['null', /not a JSON object/],
    ['"4bXq1"', /not a JSON object/],
    ['[]', /^version:/],
    ['{}', /^version:/],
    [{ ...wakeUp, version: 0 }, /^version: 0/],
    [{ ...wakeUp, version: 1.5 }, /^version: 1.5/],
    [{ ...wakeUp, version: '1' }, /^version: "1"/],
    [{ ...wakeUp, id: '' }, /^id:/],
    [{ ...wakeUp, id: 7 }, /^id:/],
    [{ ...wakeUp, delivery: 0 }, /^delivery:/],
    [{ ...wakeUp, delivery: '1' }, /^delivery:/],
    [{ ...wakeUp, delivery: 'corrupt' }, /^delivery:/],
    [{ ...wakeUp, delivery: '0000\n' }, /^delivery:/],
    [{ ...wakeUp, generation: 0 }, /^generation:/],
    [{ ...wakeUp, generation: 1.5 }, /^generation:/],
    [{ ...wakeUp, generation: '1' }, /^generation:/],
    [{ ...wakeUp, generation: 2 ** 53 }, /^generation:/],
  ] as const) {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    assert.throws(
      () => parseWakeUp(text),
      (error) => error instanceof WakeUpError && reason.test(error.message),
      text,
    );
  }
});

test('a wake-up of a later release is used for its key, whatever else it contains', () => {
  for (const version of [2, 3, 1000]) {
    const later = { ...wakeUp, version, destination: 'inet:one.test', hops: [1, 2] };
    assert.deepEqual(parseWakeUp(JSON.stringify(later)), { ...wakeUp, version });
  }
});

test('a message of a later release without such a key is left to that release, which can read it', () => {
  for (const body of [
    { version: 2, name: '4bXq1/0000', generation: 1 },
    { ...wakeUp, version: 2, delivery: 'a7' },
    { ...wakeUp, version: 3, generation: 'now' },
  ]) {
    assert.throws(() => parseWakeUp(JSON.stringify(body)), SchemaVersionError);
  }
});

test('any other content of a queue raises no other error', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.json()), (body) => {
      try {
        parseWakeUp(body);
      } catch (error) {
        assert.ok(error instanceof WakeUpError || error instanceof SchemaVersionError);
      }
    }),
    { numRuns: 500 },
  );
});
