/** Mail into a real Cyrus, whose replies to the envelope are long, and to the content sometimes too few. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseVerdicts } from '../command/requests.ts';
import { cyrusPackages, isCyrusInstalled, startCyrus } from '../support/cyrus.ts';
import { installLine } from '../support/debian-packages.ts';
import { deliverTo, makeMessage, shortVerdicts, testAgent } from '../support/delivery-agent.ts';
import { runCommand } from '../support/lambda-lmtp.ts';
import { recordDialogue } from '../support/recorded-dialogue.ts';
import { makeTemporaryFolder } from '../support/temporary-folder.ts';

const skip = isCyrusInstalled() ? false : `Cyrus is not installed: ${installLine(cyrusPackages)}`;

const three = ['alice@cyrus.test', 'bob@cyrus.test', 'carol@cyrus.test'] as const;

/** Cyrus adds a missing one of these two at the end of the header; with both, it leaves the message unchanged. */
const header = 'Message-ID: <one@example.org>\r\nDate: Sun, 22 Nov 2026 08:00:00 +0000\r\n';

/** A body of so many octets in lines of ordinary length. */
const filler = (octets: number) => `${'x'.repeat(98)}\r\n`.repeat(Math.ceil(octets / 100));

/** The message without the header fields that the server added before it. */
function withoutTrace(stored: Buffer | undefined): string {
  return String(stored).replace(/^Return-Path: .*?X-Sieve: [^\r]*\r\n/s, '');
}

const commandsLike = (commands: readonly string[], verb: string) =>
  commands.filter((command) => command.startsWith(verb));

describe('mail to a Cyrus', { skip }, () => {
  test('is filed for each recipient, octet for octet after the added header fields', async () => {
    await using cyrus = await startCyrus();
    const text = `${header}Subject: dots\r\n\r\n.\r\n..\r\nna\u00efve\r\n`;
    const outcome = await deliverTo(cyrus.destination, three, testAgent(), { message: makeMessage(text) });
    assert.deepEqual(shortVerdicts(outcome), ['sent 2.1.5', 'sent 2.1.5', 'sent 2.1.5']);
    assert.match(outcome.verdicts[0]?.text ?? '', /^250 2\.1\.5 Success SESSIONID=</);
    assert.equal(outcome.blame, undefined);
    for (const name of ['alice', 'bob', 'carol']) {
      const messages = await cyrus.mailbox(name);
      assert.equal(messages.length, 1);
      assert.match(String(messages[0]), /^Return-Path: <alice@example\.org>\r\n/);
      assert.equal(withoutTrace(messages[0]), text);
    }
  });

  test('of an unknown user bounces with all lines of the reply and the status of its last, and the others are sent', async () => {
    await using cyrus = await startCyrus();
    const recipients = ['alice@cyrus.test', 'nobody@cyrus.test', 'bob@cyrus.test'];
    const outcome = await deliverTo(cyrus.destination, recipients, testAgent());
    assert.deepEqual(shortVerdicts(outcome), ['sent 2.1.5', 'bounced 5.1.1', 'sent 2.1.5']);
    assert.equal(
      outcome.verdicts[1]?.text,
      'host 127.0.0.1[127.0.0.1] said: 550-Mailbox unknown.  Either there is no mailbox associated with this ' +
        '550-name or you do not have authorization to see it. 550 5.1.1 User unknown (in reply to RCPT TO command)',
    );
    assert.equal((await cyrus.mailbox('bob')).length, 1);
  });

  test('of an unknown user is one line of output on the command line, which exits with 69', async () => {
    await using cyrus = await startCyrus();
    using folder = makeTemporaryFolder();
    const message = folder.write('message.eml', 'Subject: test\n\nHello.\n');
    const { code, stdout } = await runCommand([
      ...['deliver', '--json', '--sender', 'alice@example.org', '--message', message],
      ...['--destination', cyrus.destination, '--recipient', 'alice@cyrus.test', '--recipient', 'nobody@cyrus.test'],
    ]);
    assert.deepEqual(
      parseVerdicts(stdout).map(({ recipient, status, dsn }) => [recipient, status, dsn]),
      [
        ['alice@cyrus.test', 'sent', '2.1.5'],
        ['nobody@cyrus.test', 'bounced', '5.1.1'],
      ],
    );
    assert.equal(code, 69);
  });

  test('of unknown users only sends no content, and the session serves the next message', async () => {
    await using cyrus = await startCyrus();
    const dialogue = recordDialogue();
    const agent = testAgent({}, dialogue);
    const outcome = await deliverTo(cyrus.destination, ['nobody@cyrus.test', 'noone@cyrus.test'], agent);
    assert.deepEqual(shortVerdicts(outcome), ['bounced 5.1.1', 'bounced 5.1.1']);
    assert.ok(!dialogue.commands().includes('<content>'));
    const next = await deliverTo(cyrus.destination, ['alice@cyrus.test'], agent);
    assert.deepEqual(shortVerdicts(next), ['sent 2.1.5']);
    assert.equal(next.verdicts[0]?.connUse, 2);
  });

  test('serves many messages on one session, and RSET closes each of them', async () => {
    await using cyrus = await startCyrus();
    const dialogue = recordDialogue();
    const agent = testAgent({}, dialogue);
    const uses: (number | undefined)[] = [];
    for (const _ of [1, 2, 3, 4]) {
      const { verdicts } = await deliverTo(cyrus.destination, ['alice@cyrus.test'], agent);
      uses.push(verdicts[0]?.status === 'sent' ? verdicts[0].connUse : undefined);
    }
    assert.deepEqual(uses, [1, 2, 3, 4]);
    const commands = dialogue.commands();
    assert.equal(commandsLike(commands, 'LHLO').length, 1);
    assert.equal(commandsLike(commands, 'RSET').length, 4);
    assert.equal((await cyrus.mailbox('alice')).length, 4);
  });

  test('is delivered one command at a time if PIPELINING is discarded', async () => {
    await using cyrus = await startCyrus();
    const turns: string[] = [];
    const agent = testAgent({ lmtp_discard_lhlo_keywords: 'pipelining' }, { transcript: (side) => turns.push(side) });
    const outcome = await deliverTo(cyrus.destination, three, agent);
    assert.deepEqual(shortVerdicts(outcome), ['sent 2.1.5', 'sent 2.1.5', 'sent 2.1.5']);
    // After the handshake (a greeting, LHLO and its eight lines): MAIL, three RCPTs, DATA, content and its
    // dot, RSET.
    assert.match(turns.join(''), /^SCS+(?:CS){5}CCSSSCS$/);
  });

  test('that arrives a second time is accepted and dropped, so a retried message in doubt is not doubled', async () => {
    await using cyrus = await startCyrus();
    const agent = testAgent();
    const message = makeMessage(`${header}Subject: once\r\n\r\nHello.\r\n`);
    for (const _ of [1, 2]) {
      const outcome = await deliverTo(cyrus.destination, ['alice@cyrus.test'], agent, { message });
      assert.deepEqual(shortVerdicts(outcome), ['sent 2.1.5']);
    }
    assert.equal((await cyrus.mailbox('alice')).length, 1);
  });
});

