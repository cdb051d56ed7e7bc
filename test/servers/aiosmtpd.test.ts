/** Mail to Python's aiosmtpd, whose handlers often answer once for all recipients. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { aiosmtpdPackages, isAiosmtpdInstalled, startAiosmtpd } from '../support/aiosmtpd.ts';
import { installLine } from '../support/debian-packages.ts';
import { deliverTo, makeMessage, shortVerdicts, testAgent } from '../support/delivery-agent.ts';

const skip = isAiosmtpdInstalled() ? false : `aiosmtpd is not installed: ${installLine(aiosmtpdPackages)}`;

const three = ['a@x.test', 'b@x.test', 'c@x.test'] as const;

/** Short time-outs instead of a minute for a reply that never comes. */
const hurried = { lmtp_data_done_next_timeout: '1s' };

describe('aiosmtpd with a handler that answers each recipient', { skip }, () => {
  test('gives each its verdict, with a status of ours if it sends none', async () => {
    await using server = await startAiosmtpd({
      rcpt: { 'no@x.test': '550 no such user', 'full@x.test': '452 4.2.2 full' },
      final: { 'b@x.test': '554 refused', 'c@x.test': '250 2.1.5 stored' },
    });
    const outcome = await deliverTo(
      server.destination,
      ['a@x.test', 'no@x.test', 'full@x.test', 'b@x.test', 'c@x.test'],
      testAgent(),
    );
    assert.deepEqual(shortVerdicts(outcome), [
      'sent 2.0.0',
      'bounced 5.0.0',
      'deferred 4.2.2',
      'bounced 5.0.0',
      'sent 2.1.5',
    ]);
    assert.equal(outcome.verdicts[0]?.text, '250 OK');
    assert.deepEqual((await server.messages())[0]?.recipients, three);
  });

  test('gets one command at a time, since it has no PIPELINING, and accepts several messages on one session', async () => {
    await using server = await startAiosmtpd();
    const turns: string[] = [];
    const agent = testAgent({}, { transcript: (side) => turns.push(side) });
    for (const use of [1, 2, 3]) {
      const outcome = await deliverTo(server.destination, three, agent);
      assert.deepEqual(shortVerdicts(outcome), ['sent 2.0.0', 'sent 2.0.0', 'sent 2.0.0']);
      assert.equal(outcome.verdicts[0]?.connUse, use);
    }
    // Greeting, LHLO and its lines; then MAIL, three RCPTs, DATA, content and its dot, three replies; RSET closes each.
    assert.match(turns.join(''), /^SCS+(?:(?:CS){5}CCSSSCS){3}$/);
  });

  test('gets the content unchanged but for long lines, which are folded since it refuses those over 1000 octets', async () => {
    await using server = await startAiosmtpd();
    const text = 'Subject: test\r\n\r\n.\r\n..\r\ncaf\u00e9\r\n';
    const long = 'y'.repeat(2500);
    const message = makeMessage(`${text}${long}\r\n`);
    const outcome = await deliverTo(server.destination, ['a@x.test'], testAgent(), { message });
    assert.deepEqual(shortVerdicts(outcome), ['sent 2.0.0']);
    const [stored] = await server.messages();
    const content = Buffer.from(stored?.content ?? '', 'latin1').toString();
    assert.ok(content.startsWith(text));
    assert.equal(content.slice(text.length).replaceAll('\r\n ', ''), `${long}\r\n`);
    assert.ok(content.split('\r\n').every((line) => line.length <= 998));
  });

  test('offers SMTPUTF8, BODY=8BITMIME and SIZE, and gets them', async () => {
    await using server = await startAiosmtpd();
    const outcome = await deliverTo(server.destination, ['zo\u00eb@x.test'], testAgent(), {
      smtputf8: true,
      message: makeMessage('Subject: test\r\n\r\ncaf\u00e9\r\n'),
      // It would refuse these with 555, but does not offer DSN.
      dsn: { ret: 'FULL', envid: 'q1' },
    });
    assert.deepEqual(shortVerdicts(outcome), ['sent 2.0.0']);
    const [message] = await server.messages();
    assert.deepEqual(message?.options.toSorted(), ['BODY=8BITMIME', 'SIZE=24', 'SMTPUTF8']);
    assert.deepEqual(message?.recipients, ['zo\u00eb@x.test']);
  });

  test('closes an idle session without a reply, which costs only a new connection', async () => {
    await using server = await startAiosmtpd({ timeout: 1 });
    const agent = testAgent();
    await deliverTo(server.destination, three, agent);
    await new Promise((resolve) => setTimeout(resolve, 1300));
    const outcome = await deliverTo(server.destination, three, agent);
    assert.deepEqual(shortVerdicts(outcome), ['sent 2.0.0', 'sent 2.0.0', 'sent 2.0.0']);
    assert.equal(outcome.verdicts[0]?.connUse, 1);
  });
});

