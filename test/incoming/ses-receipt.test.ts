import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { readIncoming } from '../../functions/incoming/read-incoming.ts';
import type { Reading } from '../../functions/incoming/reading.ts';
import type { DeliveryRequest } from '../../functions/request/request.ts';
import { type SesMail, sesMessageId, sesNotification, snsEnvelope } from '../support/front-door-messages.ts';

const rules = { allowFiles: false, defaultPort: 24, now: Date.UTC(2026, 10, 22, 8), messageBucket: 'messages' };

/** Reads a message with one part. */
function read(value: unknown): Reading {
  const body = typeof value === 'string' ? value : JSON.stringify(value);
  const [part, ...others] = readIncoming({ messageId: 'sqs-1', body, sent: rules.now }, rules);
  assert.deepEqual([part?.name, part?.body, others], ['sqs-1', body, []]);
  assert.ok(part !== undefined);
  return part.reading;
}

/** Reads a message that must be a request. */
function readRequest(mail: SesMail) {
  const reading = read(sesNotification(mail));
  assert.equal(reading.kind, 'request');
  assert.ok(reading.kind === 'request');
  return reading.request;
}

const expected = {
  id: sesMessageId,
  arrival: Date.UTC(2026, 10, 22, 7, 59, 30),
  sender: 'alice@example.org',
  recipients: [{ address: 'bob@example.com' }],
  message: { bucket: 'messages', key: `ses/${sesMessageId}` },
  authentication: { spf: 'PASS', dkim: 'GRAY', dmarc: 'FAIL', spam: 'PASS', virus: 'PASS' },
  sesMessageId,
};

for (const [how, body] of Object.entries({
  'directly, or by raw message delivery': sesNotification(),
  "in SNS's envelope": snsEnvelope(sesNotification()),
})) {
  test(`a mail that SES received is a request, announced ${how}`, () => {
    assert.deepEqual(read(body), {
      kind: 'request',
      identity: { id: sesMessageId, value: ['ses', sesMessageId] },
      request: expected,
      namesSome: true,
    });
  });
}

test('only the addresses that the rule matched are recipients, whatever the header fields say', () => {
  const { recipients } = readRequest({
    recipients: ['carol@example.com', 'bob@example.com', 'carol@example.com'],
    headerRecipients: ['mallory@example.com', 'bob@example.com'],
  });
  assert.deepEqual(
    recipients.map(({ address }) => address),
    ['carol@example.com', 'bob@example.com'],
  );
});

for (const source of ['<>', '']) {
  test(`${source === '' ? 'an empty source' : source} is the null sender`, () => {
    assert.equal(readRequest({ source }).sender, '');
  });
}

describe('the key', () => {
  for (const [what, action, key] of [
    ['has its prefix already', { objectKeyPrefix: 'in/box', objectKey: 'in/box/abc' }, 'in/box/abc'],
    ['has an empty prefix', { objectKeyPrefix: '', objectKey: 'abc' }, 'abc'],
    ['has no prefix', { objectKeyPrefix: undefined, objectKey: 'abc' }, 'abc'],
    ['lacks its prefix', { objectKeyPrefix: 'in/', objectKey: 'abc' }, 'in/abc'],
    ['is not encoded', { objectKeyPrefix: null, objectKey: 'a+b%20c' }, 'a+b%20c'],
  ] as const) {
    test(what, () => assert.deepEqual(readRequest({ action }).message, { bucket: 'messages', key }));
  }
});

test('verdicts that SES did not give are left out', () => {
  const none = {
    ...{ spfVerdict: undefined, dkimVerdict: undefined, dmarcVerdict: undefined },
    ...{ spamVerdict: undefined, virusVerdict: undefined },
  };
  assert.ok(!('authentication' in readRequest({ receipt: none })));
  assert.deepEqual(readRequest({ receipt: { ...none, spfVerdict: { status: 'FAIL' } } }).authentication, {
    spf: 'FAIL',
  });
});

