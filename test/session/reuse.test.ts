import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate as eventLoopTurn } from 'node:timers/promises';
import type { Agent } from '../../functions/delivery/agent.ts';
import type { Clock } from '../../functions/time/clock.ts';
import {
  type Asked,
  deliverTo,
  makeMessage,
  nameService,
  shortVerdicts,
  testAgent,
} from '../support/delivery-agent.ts';
import { type PuppetServer, startPuppetServer } from '../support/puppet-server.ts';
import { andThen, type ScriptedServer, type ServerScript, startScriptedServer } from '../support/scripted-server.ts';
import { limitsWith } from '../support/time-limits.ts';
import { waitUntil } from '../support/wait-until.ts';

/** Delivers one mail to one recipient; returns which use of its connection it was. */
async function send(server: { readonly port: number }, agent: Agent, asked: Asked = {}) {
  const outcome = await deliverTo(`[127.0.0.1]:${server.port}`, ['a@x'], agent, asked);
  const [verdict] = outcome.verdicts;
  assert.ok(verdict);
  return { ...verdict, blame: outcome.blame, short: shortVerdicts(outcome)[0] };
}

/** Delivers two mails, one after the other. */
async function sendTwo(script: ServerScript, parameters: Record<string, string> = {}) {
  const server = await startScriptedServer(script);
  const agent = testAgent(parameters);
  const first = await send(server, agent);
  const second = await send(server, agent);
  return { server, agent, first, second, [Symbol.asyncDispose]: server.close };
}

const commands = (server: ScriptedServer, n: number) =>
  server.transcript()[n - 1]?.commands.map((line) => line.slice(0, 4)) ?? [];

/** The commands of one mail. */
const mail = ['MAIL', 'RCPT', 'DATA', '<con', '.', 'RSET'] as const;

/** A clock that is set by the test: both its hands, or one. */
function handClock(): Clock & { wall: number; monotonic: number } {
  return {
    wall: 1_000_000,
    monotonic: 0,
    now() {
      return { wall: this.wall, monotonic: this.monotonic };
    },
  };
}

describe('the next mail uses the same session', () => {
  test('after RSET, which closes each transaction and replaces a probe', async () => {
    await using two = await sendTwo({});
    assert.deepEqual([two.first.connUse, two.second.connUse], [1, 2]);
    assert.deepEqual(commands(two.server, 1), ['LHLO', ...mail, ...mail]);
    assert.equal(two.server.transcript().length, 1);
  });

  test('after a refused mail: RSET closes its transaction', async () => {
    await using two = await sendTwo({ rcpt: { default: { each: ['550 5.1.1 unknown', '250 2.1.5 ok'] } } });
    assert.deepEqual([two.first.short, two.second.short], ['bounced 5.1.1', 'sent 2.0.0']);
    assert.equal(two.second.connUse, 2);
    assert.deepEqual(commands(two.server, 1), ['LHLO', 'MAIL', 'RCPT', 'DATA', 'RSET', ...mail]);
  });

  test('with the capabilities that the server offered at its beginning', async () => {
    await using server = await startScriptedServer({ capabilities: ['PIPELINING', 'SIZE 1000', 'DSN'] });
    const agent = testAgent();
    await send(server, agent);
    await send(server, agent, { message: makeMessage('x'.repeat(98)) });
    const large = await send(server, agent, { message: makeMessage('x'.repeat(2000)) });
    assert.equal(large.short, 'bounced 5.3.4');
    const mails = server.transcript()[0]?.commands.filter((line) => line.startsWith('MAIL')) ?? [];
    assert.equal(mails[1], 'MAIL FROM:<alice@example.org> SIZE=100');
  });

  test('but never that of another destination, even with the same server', async () => {
    await using server = await startScriptedServer({});
    const names = nameService({ 'a.example': ['127.0.0.1'], 'b.example': ['127.0.0.1'] });
    const agent = testAgent({}, { names });
    for (const host of ['a.example', 'b.example', 'A.example'])
      await deliverTo(`${host}:${server.port}`, ['a@x'], agent);
    assert.equal(server.transcript().length, 2);
    assert.equal(commands(server, 1).filter((line) => line === 'MAIL').length, 2);
  });

  test('unless caching is switched off: then each ends with QUIT', async () => {
    await using two = await sendTwo({}, { lmtp_cache_connection: 'no' });
    assert.equal(two.second.connUse, 1);
    assert.equal(await two.server.settled(2000), true);
    assert.deepEqual(commands(two.server, 1), ['LHLO', ...mail, 'QUIT']);
    assert.deepEqual(commands(two.server, 2), ['LHLO', ...mail, 'QUIT']);
  });
});

