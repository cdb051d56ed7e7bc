/** Whether a certificate is accepted at each level: the reported facts, and the reason of a refusal. */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { before, describe, test } from 'node:test';
import fc from 'fast-check';
import { certificateFacts, type Judgement, judgeCertificate } from '../../functions/tls/certificate.ts';
import type { CertificateFacts } from '../../functions/tls/certificate-facts.ts';
import { tlsFacts } from '../../functions/tls/facts.ts';
import { fingerprintOf } from '../../functions/tls/fingerprint.ts';
import { type TlsLevel, tlsLevels } from '../../functions/tls/levels.ts';
import { publicKeyOf } from '../../functions/tls/public-key.ts';
import {
  type CertificateWishes,
  makeSelfSigned,
  type TestCertificate,
  type TestCertificates,
  testCertificates,
} from '../support/certificates.ts';

let certificates: TestCertificates;
before(async () => {
  certificates = await testCertificates();
});

/** The day on which a certificate ends, or begins. */
const lastDay = (name: Name) => certificates[name].x509.validToDate.toISOString().slice(0, 10);
const firstDay = (name: Name) => certificates[name].x509.validFromDate.toISOString().slice(0, 10);

/** Certificates, and the errors of the TLS library for them (test/support/scripted-tls.test.ts). */
const chainErrors = {
  right: undefined,
  intermediate: undefined,
  wrongName: undefined,
  selfSigned: 'DEPTH_ZERO_SELF_SIGNED_CERT',
  expired: 'CERT_HAS_EXPIRED',
  notYetValid: 'CERT_NOT_YET_VALID',
  unknownAuthority: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  untrustedRoot: 'SELF_SIGNED_CERT_IN_CHAIN',
  intermediateMissing: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  intermediateExpired: 'CERT_HAS_EXPIRED',
  client: 'INVALID_PURPOSE',
} as const;
type Name = keyof typeof chainErrors;
const names = Object.keys(chainErrors) as readonly Name[];

/** Judges the certificate of a server at localhost. */
function judge(level: TlsLevel, name: Name, match: readonly string[] = ['hostname']): Judgement {
  return judgeCertificate(
    { level, match, digest: 'sha256' },
    {
      certificate: certificateFacts(certificates[name].x509),
      chainError: chainErrors[name],
      serverHost: 'localhost',
      nextHop: 'localhost',
    },
  );
}

describe('at levels none, may and encrypt every certificate is accepted, and none counts as verified:', () => {
  for (const level of ['none', 'may', 'encrypt'] as const) {
    for (const name of names) {
      test(`${level}, ${name}`, () =>
        assert.deepEqual(judge(level, name), { matched: false, trusted: chainErrors[name] === undefined }));
    }
    test(`${level}, none at all`, () =>
      assert.deepEqual(judgeCertificate({ level, match: [], digest: 'sha256' }, { serverHost: 'a', nextHop: 'a' }), {
        matched: false,
        trusted: false,
      }));
  }
});

describe('at levels verify and secure a certificate must be trusted, and for the right name:', () => {
  const untrusted = 'Server certificate not trusted: ';
  const reasons: Readonly<Record<Name, () => string | undefined>> = {
    right: () => undefined,
    intermediate: () => undefined,
    wrongName: () => 'Server certificate not verified: it is for other.example, *.other.example; wanted localhost',
    selfSigned: () => `${untrusted}self-signed`,
    expired: () => `${untrusted}expired on ${lastDay('expired')}`,
    notYetValid: () => `${untrusted}not valid before ${firstDay('notYetValid')}`,
    unknownAuthority: () =>
      `${untrusted}unknown authority, or the server omits an intermediate certificate (issuer CN=Unknown authority)`,
    untrustedRoot: () => `${untrusted}its chain ends at an untrusted authority (issuer CN=Unknown authority)`,
    intermediateMissing: () =>
      `${untrusted}unknown authority, or the server omits an intermediate certificate (issuer CN=Authority between)`,
    intermediateExpired: () => `${untrusted}a certificate above it has expired`,
    client: () => `${untrusted}not issued for servers`,
  };
  for (const level of ['verify', 'secure'] as const) {
    for (const name of names) {
      test(`${level}, ${name}`, () => {
        const reason = reasons[name]();
        const trusted = chainErrors[name] === undefined;
        assert.deepEqual(
          judge(level, name),
          reason === undefined ? { matched: true, trusted } : { matched: false, trusted, reason },
        );
      });
    }
  }
});