describe('a full mailbox of Cyrus', { skip }, () => {
  const users = ['alice', { name: 'full', kibibytes: 1 }];
  const both = ['full@cyrus.test', 'alice@cyrus.test'];
  const large = makeMessage(`${header}\r\n${filler(5000)}`);

  test('is deferred at RCPT by the declared size; the other recipient is sent', async () => {
    await using cyrus = await startCyrus({ users, furtherLines: ['lmtp_strict_quota: yes'] });
    const outcome = await deliverTo(cyrus.destination, both, testAgent(), { message: large });
    assert.deepEqual(shortVerdicts(outcome), ['deferred 4.2.2', 'sent 2.1.5']);
    assert.match(outcome.verdicts[0]?.text ?? '', /said: 452 4\.2\.2 .*\(in reply to RCPT TO command\)$/);
    assert.equal(outcome.blame, undefined);
  });

  test('bounces, if the server refuses permanently', async () => {
    const furtherLines = ['lmtp_strict_quota: yes', 'lmtp_over_quota_perm_failure: yes'];
    await using cyrus = await startCyrus({ users, furtherLines });
    const outcome = await deliverTo(cyrus.destination, both, testAgent(), { message: large });
    assert.deepEqual(shortVerdicts(outcome), ['bounced 5.2.2', 'sent 2.1.5']);
    assert.deepEqual(await cyrus.mailbox('full'), []);
  });

  test('is found too small only after the dot if the size was not declared', async () => {
    const furtherLines = ['lmtp_strict_quota: yes', 'lmtp_over_quota_perm_failure: yes'];
    await using cyrus = await startCyrus({ users, furtherLines });
    const agent = testAgent({ lmtp_discard_lhlo_keywords: 'size' });
    const outcome = await deliverTo(cyrus.destination, both, agent, { message: large });
    assert.deepEqual(shortVerdicts(outcome), ['bounced 5.2.2', 'sent 2.1.5']);
    assert.match(outcome.verdicts[0]?.text ?? '', /said: 552 5\.2\.2 .*\(in reply to end of DATA command\)$/);
    assert.deepEqual(await cyrus.mailbox('full'), []);
  });

  test('accepts one message too many, and from then on none, if the server only checks whether it is full', async () => {
    await using cyrus = await startCyrus({ users });
    const agent = testAgent();
    const first = await deliverTo(cyrus.destination, both, agent, { message: large });
    assert.deepEqual(shortVerdicts(first), ['sent 2.1.5', 'sent 2.1.5']);
    assert.deepEqual(shortVerdicts(await deliverTo(cyrus.destination, both, agent)), ['deferred 4.2.2', 'sent 2.1.5']);
    assert.equal((await cyrus.mailbox('full')).length, 1);
  });
});

