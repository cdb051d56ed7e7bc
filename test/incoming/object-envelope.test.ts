import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { decodeWords, EncodedWordError } from '../../functions/incoming/encoded-words.ts';
import { type Metadata, readObjectEnvelope } from '../../functions/incoming/object-envelope.ts';

const rules = { allowFiles: false, defaultPort: 24, now: Date.UTC(2026, 10, 22, 8) };
const identity = { id: 's3-1', value: ['s3'] };
const object = { bucket: 'messages', key: 'drop/a.eml', versionId: 'v1', arrival: '2026-11-22T07:59:30.000Z' };
const smallest = { sender: 'alice@example.org', recipients: 'bob@example.com' };

const read = (metadata: Metadata) => readObjectEnvelope(identity, object, metadata, rules);
const addressesOf = (recipients: string) => read({ ...smallest, recipients }).recipients.map(({ address }) => address);

test('sender and recipients in the metadata make a request', () => {
  assert.deepEqual(read({ ...smallest, 'content-language': 'de' }), {
    id: 's3-1',
    arrival: Date.UTC(2026, 10, 22, 7, 59, 30),
    sender: 'alice@example.org',
    recipients: [{ address: 'bob@example.com' }],
    message: { bucket: 'messages', key: 'drop/a.eml', versionId: 'v1' },
  });
});

test('other fields of a request are accepted beside them', () => {
  const all = {
    ...smallest,
    recipients: 'bob@example.com, carol@example.com',
    destination: 'inet:lmtp.internal:24',
    body: '8BITMIME',
    smtputf8: 'no',
    ret: 'HDRS',
    envid: 'QQ314159',
    notify: 'FAILURE, DELAY',
    spf: 'PASS',
    dmarc: 'FAIL',
  };
  assert.partialDeepStrictEqual(read(all), {
    destination: 'inet:lmtp.internal:24',
    body: '8BITMIME',
    smtputf8: false,
    dsn: { ret: 'HDRS', envid: 'QQ314159' },
    recipients: ['bob@example.com', 'carol@example.com'].map((address) => ({ address, notify: ['FAILURE', 'DELAY'] })),
    authentication: { spf: 'PASS', dmarc: 'FAIL' },
  });
});

for (const sender of ['', '<>']) {
  test(`the sender ${sender === '' ? 'that is empty' : sender} is the null sender`, () => {
    assert.equal(read({ ...smallest, sender }).sender, '');
  });
}

describe('recipients are separated by commas', () => {
  for (const [text, addresses] of [
    ['a@x', ['a@x']],
    ['a@x,b@x', ['a@x', 'b@x']],
    [' a@x ,, b@x, ', ['a@x', 'b@x']],
    ['"a,b"@x,c@x', ['"a,b"@x', 'c@x']],
    ['"a\\",b"@x,c@x', ['"a\\",b"@x', 'c@x']],
    ['"a,b@x,c@x', ['"a,b@x,c@x']],
  ] as const) {
    test(text, () => assert.deepEqual(addressesOf(text), addresses));
  }
});

test('an address beyond US-ASCII is read in whatever form S3 returns it', () => {
  for (const recipients of [
    'b\u00f6b@example.com',
    '=?UTF-8?Q?b=C3=B6b=40example.com?=',
    'b\u00c3\u00b6b@example.com',
  ]) {
    const request = read({ ...smallest, recipients });
    assert.equal(request.recipients[0]?.address, 'b\u00f6b@example.com');
  }
});

describe('a missing or wrong field is named', () => {
  const cases: Readonly<Record<string, readonly [Metadata, RegExp]>> = {
    'no envelope at all': [{}, /^x-amz-meta-sender: is missing in the object's metadata; expected the envelope sender/],
    'no recipients': [{ sender: 'a@x' }, /^x-amz-meta-recipients: is missing in the object's metadata/],
    'no recipient between the commas': [{ sender: 'a@x', recipients: ' , ' }, /^recipients: \[\] is not allowed/],
    'a sender with a control character': [{ ...smallest, sender: '=?utf-8?q?a=0D=0Ab?=' }, /^sender: .* U\+000D$/],
    'an unknown charset': [
      { ...smallest, sender: '=?klingon?q?a?=' },
      /^x-amz-meta-sender: "=\?klingon\?q\?a\?=" cannot be decoded$/,
    ],
    'octets that are not UTF-8': [
      { ...smallest, sender: '=?utf-8?q?=FF?=' },
      /^x-amz-meta-sender: .* cannot be decoded$/,
    ],
    'a switch that is neither yes nor no': [
      { ...smallest, smtputf8: 'perhaps' },
      /^x-amz-meta-smtputf8: "perhaps" is not allowed/,
    ],
    'an unknown body': [{ ...smallest, body: 'BINARYMIME' }, /^body: "BINARYMIME" is not allowed/],
    'an invalid destination': [{ ...smallest, destination: 'inet:x:99999' }, /^destination: /],
    'a property name of JavaScript': [
      Object.create({ sender: 'a@x', recipients: 'b@x' }),
      /^x-amz-meta-sender: is missing/,
    ],
  };
  for (const [what, [metadata, reason]] of Object.entries(cases)) {
    test(what, () => assert.throws(() => read(metadata), { message: reason }));
  }
});

describe('encoded words', () => {
  for (const [value, text] of [
    ['plain', 'plain'],
    ['=?UTF-8?B?Y2Fmw6k=?=', 'caf\u00e9'],
    ['=?iso-8859-1?q?caf=E9_x?=', 'caf\u00e9 x'],
    ['=?UTF-8?Q?a?= \t=?utf-8?b?Yg==?=', 'ab'],
    ['=?utf-8*en?q?a?= b', 'a b'],
    // As in S3's own documentation: UTF-8 that was read as Latin-1 and encoded once more.
    ['=?UTF-8?B?w4PChE1Bw4PChE1B?=', '\u00c4MA\u00c4MA'],
    ['caf\u00e9', 'caf\u00e9'],
    ['=?', '=?'],
    ['=?utf-8?x?a?=', '=?utf-8?x?a?='],
  ] as const) {
    test(value, () => assert.equal(decodeWords(value), text));
  }

  test('every encoded text is decoded again, and other input raises no other error', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const encoded = `=?UTF-8?B?${Buffer.from(text).toString('base64')}?=`;
        const doubly = Buffer.from(text).toString('latin1');
        // Latin-1 text whose octets happen to be UTF-8 cannot be distinguished from text that S3 misread.
        if (/^[\u0000-\u00ff]*$/.test(text) && /[\u0080-\u00ff]/.test(text)) return;
        assert.equal(decodeWords(encoded), text);
        if (!doubly.includes('=?')) assert.equal(decodeWords(doubly), text);
      }),
    );
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('=', '?', 'q', 'B', 'u', ' ', 'F', '\u00e9') }), (text) => {
        try {
          decodeWords(text);
        } catch (error) {
          assert.ok(error instanceof EncodedWordError);
        }
      }),
    );
  });
});