describe('at level fingerprint only the list counts:', () => {
  for (const name of names) {
    test(`${name} by its certificate, and by its public key`, () => {
      const { der, publicKey } = certificateFacts(certificates[name].x509);
      const trusted = chainErrors[name] === undefined;
      for (const octets of [der, publicKey]) {
        const listed = ['AB:CD', fingerprintOf(octets, 'sha256').toLowerCase()];
        assert.deepEqual(judge('fingerprint', name, listed), { matched: true, trusted });
      }
    });
    test(`${name} unlisted, whatever its name and chain`, () => {
      const { der, publicKey } = certificateFacts(certificates[name].x509);
      const listed = [fingerprintOf(der, 'sha512'), 'localhost', 'hostname', ''];
      const { matched, reason = '' } = judge('fingerprint', name, listed);
      assert.equal(matched, false);
      assert.equal(
        reason,
        `Server certificate not verified: its sha256 fingerprint ${fingerprintOf(der, 'sha256')} and that of its public key ${fingerprintOf(publicKey, 'sha256')} are not listed`,
      );
    });
  }
});

test('a server without a certificate does not match at a level that requires one', () => {
  for (const level of tlsLevels.slice(3)) {
    assert.deepEqual(
      judgeCertificate({ level, match: ['hostname'], digest: 'sha256' }, { serverHost: 'a', nextHop: 'a' }),
      { matched: false, trusted: false, reason: 'Server certificate not verified: the server presented none' },
    );
  }
});

test('an unknown code for a chain is reported unchanged', () => {
  const certificate = certificateFacts(certificates.right.x509);
  const peer = { certificate, serverHost: 'localhost', nextHop: 'localhost' };
  for (const [chainError, words] of [
    ['CA_MD_TOO_WEAK', 'CA_MD_TOO_WEAK'],
    ['some words', 'some words'],
    ['CERT_REVOKED', 'revoked'],
    ['CERT_SIGNATURE_FAILURE', 'its signature is wrong'],
    [
      'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
      'unknown authority, or the server omits an intermediate certificate (issuer CN=Test authority)',
    ],
    // The expired certificate, or the one that is not yet valid, is another one of the chain.
    ['CERT_NOT_YET_VALID', 'a certificate above it is not yet valid'],
  ] as const) {
    const { matched, reason } = judgeCertificate(
      { level: 'verify', match: ['hostname'], digest: 'sha256' },
      { ...peer, chainError },
    );
    assert.deepEqual([matched, reason], [false, `Server certificate not trusted: ${words}`]);
  }
});

describe('the content of a certificate', () => {
  const facts = async (wishes: CertificateWishes) => certificateFacts((await makeSelfSigned(wishes)).x509);

  test('is reported in plain values', () => {
    const { right } = certificates;
    const { subject, issuer, commonName, validFrom, validTo, names: own, addresses } = certificateFacts(right.x509);
    assert.deepEqual(
      { subject, issuer, commonName, own, addresses },
      {
        subject: 'CN=localhost',
        issuer: 'CN=Test authority',
        commonName: 'localhost',
        own: ['localhost'],
        addresses: ['127.0.0.1'],
      },
    );
    assert.equal(Date.parse(validFrom), Date.parse(right.x509.validFrom));
    assert.equal(Date.parse(validTo), Date.parse(right.x509.validTo));
    assert.match(validTo, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z$/);
  });
  test('has a subject in one line, and of several common names the last', async () => {
    const { subject, commonName } = await facts({ subject: String.raw`CN=first, O=Example\, Inc., CN=last` });
    assert.equal(subject, String.raw`CN=first, O=Example\, Inc., CN=last`);
    assert.equal(commonName, 'last');
  });
  test('may be without a subject', async () => {
    const { subject, issuer, commonName } = await facts({ subject: '' });
    assert.deepEqual([subject, issuer, commonName], ['', '', undefined]);
  });
  test('folds names, and keeps a name that looks like several in one', async () => {
    const { names: own } = await facts({ names: ['Mail.Example.COM.', '*.example.com', 'a.example, DNS:b.example'] });
    assert.deepEqual(own, ['mail.example.com', '*.example.com', 'a.example, dns:b.example']);
  });
  test('has addresses of both families', async () => {
    const { addresses, names: own } = await facts({ addresses: ['10.0.1.7', 'fd00::7'] });
    assert.deepEqual(addresses, ['10.0.1.7', 'FD00:0:0:0:0:0:0:7']);
    assert.deepEqual(own, []);
  });
  for (const algorithm of ['EC', 'RSA'] as const) {
    test(`has its ${algorithm} key octet for octet`, async () => {
      const { x509 } = await makeSelfSigned({ algorithm });
      const own = x509.publicKey.export({ type: 'spki', format: 'der' });
      assert.ok(certificateFacts(x509).publicKey.equals(own));
    });
  }
  test('has the key in the same place if it is of version 1, which it does not state', () => {
    const element = (tag: number, ...parts: readonly Buffer[]) => {
      const content = Buffer.concat(parts);
      return Buffer.concat([Buffer.from([tag, content.length]), content]);
    };
    const key = element(0x30, Buffer.from('key'));
    const before = [element(0x02, Buffer.from([1])), ...Array.from({ length: 4 }, () => element(0x30))];
    const version = element(0xa0, element(0x02, Buffer.from([2])));
    for (const start of [[], [version]]) {
      const certificate = element(0x30, element(0x30, ...start, ...before, key, element(0xa3)));
      assert.ok(publicKeyOf(certificate).equals(key));
    }
  });
  test('has no key if it is truncated', () => {
    const { raw } = certificates.right.x509;
    for (let length = 0; length < 200; length++) {
      assert.throws(() => publicKeyOf(Buffer.from(raw.subarray(0, length))), RangeError);
    }
  });
});