describe('aiosmtpd with one reply for all recipients', { skip, concurrency: true }, () => {
  const replies: [string, string, string][] = [
    ['a yes', '250 OK', 'sent 2.0.0'],
    ['a refusal', '554 5.6.0 refused', 'deferred 4.6.0 in doubt'],
    ['a temporary refusal', '451 4.3.0 later', 'deferred 4.3.0 in doubt'],
  ];
  for (const [name, final, verdict] of replies) {
    test(`by ${name} settles the first if it is a 2xx, leaves the others in doubt, and ends the wait soon`, async () => {
      await using server = await startAiosmtpd({ final });
      const agent = testAgent(hurried);
      const begun = performance.now();
      const outcome = await deliverTo(server.destination, three, agent);
      const seconds = (performance.now() - begun) / 1000;
      assert.deepEqual(shortVerdicts(outcome), [verdict, 'deferred 4.4.2 in doubt', 'deferred 4.4.2 in doubt']);
      assert.ok(seconds >= 0.95 && seconds < 20, `it took ${seconds} s`);
      assert.equal((await server.messages()).length, 1);
      // A session with too few replies is not used again.
      assert.equal((await deliverTo(server.destination, ['a@x.test'], agent)).verdicts[0]?.connUse, 1);
    });
  }

  test('is correct for one recipient, and the session goes on', async () => {
    await using server = await startAiosmtpd({ final: '250 OK' });
    const agent = testAgent(hurried);
    for (const [index, recipient] of three.entries()) {
      const outcome = await deliverTo(server.destination, [recipient], agent);
      assert.deepEqual(shortVerdicts(outcome), ['sent 2.0.0']);
      assert.equal(outcome.verdicts[0]?.connUse, index + 1);
    }
  });

  test('is reported, and from then on each transaction has one recipient, which gets its verdict', async () => {
    await using server = await startAiosmtpd({ final: '250 OK' });
    const agent = testAgent(hurried);
    const { shortReplies } = await deliverTo(server.destination, three, agent);
    assert.partialDeepStrictEqual(shortReplies, { replies: 1, recipients: 3 });
    const outcome = await deliverTo(server.destination, three, agent, { oneByOne: true });
    assert.deepEqual(shortVerdicts(outcome), ['sent 2.0.0', 'sent 2.0.0', 'sent 2.0.0']);
    assert.equal(outcome.shortReplies, undefined);
    assert.deepEqual(
      (await server.messages()).slice(1).map(({ recipients }) => recipients),
      three.map((recipient) => [recipient]),
    );
  });

  test('comes from aiosmtpd itself for a message that is too large, if its SIZE is ignored', async () => {
    await using server = await startAiosmtpd({ sizeLimit: 1000 });
    const message = makeMessage(`Subject: large\r\n\r\n${'x'.repeat(98)}\r\n`.repeat(20));
    const heeded = await deliverTo(server.destination, three, testAgent(hurried), { message });
    assert.deepEqual(shortVerdicts(heeded), ['bounced 5.3.4', 'bounced 5.3.4', 'bounced 5.3.4']);
    const agent = testAgent({ ...hurried, lmtp_discard_lhlo_keywords: 'size' });
    const outcome = await deliverTo(server.destination, three, agent, { message });
    assert.deepEqual(shortVerdicts(outcome), [
      'deferred 4.0.0 in doubt',
      'deferred 4.4.2 in doubt',
      'deferred 4.4.2 in doubt',
    ]);
    assert.deepEqual(await server.messages(), []);
  });
});
