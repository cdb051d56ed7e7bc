import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Agent } from '../../functions/delivery/agent.ts';
import { parseDestination } from '../../functions/delivery/destination.ts';
import { findHosts } from '../../functions/delivery/hosts.ts';
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
  const nobody = { lookUp: () => assert.fail('a name was looked up') };
  assert.deepEqual(await find('[10.0.1.7]:2003', agentWith({}, { names: nobody })), ['10.0.1.7[10.0.1.7]:2003']);
});

test('a unix-domain socket goes by our own name', async () => {
  const agent = agentWith({ myhostname: 'mail.example.org' });
  assert.deepEqual(await find('unix:/run/lmtp', agent), ['mail.example.org[/run/lmtp]']);
});

describe('of many addresses', () => {
  test('no more than lmtp_mx_address_limit are tried', async () => {
    assert.equal(((await find('many.example')) as string[]).length, 5);
    assert.equal(((await find('many.example', agentWith({ lmtp_mx_address_limit: '2' }))) as string[]).length, 2);
    assert.equal(((await find('many.example', agentWith({ lmtp_mx_address_limit: '0' }))) as string[]).length, 7);
  });
  test('the order is that of the name service, where it is not to be random', async () => {
    const relays = ['many.example[10.0.0.1]:24', 'many.example[10.0.0.2]:24'];
    assert.deepEqual(await find('many.example', agentWith({ lmtp_mx_address_limit: '2' })), relays);
  });
  test('any order is possible where it is, and nobody is lost or doubled', async () => {
    const parameters = { lmtp_randomize_addresses: 'yes', lmtp_mx_address_limit: '0' };
    const ordered = (await find('many.example', agentWith({ lmtp_mx_address_limit: '0' }))) as string[];
    const firsts = new Set<string | undefined>();
    for (let n = 0; n < 100; n++) {
      // Numbers as good as random, and the same in every run.
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

test('a name service that takes longer than we have is trouble of our own', async () => {
  const agent = agentWith({}, { names: { lookUp: () => new Promise(() => {}) } });
  assert.deepEqual(await find('mail.example', agent, deadlineIn(20)), {
    scope: 'self',
    status: '4.4.3',
    text: "looking up mail.example ran out of this invocation's time",
  });
  assert.deepEqual(await find('many.example', agentWith({ lmtp_mx_address_limit: '1' }), deadlineIn(5000)), [
    'many.example[10.0.0.1]:24',
  ]);
});

describe('addresses that only this machine should reach', () => {
  test('are trouble of our own, where there are no others', async () => {
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
  test('are passed over, where there are', async () => {
    assert.deepEqual(await find('mixed.example'), ['mixed.example[10.0.0.9]:24']);
  });
  test('are servers like any other, where that is allowed', async () => {
    const agent = agentWith({ allow_local_destinations: 'yes' });
    assert.deepEqual(await find('[127.0.0.1]', agent), ['127.0.0.1[127.0.0.1]:24']);
    assert.equal(((await find('mixed.example', agent)) as string[]).length, 2);
  });
});
