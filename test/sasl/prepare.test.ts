import assert from 'node:assert/strict';
import { test } from 'node:test';
import { preparePassword, prepareUser } from '../../functions/sasl/prepare.ts';
import { saslError } from '../support/sasl-channel.ts';

test('the examples of RFC 4013 section 3', () => {
  for (const [text, prepared] of [
    ['I\u00ADX', 'IX'],
    ['user', 'user'],
    ['USER', 'USER'],
    ['\u00AA', 'a'],
    ['\u2168', 'IX'],
  ] as const) {
    assert.equal(preparePassword(text), prepared);
    assert.equal(prepareUser(text), prepared);
  }
  for (const text of ['\u0007', '\u06271']) {
    assert.throws(() => preparePassword(text), saslError(/the password contains text that SASLprep/));
    assert.throws(() => prepareUser(text), saslError(/the user name contains text that SASLprep/));
  }
});

test('spaces of all kinds become one kind, and printable ASCII stays unchanged', () => {
  assert.equal(preparePassword('a\u00A0b\u3000c'), 'a b c');
  const ascii = Array.from({ length: 95 }, (_, at) => String.fromCharCode(0x20 + at)).join('');
  assert.equal(preparePassword(ascii), ascii);
});

test('characters unknown to Unicode 3.2 are allowed in a name, which is a query, and not in a password, which is stored', () => {
  assert.equal(prepareUser('key\u{1F511}'), 'key\u{1F511}');
  assert.throws(() => preparePassword('key\u{1F511}'), saslError(/the password/));
});

test('an empty password is allowed, an empty name is not', () => {
  assert.equal(preparePassword(''), '');
  assert.throws(() => prepareUser(''), saslError(/empty/));
  for (const text of ['\u00AD', '\u00AD\u200D']) {
    assert.throws(() => preparePassword(text), saslError(/no visible character/));
    assert.throws(() => prepareUser(text), saslError(/no visible character/));
  }
});
