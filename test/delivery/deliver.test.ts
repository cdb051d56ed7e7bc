import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Verdict } from '../../functions/delivery/verdict.ts';
import { deliverTo, makeMessage, nameService, shortVerdicts, testAgent } from '../support/delivery-agent.ts';
import { freePort } from '../support/free-port.ts';
import { andThen, type ServerScript, startScriptedServer } from '../support/scripted-server.ts';
import { deadlineIn } from '../support/time-limits.ts';

/** Two addresses of one host, at one port. */
const twoHosts = ['127.0.0.1', '127.0.0.2'] as const;
const names = nameService({ 'mail.example': twoHosts, 'three.example': ['127.0.0.1', '127.0.0.2', '127.0.0.3'] });

/** The recipients of RCPT commands, connection by connection. */
function offered(server: Awaited<ReturnType<typeof startScriptedServer>>): readonly (readonly string[])[] {
  return server
    .transcript()
    .map(({ commands }) => commands.flatMap((command) => /^RCPT TO:<(.*?)>/.exec(command)?.[1] ?? []));
}

const start = (script: ServerScript) => startScriptedServer({ listen: twoHosts, ...script });

describe('one server', () => {
  test('each recipient has its own verdict', async () => {
    await using server = await start({
      rcpt: { 'b@x': '550 5.1.1 unknown', 'c@x': '452 4.2.2 full' },
      final: { 'a@x': '250 2.0.0 <a@x> saved', 'd@x': '552 5.2.2 quota', 'e@x': '451 4.3.0 sieve' },
    });
    const outcome = await deliverTo(`[127.0.0.1]:${server.port}`, ['a@x', 'b@x', 'c@x', 'd@x', 'e@x'], testAgent());
    assert.deepEqual(shortVerdicts(outcome), [
      'sent 2.0.0',
      'bounced 5.1.1',
      'deferred 4.2.2',
      'bounced 5.2.2',
      'deferred 4.3.0',
    ]);
    const [sent, unknown] = outcome.verdicts;
    assert.equal(sent?.text, '250 2.0.0 <a@x> saved');
    assert.equal(sent?.relay, `127.0.0.1[127.0.0.1]:${server.port}`);
    assert.equal(sent?.connUse, 1);
    assert.equal(unknown?.text, 'host 127.0.0.1[127.0.0.1] said: 550 5.1.1 unknown (in reply to RCPT TO command)');
    assert.equal(unknown?.remoteMta, '127.0.0.1');
    assert.equal(outcome.blame, undefined);
  });

  test('a recipient is reported sent before a later reply arrives, as soon as the next reply is a 2xx', async () => {
    const final = { 'a@x': '250 saved', 'b@x': '250 saved', 'c@x': { reply: '250 saved', delay_ms: 200 } };
    await using server = await start({ final });
    const told: number[] = [];
    let isOver = false;
    await deliverTo(`[127.0.0.1]:${server.port}`, ['a@x', 'b@x', 'c@x'], testAgent(), {
      onProgress: (index, { status }) => {
        assert.equal(isOver, false);
        assert.equal(status, 'sent');
        told.push(index);
      },
    });
    isOver = true;
    // The last one is confirmed only after the session has shown that no further reply comes.
    assert.deepEqual(told, [0, 1]);
  });

  test('equal addresses are sent once, and each gets the verdict', async () => {
    await using server = await start({ final: { 'b@x': '452 4.2.2 full' } });
    const told: number[] = [];
    const outcome = await deliverTo(`[127.0.0.1]:${server.port}`, ['a@x', 'c@x', 'b@x', 'a@x', 'B@x'], testAgent(), {
      onProgress: (index) => told.push(index),
    });
    const verdicts = ['sent 2.0.0', 'sent 2.0.0', 'deferred 4.2.2', 'sent 2.0.0', 'sent 2.0.0'];
    assert.deepEqual(shortVerdicts(outcome), verdicts);
    assert.deepEqual(offered(server), [['a@x', 'c@x', 'b@x', 'B@x']]);
    assert.deepEqual(told.toSorted(), [0, 3]);
  });

  test('a server at a unix-domain socket is named with our own name', async () => {
    await using server = await startScriptedServer({ listen: 'unix' });
    const outcome = await deliverTo(`unix:${server.path}`, ['a@x'], testAgent({ myhostname: 'mail.example.org' }));
    assert.deepEqual(shortVerdicts(outcome), ['sent 2.0.0']);
    assert.equal(outcome.verdicts[0]?.relay, `mail.example.org[${server.path}]`);
  });

  test('a message that is too large for the server is refused, and its session serves the next', async () => {
    await using server = await start({ capabilities: ['PIPELINING', 'SIZE 100'] });
    const agent = testAgent();
    const destination = `[127.0.0.1]:${server.port}`;
    const large = await deliverTo(destination, ['a@x', 'b@x'], agent, { message: makeMessage('x'.repeat(200)) });
    assert.deepEqual(shortVerdicts(large), ['bounced 5.3.4', 'bounced 5.3.4']);
    const small = await deliverTo(destination, ['a@x'], agent);
    assert.equal(small.verdicts[0]?.connUse, 2);
    assert.equal(server.transcript().length, 1);
  });

  test('an address in UTF-8 needs a server with SMTPUTF8', async () => {
    await using server = await start({ connections: { 2: { capabilities: ['SMTPUTF8'] } } });
    const destination = `[127.0.0.1]:${server.port}`;
    const agent = testAgent({ lmtp_cache_connection: 'no' });
    const [without, with_] = [
      await deliverTo(destination, ['jürgen@x'], agent),
      await deliverTo(destination, ['jürgen@x'], agent),
    ];
    assert.deepEqual(shortVerdicts(without), ['bounced 5.6.7']);
    assert.deepEqual(shortVerdicts(with_), ['sent 2.0.0']);
    const [first = [], second = []] = server.transcript().map(({ commands }) => commands);
    assert.ok(!first.some((line) => /MAIL|RCPT/.test(line)), 'nothing was said about the message');
    assert.ok(second.some((line) => /^MAIL FROM:<.*> .*SMTPUTF8/.test(line)));
  });
});

