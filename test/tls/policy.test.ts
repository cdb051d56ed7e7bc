/** The TLS that a server requires: parameters and policy maps (TLS_README). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { parseParameters, type WrittenParameters } from '../../functions/parameters/parameters.ts';
import { isMandatory, mustMatch, type TlsHop, type TlsPolicy, tlsPolicy } from '../../functions/tls/policy.ts';

const hop: TlsHop = { name: 'mail.example.com:24', host: 'mail.example.com' };

function find(written: WrittenParameters, to: TlsHop = hop, serverHost = to.host): TlsPolicy {
  const found = tlsPolicy(parseParameters(written), to, serverHost);
  return found.kind === 'policy' ? found.policy : assert.fail(found.text);
}

/** Why a policy is unusable. */
function fault(written: WrittenParameters, to: TlsHop = hop): string {
  const found = tlsPolicy(parseParameters(written), to, to.host);
  return found.kind === 'unusable' ? found.text : assert.fail(JSON.stringify(found.policy));
}

/** A map with one entry for mail.example.com:24. */
const entry = (text: string) => ({ lmtp_tls_policy_maps: `inline:{ { mail.example.com:24 = ${text} } }` });

const fingerprint = Array.from({ length: 32 }, (_, index) => (index + 160).toString(16).toUpperCase()).join(':');

test('without settings there is no TLS', () => {
  const { level, isWrapped, match } = find({});
  assert.deepEqual({ level, isWrapped, match }, { level: 'none', isWrapped: false, match: [] });
});

describe('each level has its own settings:', () => {
  for (const [level, match, mandatory, matching] of [
    ['none', [], false, false],
    ['may', [], false, false],
    ['encrypt', [], true, false],
    ['fingerprint', [fingerprint], true, true],
    ['verify', ['hostname'], true, true],
    ['secure', ['nexthop'], true, true],
  ] as const) {
    test(level, () => {
      const policy = find({
        lmtp_tls_security_level: level,
        lmtp_tls_fingerprint_cert_match: fingerprint.toLowerCase(),
        lmtp_tls_protocols: '<=TLSv1.2',
        lmtp_tls_mandatory_protocols: '>=TLSv1.3',
      });
      assert.equal(policy.level, level);
      assert.deepEqual(policy.match, match);
      assert.equal(isMandatory(level), mandatory);
      assert.equal(mustMatch(level), matching);
      assert.deepEqual(
        [policy.minVersion, policy.maxVersion],
        mandatory ? ['TLSv1.3', 'TLSv1.3'] : ['TLSv1', 'TLSv1.2'],
      );
      assert.equal(policy.digest, 'sha256');
      assert.equal(policy.isReusable, true);
    });
  }
});

