/** The first replies of a server, and whether it speaks LMTP at all. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { checkServer, stepNamed } from '../support/check-server.ts';
import { andThen, type ServerScript } from '../support/scripted-server.ts';

test('a working server is reported in the order of its conversation', async () => {
  const checked = await checkServer({
    greeting: '220 imap1 Cyrus LMTP ready',
    capabilities: ['PIPELINING', 'SIZE 20480', 'AUTH PLAIN SCRAM-SHA-256', 'LIMITS RCPTMAX=50', 'XODD'],
  });
  assert.deepEqual(checked.summary, ['name ok', 'port ok', 'greeting ok', 'TLS ok', 'LHLO ok', 'AUTH ok']);
  assert.equal(stepNamed(checked, 'greeting').said, '220 imap1 Cyrus LMTP ready');
  assert.deepEqual(stepNamed(checked, 'LHLO').capabilities, [
    'PIPELINING',
    'SIZE 20480',
    'AUTH PLAIN SCRAM-SHA-256',
    'LIMITS RCPTMAX=50',
    'XODD',
  ]);
  assert.equal(checked.report.outcome, 'well');
  assert.match(checked.text, /\nAll is well\. Nothing was delivered\.\n$/);
  assert.deepEqual(checked.connections[0]?.commands, ['LHLO client.example', 'QUIT']);
});

test('keywords in lmtp_discard_lhlo_keywords are not reported', async () => {
  const parameters = { lmtp_discard_lhlo_keywords: 'pipelining' };
  const checked = await checkServer({ capabilities: ['PIPELINING', 'SIZE'] }, { parameters });
  assert.deepEqual(stepNamed(checked, 'LHLO').capabilities, ['SIZE']);
});

describe('a server of another protocol is reported as such:', () => {
  const smtp = { greeting: '220 mail.test ESMTP Postfix', lhlo: '502 5.5.2 Error: command not recognized' };
  const cases: [string, ServerScript, string, RegExp][] = [
    [
      'SMTP',
      smtp,
      'LHLO failed: SMTP server',
      /an SMTP server.*\n *An LMTP listener must not be open to the world: .*\n *Dovecot/,
    ],
    ['IMAP', { greeting: '* OK [CAPABILITY IMAP4rev1] ready' }, 'greeting failed: another protocol', /but IMAP: \* OK/],
    ['POP3', { greeting: '+OK ready' }, 'greeting failed: another protocol', /but POP3/],
    ['SSH', { greeting: 'SSH-2.0-OpenSSH_9.2' }, 'greeting failed: another protocol', /but SSH/],
    [
      'an unknown protocol',
      { greeting: 'hello there' },
      'greeting failed: another protocol',
      /no LMTP greeting: hello/,
    ],
    ['an end of the connection', { greeting: andThen('close') }, 'greeting failed: closed at once', /load balancer/],
    ['silence', { greeting: andThen('silence') }, 'greeting failed: no greeting', /lmtp_tls_wrappermode=yes/],
  ];
  for (const [what, script, last, said] of cases) {
    test(what, async () => {
      const { summary, text, report } = await checkServer(script);
      assert.equal(summary.at(-1), last);
      assert.match(text, said);
      assert.equal(report.outcome, 'deferred');
    });
  }
});

describe('a server that refuses the session is reported with its reply:', () => {
  for (const [greeting, finding, outcome] of [
    ['421 4.3.2 too many connections', 'not let in', 'deferred'],
    ['554 5.7.1 go away', 'not let in for good', 'deferred'],
    ['454-4.7.0 first\r\n454 4.7.0 second', 'not let in', 'deferred'],
  ] as const) {
    test(JSON.stringify(greeting), async () => {
      const checked = await checkServer({ greeting: greeting.split('\r\n') });
      const step = stepNamed(checked, 'greeting');
      assert.ok(step.result === 'failed');
      assert.equal(step.finding, finding);
      assert.equal(step.said, greeting.replace('\r\n', ' '));
      assert.equal(checked.report.outcome, outcome);
    });
  }

  test('with 554, which bounces mail with lmtp_skip_5xx_greeting=no', async () => {
    const parameters = { lmtp_skip_5xx_greeting: 'no' };
    const { report } = await checkServer({ greeting: '554 5.7.1 go away' }, { parameters });
    assert.equal(report.outcome, 'bounced');
  });

  test('with 451 to LHLO', async () => {
    const { summary } = await checkServer({ lhlo: '451 4.3.0 not now' });
    assert.deepEqual(summary, ['name ok', 'port ok', 'greeting ok', 'LHLO failed: not let in']);
  });
});

test('a server that is silent or disconnects after its greeting is reported at LHLO', async () => {
  assert.equal((await checkServer({ lhlo: andThen('silence') })).summary.at(-1), 'LHLO failed: too slow');
  assert.equal((await checkServer({ lhlo: andThen('close') })).summary.at(-1), 'LHLO failed: out of step');
});

test('no reply of a server can move the cursor of a terminal', async () => {
  const { text } = await checkServer({ greeting: { raw: '220 \u001b[2J\u009b31m hello\r\n' } });
  assert.match(text, /220 \?\[2J\?31m hello/);
});