describe('several hosts', () => {
  test('the second host gets only the leftover recipients', async () => {
    await using server = await start({
      connections: {
        1: { rcpt: { 'b@x': '452 4.2.2 full', 'c@x': '550 5.1.1 unknown' }, final: { 'd@x': '451 4.3.0 no' } },
      },
    });
    const outcome = await deliverTo(
      `mail.example:${server.port}`,
      ['a@x', 'b@x', 'c@x', 'd@x'],
      testAgent({}, { names }),
    );
    assert.deepEqual(offered(server), [
      ['a@x', 'b@x', 'c@x', 'd@x'],
      ['b@x', 'd@x'],
    ]);
    assert.deepEqual(shortVerdicts(outcome), ['sent 2.0.0', 'sent 2.0.0', 'bounced 5.1.1', 'sent 2.0.0']);
    const port = server.port;
    assert.deepEqual(
      outcome.verdicts.map(({ relay }) => relay),
      [1, 2, 1, 2].map((n) => `mail.example[127.0.0.${n}]:${port}`),
    );
  });

  test('a server that dies after the dot leaves the rest in doubt, and they are not offered to the next host', async () => {
    await using server = await start({
      connections: { 1: { final: { 'a@x': '250 saved', 'b@x': andThen('close') } } },
    });
    const outcome = await deliverTo(`mail.example:${server.port}`, ['a@x', 'b@x', 'c@x'], testAgent({}, { names }));
    assert.deepEqual(shortVerdicts(outcome), ['sent 2.0.0', 'deferred 4.4.2 in doubt', 'deferred 4.4.2 in doubt']);
    assert.match(outcome.verdicts[1]?.text ?? '', /while sending end of data -- message may be sent more than once$/);
    assert.equal(server.transcript().length, 1);
    assert.equal(outcome.blame?.status, '4.4.2');
  });

  test('a strict Postfix offers them to the next host', async () => {
    await using server = await start({
      connections: { 1: { final: { 'a@x': '250 saved', 'b@x': andThen('close') } } },
    });
    const agent = testAgent({ strict_postfix_verdicts: 'yes' }, { names });
    const outcome = await deliverTo(`mail.example:${server.port}`, ['a@x', 'b@x'], agent);
    assert.deepEqual(shortVerdicts(outcome), ['sent 2.0.0', 'sent 2.0.0']);
    assert.deepEqual(offered(server), [['a@x', 'b@x'], ['b@x']]);
  });

  test('a server that disconnects before the dot leaves no recipient in doubt, and the next host gets them', async () => {
    await using server = await start({ connections: { 1: { content: andThen('reset') } } });
    const message = makeMessage('x'.repeat(20_000_000));
    const outcome = await deliverTo(`mail.example:${server.port}`, ['a@x'], testAgent({}, { names }), { message });
    assert.deepEqual(shortVerdicts(outcome), ['sent 2.0.0']);
    assert.equal(server.transcript().length, 2);
  });

  test('a recipient with a 5xx is not offered to the next host', async () => {
    await using server = await start({ connections: { 1: { mail: '550 5.7.1 not from you' } } });
    const outcome = await deliverTo(`mail.example:${server.port}`, ['a@x'], testAgent({}, { names }));
    assert.deepEqual(shortVerdicts(outcome), ['bounced 5.7.1']);
    assert.equal(server.transcript().length, 1);
  });

  test('with soft_bounce it is, and in the end deferred', async () => {
    await using server = await start({ mail: '550 5.7.1 not from you' });
    const outcome = await deliverTo(
      `mail.example:${server.port}`,
      ['a@x'],
      testAgent({ soft_bounce: 'yes' }, { names }),
    );
    assert.deepEqual(shortVerdicts(outcome), ['deferred 4.7.1']);
    assert.equal(server.transcript().length, 2);
  });

  test('a host that refuses to talk, or to be connected to, costs none of the two sessions', async () => {
    // No server listens at 127.0.0.2.
    await using server = await start({
      listen: ['127.0.0.1', '127.0.0.3'],
      connections: { 1: { rcpt: { default: '450 4.2.0 busy' } } },
    });
    const outcome = await deliverTo(`three.example:${server.port}`, ['a@x'], testAgent({}, { names }));
    assert.deepEqual(shortVerdicts(outcome), ['sent 2.0.0']);
    assert.equal(outcome.verdicts[0]?.relay, `three.example[127.0.0.3]:${server.port}`);
  });

  test('no third host is tried after two sessions that passed the handshake', async () => {
    await using server = await start({
      listen: ['127.0.0.1', '127.0.0.2', '127.0.0.3'],
      rcpt: { default: '450 4.2.0 busy' },
    });
    const outcome = await deliverTo(`three.example:${server.port}`, ['a@x'], testAgent({}, { names }));
    assert.deepEqual(shortVerdicts(outcome), ['deferred 4.2.0']);
    assert.equal(server.transcript().length, 2);
    assert.equal(outcome.verdicts[0]?.relay, `three.example[127.0.0.2]:${server.port}`);
  });

  test('the sessions of one destination are counted apart from those of the next', async () => {
    await using server = await start({
      listen: ['127.0.0.1', '127.0.0.2', '127.0.0.3'],
      rcpt: { default: '450 4.2.0 busy' },
    });
    await using other = await start({});
    const list = `three.example:${server.port}, mail.example:${other.port}`;
    const outcome = await deliverTo(list, ['a@x'], testAgent({}, { names }));
    assert.deepEqual(shortVerdicts(outcome), ['sent 2.0.0']);
    assert.deepEqual([server.transcript().length, other.transcript().length], [2, 1]);
  });

  test('a greeting of 421 leads to the next host', async () => {
    await using server = await start({ connections: { 1: { greeting: andThen('close', '421 4.3.2 busy') } } });
    const outcome = await deliverTo(`mail.example:${server.port}`, ['a@x'], testAgent({}, { names }));
    assert.deepEqual(shortVerdicts(outcome), ['sent 2.0.0']);
    assert.equal(outcome.blame, undefined);
  });

  test('a list of destinations is tried in its order', async () => {
    const closed = await freePort();
    await using server = await start({ connections: { 1: { rcpt: { 'b@x': '450 4.2.0 busy' } } } });
    const list = `[127.0.0.1]:${closed}, nowhere.example [127.0.0.1]:${server.port}, inet:[127.0.0.2]:${server.port}`;
    const outcome = await deliverTo(list, ['a@x', 'b@x'], testAgent({}, { names }));
    assert.deepEqual(shortVerdicts(outcome), ['sent 2.0.0', 'sent 2.0.0']);
    assert.deepEqual(offered(server), [['a@x', 'b@x'], ['b@x']]);
  });
});

