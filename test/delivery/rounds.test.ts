/** Servers that accept fewer recipients at a time than we have, or cannot count them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deliverTo, shortVerdicts, testAgent } from '../support/delivery-agent.ts';
import { andThen, type ServerScript, startScriptedServer } from '../support/scripted-server.ts';

const recipients = ['a@x', 'b@x', 'c@x', 'd@x', 'e@x'];

/** Delivers to a scripted server; returns the verdicts, and the commands of each connection but LHLO and QUIT. */
async function play(script: ServerScript, parameters: Record<string, string> = {}, asked: { oneByOne?: boolean } = {}) {
  await using server = await startScriptedServer(script);
  const agent = testAgent({ lmtp_cache_connection: 'no', ...parameters });
  const outcome = await deliverTo(`[127.0.0.1]:${server.port}`, recipients, agent, asked);
  await server.settled(1000);
  const said = server.transcript().map(({ commands }) =>
    commands
      .filter((command) => /^(MAIL|RCPT|RSET)/.test(command))
      .map((command) => command.replace(/^RCPT TO:<(.).*/, '$1').replace(/^MAIL.*/, 'MAIL'))
      .join(' '),
  );
  return { outcome, verdicts: shortVerdicts(outcome), said };
}

const allSent = recipients.map(() => 'sent 2.0.0');
/** Accepts two recipients in each transaction, and refuses the others with that reason. */
const takesTwo: ServerScript = {
  rcpt: {
    default: {
      each: [
        '250 ok',
        '250 ok',
        '452 4.5.3 no more',
        '452 4.5.3 no more',
        '452 4.5.3 no more',
        '250 ok',
        '250 ok',
        '452 4.5.3 no more',
        '250 ok',
      ],
    },
  },
};

test('recipients beyond the limit of the server get further transactions on the same session', async () => {
  const { verdicts, said } = await play(takesTwo);
  assert.deepEqual(verdicts, allSent);
  assert.deepEqual(said, ['MAIL a b c d e RSET MAIL c d e RSET MAIL e RSET']);
});

test('a server that accepts no recipient in a further round defers the rest in its own words', async () => {
  const { verdicts, outcome } = await play({
    rcpt: { default: { each: ['250 ok', '452 4.5.3 no more'] } },
  });
  assert.deepEqual(verdicts, ['sent 2.0.0', ...Array(4).fill('deferred 4.5.3')]);
  assert.match(outcome.verdicts[1]?.text ?? '', /said: 452 4\.5\.3 no more \(in reply to RCPT TO command\)$/);
});

test('a server that announces RCPTMAX is never offered more recipients at a time', async () => {
  const { verdicts, said } = await play({ capabilities: ['PIPELINING', 'LIMITS RCPTMAX=2'] });
  assert.deepEqual(verdicts, allSent);
  assert.deepEqual(said, ['MAIL a b RSET MAIL c d RSET MAIL e RSET']);
});

test('a server that announces MAILMAX gets a fresh session before it has to refuse', async () => {
  const { verdicts, said } = await play({ capabilities: ['PIPELINING', 'LIMITS MAILMAX=2 RCPTMAX=2'] });
  assert.deepEqual(verdicts, allSent);
  assert.deepEqual(said, ['MAIL a b RSET MAIL c d RSET', 'MAIL e RSET']);
});

test('after too few final replies, those received are final, the rest is in doubt, and the fault is reported', async () => {
  const { outcome, verdicts } = await play({ final_count: 2 }, { lmtp_data_done_next_timeout: '1s' });
  assert.deepEqual(verdicts, ['sent 2.0.0', 'sent 2.0.0', ...Array(3).fill('deferred 4.4.2 in doubt')]);
  assert.partialDeepStrictEqual(outcome.shortReplies, { replies: 2, recipients: 5 });
});

test('a destination that cannot count gets one recipient in each transaction', async () => {
  const { verdicts, said, outcome } = await play({ final_count: 1 }, {}, { oneByOne: true });
  assert.deepEqual(verdicts, allSent);
  assert.deepEqual(said, ['MAIL a RSET MAIL b RSET MAIL c RSET MAIL d RSET MAIL e RSET']);
  assert.equal(outcome.shortReplies, undefined);
});

test('after a connection breaks in one round the other rounds are not tried: a dead server costs one time-out', async () => {
  const { verdicts, said, outcome } = await play(
    { mail: { each: ['250 ok', andThen('close')] } },
    {},
    { oneByOne: true },
  );
  assert.deepEqual(verdicts, ['sent 2.0.0', ...Array(4).fill('deferred 4.4.2')]);
  assert.deepEqual(said, ['MAIL a RSET MAIL b']);
  assert.match(
    outcome.verdicts[4]?.text ?? '',
    /^lost connection with 127\.0\.0\.1\[127\.0\.0\.1\] while sending MAIL FROM$/,
  );
});

test('a reply too many ends the session: the next rounds get a fresh session and one recipient each, and no reply of another', async () => {
  const { verdicts, said } = await play({
    capabilities: ['PIPELINING', 'LIMITS RCPTMAX=2'],
    final: { default: { reply: ['250 2.0.0 ok'] }, 'b@x': { raw: '250 2.0.0 ok\r\n550 5.0.0 stray\r\n' } },
  });
  // Both readings of the three replies say that the first was sent; they differ on the second.
  assert.deepEqual(verdicts, ['sent 2.0.0', 'deferred 4.5.0 in doubt', ...Array(3).fill('sent 2.0.0')]);
  assert.deepEqual(said, ['MAIL a b', 'MAIL c RSET MAIL d RSET MAIL e RSET']);
});

test('lmtp_destination_recipient_limit applies to each transaction; 0 means no limit', async () => {
  assert.deepEqual((await play({}, { lmtp_destination_recipient_limit: '2' })).said, [
    'MAIL a b RSET MAIL c d RSET MAIL e RSET',
  ]);
  assert.deepEqual((await play({}, { lmtp_destination_recipient_limit: '0' })).said, ['MAIL a b c d e RSET']);
});

test('a recipient beyond the limit does not bounce when the transaction fails', async () => {
  const { verdicts } = await play({
    rcpt: { default: { each: ['250 ok', '552 5.5.3 too many recipients'] } },
    data: '451 4.3.0 later',
  });
  assert.deepEqual(verdicts, ['deferred 4.3.0', ...Array(4).fill('deferred 4.5.3')]);
});

test('a server that loses count in one round gets one recipient at a time in later rounds', async () => {
  const { verdicts, said } = await play(
    { final: { default: '250 2.0.0 ok' }, final_extra: ['550 5.0.0 stray'] },
    { lmtp_destination_recipient_limit: '2' },
  );
  assert.deepEqual(said.slice(0, 2), ['MAIL a b', 'MAIL c']);
  assert.equal(verdicts[0], 'sent 2.0.0');
});

test('a server that refuses permanently and never answers RSET costs one wait, not one for each recipient', async () => {
  const { verdicts, said, outcome } = await play(
    { rcpt: { default: '550 5.1.1 unknown' }, rset: andThen('silence') },
    { lmtp_rset_timeout: '1s' },
    { oneByOne: true },
  );
  assert.deepEqual(verdicts, ['deferred 4.1.1', ...Array(4).fill('deferred 4.4.2')]);
  assert.deepEqual(said, ['MAIL a RSET']);
  assert.match(outcome.verdicts[4]?.text ?? '', /timed out while sending RSET$/);
});
