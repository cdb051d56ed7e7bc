import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { parseEnding, parseOtherTransport } from '../../functions/request/route.ts';
import { parseTransportMap, TransportMapError } from '../../functions/request/transport-map.ts';

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

describe('the destination of an address is looked up from the narrowest key to the widest', () => {
  for (const [address, destination] of [
    ['carol@example.com', 'inet:special.internal:2424'],
    ['Carol@Example.COM', 'inet:special.internal:2424'],
    ['bob@example.com', 'inet:dovecot.internal:24'],
    ['bob@EXAMPLE.com', 'inet:dovecot.internal:24'],
    ['carol@mail.example.com', 'inet:sub.internal:24'],
    ['bob@a.b.example.com', 'inet:sub.internal:24'],
    ['bob@deep.example.com', 'inet:sub.internal:24'],
    ['bob@very.deep.example.com', 'inet:deep.internal:24'],
    ['bob@notexample.com', 'inet:catchall.internal:24'],
    ['bob@example.org', 'inet:[10.0.1.7]:2003,inet:lmtp2.internal:24'],
    ['"odd@example.com"@example.org', 'inet:[10.0.1.7]:2003,inet:lmtp2.internal:24'],
    ['postmaster', 'inet:catchall.internal:24'],
    ['bob@', 'inet:catchall.internal:24'],
  ] as const) {
    test(address, () => assert.equal(map.find(address), destination));
  }
});

test('an address without a matching entry has no destination', () => {
  assert.equal(parse('example.com lmtp:a').find('bob@sub.example.com'), undefined);
  assert.equal(parse('.example.com lmtp:a').find('bob@example.com'), undefined);
  assert.equal(parse('').find('bob@example.com'), undefined);
});

test('a name of JavaScript is an address like any other', () => {
  assert.equal(parse('example.com lmtp:a').find('constructor'), undefined);
  assert.equal(parse('__proto__ lmtp:a').find('bob@__proto__'), 'inet:a:24');
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
  assert.equal(parse('a.example lmtp:a\r\nb.example lmtp:b\r\n').find('x@a.example'), 'inet:a:24');
});

test("a right-hand side may name another transport, if that is this stack's", () => {
  assert.equal(parseTransportMap('example.com archive:inet:a', 'archive', 24).find('x@example.com'), 'inet:a:24');
});

describe('an unusable line is refused by name', () => {
  for (const [text, reason] of [
    ['example.com', /"example\.com": expected a pattern, blanks and a destination/],
    ['example.com smtp:mail.internal', /must begin with lmtp:/],
    ['example.com mail.internal', /must begin with lmtp:/],
    ['example.com LMTP:mail.internal', /must begin with lmtp:/],
    ['example.com lmtp:mail.internal:25', /port 25/],
    ['example.com mailman:inet:mailman.internal', /must begin with lmtp: or error: or retry: or discard:/],
    ['example.com :inet:a:99999', /"99999" is not a port/],
    ['a.example lmtp:a\nb.example lmtp:b\nA.example lmtp:c', /^line 3: "a\.example" is already in line 1$/],
    ['example.com error:4.1.1 gone', /after error: expected a status 5\.x\.x and a reason, or only a reason/],
    ['example.com error:5.1.1', /after error: expected a status 5\.x\.x and a reason/],
    ['example.com retry:5.3.2 later', /after retry: expected a status 4\.x\.x and a reason/],
    [`example.com discard:${'x'.repeat(501)}`, /the reason is longer than 500 octets/],
  ] as const) {
    test(text, () => {
      assert.throws(
        () => parse(text),
        (error) => error instanceof TransportMapError && reason.test(error.message),
      );
    });
  }
});

test('an address is local if an entry names it, its domain or a parent domain; the catch-all entry makes none local', () => {
  const map = parseTransportMap(
    'carol@one.test lmtp:inet:a\ntwo.test lmtp:inet:a\n.three.test lmtp:inet:a\n* lmtp:inet:a\n',
    'lmtp',
    24,
  );
  for (const address of ['Carol@One.test', 'bob@two.test', 'bob@deep.three.test'])
    assert.ok(map.names(address), address);
  for (const address of ['bob@one.test', 'bob@deep.two.test', 'bob@three.test', 'bob', '']) {
    assert.ok(!map.names(address), address);
  }
});

describe('mail that is not to be delivered', () => {
  const endings = parse(`
gone.example      error:5.1.6 this domain has moved
gone2.example     error:  no mail   here
moving.example    retry:4.3.2 the mailboxes are being moved
moving2.example   retry:later
void.example      discard:unwanted mail
void2.example     discard:
bare.example      error:
`);
  for (const [address, destination, ending] of [
    [
      'a@gone.example',
      'error:5.1.6 this domain has moved',
      { kind: 'error', status: '5.1.6', text: 'this domain has moved' },
    ],
    ['a@gone2.example', 'error:5.0.0 no mail here', { kind: 'error', status: '5.0.0', text: 'no mail here' }],
    [
      'a@moving.example',
      'retry:4.3.2 the mailboxes are being moved',
      { kind: 'retry', status: '4.3.2', text: 'the mailboxes are being moved' },
    ],
    ['a@moving2.example', 'retry:4.0.0 later', { kind: 'retry', status: '4.0.0', text: 'later' }],
    ['a@void.example', 'discard:unwanted mail', { kind: 'discard', text: 'unwanted mail' }],
    ['a@void2.example', 'discard:void2.example', { kind: 'discard', text: 'void2.example' }],
    ['a@bare.example', 'error:5.0.0 bare.example', { kind: 'error', status: '5.0.0', text: 'bare.example' }],
  ] as const) {
    test(destination, () => {
      assert.equal(endings.find(address), destination);
      assert.deepEqual(parseEnding(destination), ending);
      assert.equal(parseOtherTransport(destination), undefined);
    });
  }

  test('is not among the destinations that a request may name', () => {
    assert.deepEqual([...endings.destinations], []);
  });
});