describe('a field that no delivery depends on is left out if it cannot be used, with a warning', () => {
  const verdicts = { spf: 'PASS', dkim: 'GRAY', dmarc: 'FAIL', spam: 'PASS', virus: 'PASS' };
  const { dmarc: _, ...withoutDmarc } = verdicts;
  const cases: Readonly<
    Record<
      string,
      readonly [SesMail, { readonly [Name in keyof DeliveryRequest]?: DeliveryRequest[Name] | undefined }, RegExp]
    >
  > = {
    'an empty verdict': [
      { receipt: { dmarcVerdict: {} } },
      { authentication: withoutDmarc },
      /^receipt\.dmarcVerdict\.status: is missing; expected PASS/,
    ],
    'a verdict that is null': [
      { receipt: { dmarcVerdict: null } },
      { authentication: withoutDmarc },
      /^receipt\.dmarcVerdict: null is not an object/,
    ],
    'a verdict that is not an object': [
      { receipt: { dmarcVerdict: 'PASS' } },
      { authentication: withoutDmarc },
      /^receipt\.dmarcVerdict: "PASS" is not an object/,
    ],
    'a verdict in a word that SES does not document': [
      { receipt: { dmarcVerdict: { status: 'QUARANTINE' } } },
      { authentication: withoutDmarc },
      /^receipt\.dmarcVerdict\.status: "QUARANTINE" is not allowed; expected PASS/,
    ],
    'a time that is not a time': [
      { timestamp: 'yesterday' },
      { arrival: undefined },
      /^mail\.timestamp: "yesterday" is not an RFC 3339 time/,
    ],
    'a time of the day after tomorrow': [
      { timestamp: '2026-11-24T08:00:00Z' },
      { arrival: undefined },
      /^mail\.timestamp: .* in the future$/,
    ],
    'a prefix that is a number': [
      { action: { objectKeyPrefix: 7 } },
      { message: { bucket: 'messages', key: `ses/${sesMessageId}` } },
      /^receipt\.action\.objectKeyPrefix: 7 is not allowed/,
    ],
    'a key of KMS that is not a name': [
      { action: { kmsKeyArn: {} } },
      { message: { bucket: 'messages', key: `ses/${sesMessageId}` } },
      /^receipt\.action\.kmsKeyArn: \{\} is not allowed/,
    ],
  };
  for (const [what, [mail, changes, warning]] of Object.entries(cases)) {
    test(what, () => {
      const reading = read(sesNotification(mail));
      assert.ok(reading.kind === 'request');
      const { arrival, authentication, message } = reading.request;
      const { arrival: a, authentication: b, message: c } = { ...expected, ...changes };
      assert.deepEqual([arrival, authentication, message], [a, b, c]);
      assert.equal(reading.warnings?.length, 1);
      assert.match(reading.warnings?.[0] ?? '', warning);
    });
  }

  test('nothing that is carried along, whatever its value, keeps a mail from being read', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom(...carriedAlong), odd), { maxLength: 4 }), (changes) => {
        const value = JSON.parse(JSON.stringify(sesNotification()));
        for (const [path, replacement] of changes) replaceAt(value, path, replacement);
        const reading = read(value);
        assert.ok(reading.kind === 'request', JSON.stringify(reading));
        const { id, sender, recipients, message } = reading.request;
        assert.deepEqual(
          { id, sender, recipients, message },
          { id: expected.id, sender: expected.sender, recipients: expected.recipients, message: expected.message },
        );
      }),
      { numRuns: 500 },
    );
  });
});

/** The fields of a notification that no delivery depends on. */
const carriedAlong = [
  ...['mail.timestamp', 'mail.destination', 'mail.headersTruncated', 'mail.headers', 'mail.commonHeaders'],
  ...['receipt.timestamp', 'receipt.processingTimeMillis', 'receipt.spamVerdict', 'receipt.virusVerdict'],
  ...['receipt.spfVerdict', 'receipt.dkimVerdict', 'receipt.dmarcVerdict', 'receipt.dmarcPolicy'],
  ...['receipt.spamVerdict.status', 'receipt.dmarcVerdict.status', 'receipt.virusVerdict.more'],
  ...['receipt.action.topicArn', 'receipt.action.encoding', 'more', 'mail.more', 'receipt.more', 'receipt.action.more'],
];