describe('an entry of a policy map is found by', () => {
  const to = (name: string, host: string): TlsHop => ({ name, host });
  for (const [key, target] of [
    ['mail.example.com:24', hop],
    ['mail.example.com', hop],
    ['[mail.example.com]:24', hop],
    ['[mail.example.com]', hop],
    ['MAIL.Example.com', hop],
    ['.example.com', hop],
    ['.com', hop],
    ['mail.example.com', to('[mail.example.com]', 'mail.example.com')],
    ['mail.example.com:2400', to('[mail.example.com]:2400', 'mail.example.com')],
    ['mail.example.com:lmtps', to('mail.example.com:lmtps', 'mail.example.com')],
    ['10.0.1.7', to('[10.0.1.7]:24', '10.0.1.7')],
    ['[10.0.1.7]:24', to('10.0.1.7:24', '10.0.1.7')],
    ['[fd00::7]:24', to('[ipv6:fd00::7]:24', 'fd00::7')],
    ['[ipv6:fd00::7]', to('[ipv6:fd00::7]', 'fd00::7')],
    ['localhost', to('localhost:24', 'localhost')],
    ['/run/lmtp.sock', to('/run/lmtp.sock', '/run/lmtp.sock')],
  ] as const) {
    test(`${key} for ${target.name}`, () =>
      assert.equal(find({ lmtp_tls_policy_maps: `inline:{ { ${key} = encrypt } }` }, target).level, 'encrypt'));
  }
  for (const [key, target] of [
    ['example.com', hop],
    ['.mail.example.com', hop],
    ['mail.example.com:25', hop],
    ['24', hop],
    ['.0.1.7', to('[10.0.1.7]:24', '10.0.1.7')],
    ['*', hop],
    ['lmtp.sock', to('/run/lmtp.sock', '')],
    ['localhost', to('/run/lmtp.sock', '')],
  ] as const) {
    test(`but not by ${key} for ${target.name}`, () =>
      assert.equal(find({ lmtp_tls_policy_maps: `inline:{ { ${key} = encrypt } }` }, target).level, 'none'));
  }

  test('the most specific key first', () => {
    const keys = [
      'mail.example.com:24',
      '[mail.example.com]:24',
      '[mail.example.com]',
      'mail.example.com',
      '.example.com',
    ];
    const levels = ['secure', 'verify', 'encrypt', 'may', 'none'];
    for (const [index, level] of levels.entries()) {
      const entries = keys.map((key, at) => `{ ${key} = ${levels[at]} }`).slice(index);
      assert.equal(find({ lmtp_tls_policy_maps: `inline:{ ${entries.join(', ')}, { .com = none } }` }).level, level);
    }
  });

  test('and an unusable entry hides the ones after it', () => {
    const maps = 'inline:{ { mail.example.com:24 = encyrpt }, { .example.com = none } }';
    assert.match(fault({ lmtp_tls_policy_maps: maps }), /invalid security level "encyrpt"/);
  });
});

describe('an entry sets', () => {
  const base = { lmtp_tls_security_level: 'may' };

  test('its level, in any letter case, whatever the parameter says', () => {
    assert.equal(find({ ...base, ...entry('Encrypt') }).level, 'encrypt');
    assert.equal(find({ lmtp_tls_security_level: 'secure', ...entry('none') }).level, 'none');
  });
  test('the names that match, several times', () =>
    assert.deepEqual(find({ ...base, ...entry('secure match=hostname:.Example.NET match=mx.example.org.') }).match, [
      'hostname',
      '.example.net',
      'mx.example.org',
    ]));
  test('addresses too', () =>
    assert.deepEqual(find({ ...base, ...entry('verify match=[fd00::7]:[10.0.1.7]:nexthop:dot-nexthop') }).match, [
      '[fd00::7]',
      '[10.0.1.7]',
      'nexthop',
      'dot-nexthop',
    ]));
  test('fingerprints, with | between', () => {
    const other = fingerprint.replaceAll('A', 'F');
    assert.deepEqual(find({ ...base, ...entry(`fingerprint match=${fingerprint}|${other.toLowerCase()}`) }).match, [
      fingerprint,
      other,
    ]);
  });
  test('protocols, which apply at every level', () => {
    for (const level of ['may', 'encrypt']) {
      const { minVersion, maxVersion } = find({ ...base, ...entry(`${level} protocols=>=TLSv1.1:<=TLSv1.2`) });
      assert.deepEqual([minVersion, maxVersion], ['TLSv1.1', 'TLSv1.2']);
    }
  });
  test('a server name', () =>
    assert.equal(find({ ...base, ...entry('encrypt,servername=Other.Example') }).servername, 'other.example'));
  test('whether sessions are kept, of which the last counts', () => {
    assert.equal(find({ ...base, ...entry('encrypt connection_reuse=no') }).isReusable, false);
    assert.equal(find({ ...base, ...entry('encrypt connection_reuse=no connection_reuse=YES') }).isReusable, true);
  });
  test('nothing if its level is none, as in Postfix', () =>
    assert.equal(find({ ...base, ...entry('none match=x what=ever') }).level, 'none'));
});

