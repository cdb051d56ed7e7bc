import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  DestinationError,
  isLocalAddress,
  normaliseDestination,
  parseDestination,
} from '../../functions/request/destination.ts';

/** A destination in short: `host:port` or `[address]:port`, or `unix:path`. */
function hops(text: string, defaultPort = 24): readonly string[] {
  return parseDestination(text, defaultPort).map((hop) => {
    if (hop.kind === 'unix') return `unix:${hop.path}`;
    return hop.isAddress ? `[${hop.host}]:${hop.port}` : `${hop.host}:${hop.port}`;
  });
}

describe('a destination is a host or an address, with or without a port', () => {
  for (const [text, ...wanted] of [
    ['inet:mail.internal', 'mail.internal:24'],
    ['inet:mail.internal:2003', 'mail.internal:2003'],
    ['mail.internal', 'mail.internal:24'],
    ['mail.internal:2003', 'mail.internal:2003'],
    ['mail.internal:lmtp', 'mail.internal:24'],
    ['mail.internal:submission', 'mail.internal:587'],
    ['mail.internal:smtps', 'mail.internal:465'],
    ['mail.internal:1', 'mail.internal:1'],
    ['mail.internal:65535', 'mail.internal:65535'],
    ['Mail.INTERNAL', 'mail.internal:24'],
    ['INET:mail.internal', 'mail.internal:24'],
    ['mail', 'mail:24'],
    ['mail_store-1.internal.', 'mail_store-1.internal.:24'],
    ['10.0.1.7', '[10.0.1.7]:24'],
    ['[10.0.1.7]', '[10.0.1.7]:24'],
    ['inet:[10.0.1.7]:2003', '[10.0.1.7]:2003'],
    ['[2001:db8::1]', '[2001:db8::1]:24'],
    ['[ipv6:2001:db8::1]:2003', '[2001:db8::1]:2003'],
    ['[IPv6:2001:DB8::1]', '[2001:db8::1]:24'],
    ['[::ffff:10.0.1.7]', '[::ffff:10.0.1.7]:24'],
    ['[mail.internal]:2003', 'mail.internal:2003'],
    ['  inet:mail.internal  ', 'mail.internal:24'],
    ['a.internal, b.internal:25024 [10.0.1.7]', 'a.internal:24', 'b.internal:25024', '[10.0.1.7]:24'],
    ['inet:a.internal,inet:b.internal', 'a.internal:24', 'b.internal:24'],
    [',a.internal,,', 'a.internal:24'],
    ['unix:/run/dovecot/lmtp', 'unix:/run/dovecot/lmtp'],
    ['unix: /run/with blank, and comma', 'unix:/run/with blank, and comma'],
    [`unix:/${'x'.repeat(106)}`, `unix:/${'x'.repeat(106)}`],
  ] as const) {
    test(text.slice(0, 60), () => assert.deepEqual(hops(text), wanted));
  }
  test('the default port is lmtp_tcp_port', () => {
    assert.deepEqual(hops('a, b:24, c:lmtp', 2003), ['a:2003', 'b:24', 'c:2003']);
  });
});

test('the name of a destination is the submitted text, in lower case and without inet:', () => {
  const names = parseDestination('inet:Mail.Internal:LMTP, [10.0.1.7]', 24).map(({ name }) => name);
  assert.deepEqual(names, ['mail.internal:lmtp', '[10.0.1.7]']);
  assert.equal(parseDestination('unix:/run/LMTP', 24)[0].name, '/run/LMTP');
});

