import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readCorruptRequest } from '../../functions/operator/parse-corrupt-request.ts';

const copy = { bucket: 'messages', key: 'corrupt/x.json' };
const stored = {
  id: 'x',
  delivery: 'corrupt',
  version: 1,
  state: 'corrupt',
  reason: 'sender: is missing',
  at: 5,
  copy,
};

test('a corrupt request is read as it was filed', () => {
  assert.deepEqual(readCorruptRequest(stored), { id: 'x', reason: 'sender: is missing', at: 5, copy });
  assert.equal(readCorruptRequest({ ...stored, state: 'done' }).isClosed, true);
});

test('a corrupt request with a malformed record is still shown, with its fault', () => {
  assert.deepEqual(readCorruptRequest({ ...stored, at: 'today' }), {
    ...{ id: 'x', at: 0, copy },
    reason: 'its record is malformed: at: "today" is not a time in milliseconds; sender: is missing',
  });
  const { reason, copy: none } = readCorruptRequest({ id: 'y' });
  assert.equal(reason, 'its record is malformed: reason: is missing; expected a string');
  assert.deepEqual(none, { bucket: '', key: '' });
});
