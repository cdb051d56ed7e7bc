import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Agent } from '../../functions/delivery/agent.ts';
import { findHosts } from '../../functions/delivery/hosts.ts';
import { parseDestination } from '../../functions/request/destination.ts';
import { noDeadline } from '../../functions/session/limit.ts';
import { relayName } from '../../functions/session/session.ts';
import { nameService, testAgent } from '../support/delivery-agent.ts';
import { deadlineIn } from '../support/time-limits.ts';

const names = nameService({
  'many.example': ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4', '10.0.0.5', '10.0.0.6', '2001:db8::1'],
  'local.example': ['127.0.0.1', '::1', '169.254.169.254'],
  'mixed.example': ['127.0.0.1', '10.0.0.9'],
  'late.example': 'try again',
  'empty.example': 'no data',
});

const agentWith = (parameters: Record<string, string> = {}, given: Partial<Agent> = {}) =>
  testAgent({ allow_local_destinations: 'no', ...parameters }, { names, ...given });

/** The servers behind a destination, or the trouble. */
async function find(destination: string, agent = agentWith(), deadline = noDeadline) {
  const hosts = await findHosts(parseDestination(destination, 24)[0], agent, deadline);
  return hosts.kind === 'found' ? hosts.peers.map(relayName) : hosts.trouble;
}

test('an address is its own server, and no name is looked up', async () => {
  const fail = () => assert.fail('a name was looked up');
  const unused = { lookUp: fail, lookUpNative: fail, lookUpService: fail, canonicalName: fail };
  assert.deepEqual(await find('[10.0.1.7]:2003', agentWith({}, { names: unused })), ['10.0.1.7[10.0.1.7]:2003']);
});

test('a unix-domain socket has the name of this host', async () => {
  const agent = agentWith({ myhostname: 'mail.example.org' });
  assert.deepEqual(await find('unix:/run/lmtp', agent), ['mail.example.org[/run/lmtp]']);
});

describe('of many addresses,', () => {
  test('at most lmtp_mx_address_limit are tried', async () => {
    assert.equal(((await find('many.example')) as string[]).length, 5);
    assert.equal(((await find('many.example', agentWith({ lmtp_mx_address_limit: '2' }))) as string[]).length, 2);
    assert.equal(((await find('many.example', agentWith({ lmtp_mx_address_limit: '0' }))) as string[]).length, 7);
  });
  test('the order is that of the name service with lmtp_randomize_addresses=no', async () => {
    const relays = ['many.example[10.0.0.1]:24', 'many.example[10.0.0.2]:24'];
    const cut = { lmtp_mx_address_limit: '2', lmtp_balance_inet_protocols: 'no' };
    assert.deepEqual(await find('many.example', agentWith(cut)), relays);
  });
  test('any order is possible where it is, and no address is lost or doubled', async () => {
    const parameters = { lmtp_randomize_addresses: 'yes', lmtp_mx_address_limit: '0' };
    const ordered = (await find('many.example', agentWith({ lmtp_mx_address_limit: '0' }))) as string[];
    const firsts = new Set<string | undefined>();
    for (let n = 0; n < 100; n++) {
      // Pseudo-random numbers, the same in every run.
      let step = 0;
      const random = () => ((n + 1) * 0.618_034 + ++step * 0.414_214) % 1;
      const shuffled = (await find('many.example', agentWith(parameters, { random }))) as string[];
      assert.deepEqual(shuffled.toSorted(), ordered.toSorted());
      firsts.add(shuffled[0]);
    }
    assert.equal(firsts.size, ordered.length, 'each is the first now and then');
  });
});

describe('a name without an address', () => {
  const words = 'Host or domain name not found. Name service error for name=';
  for (const [host, status, strict, text] of [
    ['nowhere.example', '4.4.4', '5.4.4', `${words}nowhere.example type=AAAA: Host not found`],
    [
      'empty.example',
      '4.4.4',
      '5.4.4',
      `${words}empty.example type=AAAA: Host found but no data record of requested type`,
    ],
    ['late.example', '4.4.3', '4.4.3', `${words}late.example type=AAAA: Host not found, try again`],
  ] as const) {
    test(`${host} is trouble with the site`, async () => {
      assert.deepEqual(await find(host), { scope: 'site', status, text });
      const agent = agentWith({ strict_postfix_verdicts: 'yes' });
      assert.deepEqual(await find(host, agent), { scope: 'site', status: strict, text });
    });
  }
});

test('a name service that takes longer than the time left is trouble of our own', async () => {
  const agent = agentWith({}, { names: { ...names, lookUp: () => new Promise(() => {}) } });
  assert.deepEqual(await find('mail.example', agent, deadlineIn(20)), {
    scope: 'self',
    status: '4.4.3',
    text: "looking up mail.example ran out of this invocation's time",
    isOutOfTime: true,
  });
  assert.deepEqual(await find('many.example', agentWith({ lmtp_mx_address_limit: '1' }), deadlineIn(5000)), [
    'many.example[10.0.0.1]:24',
  ]);
});

describe('addresses that only this machine should reach', () => {
  test('are trouble of our own, if there are no others', async () => {
    for (const destination of [
      'local.example',
      '[127.0.0.1]',
      '[::1]',
      '[::ffff:127.0.0.1]',
      '[169.254.169.254]',
      '[fe80::1]',
    ]) {
      const found = await find(destination);
      assert.ok('scope' in found, destination);
      assert.deepEqual([found.scope, found.status], ['self', '4.3.5']);
    }
  });
  test('are skipped, if there are others', async () => {
    assert.deepEqual(await find('mixed.example'), ['mixed.example[10.0.0.9]:24']);
  });
  test('are used like any other, if the parameters allow it', async () => {
    const agent = agentWith({ allow_local_destinations: 'yes' });
    assert.deepEqual(await find('[127.0.0.1]', agent), ['127.0.0.1[127.0.0.1]:24']);
    assert.equal(((await find('mixed.example', agent)) as string[]).length, 2);
  });
});

