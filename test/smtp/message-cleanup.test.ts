/** Malformed headers, repaired as Postfix's smtpd(8) and cleanup(8) repair them. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { cleanContent, MessageCleanup, postfixCleanup } from '../../functions/smtp/message-cleanup.ts';
import { anyMalformedMail } from '../support/malformed-mail.ts';

/** The result for each content; Debian's Postfix 3.7 gave the same. */
const repairs: readonly (readonly [name: string, content: string, cleaned: string])[] = [
  ['a leading From line becomes a field', 'From a Mon\nTo: b\n\nc\n', 'X-Mailbox-Line: From a Mon\nTo: b\n\nc\n'],
  [
    'each of several leading From lines becomes a field',
    '>>From a\nFrom b\nTo: c\n\n',
    'X-Mailbox-Line: >>From a\nX-Mailbox-Line: From b\nTo: c\n\n',
  ],
  ['a From line after a field ends the header', 'To: a\nFrom b\nTo: c\n\n', 'To: a\n\nFrom b\nTo: c\n\n'],
  ['a leading continuation line gets an empty line before it', ' a\nTo: b\n\n', '\n a\nTo: b\n\n'],
  [
    'a continuation line after a From line gets an empty line before it',
    'From a\n b: c\n',
    'X-Mailbox-Line: From a\n\n b: c\n',
  ],
  [
    'the first line that is not a field gets an empty line before it',
    'To: a\nhello\nTo: b\n',
    'To: a\n\nhello\nTo: b\n',
  ],
  ['a message without a header begins with an empty line', 'hello\nTo: a\n', '\nhello\nTo: a\n'],
  ['an empty message is an empty line', '', '\r\n'],
  ['blanks before the colon are removed', 'Subject \t: a\n b : c\n\nd : e\n', 'Subject: a\n b : c\n\nd : e\n'],
  ['a line that begins with a colon is not a field', ': a\n\n', '\n: a\n\n'],
  ['a name with a blank inside is not a field', 'a b: c\n', '\na b: c\n'],
  ['a name with an octet above 127 or a control character is not a field', 'caf\u00e9: c\n', '\ncaf\u00e9: c\n'],
  [
    'fields of message_drop_headers are removed with their continuation lines',
    'BCC: a,\n b\nReturn-Path: <c>\nTo: d\n\n',
    'To: d\n\n',
  ],
  ['a NUL removes the rest of its line from a field', 'To: a\0b\n c\0d\nX: e\n\nf\0g\n', 'To: a\n c\nX: e\n\nf\0g\n'],
  ['a message that ends with its header stays unchanged', 'To: a', 'To: a'],
  [
    'the headers of parts are cleaned too, and keep their Bcc',
    'Content-Type: multipart/mixed; boundary=q\n\n--q\nBcc : a\n\nb : c\n--q--\n',
    'Content-Type: multipart/mixed; boundary=q\n\n--q\nBcc: a\n\nb : c\n--q--\n',
  ],
  [
    'the header of an enclosed message is cleaned too',
    'Content-Type: message/rfc822\n\nTo : a\nb\n',
    'Content-Type: message/rfc822\n\nTo: a\nb\n',
  ],
];

describe('A malformed header', () => {
  for (const [name, content, cleaned] of repairs) {
    test(name, () => {
      assert.equal(cleanContent(Buffer.from(content, 'latin1')).toString('latin1'), cleaned);
    });
  }

  test('is truncated at header_size_limit within a field', () => {
    const rules = { ...postfixCleanup, headerSizeLimit: 20 };
    const content = Buffer.from('X: 345678\n 234567890\n gone\nTo: a\n\n');
    assert.equal(cleanContent(content, rules).toString(), 'X: 345678\n 234567890\nTo: a\n\n');
  });
});

describe('Cleaning', () => {
  test('gives the same octets in any chunking', () => {
    fc.assert(
      fc.property(anyMalformedMail(), fc.array(fc.nat(80), { maxLength: 20 }), (content, cuts) => {
        const cleanup = new MessageCleanup(postfixCleanup);
        const chunks: Buffer[] = [];
        let at = 0;
        for (const length of cuts) {
          chunks.push(cleanup.push(content.subarray(at, at + length)));
          at = Math.min(content.length, at + length);
        }
        chunks.push(cleanup.push(content.subarray(at)), cleanup.end());
        assert.deepEqual(Buffer.concat(chunks), cleanContent(content));
      }),
      { numRuns: 500 },
    );
  });

  test('changes nothing in a clean message', () => {
    fc.assert(
      fc.property(anyMalformedMail(), (content) => {
        const cleaned = cleanContent(content);
        assert.deepEqual(cleanContent(cleaned), cleaned);
      }),
      { numRuns: 500 },
    );
  });
});