describe('a policy is unusable', () => {
  const prefix = 'TLS policy for mail.example.com:24 is unusable: ';
  const inMap = `${prefix}lmtp_tls_policy_maps, entry "mail.example.com:24": `;
  for (const [text, words] of [
    ['dane', 'invalid security level "dane": DANE needs DNS answers validated with DNSSEC; allowed are none, may'],
    ['dane-only match=x', 'invalid security level "dane-only": DANE'],
    ['high', 'invalid security level "high"; allowed are none, may, encrypt, fingerprint, verify, secure'],
    [',', 'the entry is empty'],
    ['match=x', 'invalid security level "match=x"'],
    ['secure match', 'malformed attribute "match": write name=value'],
    ['secure =x', 'malformed attribute "=x"'],
    ['secure match=', 'attribute "match" has no value'],
    ['secure match=:', 'attribute "match": ":" is empty'],
    ['secure match=*.example.com', 'attribute "match": "*.example.com" is not a name, .domain, [address] or keyword'],
    ['may match=x', 'attribute "match" is not allowed at level may'],
    ['encrypt match=x', 'attribute "match" is not allowed at level encrypt'],
    ['secure servername=a servername=b', 'attribute "servername" is given several times'],
    ['secure servername=a/b', 'attribute "servername": "a/b" is not hostname, nexthop or a name'],
    ['secure protocols=>=TLSv1.2 protocols=TLSv1.2', 'attribute "protocols" is given several times'],
    ['secure protocols=TLSv9', 'attribute "protocols": "TLSv9" is not allowed; allowed are SSLv2'],
    ['secure protocols=!TLSv1.2', 'attribute "protocols": "!TLSv1.2" leaves TLSv1, TLSv1.1, TLSv1.3 without TLSv1.2'],
    ['secure connection_reuse=maybe', 'attribute "connection_reuse": "maybe" is neither yes nor no'],
    ['secure ciphers=high', 'attribute "ciphers" cannot be set here: the TLS library of the runtime chooses'],
    ['secure exclude=MD5', 'attribute "exclude" cannot be set here'],
    ['secure tafile=/ca.pem', 'attribute "tafile" cannot be set here: lmtp_tls_CAfile sets the trust anchors'],
    ['secure enable_rpk=yes', 'attribute "enable_rpk" cannot be set here'],
    ['secure colour=blue', 'unknown attribute "colour"; allowed are match, protocols, servername, connection_reuse'],
    ['secure constructor=x', 'unknown attribute "constructor"'],
    ['fingerprint match=|', 'attribute "match": "|" is empty'],
  ] as const) {
    test(`with the entry "${text}"`, () => {
      const said = fault(entry(text));
      assert.ok(said.startsWith(inMap + words), said);
    });
  }

  test('if there are no fingerprints', () =>
    assert.equal(
      fault({ lmtp_tls_security_level: 'fingerprint' }),
      `${prefix}level fingerprint needs fingerprints to match`,
    ));
  test('if a fingerprint has not the form of its digest', () => {
    const said = fault({ lmtp_tls_security_level: 'fingerprint', lmtp_tls_fingerprint_cert_match: 'AB:CD' });
    assert.equal(
      said,
      `${prefix}"AB:CD" is not a sha256 fingerprint: write 32 pairs of hexadecimal digits, separated by colons`,
    );
    assert.match(fault(entry('fingerprint match=hostname')), /"HOSTNAME" is not a sha256 fingerprint/);
    const digest = { lmtp_tls_fingerprint_digest: 'sha512' };
    assert.match(
      fault({ ...digest, ...entry(`fingerprint match=${fingerprint}`) }),
      /is not a sha512 fingerprint: write 64 pairs/,
    );
  });
  test('if TLS from the first octet is configured and the level does not require TLS', () => {
    const wrapped = { lmtp_tls_security_level: 'encrypt', lmtp_tls_wrappermode: 'yes' };
    assert.equal(find(wrapped).isWrapped, true);
    assert.equal(
      fault({ ...wrapped, ...entry('may') }),
      `${prefix}lmtp_tls_wrappermode=yes needs level encrypt or higher, not may`,
    );
    assert.match(fault({ ...wrapped, ...entry('none') }), /needs level encrypt or higher, not none/);
  });
});

