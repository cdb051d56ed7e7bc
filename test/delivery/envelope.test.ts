import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { makeEnvelope, missingCapability, type Posting } from '../../functions/delivery/envelope.ts';
import { unseenContent } from '../../functions/delivery/message.ts';
import { prepare } from '../../functions/delivery/preparation.ts';
import { mailCommand, rcptCommand } from '../../functions/lmtp/commands.ts';
import { parseParameters } from '../../functions/parameters/parameters.ts';
import type { Delivery } from '../../functions/request/delivery.ts';
import { isAscii } from '../../functions/smtp/path.ts';
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

describe('SMTPUTF8', () => {
  const utf8Header = makeMessage('Subject: grüße\n\nx\n');
  const plain: Partial<Delivery> = { recipients: [{ address: 'a@x' }] };
  const cases: readonly (readonly [string, Partial<Delivery>, Partial<Posting>, 'required' | 'wanted' | 'none'])[] = [
    ['for addresses in US-ASCII', plain, {}, 'none'],
    ['for a sender in UTF-8', { ...plain, sender: 'jürgen@x' }, {}, 'required'],
    ['for a recipient in UTF-8', { recipients: [{ address: 'a@x' }, { address: 'b@exämple' }] }, {}, 'required'],
    ['for one, whatever the request declares', { smtputf8: false, recipients: [{ address: 'ä@x' }] }, {}, 'required'],
    ['for a header in UTF-8 that was declared', { ...plain, smtputf8: true }, { message: utf8Header }, 'required'],
    ['for a header in UTF-8 that was not declared', plain, { message: utf8Header }, 'none'],
    ['for a declaration alone', { ...plain, smtputf8: true }, {}, 'none'],
    ['for an ORCPT in UTF-8', { recipients: [{ address: 'a@x', orcpt: 'utf-8;ä@x' }] }, {}, 'wanted'],
    ['for an original recipient in UTF-8', { recipients: [{ address: 'a@x', original: 'ä@x' }] }, {}, 'wanted'],
    [
      'for an original recipient in UTF-8 that a field names',
      { recipients: [{ address: 'a@x', original: 'ä@x' }] },
      { parameters: parseParameters({ lmtp_flags: 'O' }) },
      'required',
    ],
    [
      'for a recipient in UTF-8 with smtputf8_enable=no',
      { recipients: [{ address: 'ä@x' }] },
      { parameters: parseParameters({ smtputf8_enable: 'no' }) },
      'none',
    ],
  ];
  for (const [what, delivery, given, need] of cases) {
    test(`${what} is ${need}`, () => {
      const one = posting(delivery, given);
      const { smtputf8 } = makeEnvelope(one, [0]);
      const trouble = missingCapability(one, offers('8BITMIME', 'DSN'), { peer: 'h[1]', isLastHost: true });
      assert.equal(smtputf8, need !== 'none');
      assert.equal(trouble?.status, need === 'required' ? '5.6.7' : undefined);
      assert.equal(missingCapability(one, offers('SMTPUTF8'), { peer: 'h[1]', isLastHost: true }), undefined);
    });
  }

  test('whatever is sent to a server without it is in US-ASCII, or nothing is sent', () => {
    const address = fc.constantFrom('a@x', 'ä@x', 'a@exämple', '"a b"@x', '\u{1f4ec}@x');
    const recipient = fc.record(
      { address, original: address, orcpt: address.map((text) => `utf-8;${text}`) },
      { requiredKeys: ['address'] },
    );
    const delivery = fc.record({
      sender: address,
      recipients: fc.array(recipient, { minLength: 1, maxLength: 3 }),
      smtputf8: fc.boolean(),
      dsn: fc.constantFrom({}, { envid: 'grüße' }),
    });
    fc.assert(
      fc.property(delivery, fc.constantFrom('', 'O', 'D', 'R', 'ODR'), (given, flags) => {
        const one = posting(given, { parameters: parseParameters({ lmtp_flags: flags }) });
        const offered = offers('8BITMIME', 'DSN', 'SIZE');
        if (missingCapability(one, offered, { peer: 'h[1]', isLastHost: true }) !== undefined) return;
        const preparation = prepare(one, offered, [0]);
        const envelope = makeEnvelope(one, [0], preparation);
        const lines = envelope.recipients.map((each) => rcptCommand(each, envelope, offered));
        assert.ok([mailCommand(envelope, offered), ...lines, preparation.prefix ?? ''].every(isAscii));
      }),
      { numRuns: 500 },
    );
  });
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