describe('no server at all', () => {
  test('an unknown name defers every recipient, and blames the destination', async () => {
    const outcome = await deliverTo('nowhere.example', ['a@x', 'b@x'], testAgent({}, { names }));
    assert.deepEqual(shortVerdicts(outcome), ['deferred 4.4.4', 'deferred 4.4.4']);
    assert.equal(outcome.verdicts[0]?.relay, undefined);
    assert.equal(outcome.blame?.status, '4.4.4');
  });

  test('a strict Postfix bounces them', async () => {
    const outcome = await deliverTo(
      'nowhere.example',
      ['a@x'],
      testAgent({ strict_postfix_verdicts: 'yes' }, { names }),
    );
    assert.deepEqual(shortVerdicts(outcome), ['bounced 5.4.4']);
    assert.equal(outcome.blame, undefined);
  });

  test('refused connections defer every recipient, without a relay', async () => {
    const port = await freePort();
    const outcome = await deliverTo(`[127.0.0.1]:${port}`, ['a@x'], testAgent());
    assert.deepEqual(shortVerdicts(outcome), ['deferred 4.4.1']);
    const [verdict] = outcome.verdicts;
    assert.equal(verdict?.text, `connect to 127.0.0.1[127.0.0.1]:${port}: Connection refused`);
    assert.equal(verdict?.relay, undefined);
    assert.equal(outcome.blame?.status, '4.4.1');
  });

  test('a missing socket defers every recipient', async () => {
    const outcome = await deliverTo('unix:/nonexistent/lmtp', ['a@x'], testAgent({ myhostname: 'me.example' }));
    assert.deepEqual(shortVerdicts(outcome), ['deferred 4.4.1']);
    assert.equal(outcome.verdicts[0]?.text, 'connect to me.example[/nonexistent/lmtp]: No such file or directory');
  });

  test('an address of this machine is not connected to, unless that is allowed, and blames no destination', async () => {
    await using server = await start({});
    const outcome = await deliverTo(
      `[127.0.0.1]:${server.port}`,
      ['a@x'],
      testAgent({ allow_local_destinations: 'no' }),
    );
    assert.deepEqual(shortVerdicts(outcome), ['deferred 4.3.5']);
    assert.equal(outcome.blame, undefined);
    assert.equal(server.transcript().length, 0);
  });
});

