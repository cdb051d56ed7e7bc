/** An attempt at one host returns a value: each recipient is settled or left over, never both. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { timeLimits } from '../../functions/delivery/agent.ts';
import { attempt } from '../../functions/delivery/attempt.ts';
import { DialogueRecorder } from '../../functions/delivery/incidents.ts';
import { openGate } from '../../functions/delivery/message.ts';
import { noDeadline } from '../../functions/session/limit.ts';
import { deliverTo, makeMessage, nameService, shortVerdicts, testAgent } from '../support/delivery-agent.ts';
import { andThen, type ServerScript, startScriptedServer } from '../support/scripted-server.ts';

const addresses = ['a@x', 'b@x', 'c@x', 'd@x'] as const;

test('whatever a server says, its verdicts and its leftover together are the recipients that it was asked for', async () => {
  const good = fc.constant('250 2.0.0 ok');
  const bad = fc.constantFrom(
    '450 4.2.0 busy',
    '550 5.1.1 no',
    '421 4.3.2 closing',
    '354 what?',
    '600 what?',
    andThen('close'),
    andThen('reset', 'a leftover has a reason'),
  );
  const reply = fc.oneof(good, bad);
  const byAddress = fc.record({ 'a@x': reply, 'b@x': reply, 'c@x': reply, 'd@x': reply });
  const script = fc.record({
    greeting: fc.oneof({ arbitrary: fc.constant('220 hi'), weight: 6 }, { arbitrary: bad, weight: 1 }),
    capabilities: fc.constantFrom(['PIPELINING'], []),
    mail: fc.oneof({ arbitrary: good, weight: 3 }, { arbitrary: bad, weight: 1 }),
    rcpt: byAddress,
    data: fc.oneof({ arbitrary: fc.constant('354 go'), weight: 6 }, { arbitrary: bad, weight: 1 }),
    final: byAddress,
    final_count: fc.integer({ min: 2, max: 4 }),
  });
  const last = fc.record({ isLastAddress: fc.boolean(), isLastSession: fc.boolean() });
  const some = fc.subarray([0, 1, 2, 3], { minLength: 1 });
  await fc.assert(
    fc.asyncProperty(
      script,
      last,
      some,
      fc.boolean(),
      fc.boolean(),
      async (replies, isLast, recipients, oneByOne, isStrict) => {
        await using server = await startScriptedServer({ ...replies, final_extra: [] } satisfies ServerScript);
        const agent = testAgent({
          strict_postfix_verdicts: isStrict ? 'yes' : 'no',
          lmtp_data_done_timeout: '1s',
          lmtp_data_done_next_timeout: '1s',
          lmtp_mail_timeout: '1s',
          lmtp_cache_connection: 'no',
        });
        const endpoint = { kind: 'inet', address: '127.0.0.1', port: server.port } as const;
        const outcome = await attempt({
          agent,
          delivery: {
            sender: 'alice@x',
            recipients: addresses.map((address) => ({ address })),
            destination: 'mail.example',
          },
          message: makeMessage(),
          gate: openGate,
          limits: timeLimits(agent, noDeadline),
          hop: { kind: 'inet', host: 'mail.example', isAddress: false, port: server.port, name: 'mail.example' },
          peer: { host: 'mail.example', endpoint },
          age: 0,
          begun: agent.clock.now(),
          recipients,
          last: isLast,
          dialogue: new DialogueRecorder(false),
          oneByOne,
          mayRenew: true,
          onProgress: () => {},
        });
        const settled = [...outcome.verdicts.keys()];
        assert.deepEqual([...settled, ...outcome.leftover].toSorted(), recipients);
        assert.ok(outcome.leftover.length === 0 || outcome.trouble !== undefined, 'what is left over has a reason');
      },
    ),
    { numRuns: 80 },
  );
});

test('no further host is tried with too little time left: the last host’s words are the reason, and it is blamed', async () => {
  await using first = await startScriptedServer({ greeting: '421 4.3.2 not now' });
  await using second = await startScriptedServer({});
  const names = nameService({ 'one.example': ['127.0.0.1'], 'two.example': ['127.0.0.1'] });
  let left = 100_000;
  const deadline = { whole: 300_000, left: () => left };
  const transcript = (side: 'C' | 'S') => {
    if (side === 'S') left = 50_000;
  };
  const agent = testAgent({}, { names, transcript });
  const destination = `one.example:${first.port},two.example:${second.port}`;
  const outcome = await deliverTo(destination, ['a@x'], agent, { deadline });
  assert.deepEqual(shortVerdicts(outcome), ['deferred 4.3.2']);
  assert.match(outcome.blame?.text ?? '', /421 4\.3\.2 not now/);
  assert.deepEqual(second.transcript(), []);
});
