/** Malformed headers as a real Postfix sends them, compared with what our agent sends of the same content. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { messageInMemory } from '../../functions/delivery/message.ts';
import { installLine } from '../support/debian-packages.ts';
import { deliverTo, testAgent } from '../support/delivery-agent.ts';
import { startLmtpSmtpServer } from '../support/lmtp-smtp-server.ts';
import { anyMalformedMail } from '../support/malformed-mail.ts';
import { canStartPostfix, startPostfix } from '../support/postfix.ts';
import { smtpSinkPackages } from '../support/smtp-sink.ts';
import { waitUntil } from '../support/wait-until.ts';

const skip = canStartPostfix() ? false : `no Postfix can be started (it needs root): ${installLine(smtpSinkPackages)}`;

/** The number of compared contents. */
const count = 400;

describe('A real Postfix in front of the same server', { skip }, () => {
  test(`sends what our agent sends, for ${count} generated messages with malformed headers`, async (t) => {
    await using server = await startLmtpSmtpServer();
    await using postfix = await startPostfix(`inet:127.0.0.1:${server.port}`);
    const contents = fc.sample(anyMalformedMail(), { numRuns: count, seed: 20_261_130 });
    await postfix.submit(contents.map((content, index) => ({ recipient: `theirs-${index}@example.com`, content })));
    const taken = (name: string) =>
      server.messages.find(({ recipients }) => recipients[0]?.address === `${name}@example.com`)?.content;
    await waitUntil('Postfix has delivered all', () => server.messages.length >= count, { within: 120_000 });
    const agent = testAgent();
    let differences = 0;
    for (const [index, content] of contents.entries()) {
      await deliverTo(server.destination, [`ours-${index}@example.com`], agent, { message: messageInMemory(content) });
      const theirs = withoutTrace(taken(`theirs-${index}`));
      const ours = taken(`ours-${index}`)?.toString('latin1');
      if (ours === theirs) continue;
      differences += 1;
      t.diagnostic(
        `${JSON.stringify(content.toString('latin1')).slice(0, 300)}: ${firstDifference(ours ?? '', theirs)}`,
      );
    }
    t.diagnostic(`${count} headers, ${differences} differences`);
    assert.equal(differences, 0);
  });
});

/** Removes the Received field that Postfix adds. */
function withoutTrace(content: Buffer | undefined): string {
  const text = content?.toString('latin1') ?? '';
  assert.match(text, /^Received: from client\.example\.org /);
  // If nothing else is left, the header of Postfix is this field alone; ours needs its empty line.
  return text.replace(/^Received: [^\r]*\r\n(?:[ \t][^\r]*\r\n)*/, '') || '\r\n';
}

/** Shows where two texts begin to differ. */
function firstDifference(ours: string, theirs: string): string {
  let at = 0;
  while (at < ours.length && ours[at] === theirs[at]) at += 1;
  const part = (text: string) => JSON.stringify(text.slice(Math.max(0, at - 20), at + 40));
  return `at ${at} of ${ours.length} and ${theirs.length}: ours ${part(ours)}, theirs ${part(theirs)}`;
}