/** Odd values. Objects and lists are small: their depth has a limit of its own. */
const odd = fc.oneof(
  fc.constantFrom<unknown>(null, {}, [], '', 0, -1, true, 'FAIL', 'pass', { status: null }, { status: {} }, [[]]),
  fc.string({ unit: 'binary' }),
  fc.jsonValue({ maxDepth: 2 }),
);

function replaceAt(value: Record<string, unknown>, path: string, replacement: unknown): void {
  const [name = '', ...rest] = path.split('.');
  const inner = value[name];
  if (rest.length === 0) value[name] = replacement;
  else if (isObject(inner)) replaceAt(inner, rest.join('.'), replacement);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

describe('the SNS action puts the mail into the notification', () => {
  const mail = 'Received: from x\r\nSubject: caf\u00e9\r\n\r\nhello\r\n';
  const content = {
    type: 'SNS',
    topicArn: 'arn:aws:sns:us-east-1:1:mail',
    bucketName: undefined,
    objectKey: undefined,
  };
  const readContent = (text: unknown, action: object = {}) =>
    read({ ...sesNotification({ action: { ...content, ...action } }), content: text });

  for (const [what, text, action] of [
    ['as UTF-8', mail, { encoding: 'UTF-8' }],
    ['in Base64', Buffer.from(mail).toString('base64'), { encoding: 'BASE64' }],
    ['in Base64 with line breaks', Buffer.from(mail).toString('base64').replace(/.{20}/g, '$&\r\n'), {}],
    ['in an encoding that the action does not name: UTF-8', mail, {}],
    ['in an encoding that the action does not name: Base64', Buffer.from(mail).toString('base64'), {}],
    ['in an encoding with another name, which is ignored', mail, { encoding: 'quoted-printable' }],
  ] as const) {
    test(what, () => {
      const reading = readContent(text, action);
      assert.ok(reading.kind === 'request', JSON.stringify(reading));
      assert.equal(String(reading.content?.octets), mail);
      assert.match(reading.content?.key ?? '', new RegExp(`^notified/${sesMessageId}/[0-9a-f]{32}\\.eml$`));
      assert.deepEqual(reading.request.message, { bucket: 'messages', key: reading.content?.key });
      assert.deepEqual(reading.identity, { id: sesMessageId, value: ['ses', sesMessageId] });
    });
  }

  test('of any octets, in Base64, is the same octets', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 300 }), (octets) => {
        const reading = readContent(Buffer.from(octets).toString('base64'), { encoding: 'BASE64' });
        assert.ok(reading.kind === 'request');
        assert.deepEqual(reading.content?.octets, Buffer.from(octets));
      }),
    );
  });

  test('with octets that UTF-8 could not carry is read, with a warning that says how to avoid it', () => {
    const reading = readContent('Subject: caf\ufffd\r\n\r\n', { encoding: 'UTF-8' });
    assert.ok(reading.kind === 'request');
    assert.match(reading.warnings?.[0] ?? '', /^content: has U\+FFFD.*set the encoding of the SNS action to Base64$/);
  });

  for (const [what, text, action, reason] of [
    ['no content', undefined, {}, /^content: is missing; expected the mail/],
    ['empty content', '', {}, /^content: "" is not allowed; expected the mail/],
    ['content that is not text', { data: 'x' }, {}, /^content: \{"data":"x"\} is not allowed/],
    ['content that is not in the encoding of the action', mail, { encoding: 'BASE64' }, /^content: is not Base64/],
  ] as const) {
    test(`with ${what} it is corrupt`, () => {
      const reading = readContent(text, action);
      assert.ok(reading.kind === 'corrupt');
      assert.match(reading.error.message, reason);
    });
  }
});

