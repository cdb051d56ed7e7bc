/** Asks a server for its replies to an envelope, without sending mail. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { probeRecipients } from '../../functions/lmtp/recipient-probe.ts';
import { converse } from '../support/converse.ts';
import { offers } from '../support/offers.ts';

const envelope = { sender: '', recipients: [{ address: 'a@x.test' }, { address: 'b@x.test' }], smtputf8: false };
const ask = (transcript: string, offered = offers('PIPELINING')) =>
  converse(probeRecipients(envelope, offered), transcript).result;

test('MAIL and each RCPT are sent one after another, then RSET, and never DATA', () => {
  const { mail, recipients, interruption } = ask(`
    C: MAIL FROM:<>
    S: 250 2.1.0 ok
    C: RCPT TO:<a@x.test>
    S: 250 2.1.5 ok
    C: RCPT TO:<b@x.test>
    S: 550 5.1.1 unknown
    C: RSET
    S: 250 2.0.0 ok
  `);
  assert.equal(mail?.code, 250);
  assert.deepEqual(
    recipients.map(({ code }) => code),
    [250, 550],
  );
  assert.equal(interruption, undefined);
});

test('after a refused MAIL no RCPT is sent', () => {
  const { mail, recipients } = ask('C: MAIL FROM:<>\n S: 550 5.7.1 no');
  assert.equal(mail?.code, 550);
  assert.deepEqual(recipients, []);
});

test('after a server closes nothing more is sent', () => {
  const { recipients } = ask('C: MAIL FROM:<>\n S: 250 ok\n C: RCPT TO:<a@x.test>\n S: 421 4.3.2 going down');
  assert.deepEqual(
    recipients.map(({ code }) => code),
    [421],
  );
});

describe('replies received before the connection broke are final:', () => {
  const begun = 'C: MAIL FROM:<>\n S: 250 ok\n C: RCPT TO:<a@x.test>\n S: 250 ok\n';
  for (const [where, transcript, stage, replies] of [
    ['at MAIL', 'C: MAIL FROM:<>\n S: (lost)', 'MAIL', 0],
    ['at the second RCPT', `${begun} C: RCPT TO:<b@x.test>\n S: (timeout)`, 'RCPT', 1],
    ['at RSET', `${begun} C: RCPT TO:<b@x.test>\n S: 250 ok\n C: RSET\n S: (lost)`, 'RSET', 2],
  ] as const) {
    test(where, () => {
      const { recipients, interruption } = ask(transcript);
      assert.equal(recipients.length, replies);
      assert.equal(interruption?.stage, stage);
    });
  }
});