describe('services behind SRV records', () => {
  const target = (name: string, priority: number, weight = 0) => ({ name, port: 2400 + priority, priority, weight });
  const services = nameService(
    { 'a.test': ['10.0.0.1'], 'b.test': ['10.0.0.2'], 'mail.test': ['10.0.0.9'] },
    {
      '_lmtp._tcp.mail.test': {
        kind: 'found',
        targets: [target('b.test', 2), target('a.test', 1), target('gone.test', 3)],
      },
      '_lmtp._tcp.none.test': { kind: 'found', targets: [target('.', 0)] },
      '_lmtp._tcp.late.test': { kind: 'try again', type: 'SRV' },
    },
  );
  const asking = (parameters: Record<string, string> = {}) =>
    agentWith({ use_srv_lookup: 'lmtp', ...parameters }, { names: services });

  test('are tried by priority, each on its own port; a missing target leaves the others', async () => {
    assert.deepEqual(await find('mail.test:lmtp', asking()), ['a.test[10.0.0.1]:2401', 'b.test[10.0.0.2]:2402']);
  });

  test('are looked up only where the service is named, listed, and the host is not in brackets', async () => {
    const direct = ['mail.test[10.0.0.9]:24'];
    assert.deepEqual(await find('mail.test:24', asking()), direct);
    assert.deepEqual(await find('[mail.test]:lmtp', asking()), direct);
    assert.deepEqual(await find('mail.test:lmtp', asking({ use_srv_lookup: 'submission' })), direct);
  });

  test('are explicitly not offered where the target is a dot', async () => {
    const trouble = await find('none.test:lmtp', asking());
    assert.equal('status' in trouble && trouble.status, '5.1.0');
  });

  test('may be skipped when there are none, or no answer, if the parameters allow it', async () => {
    const status = async (host: string, parameters = {}) => {
      const found = await find(`${host}:lmtp`, asking(parameters));
      return 'status' in found ? found.status : found;
    };
    assert.equal(await status('a.test'), '4.4.4');
    assert.deepEqual(await status('a.test', { allow_srv_lookup_fallback: 'yes' }), ['a.test[10.0.0.1]:24']);
    assert.equal(await status('late.test'), '4.4.3');
    assert.equal(await status('late.test', { ignore_srv_lookup_error: 'yes' }), '4.4.4');
  });
});

describe('address families', () => {
  const both = nameService({ 'both.test': ['10.0.0.1', '10.0.0.2', '2001:db8::1', '2001:db8::2'] });
  const findBoth = async (parameters: Record<string, string>) => {
    const hosts = await find('both.test', agentWith(parameters, { names: both }));
    return Array.isArray(hosts) ? hosts.map((relay) => relay.slice(10, -4)) : hosts;
  };

  test('the preferred one is tried first', async () => {
    assert.deepEqual(await findBoth({ lmtp_address_preference: 'ipv6' }), [
      '2001:db8::1',
      '2001:db8::2',
      '10.0.0.1',
      '10.0.0.2',
    ]);
  });

  test('a truncated list keeps a share of both, unless lmtp_balance_inet_protocols=no', async () => {
    assert.deepEqual(await findBoth({ lmtp_mx_address_limit: '2' }), ['10.0.0.1', '2001:db8::1']);
    const unbalanced = { lmtp_mx_address_limit: '2', lmtp_balance_inet_protocols: 'no' };
    assert.deepEqual(await findBoth(unbalanced), ['10.0.0.1', '10.0.0.2']);
  });

  test('an address of a disabled family is not connected to', async () => {
    const found = await find('[2001:db8::1]', agentWith({ inet_protocols: 'ipv4' }));
    assert.equal('status' in found && found.status, '4.4.4');
  });
});

test('lmtp_host_lookup=native uses the system resolver, after the DNS or in place of it', async () => {
  const split = nameService({
    'native:only-here.test': ['10.0.0.5'],
    'native:dns.test': ['10.0.0.6'],
    'dns.test': ['10.0.0.7'],
  });
  const ask = (host: string, parameters: Record<string, string>) => find(host, agentWith(parameters, { names: split }));
  assert.deepEqual(await ask('only-here.test', { lmtp_host_lookup: 'dns, native' }), ['only-here.test[10.0.0.5]:24']);
  assert.deepEqual(await ask('dns.test', { lmtp_host_lookup: 'dns, native' }), ['dns.test[10.0.0.7]:24']);
  assert.deepEqual(await ask('dns.test', { disable_dns_lookups: 'yes' }), ['dns.test[10.0.0.6]:24']);
});

test('a server is named with the target of a CNAME, where lmtp_cname_overrides_servername=yes', async () => {
  const aliased = nameService({ 'alias.test': ['10.0.0.8'] });
  const ask = (value: string) =>
    find('alias.test', agentWith({ lmtp_cname_overrides_servername: value }, { names: aliased }));
  assert.deepEqual(await ask('no'), ['alias.test[10.0.0.8]:24']);
  assert.deepEqual(await ask('yes'), ['real.test[10.0.0.8]:24']);
});