describe('the size of a message to Cyrus', { skip }, () => {
  test('is declared if SIZE is offered without a value, and there is no limit', async () => {
    await using cyrus = await startCyrus();
    const dialogue = recordDialogue();
    const message = makeMessage(`${header}\n${'x'.repeat(60)}\n`.repeat(20_000));
    const outcome = await deliverTo(cyrus.destination, ['alice@cyrus.test'], testAgent({}, dialogue), { message });
    assert.deepEqual(shortVerdicts(outcome), ['sent 2.1.5']);
    assert.ok(dialogue.replies().includes('250-SIZE'));
    const [mail] = commandsLike(dialogue.commands(), 'MAIL');
    const [stored] = await cyrus.mailbox('alice');
    assert.equal(mail, `MAIL FROM:<alice@example.org> SIZE=${withoutTrace(stored).length}`);
  });

  const limited = { furtherLines: ['maxmessagesize: 20480'] };
  const tooLarge = makeMessage(`${header}\r\n${filler(25_000)}`);

  test('bounces a message that exceeds it before anything of it is sent, and keeps the session', async () => {
    await using cyrus = await startCyrus(limited);
    const dialogue = recordDialogue();
    const agent = testAgent({}, dialogue);
    const outcome = await deliverTo(cyrus.destination, three, agent, { message: tooLarge });
    assert.deepEqual(shortVerdicts(outcome), ['bounced 5.3.4', 'bounced 5.3.4', 'bounced 5.3.4']);
    assert.match(outcome.verdicts[0]?.text ?? '', /^message size 25\d\d\d exceeds size limit 20480 of server 127\.0/);
    assert.deepEqual(commandsLike(dialogue.commands(), 'MAIL'), []);
    const next = await deliverTo(cyrus.destination, three, agent);
    assert.deepEqual(shortVerdicts(next), ['sent 2.1.5', 'sent 2.1.5', 'sent 2.1.5']);
    assert.deepEqual(commandsLike(dialogue.commands(), 'LHLO'), []);
  });

  test('causes one 552 for three recipients if it was not declared: it may belong to any of them, and all are in doubt', async () => {
    await using cyrus = await startCyrus(limited);
    const dialogue = recordDialogue();
    const agent = testAgent(
      { lmtp_discard_lhlo_keywords: 'size', lmtp_data_done_next_timeout: '2s', lmtp_data_done_timeout: '600s' },
      dialogue,
    );
    const begun = performance.now();
    const outcome = await deliverTo(cyrus.destination, three, agent, { message: tooLarge });
    const seconds = (performance.now() - begun) / 1000;
    assert.deepEqual(shortVerdicts(outcome), [
      'deferred 4.2.3 in doubt',
      'deferred 4.4.2 in doubt',
      'deferred 4.4.2 in doubt',
    ]);
    assert.match(outcome.verdicts[0]?.text ?? '', /said: 552 5\.2\.3 Message size \(\d+\) exceeds .* \(20480\)/);
    assert.ok(seconds >= 1.9 && seconds < 20, `it took ${seconds} s`);
    assert.partialDeepStrictEqual(outcome.shortReplies, { replies: 1, recipients: 3 });
    for (const name of ['alice', 'bob', 'carol']) assert.deepEqual(await cyrus.mailbox(name), []);

    // Cyrus would still have the old recipients in that session.
    dialogue.commands();
    const next = await deliverTo(cyrus.destination, ['alice@cyrus.test'], agent);
    assert.deepEqual(shortVerdicts(next), ['sent 2.1.5']);
    assert.equal(next.verdicts[0]?.connUse, 1);
    assert.deepEqual(commandsLike(dialogue.commands(), 'LHLO'), ['LHLO client.example']);
    assert.equal((await cyrus.mailbox('alice')).length, 1);
    assert.deepEqual(await cyrus.mailbox('bob'), []);
  });

  test('causes one 552 for one recipient, which settles it, and the session can serve the next', async () => {
    await using cyrus = await startCyrus(limited);
    const agent = testAgent({ lmtp_discard_lhlo_keywords: 'size' });
    const outcome = await deliverTo(cyrus.destination, ['alice@cyrus.test'], agent, { message: tooLarge });
    assert.deepEqual(shortVerdicts(outcome), ['bounced 5.2.3']);
    const next = await deliverTo(cyrus.destination, ['bob@cyrus.test'], agent);
    assert.deepEqual(shortVerdicts(next), ['sent 2.1.5']);
    assert.deepEqual(await cyrus.mailbox('alice'), []);
    assert.equal((await cyrus.mailbox('bob')).length, 1);
  });
});