describe('a session that may not be used again is not parked', () => {
  for (const [what, script, verdict, goodbye] of [
    ['after 421', { rcpt: { default: '421 4.3.2 closing' } }, 'deferred 4.3.2', 'QUIT'],
    ['after a reply to another command', { rcpt: { default: '503 5.5.1 what?' } }, 'bounced 5.5.1', 'QUIT'],
    ['after garbage', { mail: ['oops', '250 ok'] }, 'sent 2.0.0', 'QUIT'],
    [
      'after content that no recipient accepts',
      { rcpt: { default: '550 5.1.1 no' }, data_no_rcpt: '354 go' },
      'bounced 5.1.1',
      undefined,
    ],
    ['after a lost connection', { final: { default: andThen('close') } }, 'deferred 4.4.2 in doubt', undefined],
    ['after a reply too many', { final_extra: ['250 2.0.0 and another'] }, 'sent 2.0.0', undefined],
  ] as const satisfies readonly (readonly [string, ServerScript, string, string | undefined])[]) {
    test(what, async () => {
      await using server = await startScriptedServer({ connections: { 1: script } });
      const agent = testAgent();
      const first = await send(server, agent);
      assert.equal(first.short, verdict);
      assert.equal(agent.sessions.size, 0);
      assert.deepEqual([(await send(server, agent)).connUse, server.transcript().length], [1, 2]);
      await agent.sessions.close({ limits: limitsWith() });
      assert.equal(await server.settled(2000), true);
      assert.equal(commands(server, 1).includes('QUIT'), goodbye === 'QUIT');
    });
  }
});

describe('a parked session', () => {
  async function parked(): Promise<{ server: PuppetServer; agent: Agent; [Symbol.asyncDispose]: () => Promise<void> }> {
    const server = await startPuppetServer();
    const agent = testAgent();
    await send(server, agent);
    assert.equal(agent.sessions.size, 1);
    return { server, agent, [Symbol.asyncDispose]: async () => await server[Symbol.asyncDispose]() };
  }
  /** Sends the next mail, which must use a new connection, and nothing over the old one. */
  async function isReplaced({ server, agent }: Awaited<ReturnType<typeof parked>>): Promise<void> {
    const before = server.connections[0]?.commands.length;
    const next = await send(server, agent);
    assert.deepEqual([next.short, next.connUse, next.blame], ['sent 2.0.0', 1, undefined]);
    assert.equal(server.connections.length, 2);
    assert.equal(server.connections[0]?.commands.length, before, 'something was sent to a server that had closed');
    assert.equal(agent.sessions.size, 1);
  }

  test('that the server has closed is replaced silently', async () => {
    await using lot = await parked();
    await lot.server.connections[0]?.hangUp();
    await isReplaced(lot);
  });

  test('that the server has reset is replaced silently', async () => {
    await using lot = await parked();
    lot.server.connections[0]?.reset();
    await isReplaced(lot);
  });

  test('with an unexpected 421 is not used', async () => {
    await using lot = await parked();
    await lot.server.connections[0]?.say('421 4.3.2 shutting down\r\n');
    await isReplaced(lot);
  });

  test('with any unread input, even half a line, is not used', async () => {
    for (const octets of ['250 2.0.0 one more\r\n', '2', '\r\n', '\0']) {
      await using lot = await parked();
      await lot.server.connections[0]?.say(octets);
      await isReplaced(lot);
    }
  });

  test('is used no longer than max_idle, by either clock', async () => {
    for (const hand of ['wall', 'monotonic'] as const) {
      for (const [seconds, connections] of [
        [99, 1],
        [100, 2],
      ] as const) {
        await using server = await startPuppetServer();
        const clock = handClock();
        const agent = testAgent({}, { clock });
        await send(server, agent);
        clock[hand] += seconds * 1000;
        await send(server, agent);
        assert.equal(server.connections.length, connections, `${seconds} s by the ${hand} clock`);
      }
    }
  });

  test('is used no longer than lmtp_connection_reuse_time_limit in all', async () => {
    await using server = await startPuppetServer();
    const clock = handClock();
    const agent = testAgent({}, { clock });
    for (let minutes = 0; minutes < 6; minutes++) {
      await send(server, agent);
      clock.wall += 60_000;
    }
    // Five minutes: mails at 0, 1, 2, 3 and 4; the one after that opens another.
    assert.equal(server.connections[0]?.commands.filter((line) => line.startsWith('MAIL')).length, 5);
    assert.equal(server.connections.length, 2);
  });

  test('serves max_use requests and then ends with QUIT', async () => {
    await using server = await startPuppetServer();
    const agent = testAgent({ max_use: '2' });
    const uses = [await send(server, agent), await send(server, agent), await send(server, agent)];
    assert.deepEqual(
      uses.map(({ connUse }) => connUse),
      [1, 2, 1],
    );
    await waitUntil('the first connection is over', () => server.connections[0]?.isOver ?? false);
    assert.equal(server.connections[0]?.commands.at(-1), 'QUIT');
  });

  test('is closed after too long an idle time, without a request', async () => {
    await using server = await startPuppetServer();
    const agent = testAgent({ max_idle: '1s' });
    await send(server, agent);
    await waitUntil('the connection is over', () => server.connections[0]?.isOver ?? false);
    assert.equal(agent.sessions.size, 0);
  });

  test('is closed when there are too many, the oldest first', async () => {
    await using servers = await startPuppetServer();
    const names = nameService({ 'a.example': ['127.0.0.1'], 'b.example': ['127.0.0.1'], 'c.example': ['127.0.0.1'] });
    const agent = testAgent({ lmtp_connection_cache_size: '2' }, { names });
    for (const host of ['a', 'b', 'c']) await deliverTo(`${host}.example:${servers.port}`, ['a@x'], agent);
    assert.equal(agent.sessions.size, 2);
    await waitUntil('the oldest is over', () => servers.connections[0]?.isOver ?? false);
    assert.deepEqual(
      servers.connections.map(({ commands: said }) => said.at(-1)),
      ['QUIT', 'RSET', 'RSET'],
    );
  });
});

