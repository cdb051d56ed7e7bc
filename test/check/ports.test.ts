/** The first two steps of a check: the addresses of a name, and whether a server listens there. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { findName } from '../../functions/check/name-step.ts';
import { portStep } from '../../functions/check/opening-steps.ts';
import { parseDestination } from '../../functions/request/destination.ts';
import { noDeadline } from '../../functions/session/limit.ts';
import { DnsNameService } from '../../functions/session/name-service.ts';
import { relayName } from '../../functions/session/session.ts';
import { ConnectError } from '../../functions/session/transport.ts';
import { startBlackHole } from '../support/black-hole.ts';
import { checkDestination, checkServer, stepNamed } from '../support/check-server.ts';
import { nameService, testAgent } from '../support/delivery-agent.ts';
import { startDnsServer } from '../support/dns-server.ts';
import { freePort } from '../support/free-port.ts';
import { startScriptedServer } from '../support/scripted-server.ts';
import { makeTemporaryFolder } from '../support/temporary-folder.ts';
import { deadlineIn } from '../support/time-limits.ts';

describe('a name', () => {
  test('with several addresses has each of them checked', async () => {
    await using names = await startDnsServer({ 'store.test': { A: ['127.0.0.1', '127.0.0.2'] } });
    const service = new DnsNameService({ servers: [names.address] });
    const checked = await checkServer(
      { listen: ['127.0.0.1', '127.0.0.2'] },
      { agent: { names: service }, destination: (port) => `inet:store.test:${port}` },
    );
    const name = stepNamed(checked, 'name');
    assert.equal(name.result, 'ok');
    assert.equal(name.text, 'store.test → 127.0.0.1, 127.0.0.2');
    assert.deepEqual(name.addresses, ['127.0.0.1', '127.0.0.2']);
    assert.deepEqual(
      checked.report.hops[0]?.servers.map(({ relay }) => relay.replace(/\d+$/, 'PORT')),
      ['store.test[127.0.0.1]:PORT', 'store.test[127.0.0.2]:PORT'],
    );
    assert.equal(checked.connections.length, 2);
    assert.equal(checked.report.outcome, 'well');
  });

  test('with more addresses than a delivery would try has all of them checked', async () => {
    const addresses = Array.from({ length: 7 }, (_, n) => `127.0.0.${n + 1}`);
    const names = nameService({ 'many.test': addresses });
    const { report } = await checkDestination(`many.test:${await freePort()}`, { agent: { names } });
    assert.equal(report.hops[0]?.servers.length, 7);
  });

  test('that does not exist is distinguished from a name server that does not answer', async () => {
    await using names = await startDnsServer({ 'empty.test': { MX: [[10, 'mail.test']] } });
    const service = new DnsNameService({ servers: [names.address], timeout: 200, tries: 1 });
    const silent = new DnsNameService({ servers: [`127.0.0.1:${await freePort()}`], timeout: 200, tries: 1 });
    const find = async (host: string, given = service) =>
      (await checkDestination(`inet:${host}:24`, { agent: { names: given } })).summary;
    assert.deepEqual(await find('nowhere.test'), ['name failed: name unknown']);
    assert.deepEqual(await find('empty.test'), ['name failed: no address']);
    assert.deepEqual(await find('late.test', silent), ['name failed: name servers silent']);
  });

  test('that only the system knows is reported with the parameter that asks the system', async () => {
    const names = nameService({ 'hosts.test': 'unknown', 'native:hosts.test': ['10.0.0.1'] });
    const checked = await checkDestination('hosts.test:24', { agent: { names } });
    const step = stepNamed(checked, 'name');
    assert.ok(step.result === 'failed');
    assert.equal(step.finding, 'known to the system alone');
    assert.match(step.next, /lmtp_host_lookup=native/);
  });

  test('is looked up in the order of lmtp_host_lookup', async () => {
    const names = nameService({ 'hosts.test': 'unknown', 'native:hosts.test': ['127.0.0.1'] });
    const parameters = { lmtp_host_lookup: 'dns, native' };
    const checked = await checkDestination(`hosts.test:${await freePort()}`, { agent: { names }, parameters });
    assert.equal(
      stepNamed(checked, 'name').text,
      'hosts.test: no such name\nhosts.test (from this system) → 127.0.0.1',
    );
    assert.deepEqual(checked.summary, ['name ok', 'port failed: refused']);
  });

  test('that resolves to local addresses only is not followed with allow_local_destinations=no', async () => {
    const names = nameService({ 'local.test': ['127.0.0.1'], 'mixed.test': ['127.0.0.1', '127.0.0.2'] });
    const parameters = { allow_local_destinations: 'no' };
    const { summary, report } = await checkDestination('local.test:24', { agent: { names }, parameters });
    assert.deepEqual(summary, ['name failed: local addresses']);
    assert.deepEqual(report.hops[0]?.servers, []);
    assert.equal(report.outcome, 'deferred');
  });

  test('with some addresses that are not followed lists those', async () => {
    const names = nameService({ 'mixed.test': ['169.254.0.1', '192.0.2.1'] });
    const agent = testAgent({ allow_local_destinations: 'no' }, { names });
    const { step, peers } = await findName(parseDestination('mixed.test', 24)[0], agent, 'command', noDeadline);
    assert.ok(step?.result === 'warning');
    assert.equal(step.finding, 'local addresses');
    assert.match(step.text, /left out: 169\.254\.0\.1$/);
    assert.deepEqual(step.addresses, ['169.254.0.1', '192.0.2.1']);
    assert.deepEqual(peers.map(relayName), ['mixed.test[192.0.2.1]:24']);
  });

  test('of a service is reported with its SRV records', async () => {
    const port = await freePort();
    const names = nameService(
      { 'a.test': ['127.0.0.1'], 'b.test': 'unknown' },
      {
        '_lmtp-x._tcp.mail.test': {
          kind: 'found',
          targets: [
            { name: 'a.test', port, priority: 1, weight: 1 },
            { name: 'b.test', port, priority: 2, weight: 1 },
          ],
        },
        '_lmtp-x._tcp.none.test': {
          kind: 'found',
          targets: [{ name: '.', port: 0, priority: 0, weight: 0 }],
        },
      },
    );
    const parameters = { use_srv_lookup: 'lmtp-x', known_tcp_ports: 'lmtp-x=24' };
    const checked = await checkDestination('mail.test:lmtp-x', { agent: { names }, parameters });
    assert.deepEqual(checked.summary, ['name warning: name unknown', 'port failed: refused']);
    assert.match(stepNamed(checked, 'name').text, /^_lmtp-x\._tcp\.mail\.test → a\.test:\d+, b\.test:\d+\n/);
    const find = async (host: string) =>
      (await checkDestination(`${host}:lmtp-x`, { agent: { names }, parameters })).report;
    assert.equal((await find('none.test')).outcome, 'bounced');
    const [missing] = (await find('other.test')).hops;
    assert.ok(missing?.name?.result === 'failed');
    assert.equal(missing.name.finding, 'no service records');
  });

  test('that is not found before the time of the function ends blames no server', async () => {
    const names = { ...nameService({}), lookUp: () => new Promise<never>(() => {}) };
    const deadline = deadlineIn(50);
    const { summary } = await checkDestination('slow.test:24', { agent: { names }, deadline });
    assert.deepEqual(summary, ['name failed: out of time']);
  });

  test('is not looked up where the destination is an address', async () => {
    const fail = () => assert.fail('a name was looked up');
    const names = { lookUp: fail, lookUpNative: fail, lookUpService: fail, canonicalName: fail };
    const { summary } = await checkDestination(`[127.0.0.1]:${await freePort()}`, { agent: { names } });
    assert.deepEqual(summary, ['name ok', 'port failed: refused']);
  });
});

describe('a port', () => {
  test('that is open is reported with the time to connect', async () => {
    const port = stepNamed(await checkServer({}), 'port');
    assert.equal(port.state, 'open');
    assert.ok(Number(port.milliseconds) >= 0);
  });

  test('that refuses is reported with the lines for Dovecot and Cyrus, with its number', async () => {
    const number = await freePort();
    const checked = await checkDestination(`127.0.0.1:${number}`);
    const port = stepNamed(checked, 'port');
    assert.ok(port.result === 'failed');
    assert.equal(port.state, 'refused');
    assert.match(
      port.next,
      new RegExp(
        `service lmtp \\{\\n +inet_listener lmtp \\{\\n +#.*\\n +address = 10\\.0\\.1\\.7\\n +port = ${number}`,
      ),
    );
    assert.match(port.next, /An LMTP listener must not be open to the world/);
    assert.match(port.next, new RegExp(`lmtp cmd="lmtpd" listen="${number}" prefork=1`));
    assert.match(port.next, /-a/);
    assert.deepEqual(port.verdict, {
      status: 'deferred',
      dsn: '4.4.1',
      text: `connect to 127.0.0.1[127.0.0.1]:${number}: Connection refused`,
    });
    assert.equal(checked.report.outcome, 'deferred');
  });

  test('that is filtered is distinguished from one that refuses, and the wait ends with lmtp_connect_timeout', async () => {
    await using hole = await startBlackHole();
    const port = stepNamed(await checkDestination(`127.0.0.1:${hole.port}`), 'port');
    assert.ok(port.result === 'failed');
    assert.equal(port.state, 'filtered');
    assert.equal(port.text, 'filtered: no answer in 1 s');
    assert.match(port.next, /security group/);
  });

  describe('that cannot be connected to is reported by the error code:', () => {
    for (const [code, state, finding] of [
      ['EHOSTUNREACH', 'unreachable', 'unreachable'],
      ['ENETUNREACH', 'unreachable', 'unreachable'],
      ['ETIMEDOUT', 'filtered', 'filtered'],
      ['EACCES', 'failed', 'socket forbidden'],
      ['ECONNRESET', 'failed', 'no connection'],
    ] as const) {
      test(code, () => {
        const error = new ConnectError('words', { cause: Object.assign(new Error(code), { code }) });
        const peer = { host: 'store.test', endpoint: { kind: 'inet', address: '10.0.0.1', port: 24 } } as const;
        const about = { hop: parseDestination('store.test', 24)[0], place: 'function' } as const;
        const step = portStep(error, { peer, about, parameters: testAgent().parameters });
        assert.ok(step.result === 'failed');
        assert.deepEqual([step.state, step.finding], [state, finding]);
        assert.equal(step.verdict.text, 'connect to store.test[10.0.0.1]:24: words');
      });
    }
  });

  test('may be a unix-domain socket: present or missing', async () => {
    await using server = await startScriptedServer({ listen: 'unix' });
    assert.deepEqual((await checkDestination(`unix:${server.path}`)).summary, [
      'port ok',
      'greeting ok',
      'TLS ok',
      'LHLO ok',
      'AUTH ok',
    ]);
    using folder = makeTemporaryFolder();
    assert.deepEqual((await checkDestination(`unix:${folder.path}/none`)).summary, ['port failed: socket missing']);
  });

  test('that did not answer when the time of the function ended is not blamed', async () => {
    await using hole = await startBlackHole();
    const { summary, report } = await checkDestination(`127.0.0.1:${hole.port}`, { deadline: deadlineIn(100) });
    assert.deepEqual(summary, ['name ok', 'port failed: out of time']);
    assert.equal(report.outcome, 'deferred');
  });
});

test('every next-hop of a destination is checked, and a working one does not hide a failing one', async () => {
  const closed = await freePort();
  const checked = await checkServer({}, { destination: (port) => `127.0.0.1:${closed}, 127.0.0.1:${port}` });
  assert.deepEqual(checked.summary, [
    'name ok',
    'port failed: refused',
    'name ok',
    'port ok',
    'greeting ok',
    'TLS ok',
    'LHLO ok',
    'AUTH ok',
  ]);
  assert.equal(checked.report.outcome, 'deferred');
  assert.match(checked.text, /1 of 2 addresses are well/);
});
