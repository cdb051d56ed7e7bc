import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { WrittenParameters } from '../../functions/parameters/parameters.ts';
import { LiveParameters, madeFrom, settingsFreshness } from '../../functions/settings/live-parameters.ts';
import { ParameterFiles } from '../../functions/settings/parameter-files.ts';
import type { SettingsVersion } from '../../functions/settings/version.ts';
import { versionOf } from '../support/settings-versions.ts';
import { TestClock } from '../support/test-clock.ts';

/** Live parameters over versions that a test adds. */
function makeLive(deployed: WrittenParameters = { lmtp_mail_timeout: '60s' }) {
  const clock = new TestClock();
  const notes: string[] = [];
  const versions: SettingsVersion[] = [];
  const state = { reads: 0, fault: undefined as Error | undefined };
  const store = {
    latest: async () => {
      state.reads += 1;
      if (state.fault !== undefined) throw state.fault;
      return versions.at(-1);
    },
    history: async function* () {
      yield* versions.toReversed();
    },
  };
  const log = { note: (level: string, message: string) => notes.push(`${level}: ${message}`) };
  const objects = new Map<string, string>();
  const files = new ParameterFiles(
    async (url, known) => {
      const text = objects.get(url);
      if (text === undefined) throw new Error('NoSuchKey');
      return text === known ? 'unchanged' : { text, version: text };
    },
    (name) => name !== 'relay_domains',
    (url) => notes.push(`stale: ${url}`),
  );
  const start = () => new LiveParameters({ deployed, store, files, clock, log });
  const live = start();
  const add = (values: Readonly<Record<string, string>>, until?: number) => {
    versions.push(versionOf(versions.length + 1, values, until));
    clock.advance(settingsFreshness);
  };
  return { clock, notes, state, live, add, start, objects };
}

describe('the parameters of a function', () => {
  test('are those of the deployment where nothing was ever set', async () => {
    const { live } = makeLive();
    assert.equal(await live.current(), live.deployed);
    assert.equal(live.deployed.lmtp_mail_timeout, 60_000);
  });

  test('are looked at once a minute, also by many at the same time', async () => {
    const { live, state, clock } = makeLive();
    await Promise.all([live.current(), live.current()]);
    clock.advance(settingsFreshness - 1);
    await live.current();
    assert.equal(state.reads, 1);
    clock.advance(1);
    await live.current();
    assert.equal(state.reads, 2);
  });

  test('change with a new version, and stay the same object until then', async () => {
    const { live, add, clock, notes } = makeLive();
    add({ lmtp_rcpt_timeout: '10s' });
    const first = await live.current();
    assert.deepEqual([first.lmtp_rcpt_timeout, first.lmtp_mail_timeout], [10_000, 60_000]);
    clock.advance(settingsFreshness);
    assert.equal(await live.current(), first);
    add({});
    assert.equal((await live.current()).lmtp_rcpt_timeout, 300_000);
    assert.deepEqual(notes, ['info: settings changed', 'info: settings changed']);
  });

  test('return to those of the deployment at the moment at which a value ends, though the settings are not read again', async () => {
    const { live, add, clock, state } = makeLive();
    add({ lmtp_mail_timeout: '5s' }, clock.wall + settingsFreshness + 30_000);
    assert.equal((await live.current()).lmtp_mail_timeout, 5000);
    clock.advance(29_999);
    assert.equal((await live.current()).lmtp_mail_timeout, 5000);
    clock.advance(1);
    assert.equal((await live.current()).lmtp_mail_timeout, 60_000);
    assert.equal(state.reads, 1);
  });

  test('stay while the settings cannot be read', async () => {
    const { live, add, state, clock, notes } = makeLive();
    add({ lmtp_mail_timeout: '5s' });
    await live.current();
    state.fault = new Error('throttled');
    clock.advance(settingsFreshness);
    assert.equal((await live.current()).lmtp_mail_timeout, 5000);
    assert.deepEqual(notes, ['info: settings changed', 'warn: settings cannot be read; those in force stay']);
  });

  test('stay where a version cannot be used, which is logged once', async () => {
    const { live, add, clock, notes } = makeLive();
    add({ lmtp_mail_timeout: '5s' });
    await live.current();
    add({ lmtp_mail_timeout: 'soon' });
    for (let minute = 0; minute < 3; minute += 1) {
      assert.equal((await live.current()).lmtp_mail_timeout, 5000);
      clock.advance(settingsFreshness);
    }
    assert.deepEqual(notes, ['info: settings changed', 'error: settings cannot be used; those in force stay']);
  });

  test('are those of the last usable version in a container that starts while the latest cannot be used', async () => {
    const { add, start } = makeLive();
    add({ lmtp_mail_timeout: '5s' });
    add({ lmtp_mail_timeout: 'soon' });
    assert.equal((await start().current()).lmtp_mail_timeout, 5000);
  });

  test('are set by a version of a later release too, without the parameters that this one does not have', async () => {
    const { live, add, notes, clock } = makeLive();
    add({ lmtp_mail_timeout: '5s', a_parameter_of_a_later_release: 'yes' });
    for (let minute = 0; minute < 3; minute += 1) {
      assert.equal((await live.current()).lmtp_mail_timeout, 5000);
      clock.advance(settingsFreshness);
    }
    assert.deepEqual(notes, [
      'warn: settings of another release are left out: this one has no such parameters',
      'info: settings changed',
    ]);
  });

  test('are looked for again at the next use where they could not be read at the start', async () => {
    const { live, add, state } = makeLive();
    add({ lmtp_mail_timeout: '5s' });
    state.fault = new Error('throttled');
    assert.equal((await live.current()).lmtp_mail_timeout, 60_000);
    state.fault = undefined;
    assert.equal((await live.current()).lmtp_mail_timeout, 5000);
  });

  test('stop the start where those of the deployment are wrong', () => {
    assert.throws(() => makeLive({ lmtp_mail_timeout: 'soon' }), /lmtp_mail_timeout: "soon" is not a time/);
  });
});

