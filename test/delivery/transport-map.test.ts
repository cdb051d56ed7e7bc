import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseTransportMap, TransportMapError } from '../../functions/delivery/transport-map.ts';

const parse = (text: string) => parseTransportMap(text, 'lmtp', 24);

const map = parse(`
# whose mail goes where
carol@example.com   lmtp:inet:special.internal:2424
example.com         lmtp:inet:dovecot.internal
.example.com        lmtp:inet:sub.internal:24
.deep.example.com   lmtp:inet:deep.internal:24
example.org         lmtp:[10.0.1.7]:2003,
   lmtp2.internal

  # a comment amid a table
*                   lmtp:catchall.internal
`);

describe('the destination of an address is looked up from the narrowest to the widest', () => {
  for (const [address, destination] of [
    ['carol@example.com', 'inet:special.internal:2424'],
    ['Carol@Example.COM', 'inet:special.internal:2424'],
    ['bob@example.com', 'inet:dovecot.internal'],
    ['bob@EXAMPLE.com', 'inet:dovecot.internal'],
    ['carol@mail.example.com', 'inet:sub.internal:24'],
    ['bob@a.b.example.com', 'inet:sub.internal:24'],
    ['bob@deep.example.com', 'inet:sub.internal:24'],
    ['bob@very.deep.example.com', 'inet:deep.internal:24'],
    ['bob@notexample.com', 'catchall.internal'],
    ['bob@example.org', '[10.0.1.7]:2003, lmtp2.internal'],
    ['"odd@example.com"@example.org', '[10.0.1.7]:2003, lmtp2.internal'],
    ['postmaster', 'catchall.internal'],
    ['bob@', 'catchall.internal'],
  ] as const) {
    test(address, () => assert.equal(map.find(address), destination));
  }
});

test('an address that no entry matches has no destination', () => {
  assert.equal(parse('example.com lmtp:a').find('bob@sub.example.com'), undefined);
  assert.equal(parse('.example.com lmtp:a').find('bob@example.com'), undefined);
  assert.equal(parse('').find('bob@example.com'), undefined);
});

test('a name of JavaScript is an address like any other', () => {
  assert.equal(parse('example.com lmtp:a').find('constructor'), undefined);
  assert.equal(parse('__proto__ lmtp:a').find('bob@__proto__'), 'a');
});

test('the destinations of a map are known by their one name each', () => {
  assert.deepEqual([...map.destinations].sort(), [
    'inet:[10.0.1.7]:2003,inet:lmtp2.internal:24',
    'inet:catchall.internal:24',
    'inet:deep.internal:24',
    'inet:dovecot.internal:24',
    'inet:special.internal:2424',
    'inet:sub.internal:24',
  ]);
});

test('line ends may be CRLF', () => {
  assert.equal(parse('a.example lmtp:a\r\nb.example lmtp:b\r\n').find('x@a.example'), 'a');
});

test("a right-hand side may be of another transport, if that is this stack's", () => {
  assert.equal(parseTransportMap('example.com archive:inet:a', 'archive', 24).find('x@example.com'), 'inet:a');
});

describe('a line that cannot be used is refused by name', () => {
  for (const [text, reason] of [
    ['example.com', /"example\.com": a pattern, blanks and a destination/],
    ['example.com smtp:mail.internal', /must begin with lmtp:/],
    ['example.com mail.internal', /must begin with lmtp:/],
    ['example.com LMTP:mail.internal', /must begin with lmtp:/],
    ['example.com lmtp:', /"example\.com lmtp:": the destination is empty/],
    ['example.com lmtp:mail.internal:25', /port 25/],
    ['example.com :', /must begin with lmtp:/],
  ] as const) {
    test(text, () => {
      assert.throws(
        () => parse(text),
        (error) => error instanceof TransportMapError && reason.test(error.message),
      );
    });
  }
});

test('mail is ours where an entry names its address, its domain or a domain above; the entry for all the rest names nobody', () => {
  const map = parseTransportMap(
    'carol@one.test lmtp:inet:a\ntwo.test lmtp:inet:a\n.three.test lmtp:inet:a\n* lmtp:inet:a\n',
    'lmtp',
    24,
  );
  for (const address of ['Carol@One.test', 'bob@two.test', 'bob@deep.three.test']) assert.ok(map.names(address), address);
  for (const address of ['bob@one.test', 'bob@deep.two.test', 'bob@three.test', 'bob', '']) {
    assert.ok(!map.names(address), address);
  }
});
