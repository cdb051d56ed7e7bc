import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { makeEnvelope, missingCapability, type Posting } from '../../functions/delivery/envelope.ts';
import { unseenContent } from '../../functions/delivery/message.ts';
import { parseParameters } from '../../functions/parameters/parameters.ts';
import type { Delivery } from '../../functions/request/delivery.ts';
import { makeMessage } from '../support/delivery-agent.ts';
import { offers } from '../support/offers.ts';

const posting = (delivery: Partial<Delivery> = {}, given: Partial<Posting> = {}): Posting => ({
  delivery: {
    sender: 'alice@example.org',
    destination: 'mail.example',
    recipients: [{ address: 'a@x' }, { address: 'b@x' }, { address: 'c@x' }],
    ...delivery,
  },
  message: makeMessage(),
  parameters: parseParameters({}),
  ...given,
});

test('an envelope contains the recipients of this attempt, in their order', () => {
  const { recipients } = makeEnvelope(posting(), [2, 0]);
  assert.deepEqual(
    recipients.map(({ address }) => address),
    ['c@x', 'a@x'],
  );
});

test('the original recipient is always sent: as submitted, or the address before rewriting, or the address', () => {
  const recipients = [
    { address: 'a@x', original: 'b@x', orcpt: 'x-y;c@x' },
    { address: 'a@x', original: 'b@x' },
    { address: 'a@x' },
    { address: 'jürgen@x' },
  ];
  assert.deepEqual(
    makeEnvelope(posting({ recipients }), [0, 1, 2, 3]).recipients.map(({ orcpt }) => orcpt),
    ['x-y;c@x', 'rfc822;b@x', 'rfc822;a@x', 'utf-8;jürgen@x'],
  );
});

describe('the content is declared', () => {
  const eightBit = makeMessage('Subject: x\n\ngrüße\n');
  const sevenBit = makeMessage();
  const unseen = { ...unseenContent(10_000_000, Buffer.from('Subject: x\n\n')), open: sevenBit.open };
  for (const [what, message, body, declared] of [
    ['as submitted', sevenBit, '7BIT', '7BIT'],
    ['as submitted', sevenBit, '8BITMIME', '8BITMIME'],
    ['not at all if it was not declared and needs nothing', sevenBit, undefined, undefined],
    ['8BITMIME if it is, whatever was said', eightBit, '7BIT', '8BITMIME'],
    ['8BITMIME if it is', eightBit, undefined, '8BITMIME'],
    ['8BITMIME if it was not inspected', unseen, undefined, '8BITMIME'],
    ['as submitted if it was not inspected', unseen, '7BIT', '7BIT'],
  ] as const) {
    test(`${what}: ${declared ?? 'nothing'}`, () => {
      const envelope = makeEnvelope(posting(body === undefined ? {} : { body }, { message }), [0]);
      assert.equal(envelope.body, declared);
    });
  }
});

test('the DSN fields of a request are sent', () => {
  const { ret, envid, recipients } = makeEnvelope(
    posting({ dsn: { ret: 'HDRS', envid: 'QQ' }, recipients: [{ address: 'a@x', notify: ['NEVER'] }] }),
    [0],
  );
  assert.deepEqual([ret, envid, recipients[0]?.notify], ['HDRS', 'QQ', ['NEVER']]);
});

test('a message larger than the server accepts is refused before anything is sent', () => {
  const message = makeMessage('x'.repeat(98));
  const trouble = (limit: number) =>
    missingCapability(posting({}, { message }), offers(`SIZE ${limit}`), {
      peer: 'mail.example[10.0.0.1]',
      isLastHost: false,
    });
  assert.equal(trouble(100), undefined);
  assert.equal(trouble(0), undefined);
  assert.deepEqual(trouble(99), {
    scope: 'message',
    status: '5.3.4',
    text: 'message size 100 exceeds size limit 99 of server mail.example[10.0.0.1]',
  });
});