describe('at a unix-domain socket', () => {
  const socket = { name: '/run/lmtp', host: '/run/lmtp' };
  test('may means none', () =>
    assert.equal(find({ lmtp_tls_security_level: 'may' }, socket, 'localhost').level, 'none'));
  test('a level above may still requires TLS', () =>
    assert.equal(find({ lmtp_tls_security_level: 'verify' }, socket, 'localhost').level, 'verify'));
  test('the path is not sent as a name', () =>
    assert.equal(
      find({ lmtp_tls_security_level: 'encrypt', lmtp_tls_servername: 'nexthop' }, socket, 'localhost').servername,
      undefined,
    ));
});

describe('SNI contains', () => {
  const told = (name: string, to: TlsHop = hop, serverHost = 'Server.example.net.') =>
    find({ lmtp_tls_security_level: 'may', lmtp_tls_servername: name }, to, serverHost).servername;
  test('its name', () => assert.equal(told('hostname'), 'server.example.net'));
  test('the name of the destination', () => assert.equal(told('nexthop'), 'mail.example.com'));
  test('another name', () => assert.equal(told('Other.example'), 'other.example'));
  test('no name', () => assert.equal(told(''), undefined));
  test('no address', () => {
    const address = { name: '[10.0.1.7]:24', host: '10.0.1.7' };
    assert.equal(told('nexthop', address), undefined);
    assert.equal(told('hostname', address, 'fd00::7'), undefined);
  });
});

test('the key of a policy differs if the policy does, and is the same otherwise', () => {
  const level = { lmtp_tls_security_level: 'secure' };
  const different: readonly WrittenParameters[] = [
    {},
    { lmtp_tls_security_level: 'may' },
    { lmtp_tls_security_level: 'encrypt' },
    { lmtp_tls_security_level: 'verify' },
    level,
    { ...level, lmtp_tls_wrappermode: 'yes' },
    { ...level, lmtp_tls_secure_cert_match: 'hostname' },
    { ...level, lmtp_tls_fingerprint_digest: 'sha512' },
    { ...level, lmtp_tls_mandatory_protocols: '>=TLSv1.3' },
    { ...level, lmtp_tls_mandatory_protocols: '<=TLSv1.2' },
    { ...level, lmtp_tls_servername: '' },
    { ...level, lmtp_tls_connection_reuse: 'no' },
  ];
  const keys = different.map((written) => find(written).key);
  assert.equal(new Set(keys).size, different.length, keys.join('\n'));
  assert.equal(find(level).key, find({ ...level, lmtp_tls_protocols: 'TLSv1.3' }).key);
  assert.equal(find({ lmtp_tls_servername: 'a' }).key, find({ lmtp_tls_security_level: 'none' }).key);
});

test('any entry is a policy or an error, and never below the required level', () => {
  const word = fc.constantFrom(
    ...['none', 'may', 'encrypt', 'fingerprint', 'verify', 'secure', 'dane', 'match=', 'match=hostname', 'match=.x'],
    ...['protocols=>=TLSv1.3', 'protocols=', 'servername=x', 'servername=', 'connection_reuse=no', '=', ',', 'x=y'],
    `match=${fingerprint}`,
  );
  const text = fc.oneof(
    fc.array(word).map((words) => words.join(' ')),
    fc.string({ unit: 'binary' }),
  );
  const parameters = parseParameters({ lmtp_tls_security_level: 'secure' });
  fc.assert(
    fc.property(text, (result) => {
      const maps = { isEmpty: false, find: () => result } as unknown as typeof parameters.lmtp_tls_policy_maps;
      const found = tlsPolicy({ ...parameters, lmtp_tls_policy_maps: maps }, hop, hop.host);
      if (found.kind === 'unusable')
        return assert.match(found.text, /^TLS policy for mail\.example\.com:24 is unusable: ./);
      // A level counts only as the first word.
      assert.equal(
        result
          .split(/[\s,]+/)
          .find((each) => each !== '')
          ?.toLowerCase(),
        found.policy.level,
      );
      assert.equal(found.policy.match.length > 0, mustMatch(found.policy.level));
    }),
    { numRuns: 2000 },
  );
});