describe('RSET at the end of a transaction', () => {
  for (const [what, rset] of [
    ['is answered with 500', '500 5.5.1 what?'],
    ['is answered with 421', andThen('close', '421 4.3.2 closing')],
    ['is answered with half of a 250', { ...andThen('close'), raw: '250' }],
    ['makes the server close', andThen('close')],
    ['makes the server reset the connection', andThen('reset')],
    ['is not answered', andThen('silence')],
  ] as const) {
    test(`${what}: the replies received are final, and the next mail uses a fresh connection`, async () => {
      await using two = await sendTwo({ connections: { 1: { rset } } }, { lmtp_rset_timeout: '1s' });
      assert.equal(two.first.short, 'sent 2.0.0');
      assert.deepEqual([two.second.short, two.second.connUse, two.second.blame], ['sent 2.0.0', 1, undefined]);
      assert.equal(two.server.transcript().length, 2);
      assert.equal(commands(two.server, 1).filter((line) => line === 'RSET').length, 1);
    });
  }
});

test('two concurrent requests never share a session', async () => {
  await using server = await startPuppetServer();
  const agent = testAgent();
  const both = async () =>
    (await Promise.all([send(server, agent), send(server, agent)])).map(({ connUse }) => connUse);
  assert.deepEqual(await both(), [1, 1]);
  assert.equal(server.connections.length, 2);
  assert.deepEqual(await both(), [2, 2]);
  assert.equal(server.connections.length, 2);
  for (const { commands: said } of server.connections) {
    assert.deepEqual(
      said.map((line) => line.slice(0, 4)),
      ['LHLO', 'MAIL', 'RCPT', 'DATA', '.', 'RSET', 'MAIL', 'RCPT', 'DATA', '.', 'RSET'],
    );
  }
});