describe('the content of a message to Cyrus', { skip }, () => {
  const refused: [string, string, RegExp][] = [
    ['with NUL in its body', `${header}\r\na\0b\r\n`, /554 5\.6\.0 Message contains NUL characters/],
    ['with an invalid header line', `${header}no header\r\n\r\nHello.\r\n`, /554 5\.6\.0 .*invalid header/],
  ];
  for (const [name, text, words] of refused) {
    test(`${name} bounces once for each recipient, and the session serves the next message`, async () => {
      await using cyrus = await startCyrus();
      const agent = testAgent();
      const outcome = await deliverTo(cyrus.destination, three, agent, { message: makeMessage(text) });
      assert.deepEqual(shortVerdicts(outcome), ['bounced 5.6.0', 'bounced 5.6.0', 'bounced 5.6.0']);
      for (const verdict of outcome.verdicts) assert.match(verdict.text, words);
      const next = await deliverTo(cyrus.destination, three, agent);
      assert.deepEqual(shortVerdicts(next), ['sent 2.1.5', 'sent 2.1.5', 'sent 2.1.5']);
      assert.equal(next.verdicts[0]?.connUse, 2);
    });
  }

  const smuggled = 'MAIL FROM:<eve@example.org>\r\nRCPT TO:<alice@cyrus.test>\r\nDATA\r\nSubject: evil\r\n\r\n';
  const ends: [string, string][] = [
    ['LF dot LF', '\n.\n'],
    ['LF dot CR LF', '\n.\r\n'],
    ['CR LF dot LF', '\r\n.\n'],
    ['CR LF dot CR LF', '\r\n.\r\n'],
    ['CR dot CR', '\r.\r'],
    ['CR LF dot CR', '\r\n.\r'],
    ['CR dot CR LF', '\r.\r\n'],
  ];
  for (const [name, end] of ends) {
    test(`cannot end early: the text after ${name} stays in the message`, async () => {
      await using cyrus = await startCyrus();
      const dialogue = recordDialogue();
      const text = `${header}\r\nbefore${end}${smuggled}after${end}`;
      const agent = testAgent({}, dialogue);
      const outcome = await deliverTo(cyrus.destination, ['alice@cyrus.test'], agent, { message: makeMessage(text) });
      assert.deepEqual(shortVerdicts(outcome), ['sent 2.1.5']);
      // Had Cyrus read a line of the content as a command, there would be further replies before that of this
      // RSET.
      assert.deepEqual(shortVerdicts(await deliverTo(cyrus.destination, ['bob@cyrus.test'], agent)), ['sent 2.1.5']);
      assert.match(dialogue.replies().join('\n'), /354 go ahead\n250 2\.1\.5 Success \S+\n250 2\.0\.0 Ok/);
      const messages = await cyrus.mailbox('alice');
      assert.equal(messages.length, 1);
      // On its way a bare LF becomes CRLF, a bare CR a blank; one at the very end begins the missing line
      // end.
      const canonical = text.replace(/\r(?!\n|$)/g, ' ').replace(/(?<!\r)\n|\r$/g, '\r\n');
      assert.equal(withoutTrace(messages[0]), canonical);
    });
  }
});
