import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { asciiLine, field, mailDate, oneLine, wrap } from '../../functions/report/text.ts';
import { typedAddress, typedOriginal } from '../../functions/report/typed-address.ts';

test('foreign text stays on its line and does not change the text direction', () => {
  assert.equal(oneLine('a\r\nBcc: b\tc\0d\u202ee\u2028f '), 'a Bcc: b c\\u0000d\\u202ee\\u2028f');
  assert.equal(asciiLine('caf\u00e9 \u{1f4e7}'), 'caf? ?');
});

test('a long reason continues in indented lines', () => {
  const lines = wrap(`<bob@example.com>: ${'word '.repeat(30)}`, '    ');
  assert.ok(lines.length > 1 && lines.every((line) => line.length <= 76));
  assert.ok(lines.slice(1).every((line) => /^ {4}word/.test(line)));
  assert.deepEqual(wrap('x'.repeat(200), '    '), ['x'.repeat(200)]);
});

test('a field is folded at blanks, and never directly after its name', () => {
  assert.equal(field('Action', 'failed'), 'Action: failed\r\n');
  const folded = field('Diagnostic-Code', `smtp; ${'word '.repeat(40)}`);
  assert.ok(folded.split('\r\n').every((line) => line.length <= 78));
  assert.equal(folded.replace(/\r\n {4}/g, ' ').trim(), `Diagnostic-Code: smtp; ${'word '.repeat(40)}`.trim());
  const address = `${'x'.repeat(200)}@example.com`;
  assert.equal(field('Final-Recipient', `rfc822; ${address}`), `Final-Recipient: rfc822;\r\n    ${address}\r\n`);
});

test('no word makes a line that is too long for mail', () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom('x'.repeat(2000), '\u{1f4e7}'.repeat(600), 'a', ''), { maxLength: 6 }),
      (words) => {
        for (const line of field('Name', words.join(' ')).split('\r\n')) assert.ok(Buffer.byteLength(line) <= 998);
      },
    ),
  );
});

test('a time has the format of header fields', () => {
  assert.equal(mailDate(0), 'Thu, 01 Jan 1970 00:00:00 +0000');
});

describe('an address in a delivery report', () => {
  test('has its type', () => assert.equal(typedAddress('bob@example.com', false), 'rfc822; bob@example.com'));
  test('is quoted if necessary', () => assert.equal(typedAddress('a b@x', false), 'rfc822; "a b"@x'));
  test('is UTF-8 if that can be sent', () => assert.equal(typedAddress('j\u00f6@x', true), 'utf-8; j\u00f6@x'));
  test('is encoded otherwise: characters beyond ASCII, and those that the encoding itself uses', () => {
    assert.equal(typedAddress('j\u00f6+a=b@x', false), 'utf-8; j\\x{F6}\\x{2B}a\\x{3D}b@x');
    assert.equal(
      typedAddress('\u{1f4e7} @x', false),
      'utf-8; \\x{22}\\x{1F4E7}\\x{20}\\x{22}@x'.replaceAll('\\x{22}', '"'),
    );
  });
  test('keeps the type of its ORCPT, unless that type cannot represent it', () => {
    assert.equal(typedOriginal('x400;/C=de/', false), 'x400; /C=de/');
    assert.equal(typedOriginal('rfc822;j\u00f6@x', true), 'utf-8; j\u00f6@x');
  });
});