describe('a session that turns out stale at its next mail', () => {
  const twice = (second: string | ReturnType<typeof andThen>) => ({ each: ['250 2.1.0 ok', second] });
  for (const [what, script] of [
    ['the server closes at MAIL', { mail: twice(andThen('close')) }],
    ['the server resets the connection at MAIL', { mail: twice(andThen('reset')) }],
    ['MAIL is answered with 421', { mail: twice(andThen('close', '421 4.3.2 closing')) }],
    ['MAIL is answered with 503', { mail: twice('503 5.5.1 who are you?') }],
    ['the server is silent at MAIL', { mail: twice(andThen('silence')) }],
    ['the server closes at RCPT', { rcpt: { default: twice(andThen('close')) } }],
    ['the server closes at DATA', { data: { each: ['354 go', andThen('close')] } }],
  ] as const satisfies readonly (readonly [string, ServerScript])[]) {
    for (const capabilities of [['PIPELINING'], []]) {
      test(`${what}${capabilities.length > 0 ? '' : ', without PIPELINING'}: once more, on a fresh connection`, async () => {
        await using two = await sendTwo({ capabilities, connections: { 1: script } }, { lmtp_rset_timeout: '1s' });
        assert.deepEqual([two.second.short, two.second.connUse, two.second.blame], ['sent 2.0.0', 1, undefined]);
        assert.equal(two.server.transcript().length, 2);
      });
    }
  }

  test('does not count as one of the sessions of an attempt', async () => {
    const names = nameService({ 'mail.example': ['127.0.0.1', '127.0.0.2'] });
    await using server = await startScriptedServer({
      listen: ['127.0.0.1', '127.0.0.2'],
      connections: { 1: { mail: twice(andThen('close')) }, 2: { rcpt: { default: '450 4.2.0 busy' } } },
    });
    const agent = testAgent({}, { names });
    await deliverTo(`mail.example:${server.port}`, ['a@x'], agent);
    const outcome = await deliverTo(`mail.example:${server.port}`, ['a@x'], agent);
    assert.deepEqual(shortVerdicts(outcome), ['sent 2.0.0']);
    assert.equal(outcome.verdicts[0]?.relay, `mail.example[127.0.0.2]:${server.port}`);
  });

  test('is replaced once, not for ever', async () => {
    await using two = await sendTwo({
      connections: { 1: { mail: twice(andThen('close')) }, default: { mail: andThen('close') } },
    });
    assert.deepEqual([two.second.short, two.second.blame?.status], ['deferred 4.4.2', '4.4.2']);
    assert.equal(two.server.transcript().length, 2);
  });

  test('is not replaced by a strict Postfix', async () => {
    await using two = await sendTwo({ mail: twice(andThen('close')) }, { strict_postfix_verdicts: 'yes' });
    assert.deepEqual([two.second.short, two.second.connUse], ['deferred 4.4.2', 2]);
    assert.equal(two.server.transcript().length, 1);
  });
});

describe('no second try, and the verdict is final', () => {
  for (const [what, script, verdict] of [
    ['for a refusal on a reused session', { mail: { each: ['250 ok', '450 4.7.1 later'] } }, 'deferred 4.7.1'],
    ['for a refusal of one recipient', { rcpt: { default: { each: ['250 ok', '550 5.1.1 no'] } } }, 'bounced 5.1.1'],
    ['for a time-out', { rcpt: { default: { each: ['250 ok', andThen('silence')] } } }, 'deferred 4.4.2'],
    [
      'for a connection lost after the dot: a second try would deliver twice',
      { final: { default: { each: ['250 ok', andThen('close')] } } },
      'deferred 4.4.2 in doubt',
    ],
    [
      'for a connection lost during the content',
      { content: { ...andThen('reset'), after_bytes: 1_000_000 } },
      'deferred 4.4.2',
    ],
  ] as const satisfies readonly (readonly [string, ServerScript, string])[]) {
    test(what, async () => {
      await using server = await startScriptedServer({ connections: { 1: script } });
      const agent = testAgent({ lmtp_rcpt_timeout: '1s' });
      await send(server, agent);
      const message = 'content' in script ? makeMessage('x'.repeat(30_000_000)) : makeMessage();
      const second = await send(server, agent, { message });
      assert.deepEqual([second.short, second.connUse, server.transcript().length], [verdict, 2, 1]);
    });
  }
  test('for a first use that ends with 421', async () => {
    await using server = await startScriptedServer({ mail: andThen('close', '421 4.3.2 closing') });
    assert.equal((await send(server, testAgent())).short, 'deferred 4.3.2');
    assert.equal(server.transcript().length, 1);
  });
});

test('an error on a parked session does not crash the process', async () => {
  await using server = await startPuppetServer();
  const agent = testAgent();
  await send(server, agent);
  server.connections[0]?.reset();
  for (let turn = 0; turn < 10; turn++) await eventLoopTurn();
  assert.equal((await send(server, agent)).short, 'sent 2.0.0');
});
