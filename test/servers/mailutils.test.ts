/**
 * Mail to the LMTP server of GNU mailutils: it accepts one message for each connection, although it accepts
 * RSET, and refuses a parameter that it announces.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { makeRequest, parseVerdicts, toJsonLines } from '../command/requests.ts';
import { installLine } from '../support/debian-packages.ts';
import { deliverTo, makeMessage, shortVerdicts, testAgent } from '../support/delivery-agent.ts';
import { runCommand } from '../support/lambda-lmtp.ts';
import { canStartMailutils, mailutilsPackages, mailutilsUsers, startMailutils } from '../support/mailutils.ts';
import { recordDialogue } from '../support/recorded-dialogue.ts';
import { makeTemporaryFolder } from '../support/temporary-folder.ts';

const skip = canStartMailutils()
  ? false
  : `only root can start GNU mailutils, where it is installed: ${installLine(mailutilsPackages)}`;

const recipients = mailutilsUsers.map((user) => `${user}@mailutils.test`);

describe('the LMTP server of GNU mailutils', { skip }, () => {
  test('files a message into each mbox and refuses unknown recipients', async () => {
    await using server = await startMailutils();
    const outcome = await deliverTo(server.destination, [...recipients, 'unknown@mailutils.test'], testAgent(), {
      message: makeMessage('Subject: test\n\n.\n..\nFrom here on\n'),
    });
    assert.deepEqual(shortVerdicts(outcome), ['sent 2.0.0', 'sent 2.0.0', 'sent 2.0.0', 'bounced 5.1.1']);
    assert.equal(outcome.verdicts[0]?.text, '250 2.0.0 games: delivered');
    for (const user of mailutilsUsers) {
      assert.match(
        await server.mbox(user),
        /^From alice@example\.org .*\nSubject: test\n(?:.*\n)*\n\.\n\.\.\n>?From here on\n/,
      );
    }
  });

  test('accepts RSET and replies 503 to the next MAIL: the message is sent over a new connection, not counted as a further session', async () => {
    await using server = await startMailutils();
    const dialogue = recordDialogue();
    const agent = testAgent({}, dialogue);
    for (const round of [1, 2, 3]) {
      const outcome = await deliverTo(server.destination, recipients, agent);
      assert.deepEqual(shortVerdicts(outcome), ['sent 2.0.0', 'sent 2.0.0', 'sent 2.0.0'], `round ${round}`);
      assert.deepEqual(
        outcome.verdicts.map(({ connUse }) => connUse),
        [1, 1, 1],
      );
      assert.equal(outcome.blame, undefined);
    }
    const commands = dialogue.commands();
    // RSET closes each transaction, even the two that ended at MAIL.
    assert.equal(commands.filter((command) => command === 'RSET').length, 5);
    assert.equal(commands.filter((command) => command.startsWith('LHLO')).length, 3);
    assert.equal(commands.filter((command) => command === '<content>').length, 3);
    assert.equal((await server.mbox('games')).match(/^Subject: test$/gm)?.length, 3);
  });

  test('behaves so that the command line shows nothing of it: every verdict is sent, without conn_use', async () => {
    await using server = await startMailutils();
    using folder = makeTemporaryFolder();
    folder.write('message.eml', 'Subject: test\n\nHello.\n');
    const request = makeRequest({ recipients: recipients.slice(0, 1), destination: server.destination });
    const { code, stdout, stderr } = await runCommand(['deliver', '--requests', '-', '--json'], {
      cwd: folder.path,
      input: toJsonLines([request, request]),
    });
    assert.deepEqual(
      parseVerdicts(stdout).map(({ status, conn_use }) => [status, conn_use]),
      [
        ['sent', undefined],
        ['sent', undefined],
      ],
    );
    assert.equal(stderr, '');
    assert.equal(code, 0);
  });

  test('announces 8BITMIME and refuses BODY=, which bounces; lmtp_discard_lhlo_keywords is the remedy', async () => {
    await using server = await startMailutils();
    const declared = { body: '8BITMIME' } as const;
    const refused = await deliverTo(server.destination, recipients, testAgent(), declared);
    assert.deepEqual(shortVerdicts(refused), ['bounced 5.1.8', 'bounced 5.1.8', 'bounced 5.1.8']);
    assert.match(refused.verdicts[0]?.text ?? '', /said: 553 5\.1\.8 Address format error \(in reply to MAIL FROM/);

    const dialogue = recordDialogue();
    const agent = testAgent({ lmtp_discard_lhlo_keywords: '8bitmime' }, dialogue);
    const outcome = await deliverTo(server.destination, recipients, agent, declared);
    assert.deepEqual(shortVerdicts(outcome), ['sent 2.0.0', 'sent 2.0.0', 'sent 2.0.0']);
    assert.equal(dialogue.commands()[1], 'MAIL FROM:<alice@example.org>');
  });
});
