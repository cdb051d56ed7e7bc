/** Mail to nodemailer's smtp-server: it offers much, and merges recipients that it considers equal. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseVerdicts } from '../command/requests.ts';
import { deliverTo, makeMessage, shortVerdicts, testAgent } from '../support/delivery-agent.ts';
import { runCommand } from '../support/lambda-lmtp.ts';
import { startLmtpSmtpServer } from '../support/lmtp-smtp-server.ts';
import { recordDialogue } from '../support/recorded-dialogue.ts';
import { makeTemporaryFolder } from '../support/temporary-folder.ts';

const rcptsIn = (commands: readonly string[]) =>
  commands.flatMap((command) => /^RCPT TO:<(.*?)>/.exec(command)?.[1] ?? []);

describe('smtp-server', () => {
  test('gives each recipient a reply of its own', async () => {
    await using server = await startLmtpSmtpServer({
      rcpt: { 'no@x.test': '550 unknown', 'busy@x.test': '451 ask later' },
      final: { 'full@x.test': '552 over quota', 'soft@x.test': '450 later' },
    });
    const recipients = ['a@x.test', 'no@x.test', 'full@x.test', 'busy@x.test', 'soft@x.test', 'b@x.test'];
    const outcome = await deliverTo(server.destination, recipients, testAgent());
    assert.deepEqual(
      outcome.verdicts.map(({ status, dsn, text }) => [status, dsn, text]),
      [
        ['sent', '2.6.0', '250 2.6.0 <a@x.test> stored'],
        ['bounced', '5.1.1', `host 127.0.0.1[127.0.0.1] said: 550 5.1.1 unknown (in reply to RCPT TO command)`],
        ['bounced', '5.2.2', `host 127.0.0.1[127.0.0.1] said: 552 5.2.2 over quota (in reply to end of DATA command)`],
        ['deferred', '4.3.0', `host 127.0.0.1[127.0.0.1] said: 451 4.3.0 ask later (in reply to RCPT TO command)`],
        ['deferred', '4.2.1', `host 127.0.0.1[127.0.0.1] said: 450 4.2.1 later (in reply to end of DATA command)`],
        ['sent', '2.6.0', '250 2.6.0 <b@x.test> stored'],
      ],
    );
    assert.equal(outcome.blame, undefined);
  });

  test('receives the content unchanged, dots included', async () => {
    await using server = await startLmtpSmtpServer();
    const text = 'Subject: test\r\n\r\n.\r\n..\r\n.dot\r\ncaf\u00e9\r\n';
    await deliverTo(server.destination, ['a@x.test'], testAgent(), { message: makeMessage(text) });
    assert.equal(String(server.messages[0]?.content), text);
  });

  test('serves several messages on one session, after one greeting that is 100 ms late', async () => {
    await using server = await startLmtpSmtpServer();
    const agent = testAgent();
    const uses: (number | undefined)[] = [];
    for (const _ of [1, 2, 3]) {
      const { verdicts } = await deliverTo(server.destination, ['a@x.test'], agent);
      uses.push(verdicts[0]?.status === 'sent' ? verdicts[0].connUse : undefined);
    }
    assert.deepEqual(uses, [1, 2, 3]);
    assert.equal(server.messages.length, 3);
  });
});

describe('smtp-server and a recipient named twice', () => {
  test('replies once after the dot, as we sent the address once, and both have their verdict at once', async () => {
    await using server = await startLmtpSmtpServer({ final: { 'full@x.test': '552 over quota' } });
    const dialogue = recordDialogue();
    const recipients = ['a@x.test', 'full@x.test', 'a@x.test', 'b@x.test', 'full@x.test'];
    const begun = performance.now();
    const outcome = await deliverTo(server.destination, recipients, testAgent({}, dialogue));
    assert.ok(performance.now() - begun < 20_000, 'there is no wait for a missing reply');
    assert.deepEqual(shortVerdicts(outcome), [
      'sent 2.6.0',
      'bounced 5.2.2',
      'sent 2.6.0',
      'sent 2.6.0',
      'bounced 5.2.2',
    ]);
    assert.deepEqual(rcptsIn(dialogue.commands()), ['a@x.test', 'full@x.test', 'b@x.test']);
    const next = await deliverTo(server.destination, ['a@x.test'], testAgent());
    assert.deepEqual(shortVerdicts(next), ['sent 2.6.0']);
  });

  test('makes two lines on the command line, without a wait', async () => {
    await using server = await startLmtpSmtpServer();
    using folder = makeTemporaryFolder();
    const message = folder.write('message.eml', 'Subject: test\n\nHello.\n');
    const { code, stdout } = await runCommand([
      ...['deliver', '--json', '--sender', '', '--recipient', 'a@x.test', '--recipient', 'a@x.test'],
      ...['--message', message, '--destination', server.destination],
    ]);
    assert.deepEqual(
      parseVerdicts(stdout).map(({ status, dsn }) => [status, dsn]),
      [
        ['sent', '2.6.0'],
        ['sent', '2.6.0'],
      ],
    );
    assert.equal(code, 0);
    assert.equal(server.messages.length, 1);
  });

  for (const [name, twin] of [
    ['domain', 'a@X.Test'],
    ['local part', 'A@x.test'],
  ] as const) {
    test(`in another letter case of its ${name} does not get the verdict of another recipient`, async () => {
      await using server = await startLmtpSmtpServer({ final: { 'full@x.test': '552 over quota' } });
      const agent = testAgent({ lmtp_data_done_next_timeout: '1s' });
      const outcome = await deliverTo(server.destination, ['a@x.test', twin, 'full@x.test'], agent);
      assert.deepEqual(shortVerdicts(outcome), ['sent 2.6.0', 'sent 2.6.0', 'bounced 5.2.2']);
    });
  }
});

describe('the offers of smtp-server are used:', () => {
  test('DSN, with all parameters of the request in xtext', async () => {
    await using server = await startLmtpSmtpServer();
    const dialogue = recordDialogue();
    const recipients = [
      { address: 'a@x.test', notify: ['SUCCESS', 'DELAY'] as const, orcpt: 'rfc822;a+b=c@old.test' },
      { address: 'b@x.test', notify: ['NEVER'] as const, original: 'b@old.test' },
      'c@x.test',
    ];
    await deliverTo(server.destination, recipients, testAgent({}, dialogue), {
      dsn: { ret: 'HDRS', envid: 'q=1+2 3' },
    });
    assert.deepEqual(dialogue.commands().slice(1, 5), [
      'MAIL FROM:<alice@example.org> SIZE=25 ENVID=q+3D1+2B2+203 RET=HDRS',
      'RCPT TO:<a@x.test> ORCPT=rfc822;a+2Bb+3Dc@old.test NOTIFY=SUCCESS,DELAY',
      'RCPT TO:<b@x.test> ORCPT=rfc822;b@old.test NOTIFY=NEVER',
      'RCPT TO:<c@x.test> ORCPT=rfc822;c@x.test',
    ]);
    const [message] = server.messages;
    assert.deepEqual(message?.sender.args, { SIZE: '25', ENVID: 'q=1+2 3', RET: 'HDRS' });
    assert.deepEqual(
      message?.recipients.map(({ args }) => args),
      [
        { ORCPT: 'rfc822;a+b=c@old.test', NOTIFY: 'SUCCESS,DELAY' },
        { ORCPT: 'rfc822;b@old.test', NOTIFY: 'NEVER' },
        { ORCPT: 'rfc822;c@x.test' },
      ],
    );
  });

  test('nothing of DSN if the server does not offer it', async () => {
    await using server = await startLmtpSmtpServer({ server: { hideDSN: true } });
    const dialogue = recordDialogue();
    const recipients = [{ address: 'a@x.test', notify: ['SUCCESS'] as const, orcpt: 'rfc822;a@old.test' }];
    await deliverTo(server.destination, recipients, testAgent({}, dialogue), { dsn: { ret: 'FULL', envid: 'q1' } });
    assert.deepEqual(dialogue.commands().slice(1, 3), ['MAIL FROM:<alice@example.org> SIZE=25', 'RCPT TO:<a@x.test>']);
  });

  test('SMTPUTF8, for a recipient in UTF-8', async () => {
    await using server = await startLmtpSmtpServer();
    const outcome = await deliverTo(server.destination, ['zo\u00eb@x.test'], testAgent(), { smtputf8: true });
    assert.deepEqual(shortVerdicts(outcome), ['sent 2.6.0']);
    const [message] = server.messages;
    assert.deepEqual(message?.recipients[0]?.address, 'zo\u00eb@x.test');
    assert.deepEqual(message?.sender.args, { SIZE: '25', SMTPUTF8: true });
  });

  test('SMTPUTF8 is not sent if nothing needs it', async () => {
    await using server = await startLmtpSmtpServer();
    await deliverTo(server.destination, ['zoe@x.test'], testAgent(), { smtputf8: true });
    assert.deepEqual(server.messages[0]?.sender.args, { SIZE: '25' });
  });

  test('a recipient in UTF-8 bounces if the server has no SMTPUTF8, and the session goes on', async () => {
    await using server = await startLmtpSmtpServer({ server: { hideSMTPUTF8: true } });
    const agent = testAgent();
    const outcome = await deliverTo(server.destination, ['zo\u00eb@x.test'], agent, { smtputf8: true });
    assert.deepEqual(shortVerdicts(outcome), ['bounced 5.6.7']);
    const next = await deliverTo(server.destination, ['zoe@x.test'], agent, { smtputf8: true });
    assert.deepEqual(shortVerdicts(next), ['sent 2.6.0']);
  });

  const limited = { size: 10_000, rejectOversized: true };
  const large = makeMessage(`Subject: large\r\n\r\n${'x'.repeat(98)}\r\n`.repeat(150));

  test('SIZE: a message over the limit bounces without a MAIL', async () => {
    await using server = await startLmtpSmtpServer({ server: limited });
    const dialogue = recordDialogue();
    const outcome = await deliverTo(server.destination, ['a@x.test', 'b@x.test'], testAgent({}, dialogue), {
      message: large,
    });
    assert.deepEqual(shortVerdicts(outcome), ['bounced 5.3.4', 'bounced 5.3.4']);
    assert.equal(server.messages.length, 0);
    assert.ok(!dialogue.commands().some((command) => command.startsWith('MAIL')));
  });

  test('SIZE: a message over an ignored limit bounces after the dot, with one reply for each recipient', async () => {
    await using server = await startLmtpSmtpServer({ server: limited });
    const agent = testAgent({ lmtp_discard_lhlo_keywords: 'size' });
    const outcome = await deliverTo(server.destination, ['a@x.test', 'b@x.test'], agent, { message: large });
    assert.deepEqual(shortVerdicts(outcome), ['bounced 5.3.4', 'bounced 5.3.4']);
    assert.match(outcome.verdicts[1]?.text ?? '', /said: 552 5\.3\.4 .*\(in reply to end of DATA command\)$/);
  });

  test('8BITMIME, for a body that has such octets', async () => {
    await using server = await startLmtpSmtpServer();
    const message = makeMessage('Subject: test\r\n\r\ncaf\u00e9\r\n');
    await deliverTo(server.destination, ['a@x.test'], testAgent(), { message });
    assert.deepEqual(server.messages[0]?.sender.args, { SIZE: '24', BODY: '8BITMIME' });
  });

  test('recipients beyond the limit of the server get further transactions on the session', async () => {
    await using server = await startLmtpSmtpServer({ server: { maxRecipients: 2 } });
    const dialogue = recordDialogue();
    const recipients = ['1@x.test', '2@x.test', '3@x.test', '4@x.test', '5@x.test'];
    const outcome = await deliverTo(server.destination, recipients, testAgent({}, dialogue));
    assert.deepEqual(
      shortVerdicts(outcome),
      recipients.map(() => 'sent 2.6.0'),
    );
    assert.deepEqual(
      server.messages.map((message) => message.recipients.map(({ address }) => address)),
      [['1@x.test', '2@x.test'], ['3@x.test', '4@x.test'], ['5@x.test']],
    );
    assert.equal(dialogue.commands().filter((command) => command.startsWith('LHLO')).length, 1);
  });
});
