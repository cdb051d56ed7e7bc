import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readIncoming } from '../../functions/incoming/read-incoming.ts';
import type { Reading } from '../../functions/incoming/reading.ts';
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
  authentication: { spf: 'PASS', dkim: 'GRAY', dmarc: 'FAIL' },
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
  const none = { spfVerdict: undefined, dkimVerdict: undefined, dmarcVerdict: undefined };
  assert.ok(!('authentication' in readRequest({ receipt: none })));
  assert.deepEqual(readRequest({ receipt: { ...none, spfVerdict: { status: 'FAIL' } } }).authentication, {
    spf: 'FAIL',
  });
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
    'a time that is not a time': [sesNotification({ timestamp: 'yesterday' }), /^mail\.timestamp: "yesterday" is not/],
    'a day that does not exist': [
      sesNotification({ timestamp: '2026-02-30T08:00:00Z' }),
      /^mail\.timestamp: "2026-02-30T08:00:00Z" is not/,
    ],
    'a message in an SNS envelope that has a field twice': [
      snsEnvelope(JSON.stringify(sesNotification()).replace('"mail":', '"mail":{},"mail":')),
      /^mail: "mail" is given twice/,
    ],
    'a mail of the day after tomorrow': [
      sesNotification({ timestamp: '2026-11-24T08:00:00Z' }),
      /^arrival: .* in the future$/,
    ],
    'an SNS action': [sesNotification({ action: { type: 'SNS' } }), /^receipt\.action\.type: "SNS" .* expected "S3"/],
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
    'a verdict that is not an object': [
      sesNotification({ receipt: { spfVerdict: 'PASS' } }),
      /^receipt\.spfVerdict: "PASS" is not an object/,
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
