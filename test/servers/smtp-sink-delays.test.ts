/** Mail to Postfix's smtp-sink with a delay at every stage. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { installLine } from '../support/debian-packages.ts';
import { deliverTo, shortVerdicts, testAgent } from '../support/delivery-agent.ts';
import { isSmtpSinkInstalled, smtpSinkPackages, startSmtpSink } from '../support/smtp-sink.ts';

const skip = isSmtpSinkInstalled() ? false : `smtp-sink is not installed: ${installLine(smtpSinkPackages)}`;

const both = ['a@x.test', 'b@x.test'] as const;

describe('a slow smtp-sink', { skip, concurrency: true }, () => {
  const late: [string, readonly string[], string, string, RegExp][] = [
    ['LHLO', ['-W', 'LHLO:9'], 'lmtp_lhlo_timeout', 'deferred 4.4.2', /timed out while performing the LHLO handshake$/],
    ['MAIL', ['-p', '-W', 'MAIL:9'], 'lmtp_mail_timeout', 'deferred 4.4.2', /timed out while sending MAIL FROM$/],
    ['RCPT', ['-p', '-W', 'RCPT:9'], 'lmtp_rcpt_timeout', 'deferred 4.4.2', /timed out while sending RCPT TO$/],
    ['DATA', ['-p', '-w', '9'], 'lmtp_data_init_timeout', 'deferred 4.4.2', /timed out while sending DATA command$/],
    [
      'the dot',
      ['-W', '.:9'],
      'lmtp_data_done_timeout',
      'deferred 4.4.2 in doubt',
      /timed out while sending end of data/,
    ],
  ];
  for (const [stage, options, parameter, verdict, words] of late) {
    test(`is waited for in its reply to ${stage} no longer than ${parameter}`, async () => {
      await using sink = await startSmtpSink(options);
      const begun = performance.now();
      const outcome = await deliverTo(sink.destination, both, testAgent({ [parameter]: '1s' }));
      const seconds = (performance.now() - begun) / 1000;
      assert.deepEqual(shortVerdicts(outcome), [verdict, verdict]);
      assert.match(outcome.verdicts[0]?.text ?? '', words);
      assert.equal(outcome.blame?.scope, 'stream');
      assert.ok(seconds >= 0.95 && seconds < 8, `it took ${seconds} s`);
    });
  }

  test('in its reply to RSET is replaced by a new connection after lmtp_rset_timeout', async () => {
    await using sink = await startSmtpSink(['-W', 'RSET:9']);
    const agent = testAgent({ lmtp_rset_timeout: '1s' });
    await deliverTo(sink.destination, both, agent);
    const outcome = await deliverTo(sink.destination, both, agent);
    assert.deepEqual(shortVerdicts(outcome), ['sent 2.2.0', 'sent 2.2.0']);
    assert.equal(outcome.verdicts[0]?.connUse, 1);
  });

  test('in its reply to QUIT delays nothing', async () => {
    await using sink = await startSmtpSink(['-W', 'QUIT:9']);
    const begun = performance.now();
    const outcome = await deliverTo(sink.destination, both, testAgent({ lmtp_cache_connection: 'no' }));
    assert.deepEqual(shortVerdicts(outcome), ['sent 2.2.0', 'sent 2.2.0']);
    assert.ok(performance.now() - begun < 8000);
  });

  for (const [name, options] of [
    ['before it reads the content', ['-H', '1']],
    ['before it answers the dot', ['-W', '.:1']],
  ] as const) {
    test(`${name}, within the limits, still gets the mail`, async () => {
      await using sink = await startSmtpSink(options);
      const begun = performance.now();
      const outcome = await deliverTo(sink.destination, both, testAgent({ lmtp_data_done_timeout: '5s' }));
      assert.deepEqual(shortVerdicts(outcome), ['sent 2.2.0', 'sent 2.2.0']);
      assert.ok(performance.now() - begun > 950);
    });
  }

  // While a reply to RCPT is delayed, smtp-sink goes on reading and answers the commands after it first.
  const cures: [string, Readonly<Record<string, string>>][] = [
    ['lmtp_discard_lhlo_keywords', { lmtp_discard_lhlo_keywords: 'pipelining' }],
    [
      'lmtp_discard_lhlo_keyword_address_maps, for this server alone',
      { lmtp_discard_lhlo_keyword_address_maps: 'inline:{ 127.0.0.1=pipelining }' },
    ],
  ];
  for (const [name, parameters] of cures) {
    test(`that loses count when pipelined is cured by ${name}`, async () => {
      await using sink = await startSmtpSink(['-W', 'RCPT:1']);
      const outcome = await deliverTo(sink.destination, both, testAgent(parameters));
      const words = outcome.verdicts.map(({ text }) => text).join('\n');
      assert.deepEqual(shortVerdicts(outcome), ['sent 2.2.0', 'sent 2.2.0'], words);
    });
  }

  test('that closes idle connections leaves a stale session, which costs only a new connection', async () => {
    await using sink = await startSmtpSink(['-t', '1']);
    const agent = testAgent();
    await deliverTo(sink.destination, both, agent);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    const outcome = await deliverTo(sink.destination, both, agent);
    assert.deepEqual(shortVerdicts(outcome), ['sent 2.2.0', 'sent 2.2.0']);
    assert.equal(outcome.verdicts[0]?.connUse, 1);
  });
});