describe('an object in S3 that a parameter names', () => {
  const url = 's3://maps/replies';
  const named = { lmtp_reply_filter: `regexp:${url}`, relay_domains: 's3://maps/not-permitted' };

  test('is read with the settings, and its changes take effect within a minute', async () => {
    const { live, objects, clock } = makeLive(named);
    objects.set(url, '/^450 (.*)/ 550 $1');
    const first = await live.current();
    assert.equal(first.lmtp_reply_filter.find('450 4.2.0 busy'), '550 4.2.0 busy');
    objects.set(url, '/^450 (.*)/ 452 $1');
    assert.equal(await live.current(), first);
    clock.advance(settingsFreshness);
    assert.equal((await live.current()).lmtp_reply_filter.find('450 4.2.0 busy'), '452 4.2.0 busy');
  });

  test('stays in use as it was while it is gone, or cannot be used', async () => {
    const { live, objects, clock, notes } = makeLive(named);
    objects.set(url, '/^450/ 550 x');
    const first = await live.current();
    objects.set(url, 'no pattern');
    clock.advance(settingsFreshness);
    assert.equal(await live.current(), first);
    objects.delete(url);
    clock.advance(settingsFreshness);
    assert.equal(await live.current(), first);
    const wrong = 'error: settings cannot be used; those in force stay';
    assert.deepEqual(notes, [wrong, `stale: ${url}`]);
  });

  test('keeps mail waiting where it was never there', async () => {
    const { live, objects, clock } = makeLive(named);
    const fault = { name: 'ParameterFileError', message: `lmtp_reply_filter: ${url} cannot be read` };
    await assert.rejects(live.current(), fault);
    await assert.rejects(live.current(), fault);
    objects.set(url, '/^450/ 550 x');
    clock.advance(settingsFreshness);
    assert.equal((await live.current()).lmtp_reply_filter.find('450 x'), '550 x');
  });

  test('is not read where only a live value names it: a deployment has dropped it since', async () => {
    const { live, add, notes } = makeLive({ lmtp_mail_timeout: '60s' });
    add({ lmtp_mail_timeout: '5s', lmtp_reply_filter: `regexp:${url}` });
    for (let use = 0; use < 2; use += 1) assert.equal((await live.current()).lmtp_mail_timeout, 60_000);
    assert.deepEqual(notes, ['error: settings cannot be used; those in force stay']);
  });

  test('keeps mail waiting where it cannot be used, and never could', async () => {
    const { live, objects } = makeLive(named);
    objects.set(url, 'no pattern');
    await assert.rejects(live.current(), {
      name: 'ParameterError',
      message: /lmtp_reply_filter: .*s3:\/\/maps\/replies/,
    });
  });
});

test('what is made from the parameters is made again when they change, and what it replaces is retired', async () => {
  const { live, add } = makeLive();
  const retired: number[] = [];
  const current = madeFrom(
    live,
    ({ lmtp_mail_timeout }) => lmtp_mail_timeout,
    (made) => retired.push(made),
  );
  assert.deepEqual([await current(), await current(), retired], [60_000, 60_000, []]);
  add({ lmtp_mail_timeout: '5s' });
  assert.deepEqual([await current(), await current(), retired], [5000, 5000, [60_000]]);
});
