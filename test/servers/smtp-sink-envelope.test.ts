/** What Postfix's smtp-sink records of the mail that it gets: the arguments of MAIL and RCPT, and the content. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { installLine } from '../support/debian-packages.ts';
import { deliverTo, makeMessage, shortVerdicts, testAgent } from '../support/delivery-agent.ts';
import { recordDialogue } from '../support/recorded-dialogue.ts';
import { isSmtpSinkInstalled, smtpSinkPackages, startSmtpSink } from '../support/smtp-sink.ts';

const skip = isSmtpSinkInstalled() ? false : `smtp-sink is not installed: ${installLine(smtpSinkPackages)}`;

const both = ['a@x.test', 'b@x.test'] as const;

describe('the envelope that smtp-sink receives', { skip }, () => {
  test('contains sender and recipients in the form of RFC 5321, with the parameters that it offers', async () => {
    await using sink = await startSmtpSink();
    const recipients = [
      'plain@x.test',
      '"odd one"@x.test',
      { address: 'a+b@x.test', original: 'old one=+@y.test', notify: ['FAILURE', 'DELAY'] as const },
      { address: 'c@x.test', orcpt: 'rfc822;c+d=e@y.test', notify: ['NEVER'] as const },
    ];
    const outcome = await deliverTo(sink.destination, recipients, testAgent(), {
      sender: 'alice@example.org',
      dsn: { ret: 'FULL', envid: 'id +=\u007e' },
      message: makeMessage('Subject: test\n\ncaf\u00e9\n'),
    });
    assert.deepEqual(
      shortVerdicts(outcome),
      recipients.map(() => 'sent 2.2.0'),
    );
    const [message] = await sink.messages();
    assert.equal(message?.mail, '<alice@example.org> BODY=8BITMIME ENVID=id+20+2B+3D~ RET=FULL');
    assert.deepEqual(message?.rcpts, [
      '<plain@x.test> ORCPT=rfc822;plain@x.test',
      '<"odd one"@x.test> ORCPT=rfc822;"odd+20one"@x.test',
      '<a+b@x.test> ORCPT=rfc822;old+20one+3D+2B@y.test NOTIFY=FAILURE,DELAY',
      '<c@x.test> ORCPT=rfc822;c+2Bd+3De@y.test NOTIFY=NEVER',
    ]);
    assert.equal(message?.content, 'Subject: test\n\ncaf\u00e9\n');
  });

  test('contains <> for the null sender', async () => {
    await using sink = await startSmtpSink();
    await deliverTo(sink.destination, ['a@x.test'], testAgent(), { sender: '' });
    assert.equal((await sink.messages())[0]?.mail, '<>');
  });

  const asked = {
    body: '8BITMIME',
    dsn: { ret: 'HDRS', envid: 'q1' },
  } as const;
  const recipient = { address: 'a@x.test', notify: ['SUCCESS'], orcpt: 'rfc822;b@x.test' } as const;
  const all = ['-8', '-a', '-C', '-F', '-N', '-E', '-p'];
  const offers: [string, readonly string[], string, string][] = [
    [
      'with all its offers',
      [],
      '<alice@example.org> BODY=8BITMIME ENVID=q1 RET=HDRS',
      '<a@x.test> ORCPT=rfc822;b@x.test NOTIFY=SUCCESS',
    ],
    [
      'without 8BITMIME has no BODY=',
      ['-8'],
      '<alice@example.org> ENVID=q1 RET=HDRS',
      '<a@x.test> ORCPT=rfc822;b@x.test NOTIFY=SUCCESS',
    ],
    ['without DSN has none of its parameters', ['-N'], '<alice@example.org> BODY=8BITMIME', '<a@x.test>'],
    [
      'without anything, by an LHLO reply that ends in an empty keyword, has no parameter at all',
      all,
      '<alice@example.org>',
      '<a@x.test>',
    ],
  ];
  for (const [name, options, mail, rcpt] of offers) {
    test(name, async () => {
      await using sink = await startSmtpSink(options);
      const dialogue = recordDialogue();
      const outcome = await deliverTo(sink.destination, [recipient], testAgent({}, dialogue), asked);
      assert.deepEqual(shortVerdicts(outcome), ['sent 2.2.0']);
      const [message] = await sink.messages();
      assert.deepEqual([message?.mail, message?.rcpts], [mail, [rcpt]]);
    });
  }

  for (const [keyword, mail, rcpt] of [
    ['8bitmime', '<alice@example.org> ENVID=q1 RET=HDRS', '<a@x.test> ORCPT=rfc822;b@x.test NOTIFY=SUCCESS'],
    ['dsn', '<alice@example.org> BODY=8BITMIME', '<a@x.test>'],
    ['dsn, 8bitmime', '<alice@example.org>', '<a@x.test>'],
  ] as const) {
    test(`with lmtp_discard_lhlo_keywords = ${keyword} is the same as if the server did not offer it`, async () => {
      await using sink = await startSmtpSink();
      const agent = testAgent({ lmtp_discard_lhlo_keywords: keyword });
      await deliverTo(sink.destination, [recipient], agent, asked);
      const [message] = await sink.messages();
      assert.deepEqual([message?.mail, message?.rcpts], [mail, [rcpt]]);
    });
  }

  test('arrives one command at a time without PIPELINING', async () => {
    await using sink = await startSmtpSink(['-p']);
    const turns: string[] = [];
    const outcome = await deliverTo(sink.destination, both, testAgent({}, { transcript: (side) => turns.push(side) }));
    assert.deepEqual(shortVerdicts(outcome), ['sent 2.2.0', 'sent 2.2.0']);
    // A greeting, LHLO and its lines; then MAIL, two RCPTs, DATA, content and its dot, two replies; RSET.
    assert.match(turns.join(''), /^SCS+(?:CS){4}CCSSCS$/);
  });

  test('arrives in one group up to DATA with PIPELINING', async () => {
    await using sink = await startSmtpSink();
    const turns: string[] = [];
    await deliverTo(sink.destination, both, testAgent({}, { transcript: (side) => turns.push(side) }));
    assert.match(turns.join(''), /^SCS+CCCCSSSSCCSSCS$/);
  });

  test('with a thousand recipients gets a reply for each', async () => {
    await using sink = await startSmtpSink();
    const recipients = Array.from({ length: 1000 }, (_, index) => `user${index}@x.test`);
    // No limit: all of them in one transaction.
    const agent = testAgent({ lmtp_destination_recipient_limit: '0' });
    const outcome = await deliverTo(sink.destination, recipients, agent);
    assert.deepEqual(new Set(shortVerdicts(outcome)), new Set(['sent 2.2.0']));
    assert.equal((await sink.messages())[0]?.rcpts.length, 1000);
  });

  test('contains no recipient in UTF-8, since it has no SMTPUTF8: that recipient bounces', async () => {
    await using sink = await startSmtpSink();
    const outcome = await deliverTo(sink.destination, ['zo\u00eb@x.test'], testAgent(), { smtputf8: true });
    assert.deepEqual(shortVerdicts(outcome), ['bounced 5.6.7']);
    assert.deepEqual(await sink.messages(), []);
  });
});