describe('blame', () => {
  test('not a destination that answered, whatever it said', async () => {
    await using server = await start({ rcpt: { default: '450 4.2.0 busy' } });
    assert.equal((await deliverTo(`mail.example:${server.port}`, ['a@x'], testAgent({}, { names }))).blame, undefined);
  });
  test('not on a destination with one healthy host', async () => {
    await using server = await start({
      connections: { 1: { rcpt: { default: '450 4.2.0 busy' } }, 2: { greeting: andThen('close', '421 4.3.2 busy') } },
    });
    const outcome = await deliverTo(`mail.example:${server.port}`, ['a@x'], testAgent({}, { names }));
    assert.deepEqual(shortVerdicts(outcome), ['deferred 4.3.2']);
    assert.equal(outcome.blame, undefined);
  });
  test('on a destination that refuses to talk', async () => {
    await using server = await start({ greeting: andThen('close', '421 4.3.2 busy') });
    const outcome = await deliverTo(`mail.example:${server.port}`, ['a@x', 'b@x'], testAgent({}, { names }));
    assert.equal(outcome.blame?.text, 'host mail.example[127.0.0.2] refused to talk to me: 421 4.3.2 busy');
  });
});

describe('the gate', () => {
  const prepare = () => {};
  test('sends no content when another worker holds the claim, and the session is dropped', async () => {
    await using server = await start({});
    class Claimed extends Error {}
    const gate = { prepare, admit: () => Promise.reject(new Claimed()), mayGoOn: () => true };
    const outcome = await deliverTo(`[127.0.0.1]:${server.port}`, ['a@x'], testAgent(), { gate });
    assert.equal(outcome.contentFault?.what, 'claim');
    assert.ok(outcome.contentFault?.error instanceof Claimed);
    assert.equal(outcome.blame, undefined);
    assert.equal(await server.settled(2000), true);
    assert.deepEqual(server.transcript()[0]?.commands.slice(-2), ['DATA', '<incomplete content>']);
    assert.equal(server.rawContents[0]?.length, 0);
  });

  test('a claim that runs out amid the content stops it before the dot, and blames no destination', async () => {
    await using server = await start({});
    let asked = 0;
    const gate = { prepare, admit: async () => {}, mayGoOn: () => ++asked < 2 };
    const outcome = await deliverTo(`[127.0.0.1]:${server.port}`, ['a@x'], testAgent(), { gate });
    assert.deepEqual(shortVerdicts(outcome), ['deferred 4.4.2']);
    assert.equal(outcome.blame, undefined);
    assert.equal(await server.settled(2000), true);
    assert.deepEqual(server.transcript()[0]?.contents, [{ complete: false }]);
  });

  test('makes the content wait for a slow claim', async () => {
    await using server = await start({});
    const order: string[] = [];
    const gate = {
      prepare: () => order.push('prepare'),
      admit: async () => {
        await new Promise((resolve) => setTimeout(resolve, 50));
        order.push('admitted');
      },
      mayGoOn: () => true,
    };
    const message = {
      ...makeMessage(),
      async *open() {
        order.push('content');
        yield Buffer.from('x\n');
      },
    };
    await deliverTo(`[127.0.0.1]:${server.port}`, ['a@x'], testAgent(), { gate, message });
    assert.deepEqual(order, ['prepare', 'admitted', 'content']);
  });
});

