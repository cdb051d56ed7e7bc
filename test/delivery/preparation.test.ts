/** Preparation of a message for delivery: added header fields, loop detection, and the form that a server needs. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { deliverTo, makeMessage, shortVerdicts, testAgent } from '../support/delivery-agent.ts';
import { type ServerScript, startScriptedServer } from '../support/scripted-server.ts';

async function play(
  text: string,
  recipients: readonly string[],
  parameters: Record<string, string> = {},
  script: ServerScript = {},
) {
  await using server = await startScriptedServer(script);
  const agent = testAgent({ lmtp_cache_connection: 'no', ...parameters });
  const outcome = await deliverTo(`[127.0.0.1]:${server.port}`, recipients, agent, { message: makeMessage(text) });
  await server.settled(1000);
  const commands = server.transcript().flatMap((connection) => connection.commands);
  return {
    outcome,
    verdicts: shortVerdicts(outcome),
    contents: server.rawContents.map((content) => content.toString('latin1')),
    mails: commands.filter((command) => command.startsWith('MAIL')),
  };
}

describe('lmtp_flags', () => {
  test('D, O and R add header fields, for one recipient in each transaction, and SIZE includes them', async () => {
    const { verdicts, contents, mails } = await play(
      'Subject: x\n\nbody\n',
      ['a@x', 'b@x'],
      { lmtp_flags: 'DOR', lmtp_destination_recipient_limit: '1' },
      { capabilities: ['PIPELINING', 'SIZE'] },
    );
    assert.deepEqual(verdicts, ['sent 2.0.0', 'sent 2.0.0']);
    const [first = '', second = ''] = contents;
    assert.match(
      first,
      /^Return-Path: <[^>]*>\r\nX-Original-To: a@x\r\nDelivered-To: a@x\r\nSubject: x\r\n\r\nbody\r\n$/,
    );
    assert.match(second, /Delivered-To: b@x\r\n/);
    assert.match(mails[0] ?? '', new RegExp(` SIZE=${first.length}( |$)`));
  });

  test('D bounces a message that was delivered there before, without a connection', async () => {
    const looping = 'Delivered-To: other@x\nDelivered-To:\n A@x\nSubject: x\n\nDelivered-To: b@x\n';
    const { verdicts, outcome } = await play(looping, ['a@x', 'b@x'], {
      lmtp_flags: 'D',
      lmtp_destination_recipient_limit: '1',
    });
    assert.deepEqual(verdicts, ['bounced 5.4.6', 'sent 2.0.0']);
    assert.equal(outcome.verdicts[0]?.text, 'mail forwarding loop for a@x');
    assert.equal(outcome.verdicts[0]?.relay, undefined);
  });

  test('add nothing when they are empty', async () => {
    assert.deepEqual((await play('Subject: x\n\nbody\n', ['a@x'])).contents, ['Subject: x\r\n\r\nbody\r\n']);
  });
});

describe('a server without 8BITMIME', () => {
  const plain: ServerScript = { capabilities: ['PIPELINING', 'SIZE'] };
  const eightBit =
    'MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\ngr\u00fc\u00dfe\n';

  test('gets 8-bit parts as quoted-printable, without a SIZE that could be wrong', async () => {
    const { verdicts, contents, mails } = await play(eightBit, ['a@x'], {}, plain);
    assert.deepEqual(verdicts, ['sent 2.0.0']);
    assert.match(contents[0] ?? '', /Content-Transfer-Encoding: quoted-printable\r\n\r\ngr=C3=BC=C3=9Fe\r\n$/);
    assert.doesNotMatch(mails[0] ?? '', /SIZE=|BODY=/);
  });

  test('gets the message unchanged, where disable_mime_output_conversion=yes', async () => {
    const { contents } = await play(eightBit, ['a@x'], { disable_mime_output_conversion: 'yes' }, plain);
    assert.match(contents[0] ?? '', /8bit\r\n\r\ngr\u00c3\u00bc\u00c3\u009fe\r\n$/);
  });

  test('gets no dot after content that is nested too deep to be converted: it bounces', async () => {
    const nest = (depth: number): string =>
      depth === 0
        ? 'Content-Transfer-Encoding: 8bit\n\ngr\u00fc\u00dfe\n'
        : `Content-Type: multipart/mixed; boundary=b${depth}\n\n--b${depth}\n${nest(depth - 1)}\n--b${depth}--\n`;
    const { verdicts, outcome, contents } = await play(
      `MIME-Version: 1.0\n${nest(9)}`,
      ['a@x'],
      { mime_nesting_limit: '3' },
      plain,
    );
    assert.deepEqual(verdicts, ['bounced 5.6.0']);
    assert.match(outcome.verdicts[0]?.text ?? '', /nesting/);
    assert.equal(contents.join(''), '');
  });
});
