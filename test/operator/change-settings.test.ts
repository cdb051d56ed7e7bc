import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { changeSettings, type SettingsContext, type SettingsOrder } from '../../functions/operator/change-settings.ts';
import { currentSettings } from '../../functions/operator/current-settings.ts';
import { whyUnusable } from '../../functions/operator/refuse-settings.ts';
import { MemorySettings, versionOf } from '../support/settings-versions.ts';

const now = Date.UTC(2026, 10, 30, 8);
const deployed = { minimal_backoff_time: '2m', lmtp_reply_filter: 'regexp:/opt/replies' };
let store: MemorySettings;
beforeEach(() => {
  store = new MemorySettings();
});

const change = (order: SettingsOrder, context: Partial<SettingsContext> = {}) =>
  changeSettings(order, { store, deployed, by: 'ann', why: 'INC-7', now, ...context });
const set = (values: Readonly<Record<string, string>>, until?: number) =>
  change({ kind: 'set', values, ...(until === undefined ? {} : { until }) });
const inForce = (at = now) =>
  Object.fromEntries(currentSettings(store.versions.at(-1), deployed, at).map(({ name, value }) => [name, value]));

describe('an operator who sets parameters of a running stack', () => {
  test('gets a version with the values before and after', async () => {
    const made = await set({ debug_peer_list: '10.0.3.7', minimal_backoff_time: '10m' });
    assert.deepEqual(made, {
      version: 1,
      changed: [
        { name: 'debug_peer_list', from: '', to: '10.0.3.7', isDeployed: false },
        { name: 'minimal_backoff_time', from: '2m', to: '10m', isDeployed: false },
      ],
    });
    assert.deepEqual(inForce(), { ...deployed, debug_peer_list: '10.0.3.7', minimal_backoff_time: '10m' });
  });

  test('may set a parameter to the value that the deployment gives it, whatever refers to it', async () => {
    const deployed = { myhostname: 'mx.example.com', bounce_report_ses_sender: 'bounces@$myhostname' };
    const order = { kind: 'set', values: { myhostname: 'mx.example.com', max_use: '5' } } as const;
    assert.equal((await change(order, { deployed })).version, 1);
  });

  test('leaves what was set before, and what another operator sets at the same moment', async () => {
    await set({ debug_peer_list: '10.0.3.7' });
    store.onAdd = () => {
      store.onAdd = () => {};
      store.versions.push(versionOf(2, { debug_peer_list: '10.0.3.7', max_use: '50' }));
    };
    assert.equal((await set({ max_idle: '30s' })).version, 3);
    assert.deepEqual(inForce(), { ...deployed, debug_peer_list: '10.0.3.7', max_use: '50', max_idle: '30s' });
  });

  test('is asked to try again where other operators are always faster', async () => {
    store.onAdd = () => {
      store.versions.push(versionOf(store.versions.length + 1, { max_use: '50' }));
    };
    await assert.rejects(set({ max_idle: '30s' }), {
      name: 'SettingsBusyError',
      message: /5 times meanwhile; try again/,
    });
  });

  test('does not undo with a return what another operator sets at the same moment', async () => {
    await set({ max_idle: '30s' });
    await set({ max_idle: '40s' });
    store.onAdd = () => {
      store.onAdd = () => {};
      store.versions.push(versionOf(3, { max_idle: '40s', max_use: '50' }));
    };
    await assert.rejects(change({ kind: 'revert' }), {
      name: 'SettingsBusyError',
      message: /see the history, and try/,
    });
    assert.deepEqual(inForce(), { ...deployed, max_idle: '40s', max_use: '50' });
  });

  test('may give it an end, at which the value of before returns', async () => {
    const until = now + 600_000;
    assert.equal((await set({ minimal_backoff_time: '10m' }, until)).changed[0]?.until, until);
    assert.equal(inForce(until - 1)['minimal_backoff_time'], '10m');
    assert.equal(inForce(until)['minimal_backoff_time'], '2m');
  });

  test('gets the live value of before back when another one ends, not that of the deployment', async () => {
    await set({ minimal_backoff_time: '3m' });
    const until = now + 600_000;
    const { changed } = await set({ minimal_backoff_time: '10m' }, until);
    assert.deepEqual(changed, [
      { name: 'minimal_backoff_time', from: '3m', to: '10m', isDeployed: false, until, next: '3m' },
    ]);
    assert.equal(inForce(until - 1)['minimal_backoff_time'], '10m');
    assert.equal(inForce(until)['minimal_backoff_time'], '3m');
    assert.equal(currentSettings(store.versions.at(-1), deployed, now, ['minimal_backoff_time'])[0]?.next, '3m');
    assert.equal((await change({ kind: 'unset', names: ['minimal_backoff_time'] })).changed[0]?.to, '2m');
    assert.deepEqual(inForce(until), deployed);
  });

  test('gets the values of before back one after the other where one ends within the time of another', async () => {
    await set({ max_use: '1' });
    await set({ max_use: '2' }, now + 3000);
    await set({ max_use: '3' }, now + 1000);
    await set({ max_use: '4' }, now + 2000);
    const values = [0, 1999, 2000, 2999, 3000].map((after) => inForce(now + after)['max_use']);
    assert.deepEqual(values, ['4', '4', '2', '2', '1']);
    await set({ max_use: '5' });
    assert.equal(inForce(now + 9000)['max_use'], '5');
  });

  test('sees with --what-if what would change, and nothing is written', async () => {
    const order = { kind: 'set', values: { max_idle: '30s' } } as const;
    assert.equal((await change(order, { whatIf: true })).changed[0]?.to, '30s');
    assert.deepEqual(store.versions, []);
  });

  test('writes no version where nothing changes', async () => {
    await set({ max_idle: '30s' });
    assert.deepEqual(await set({ max_idle: '30s' }), { version: 1, changed: [] });
    assert.deepEqual(await change({ kind: 'unset', names: ['max_use'] }), { version: 1, changed: [] });
    assert.equal(store.versions.length, 1);
  });

  test('changes a version of a later release too, and can unset what this release does not know', async () => {
    store.versions.push(versionOf(1, { max_use: '50', x_of_later: 'secret' }));
    await set({ max_idle: '30s' });
    assert.deepEqual(Object.keys(store.versions.at(-1)?.values ?? {}).sort(), ['max_idle', 'max_use', 'x_of_later']);
    const { changed } = await change({ kind: 'unset', names: ['x_of_later'] });
    assert.deepEqual(
      changed.map(({ name, from }) => [name, from]),
      [['x_of_later', '(a value of another release)']],
    );
    assert.deepEqual(Object.keys(store.versions.at(-1)?.values ?? {}).sort(), ['max_idle', 'max_use']);
  });

  test('returns a parameter to the value of the deployment', async () => {
    await set({ minimal_backoff_time: '10m', max_idle: '30s' });
    const { changed } = await change({ kind: 'unset', names: ['minimal_backoff_time'] });
    assert.deepEqual(changed, [{ name: 'minimal_backoff_time', from: '10m', to: '2m', isDeployed: true }]);
    assert.deepEqual(inForce(), { ...deployed, max_idle: '30s' });
  });

  test('returns to the version before, to any other, and to the deployment', async () => {
    await set({ max_idle: '30s' });
    await set({ max_idle: '40s' });
    await set({ max_use: '7' });
    await change({ kind: 'revert' });
    assert.deepEqual(inForce(), { ...deployed, max_idle: '40s' });
    await change({ kind: 'revert', version: 1 });
    assert.deepEqual(inForce(), { ...deployed, max_idle: '30s' });
    await change({ kind: 'revert', version: 0 });
    assert.deepEqual(inForce(), deployed);
    assert.equal(store.versions.at(-1)?.what, 'returned to version 0: max_idle');
  });
});

