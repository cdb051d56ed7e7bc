import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { findControl } from '../../functions/smtp/control-characters.ts';
import { addressFault, addressLimit, isAscii, quoteAddress, splitAddress } from '../../functions/smtp/path.ts';

describe('an address is sent unchanged, or with its local part quoted', () => {
  for (const [address, wire] of [
    ['', ''],
    ['bob@example.com', 'bob@example.com'],
    ['Bob.O-Ne_1@example.com', 'Bob.O-Ne_1@example.com'],
    ["o'brien+list=a/b@example.com", "o'brien+list=a/b@example.com"],
    ['!#$%&*?^`{|}~@example.com', '!#$%&*?^`{|}~@example.com'],
    ['bob', 'bob'],
    ['bob one', '"bob one"'],
    ['bob one@example.com', '"bob one"@example.com'],
    ['bob..one@example.com', '"bob..one"@example.com'],
    ['.bob@example.com', '".bob"@example.com'],
    ['bob.@example.com', '"bob."@example.com'],
    ['@example.com', '""@example.com'],
    ['bob@', 'bob@'],
    ['a@b@example.com', '"a@b"@example.com'],
    ['a,b@example.com', '"a,b"@example.com'],
    ['a>b@example.com', '"a>b"@example.com'],
    ['say "hi"@example.com', '"say \\"hi\\""@example.com'],
    ['back\\slash@example.com', '"back\\\\slash"@example.com'],
    ['"already quoted"@example.com', '"already quoted"@example.com'],
    ['"half@example.com', '"\\"half"@example.com'],
    ['"a" b@example.com', '"\\"a\\" b"@example.com'],
    ['bob@[10.0.0.1]', 'bob@[10.0.0.1]'],
    ['jürgen@exämple.com', 'jürgen@exämple.com'],
    ['😀@example.com', '😀@example.com'],
  ] as const) {
    test(JSON.stringify(address), () => assert.equal(quoteAddress(address), wire));
  }
});

test('an address is split at its last @', () => {
  assert.deepEqual(splitAddress('a@b@c'), { localPart: 'a@b', domain: 'c' });
  assert.deepEqual(splitAddress('a@'), { localPart: 'a', domain: '' });
  assert.deepEqual(splitAddress('@c'), { localPart: '', domain: 'c' });
  assert.deepEqual(splitAddress('postmaster'), { localPart: 'postmaster', domain: '' });
  assert.deepEqual(splitAddress(''), { localPart: '', domain: '' });
});

describe('an address that an envelope cannot contain is refused with its fault', () => {
  for (const [address, fault] of [
    ['', /^is empty$/],
    ['bob\r\nDATA@example.com', /control character U\+000D/],
    ['bob\nDATA@example.com', /control character U\+000A/],
    ['bob\0@example.com', /control character U\+0000/],
    ['bob\t@example.com', /control character U\+0009/],
    ['bob\u007f@example.com', /control character U\+007F/],
    ['bob@example.com\r', /control character U\+000D/],
    ['bob\u0085@example.com', /control character U\+0085/],
    ['bob\u202egro@example.com', /control character U\+202E/],
    ['bob@exam\u200fple.com', /control character U\+200F/],
    ['bob\u2028@example.com', /control character U\+2028/],
    ['bob\ud800@example.com', /Unicode/],
    [`${'x'.repeat(addressLimit)}@example.com`, /longer than 1000 octets/],
    [`${'ä'.repeat(addressLimit / 2)}@example.com`, /longer than 1000 octets/],
    ['<bob@example.com>', /without < and >/],
    ['bob@example.com> SIZE=1', /domain/],
    ['bob@example.com> NOTIFY=NEVER', /domain/],
    ['bob@exam ple.com', /domain/],
    ['bob@<example.com', /domain/],
    ['bob@"example".com', /domain/],
  ] as const) {
    test(JSON.stringify(address.slice(0, 40)), () => assert.match(addressFault(address) ?? 'no fault', fault));
  }
});

test('odd but harmless addresses are accepted', () => {
  for (const address of [
    'bob@example.com',
    'bob',
    'bob one@example.com',
    '"bob one"@example.com',
    'a>b@example.com',
    'jürgen@exämple.com',
    'bob@[IPv6:2001:db8::1]',
    'bob@[10.0.0.1]',
    'bob@under_score.example',
    `${'x'.repeat(addressLimit - '@example.com'.length)}@example.com`,
  ]) {
    assert.equal(addressFault(address), undefined, address.slice(0, 40));
  }
});

test('only US-ASCII needs no SMTPUTF8', () => {
  assert.equal(isAscii('bob@example.com'), true);
  assert.equal(isAscii(''), true);
  assert.equal(isAscii('jürgen@example.com'), false);
  assert.equal(isAscii('bob@\u0080'), false);
});

/** Parses `<path> parameters` as a server does: the path ends at the first `>` outside a quoted string. */
function readPath(argument: string): { readonly path: string; readonly rest: string } | undefined {
  const match = /^<((?:"(?:[^"\\]|\\.)*"|[^">])*)>(.*)$/su.exec(argument);
  return match === null ? undefined : { path: match[1] ?? '', rest: match[2] ?? '' };
}

const oddText = fc.string({
  unit: fc.constantFrom('a', '@', '"', '\\', '<', '>', ' ', '.', 'ä', '\r', '\n', '\0', ':'),
});

test('no accepted address ends its command line, or its angle brackets, early', () => {
  fc.assert(
    fc.property(fc.oneof(oddText, fc.string({ unit: 'binary' })), (address) => {
      if (addressFault(address) !== undefined) return;
      const wire = quoteAddress(address);
      assert.equal(findControl(wire), undefined);
      assert.deepEqual(readPath(`<${wire}>`), { path: wire, rest: '' });
    }),
    { numRuns: 5000 },
  );
});