describe('an invalid destination is refused with its fault and what is allowed', () => {
  for (const [text, reason] of [
    ['', /empty/],
    ['  ', /empty/],
    [',', /empty/],
    ['inet:', /host, host:port/],
    [':24', /host, host:port/],
    ['mail.internal:', /"" is not a port/],
    ['mail.internal:0', /"0" is not a port: 1 to 65535/],
    ['mail.internal:65536', /not a port/],
    ['mail.internal:99999999', /not a port/],
    ['mail.internal:-1', /not a port/],
    ['mail.internal:0x18', /not a port/],
    ['mail.internal:imap', /"imap" is not a port/],
    ['mail.internal:25', /port 25 \(RFC 2033/],
    ['mail.internal:smtp', /port 25/],
    ['mail.internal:24:24', /host, host:port/],
    ['2001:db8::1', /host, host:port, \[address\]/],
    ['[2001:db8::1', /host, host:port/],
    ['2001:db8::1]', /host, host:port/],
    ['[]', /neither a host name nor an address/],
    ['[10.0.1.7]24', /host, host:port/],
    ['10.0.1', /neither a host name nor an address/],
    ['10.0.1.256', /neither/],
    ['10.0.1.7.8', /neither/],
    ['[10.0.1.]', /neither/],
    ['mail..internal', /neither/],
    ['.internal', /neither/],
    ['-mail.internal', /neither/],
    ['mäil.internal', /neither/],
    ['mail.internal/x', /neither/],
    ['user@mail.internal', /neither/],
    [`${'x'.repeat(64)}.internal`, /neither/],
    [`${'x.'.repeat(130)}internal`, /neither/],
    ['smtp:mail.internal:24', /host, host:port/],
    ['unix:', /absolute path/],
    ['unix:run/lmtp', /absolute path/],
    [`unix:/${'x'.repeat(107)}`, /longer than a socket/],
    ['mail.internal, unix:/run/lmtp', /cannot be part of a list/],
  ] as const) {
    test(JSON.stringify(text.slice(0, 50)), () => {
      assert.throws(
        () => parseDestination(text, 24),
        (error) => error instanceof DestinationError && reason.test(error.message),
      );
    });
  }
  test('even a default port of 25', () => {
    assert.throws(() => parseDestination('mail.internal', 25), /port 25/);
  });
});

test('one destination has one name, in any spelling', () => {
  for (const text of ['mail.internal', 'inet:mail.internal', 'MAIL.internal:24', ' inet:[mail.internal]:lmtp ']) {
    assert.equal(normaliseDestination(text, 24), 'inet:mail.internal:24', text);
  }
  // A named service may have SRV records, so its name is kept.
  assert.equal(normaliseDestination('mail.internal:lmtp', 24), 'inet:mail.internal:lmtp');
  assert.equal(normaliseDestination('[IPv6:2001:DB8::1]', 24), 'inet:[2001:db8::1]:24');
  assert.equal(normaliseDestination('10.0.1.7', 24), 'inet:[10.0.1.7]:24');
  assert.equal(normaliseDestination('a b:2003', 24), 'inet:a:24,inet:b:2003');
  assert.equal(normaliseDestination('unix: /run/LMTP', 24), 'unix:/run/LMTP');
});

test('addresses of this machine and its network segment are distinguished from those of servers', () => {
  for (const address of [
    '127.0.0.1',
    '127.8.9.10',
    '::1',
    '169.254.169.254',
    'fe80::1',
    '224.0.0.1',
    'ff02::1',
    '0.0.0.0',
    '::',
    '255.255.255.255',
    '::ffff:127.0.0.1',
    '::ffff:169.254.169.254',
  ]) {
    assert.equal(isLocalAddress(address), true, address);
  }
  for (const address of [
    '10.0.1.7',
    '172.16.0.1',
    '192.168.1.1',
    '8.8.8.8',
    '2001:db8::1',
    'fd00::1',
    '::ffff:10.0.1.7',
  ]) {
    assert.equal(isLocalAddress(address), false, address);
  }
});

const destinationText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.constantFrom(...'inetux:[],.-_@/0125 6 aZ\u0000ä') }),
  fc
    .tuple(
      fc.constantFrom('inet:', 'unix:', ''),
      fc.oneof(fc.domain(), fc.ipV4(), fc.ipV6()),
      fc.constantFrom('', ':24', ':x', ']'),
    )
    .map((parts) => parts.join('')),
);

test('any other text raises a DestinationError and no other error', () => {
  fc.assert(
    fc.property(destinationText, fc.constantFrom(24, 2003), (text, port) => {
      try {
        assert.ok(parseDestination(text, port).length > 0);
      } catch (error) {
        assert.ok(error instanceof DestinationError, String(error));
      }
    }),
    { numRuns: 3000 },
  );
});

test('the name of a destination means the same destination', () => {
  fc.assert(
    fc.property(destinationText, (text) => {
      let name: string;
      try {
        name = normaliseDestination(text, 2003);
      } catch {
        return;
      }
      assert.equal(normaliseDestination(name, 24), name);
      assert.deepEqual(hops(name), hops(text, 2003));
    }),
    { numRuns: 3000 },
  );
});
