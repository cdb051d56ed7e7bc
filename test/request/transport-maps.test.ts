import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseTransportMap } from '../../functions/request/transport-map.ts';
import { type MapText, mapFreshness, TransportMaps } from '../../functions/request/transport-maps.ts';
import { TestClock } from '../support/test-clock.ts';

/** Maps over a source that a test changes. */
function makeMaps() {
  const clock = new TestClock();
  const notes: string[] = [];
  const asked: (string | undefined)[] = [];
  const state: { now: MapText | Error } = { now: { text: 'x lmtp:one', version: '1' } };
  const maps = new TransportMaps({
    source: {
      name: 's3://bucket/transport',
      read: async (known) => {
        asked.push(known);
        if (state.now instanceof Error) throw state.now;
        return state.now.version === known ? 'unchanged' : state.now;
      },
    },
    parse: (text) => parseTransportMap(text, 'lmtp', 24),
    clock,
    log: { note: (level, message) => notes.push(`${level}: ${message}`) },
  });
  const find = async () => (await maps.current()).find('bob@x');
  const later = () => clock.advance(mapFreshness);
  return { clock, notes, asked, state, find, later };
}

test('a map is read once a minute, and only if it has changed', async () => {
  const { clock, asked, find, later, notes } = makeMaps();
  assert.equal(await find(), 'inet:one:24');
  clock.advance(mapFreshness - 1);
  assert.equal(await find(), 'inet:one:24');
  assert.deepEqual(asked, [undefined]);
  later();
  await find();
  assert.deepEqual([asked, notes], [[undefined, '1'], []]);
});

test('a changed map is used from then on', async () => {
  const { state, find, later, notes } = makeMaps();
  await find();
  state.now = { text: 'x lmtp:two', version: '2' };
  assert.equal(await find(), 'inet:one:24');
  later();
  assert.equal(await find(), 'inet:two:24');
  assert.deepEqual(notes, ['info: transport map changed']);
});

test('a map that cannot be read again stays in use', async () => {
  const { state, find, later, notes } = makeMaps();
  await find();
  state.now = new Error('access denied');
  later();
  assert.equal(await find(), 'inet:one:24');
  assert.deepEqual(notes, ['warn: transport map cannot be read; the previous version stays in use']);
  state.now = { text: 'x lmtp:two', version: '2' };
  later();
  assert.equal(await find(), 'inet:two:24');
});

test('a new version that is unusable is refused, once, and the previous one stays in use', async () => {
  const { state, asked, find, later, notes } = makeMaps();
  await find();
  state.now = { text: 'x smtp:two', version: '2' };
  for (let turn = 0; turn < 3; turn += 1) {
    later();
    assert.equal(await find(), 'inet:one:24');
  }
  assert.deepEqual(notes, ['error: transport map cannot be used; the previous version stays in use']);
  assert.deepEqual(asked, [undefined, '1', '2', '2']);
});

test('without any map, each caller tries again, and gets one as soon as it exists', async () => {
  const { state, find } = makeMaps();
  for (const trouble of [new Error('access denied'), { text: 'nonsense', version: '0' }]) {
    state.now = trouble;
    await assert.rejects(find(), /access denied|expected a pattern, blanks and a destination/);
    await assert.rejects(find(), /access denied|expected a pattern, blanks and a destination/);
  }
  state.now = { text: 'x lmtp:one', version: '1' };
  assert.equal(await find(), 'inet:one:24');
});

test('concurrent callers wait for one answer', async () => {
  const { asked, find } = makeMaps();
  assert.deepEqual(await Promise.all([find(), find(), find()]), Array(3).fill('inet:one:24'));
  assert.equal(asked.length, 1);
});