test('a fingerprint is written as in OpenSSL', () => {
  const { x509 } = certificates.right;
  assert.equal(fingerprintOf(x509.raw, 'sha256'), x509.fingerprint256);
  assert.equal(fingerprintOf(x509.raw, 'sha512'), x509.fingerprint512);
});

describe('a name matches', () => {
  /** Whether a certificate for these names is accepted where that one is required. */
  const accepts = (
    presented: Partial<CertificateFacts>,
    match: readonly string[],
    { serverHost = 'mail.example.com', nextHop = 'example.com' } = {},
  ) =>
    judgeCertificate(
      { level: 'verify', match, digest: 'sha256' },
      { certificate: { ...blank, ...presented }, serverHost, nextHop },
    );
  const blank: CertificateFacts = {
    subject: '',
    issuer: '',
    validFrom: '',
    validTo: '',
    names: [],
    addresses: [],
    der: Buffer.alloc(0),
    publicKey: Buffer.alloc(0),
  };

  for (const [rule, presented, isMatch] of [
    ['hostname', 'mail.example.com', true],
    ['hostname', 'example.com', false],
    ['nexthop', 'example.com', true],
    ['nexthop', 'mail.example.com', false],
    ['dot-nexthop', 'mail.example.com', true],
    ['dot-nexthop', 'a.b.example.com', true],
    ['dot-nexthop', 'example.com', false],
    ['dot-nexthop', 'badexample.com', false],
    ['other.example', 'other.example', true],
    ['other.example', 'other.example.com', false],
    ['.other.example', 'a.other.example', true],
    ['.other.example', 'other.example', false],
    ['.other.example', '*.other.example', true],
    ['.other.example', '.other.example', false],
    // A wildcard is one whole label, the first.
    ['hostname', '*.example.com', true],
    ['nexthop', '*.com', true],
    ['nexthop', '*.example.com', false],
    ['a.b.example.com', '*.example.com', false],
    ['a.b.example.com', '*.b.example.com', true],
    ['hostname', '*', false],
    ['hostname', '*.', false],
    ['localhost', '*', false],
    ['hostname', 'm*.example.com', false],
    ['hostname', '*mail.example.com', false],
    ['hostname', 'mail.*.com', false],
    ['hostname', '*.*.com', false],
    ['.example.com', '', false],
  ] as const) {
    test(`${rule} and ${presented}: ${isMatch ? 'yes' : 'no'}`, () => {
      assert.equal(accepts({ names: [presented] }, [rule]).matched, isMatch);
      // The common name replaces missing names, by the same rules.
      assert.equal(accepts({ commonName: presented }, [rule]).matched, isMatch);
    });
  }

  test('in any letter case, with or without the dot at its end', () =>
    assert.ok(accepts({ names: ['mail.example.com'] }, ['hostname'], { serverHost: 'MAIL.example.com.' }).matched));
  test('the common name only if there is no dNSName', () => {
    assert.equal(accepts({ names: ['other.example'], commonName: 'mail.example.com' }, ['hostname']).matched, false);
    assert.equal(accepts({ addresses: ['10.0.1.7'], commonName: 'mail.example.com' }, ['hostname']).matched, true);
  });
  test('an address only if it is the same address, in any notation', () => {
    const to = { serverHost: 'fd00::7', nextHop: '10.0.1.7' };
    assert.ok(accepts({ addresses: ['10.0.1.7'] }, ['nexthop'], to).matched);
    assert.ok(accepts({ addresses: ['FD00:0:0:0:0:0:0:7'] }, ['hostname'], to).matched);
    assert.ok(accepts({ addresses: ['10.0.9.9'] }, ['[10.0.9.9]']).matched);
    assert.ok(accepts({ addresses: ['FD00:0:0:0:0:0:0:9'] }, ['[fd00::9]']).matched);
    assert.equal(accepts({ addresses: ['10.0.1.8'] }, ['nexthop'], to).matched, false);
    assert.equal(accepts({ names: ['10.0.1.7'] }, ['nexthop'], to).matched, false);
    assert.equal(accepts({ names: ['*.0.1.7'] }, ['nexthop'], to).matched, false);
    assert.equal(accepts({ commonName: '10.0.1.7' }, ['nexthop'], to).matched, false);
    assert.equal(accepts({ names: ['a.10.0.1.7'] }, ['dot-nexthop'], to).matched, false);
    assert.equal(accepts({ addresses: ['nonsense'] }, ['nexthop'], to).matched, false);
  });
  test('nothing if there is no name to compare with', () => {
    const to = { serverHost: '', nextHop: '' };
    for (const presented of ['', '.', '*.', 'x.', 'a.example']) {
      const { reason } = accepts({ names: [presented] }, ['hostname', 'nexthop', 'dot-nexthop'], to);
      assert.match(reason ?? '', /wanted no name$/);
    }
  });
  test('otherwise a few of the certificate are reported', () => {
    const many = Array.from({ length: 300 }, (_, index) => `n${index}.example`);
    assert.equal(
      accepts({ names: many, addresses: ['10.0.0.1'] }, ['hostname', 'nexthop', '.x']).reason,
      'Server certificate not verified: it is for n0.example, n1.example, n2.example, n3.example, n4.example and 296 more; wanted mail.example.com, example.com, .x',
    );
    assert.match(accepts({}, ['hostname']).reason ?? '', /it is for no name; wanted mail\.example\.com$/);
  });
  test('for any content of the certificate, the reason is one line of moderate length', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary', maxLength: 1000 })), (presented) => {
        const { reason = '' } = accepts({ names: presented }, ['hostname']);
        assert.doesNotMatch(reason, /\p{Cc}/u);
        assert.ok(reason.length < 2000);
      }),
    );
  });
  test('exactly as a written-out name would, label by label', () => {
    const label = fc.constantFrom('a', 'b', '*', 'mail', 'example');
    const name = fc.array(label, { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(name, name, (presented, wanted) => {
        fc.pre(!wanted.includes('*'));
        const [first, ...rest] = presented;
        const isWildcard = first === '*' && rest.length > 0;
        const expected =
          presented.length === wanted.length &&
          presented.every((each, index) => each === wanted[index] || (index === 0 && isWildcard));
        assert.equal(accepts({ names: [presented.join('.')] }, [wanted.join('.')]).matched, expected);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('the log reports of TLS', () => {
  const session = { protocol: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384' };
  test('protocol, cipher and certificate, and its expiry', () => {
    const facts = certificateFacts(certificates.right.x509);
    assert.deepEqual(
      tlsFacts({ level: 'verify', digest: 'sha256' }, session, { matched: true, trusted: true }, facts),
      {
        ...session,
        level: 'verify',
        matched: true,
        trusted: true,
        certificate_ends: lastDay('right'),
        subject: 'CN=localhost',
        fingerprint: certificates.right.x509.fingerprint256,
      },
    );
  });
  test('less without a certificate', () =>
    assert.deepEqual(
      tlsFacts({ level: 'may', digest: 'sha256' }, session, { matched: false, trusted: false }, undefined),
      { ...session, level: 'may', matched: false, trusted: false },
    ));
});

test('a client certificate is parsed like any other', () => {
  const { client }: { readonly client: TestCertificate } = certificates;
  assert.equal(certificateFacts(new X509Certificate(client.cert)).subject, 'CN=lambda-lmtp');
});