test('a version is unusable where a later deployment contradicts it, with the reason', async () => {
  await set({ minimal_backoff_time: '10m' });
  const latest = store.versions.at(-1);
  assert.equal(whyUnusable(latest, deployed, now), undefined);
  assert.match(
    whyUnusable(latest, { ...deployed, maximal_backoff_time: '5m' }, now) ?? '',
    /minimal_backoff_time: is longer than maximal_backoff_time/,
  );
});

describe('refused before anything is written is', () => {
  const refused: readonly (readonly [string, SettingsOrder, RegExp, Partial<SettingsContext>?])[] = [
    ['an unknown name', setting({ lmtp_mail_timout: '2s' }), /lmtp_mail_timout: .*did you mean lmtp_mail_timeout\?/],
    ['an unknown name that is unset', { kind: 'unset', names: ['smtp_tls'] }, /smtp_tls: /],
    ['a wrong value', setting({ max_idle: 'soon' }), /max_idle: "soon" is not a time/],
    [
      'a parameter that only a deployment changes',
      setting({ lmtp_tcp_port: '25' }),
      /lmtp_tcp_port: changes only with a deployment: the names of destinations/,
    ],
    [
      'a value that contradicts one of the deployment',
      setting({ maximal_backoff_time: '1m' }),
      /minimal_backoff_time: is longer than maximal_backoff_time/,
    ],
    [
      'a file that the deployment does not name',
      setting({ lmtp_delivery_status_filter: 'regexp:/etc/postfix/status' }),
      /lmtp_delivery_status_filter: "\/etc\/postfix\/status" is not allowed: expected a file that the deployment names/,
    ],
    [
      'a lifetime for which bodies are not kept',
      setting({ maximal_queue_lifetime: '30d' }),
      /maximal_queue_lifetime: is not allowed to be so long: .* 30 days .* needs 44/,
      { bodyRetention: 30 },
    ],
    [
      'a file that the deployment does not name, behind the name of another parameter',
      setting({ lmtp_lhlo_name: 'a', myhostname: 'regexp:/etc/status', lmtp_delivery_status_filter: '$myhostname' }),
      /lmtp_delivery_status_filter: "\/etc\/status" is not allowed/,
    ],
    [
      'values that do not fit into an item of the table',
      setting({ lmtp_reply_filter: `inline:{${'a=b '.repeat(90_000)}}` }),
      /settings: 3\d+ octets are not allowed: expected at most 300000 for all values together/,
    ],
    [
      'a parameter to which one refers that only a deployment changes',
      setting({ myhostname: 'mx2.example.com' }),
      /myhostname: "mx2\.example\.com" is not allowed: bounce_report_ses_sender, which refers to it, changes only with a deployment: /,
      { deployed: { myhostname: 'mx.example.com', bounce_report_ses_sender: 'bounces@$myhostname' } },
    ],
    ['a version where there is none', { kind: 'revert' }, /nothing was ever set/],
  ];
  for (const [what, order, message, context] of refused) {
    test(what, async () => {
      await assert.rejects(change(order, context), { name: 'SettingsError', message });
      assert.deepEqual(store.versions, []);
    });
  }

  test('a version that does not exist', async () => {
    await set({ max_idle: '30s' });
    await assert.rejects(
      change({ kind: 'revert', version: 5 }),
      /version: 5 is not allowed: expected a number from 0 \(the deployment\) to 1/,
    );
  });

  test('an earlier version with a file that the deployment names no more', async () => {
    await set({ lmtp_delivery_status_filter: 'regexp:/opt/replies' });
    await set({ lmtp_delivery_status_filter: '' });
    await assert.rejects(
      change({ kind: 'revert' }, { deployed: {} }),
      /lmtp_delivery_status_filter: "\/opt\/replies" is not allowed/,
    );
  });

  test('a value that is wrong only after another one has ended', async () => {
    await set({ minimal_backoff_time: '30s' }, now + 600_000);
    await assert.rejects(
      set({ maximal_backoff_time: '60s' }),
      /is longer than maximal_backoff_time, from 2026-11-30T08:10:00.000Z, when another value ends/,
    );
  });

  test('a value that is wrong when the live value of before returns', async () => {
    await set({ maximal_backoff_time: '5m' });
    await set({ maximal_backoff_time: '2h' }, now + 600_000);
    await assert.rejects(
      set({ minimal_backoff_time: '1h' }),
      /is longer than maximal_backoff_time, from 2026-11-30T08:10:00.000Z, when another value ends/,
    );
  });

  test('not a file that the deployment names', async () => {
    await set({ lmtp_delivery_status_filter: 'regexp:/opt/replies' });
    assert.equal(store.versions.length, 1);
  });
});

test('a password of a value is never shown', () => {
  const [setting] = currentSettings(undefined, { lmtp_sasl_password_maps: 'static:joe:hush' }, now, [
    'lmtp_sasl_password_maps',
  ]);
  assert.doesNotMatch(JSON.stringify(setting), /hush/);
});

function setting(values: Readonly<Record<string, string>>): SettingsOrder {
  return { kind: 'set', values };
}

test('a version whose file the deployment names no more is said to be out of force', () => {
  const version = versionOf(1, { lmtp_delivery_status_filter: 'regexp:s3://maps/status' });
  assert.equal(whyUnusable(version, deployed, now), 's3://maps/status is not a file of the deployment');
  const again = { ...deployed, lmtp_reply_filter: 'regexp:s3://maps/status' };
  assert.equal(whyUnusable(version, again, now), undefined);
});