test('an SES id that is not a queue id is hashed into one', () => {
  const messageId = '<weird/id>@email.amazonses.com';
  const reading = read(sesNotification({ messageId, action: { objectKey: 'ses/x' } }));
  assert.ok(reading.kind === 'request');
  assert.match(reading.identity.id, /^ses-[0-9a-f]{40}$/);
  assert.equal(reading.request.id, reading.identity.id);
});

describe('a message that is not mail is skipped', () => {
  for (const [what, value] of Object.entries({
    "SES's setup notification": sesNotification({ messageId: 'AMAZON_SES_SETUP_NOTIFICATION' }),
    'the same in an envelope': snsEnvelope(sesNotification({ messageId: 'AMAZON_SES_SETUP_NOTIFICATION' })),
    'news that a topic is known': { notificationType: 'AmazonSnsSubscriptionSucceeded', message: 'You have ...' },
  })) {
    test(what, () => assert.equal(read(value).kind, 'skipped'));
  }
});

describe('an unusable receipt is corrupt, and its field is named', () => {
  const cases: Readonly<Record<string, readonly [unknown, RegExp]>> = {
    'mail without recipients': [sesNotification({ recipients: [] }), /^receipt\.recipients: \[\] is not allowed/],
    'mail without a receipt': [{ ...sesNotification(), receipt: undefined }, /^receipt: is missing/],
    'mail without a source': [sesNotification({ source: null }), /^mail\.source: null is not allowed/],
    'a sender with a line end': [sesNotification({ source: 'a@x\r\nRCPT' }), /^sender: .* U\+000D$/],
    'a recipient that is a number': [
      sesNotification({ receipt: { recipients: [7] } }),
      /^recipients\[0\]\.address: 7 /,
    ],
    'a message in an SNS envelope that has a field twice': [
      snsEnvelope(JSON.stringify(sesNotification()).replace('"mail":', '"mail":{},"mail":')),
      /^mail: "mail" is given twice/,
    ],
    'a Lambda action': [
      sesNotification({ action: { type: 'Lambda', functionArn: 'arn' } }),
      /^receipt\.action\.type: /,
    ],
    'an action without a bucket': [
      sesNotification({ action: { bucketName: '' } }),
      /^receipt\.action\.bucketName: "" /,
    ],
    'an action without a key': [
      sesNotification({ action: { objectKey: undefined } }),
      /^receipt\.action\.objectKey: is missing/,
    ],
    'mail that SES encrypted': [
      sesNotification({ action: { kmsKeyArn: 'arn:aws:kms:us-east-1:1:key/k' } }),
      /^receipt\.action\.kmsKeyArn: .*encrypts the mail before it stores it/,
    ],
    'a bounce of mail that was sent': [
      { notificationType: 'Bounce', bounce: {}, mail: {} },
      /^notificationType: "Bounce" tells of mail that was sent/,
    ],
    'a notification without an id': [{ ...sesNotification(), mail: {} }, /^mail\.messageId: is missing/],
    'an envelope with words in it': [snsEnvelope('Successfully validated SNS topic'), /^request: is not JSON/],
    'an envelope in an envelope': [snsEnvelope(snsEnvelope(sesNotification())), /^version: is missing/],
    'a subscription to be confirmed': [
      snsEnvelope('You have chosen to subscribe', { Type: 'SubscriptionConfirmation', Token: 'secret' }),
      /^Type: the topic arn:aws:sns:us-east-1:123456789012:mail asks to confirm its subscription/,
    ],
    'an envelope without a message': [snsEnvelope('', { Message: undefined }), /^Message: is missing/],
  };
  for (const [what, [value, reason]] of Object.entries(cases)) {
    test(what, () => {
      const reading = read(value);
      assert.ok(reading.kind === 'corrupt', reading.kind);
      assert.match(reading.error.message, reason);
    });
  }
});
