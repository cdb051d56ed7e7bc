/** Recipients that are asked about: each with the reply of the server, and nothing is delivered. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { checkServer, stepNamed } from '../support/check-server.ts';
import { andThen } from '../support/scripted-server.ts';

const probe = { sender: '', recipients: ['known@x.test', 'nobody@x.test', 'full@x.test'] };

test('each reply is reported as it was received', async () => {
  const checked = await checkServer(
    { rcpt: { 'nobody@x.test': '550 5.1.1 User unknown', 'full@x.test': '452 4.2.2 mailbox full' } },
    { probe },
  );
  assert.deepEqual(checked.summary.slice(6), [
    'MAIL ok',
    'RCPT ok',
    'RCPT failed: recipient unknown',
    'RCPT failed: recipient deferred',
  ]);
  assert.deepEqual(
    checked.steps.flatMap((step) => (step.step === 'RCPT' ? [[step.recipient, step.said]] : [])),
    [
      ['known@x.test', '250 2.1.5 recipient ok'],
      ['nobody@x.test', '550 5.1.1 User unknown'],
      ['full@x.test', '452 4.2.2 mailbox full'],
    ],
  );
  assert.equal(checked.report.outcome, 'bounced');
  assert.match(checked.text, /Mail would be bounced \(5\.1\.1\): .*550 5\.1\.1 User unknown/);
  assert.deepEqual(checked.connections[0]?.commands, [
    'LHLO client.example',
    'MAIL FROM:<>',
    'RCPT TO:<known@x.test>',
    'RCPT TO:<nobody@x.test>',
    'RCPT TO:<full@x.test>',
    'RSET',
    'QUIT',
  ]);
});

test('a 452 defers, and with soft_bounce a 550 does too', async () => {
  const soft = await checkServer({ rcpt: { default: '452 4.2.2 mailbox full' } }, { probe });
  assert.equal(soft.report.outcome, 'deferred');
  const parameters = { soft_bounce: 'yes' };
  const hard = await checkServer({ rcpt: { default: '550 5.1.1 no' } }, { probe, parameters });
  assert.equal(hard.report.outcome, 'deferred');
});

test('without sender and recipients MAIL is not sent', async () => {
  const { connections } = await checkServer({});
  assert.deepEqual(connections[0]?.commands, ['LHLO client.example', 'QUIT']);
});

test('a sender can be checked without recipients', async () => {
  const checked = await checkServer({ mail: '550 5.7.1 not you' }, { probe: { sender: 'me@x.test', recipients: [] } });
  const step = stepNamed(checked, 'MAIL');
  assert.ok(step.result === 'failed');
  assert.equal(step.finding, 'sender refused');
  assert.equal(step.text, '<me@x.test> 550 5.7.1 not you');
});

describe('a server that requires AUTH', () => {
  for (const mail of ['430 who are you?', '530 5.7.0 who are you?', '550 5.7.1 authentication required']) {
    test(mail, async () => {
      const step = stepNamed(await checkServer({ mail }, { probe }), 'MAIL');
      assert.ok(step.result === 'failed');
      assert.equal(step.finding, 'AUTH wanted');
      assert.match(step.next, /lmtp_sasl_auth_enable=yes/);
    });
  }
});

test('replies received before the connection breaks are reported', async () => {
  const rcpt = { 'nobody@x.test': andThen('close') };
  const { summary } = await checkServer({ rcpt }, { probe });
  assert.deepEqual(summary.slice(6), ['MAIL ok', 'RCPT ok', 'RCPT failed: out of step']);
  const broken = await checkServer({ mail: andThen('close') }, { probe });
  assert.deepEqual(broken.summary.slice(6), ['MAIL failed: out of step']);
  const alone = await checkServer({ mail: andThen('close') }, { probe: { sender: 'a@x.test', recipients: [] } });
  assert.deepEqual(alone.summary.slice(6), ['MAIL failed: out of step']);
});

test('an address that is not ASCII is checked only where SMTPUTF8 is offered', async () => {
  const probe = { sender: '', recipients: ['jürgen@x.test'] };
  const without = await checkServer({}, { probe });
  assert.equal(without.summary.at(-1), 'MAIL failed: not in UTF-8');
  assert.deepEqual(without.connections[0]?.commands, ['LHLO client.example', 'QUIT']);
  const offered = await checkServer({ capabilities: ['SMTPUTF8'] }, { probe });
  assert.equal(offered.report.outcome, 'well');
  assert.deepEqual(offered.connections[0]?.commands.slice(1, 3), ['MAIL FROM:<> SMTPUTF8', 'RCPT TO:<jürgen@x.test>']);
});

test('the envelope is that of a delivery, without SIZE and BODY', async () => {
  const probe = { sender: 'odd one@x.test', recipients: ['a@x.test'] };
  const { connections } = await checkServer({ capabilities: ['SIZE', '8BITMIME', 'DSN'] }, { probe });
  assert.deepEqual(connections[0]?.commands.slice(1, 3), [
    'MAIL FROM:<"odd one"@x.test>',
    'RCPT TO:<a@x.test> ORCPT=rfc822;a@x.test',
  ]);
});