test('a message that cannot be read to its end drops the connection without the dot, defers every recipient, and blames no destination', async () => {
  await using server = await start({});
  const message = {
    ...makeMessage(),
    async *open() {
      yield Buffer.from('half a line');
      throw new Error('the bucket is gone');
    },
  };
  const outcome = await deliverTo(`mail.example:${server.port}`, ['a@x', 'b@x'], testAgent({}, { names }), { message });
  assert.deepEqual(shortVerdicts(outcome), ['deferred 4.3.0', 'deferred 4.3.0']);
  assert.equal(outcome.blame, undefined);
  assert.equal(await server.settled(2000), true);
  assert.equal(server.transcript().length, 1, 'the message is no better at the next host');
  assert.deepEqual(server.transcript()[0]?.contents, [{ complete: false }]);
});

test('the end of the time of the function defers every recipient, blames no destination, and tries no other host', async () => {
  await using server = await start({ mail: andThen('silence') });
  const deadline = deadlineIn(300);
  const outcome = await deliverTo(`mail.example:${server.port}`, ['a@x'], testAgent({}, { names }), { deadline });
  assert.deepEqual(shortVerdicts(outcome), ['deferred 4.4.2']);
  assert.match(outcome.verdicts[0]?.text ?? '', /ran out of this invocation's time while sending MAIL FROM$/);
  assert.equal(outcome.blame, undefined);
  assert.equal(server.transcript().length, 1);
});

test('whatever servers say and wherever they break off, each recipient has one verdict, and no mail is reported sent that no server accepted', async () => {
  const addresses = ['a@x', 'b@x', 'c@x'] as const;
  const good = { arbitrary: fc.constant<string | ReturnType<typeof andThen>>('250 2.0.0 ok'), weight: 6 };
  const bad = fc.constantFrom(
    '450 4.2.0 busy',
    '550 5.1.1 no',
    '421 4.3.2 bye',
    '354 what?',
    '600 what?',
    andThen('close', '250 2.0.0 ok'),
    andThen('close'),
    andThen('reset'),
  );
  const reply = fc.oneof(good, { arbitrary: bad, weight: 2 });
  const byAddress = fc.record({ 'a@x': reply, 'b@x': reply, 'c@x': reply });
  const connection = fc.record({
    greeting: fc.oneof({ arbitrary: fc.constant('220 hi'), weight: 8 }, { arbitrary: bad, weight: 1 }),
    capabilities: fc.constantFrom(['PIPELINING'], []),
    mail: reply,
    rcpt: byAddress,
    data: fc.oneof({ arbitrary: fc.constant('354 go'), weight: 6 }, { arbitrary: bad, weight: 1 }),
    final: byAddress,
  });
  await fc.assert(
    fc.asyncProperty(connection, connection, async (first, second) => {
      // A connection whose replies are out of step is replaced once.
      await using server = await start({ connections: { 1: first, default: second } });
      const told: number[] = [];
      const { verdicts } = await deliverTo(`mail.example:${server.port}`, addresses, testAgent({}, { names }), {
        onProgress: (index, { status }) => {
          assert.equal(status, 'sent');
          told.push(index);
        },
      });
      assert.equal(verdicts.length, addresses.length);
      assert.equal(new Set(told).size, told.length, 'told once');
      for (const index of told) assert.equal(verdicts[index]?.status, 'sent');
      for (const [index, verdict] of verdicts.entries()) checkVerdict(addresses[index] ?? 'a@x', verdict);

      function checkVerdict(address: (typeof addresses)[number], { status, dsn, inDoubt }: Verdict): void {
        const digit = { sent: '2', deferred: '4', bounced: '5' }[status];
        assert.equal(dsn[0], digit);
        const isAccepted = [first, second].some(({ final }) => JSON.stringify(final[address]).includes('250'));
        assert.ok(status !== 'sent' || isAccepted, `${address} was sent to`);
        assert.ok(inDoubt !== true || status === 'deferred');
      }
    }),
    { numRuns: 60 },
  );
});