describe('a result without a next-hop, or without a service', () => {
  const own = parse(
    '.example.com lmtp:\nplain.example :\nother.example :inet:other.internal\n* lmtp:catchall.internal',
  );
  for (const [address, destination] of [
    ['bob@mail.example.com', 'inet:mail.example.com:24'],
    ['bob@b\u00fccher.example.com', 'inet:xn--bcher-kva.example.com:24'],
    ['bob@a_b..example.com', 'error:5.1.2 the domain "a_b..example.com" is not a host name'],
    ['bob@plain.example', 'inet:catchall.internal:24'],
    ['bob@other.example', 'inet:other.internal:24'],
  ] as const) {
    test(`${address}: ${destination}`, () => assert.equal(own.find(address), destination));
  }

  test('an address literal is a destination address', () => {
    const every = parse('* lmtp:');
    assert.equal(every.find('bob@[192.0.2.1]'), 'inet:[192.0.2.1]:24');
    assert.equal(every.find('bob@[IPv6:2001:db8::1]'), 'inet:[2001:db8::1]:24');
    assert.equal(every.find('postmaster'), 'error:5.1.2 the domain "" is not a host name');
  });

  test('"do not change" has no effect without a value that could change', () => {
    assert.equal(parse('example.com :').find('bob@example.com'), undefined);
    assert.equal(parse('* :').find('bob@example.com'), undefined);
  });
});

test('mail may be passed to another transport, which has its own map', () => {
  const options = { otherTransports: new Set(['mailman']) };
  const text = 'lists.example mailman:inet:mailman.internal:8024\narchive.example mailman:';
  const both = parseTransportMap(text, 'lmtp', 24, options);
  const [spelledOut, left] = [both.find('a@lists.example'), both.find('a@archive.example')];
  assert.deepEqual([spelledOut, left], ['mailman:inet:mailman.internal:8024', 'mailman:']);
  assert.deepEqual(parseOtherTransport(spelledOut ?? ''), {
    transport: 'mailman',
    nextHop: 'inet:mailman.internal:8024',
  });
  assert.deepEqual(parseOtherTransport(left ?? ''), { transport: 'mailman', nextHop: '' });
  assert.deepEqual([...both.destinations], []);
  assert.equal(parseOtherTransport('inet:mailman.internal:8024'), undefined);
});

describe('an address with an extension', () => {
  const extended = (delimiter: string) =>
    parseTransportMap('bob@x lmtp:plain\nbob+vip@x lmtp:vip\nowner@x lmtp:bad\n* lmtp:rest', 'lmtp', 24, {
      recipientDelimiter: delimiter,
    });
  for (const [address, delimiter, destination] of [
    ['bob+vip@x', '+', 'inet:vip:24'],
    ['Bob+Lists@x', '+', 'inet:plain:24'],
    ['bob+lists@x', '', 'inet:rest:24'],
    ['bob-lists@x', '+-', 'inet:plain:24'],
    ['owner-bob@x', '+-', 'inet:rest:24'],
    ['+bob@x', '+', 'inet:rest:24'],
  ] as const) {
    test(`${address} where "${delimiter}" is the delimiter`, () =>
      assert.equal(extended(delimiter).find(address), destination));
  }
});

test('the first of several maps that has a key decides, and a narrower key before a wider one', () => {
  const several = parseTransportMap(['* lmtp:first', 'example.com lmtp:second\n* lmtp:third'], 'lmtp', 24);
  assert.equal(several.find('bob@example.com'), 'inet:second:24');
  assert.equal(several.find('bob@example.org'), 'inet:first:24');
  assert.ok(several.names('bob@example.com') && !several.names('bob@example.org'));
});

test('any text of a map is read, or its line is named', () => {
  const words = [
    'a.example',
    '.b',
    '*',
    'lmtp:',
    'error:5.1.1',
    'retry:',
    'discard:x',
    ':',
    '"a b"@c',
    'inet:h:24',
    '#',
    ' ',
    '\n',
    '\t',
  ];
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.constantFrom(...words), fc.string()), { maxLength: 12 }),
      fc.string(),
      (text, address) => {
        try {
          const found = parse(text.join(' ')).find(address);
          assert.ok(found === undefined || /^(?:inet:|unix:|error:5|retry:4|discard:)/.test(found));
        } catch (error) {
          assert.ok(error instanceof TransportMapError, String(error));
        }
      },
    ),
  );
});
