/**
 * Certificates for tests, generated on request: correct ones, and one for every possible fault.
 *
 * Their keys are worthless, and none of them is ever written to a file.
 */
import 'reflect-metadata';
import { KeyObject, randomBytes, webcrypto, X509Certificate } from 'node:crypto';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  type X509Certificate as GeneratedCertificate,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';

/** A certificate with its key. */
export interface TestCertificate {
  /** PEM: the certificate, then the intermediate ones. */
  readonly cert: string;
  /** PEM, PKCS #8. */
  readonly key: string;
  readonly x509: X509Certificate;
}

/** The content of a certificate. */
export interface CertificateWishes {
  /** Distinguished name: `CN=mail.example.com`. Default: that of the first name. */
  readonly subject?: string;
  /** dNSName entries. Default: localhost, unless there are addresses. */
  readonly names?: readonly string[];
  /** iPAddress entries. */
  readonly addresses?: readonly string[];
  /** Days from now. Default: -1 to 30. */
  readonly validity?: readonly [from: number, to: number];
  /** Default: server. */
  readonly purpose?: 'server' | 'client';
  /** Default: EC, because RSA keys take long to generate. */
  readonly algorithm?: 'EC' | 'RSA';
}

/** An authority that signs certificates. */
export interface TestAuthority extends TestCertificate {
  issue(wishes?: CertificateWishes): Promise<TestCertificate>;
  /** Returns an authority below this one. */
  issueAuthority(subject: string, validity?: CertificateWishes['validity']): Promise<TestAuthority>;
}

/** Returns a new root authority. */
export async function makeAuthority(
  subject = 'CN=Test authority',
  validity: CertificateWishes['validity'] = usualValidity,
): Promise<TestAuthority> {
  const keys = await makeKeys('EC');
  return authority(await sign({ subject, keys, validity, extensions: authorityExtensions }), keys, []);
}

/** Returns a certificate that is signed with its own key. */
export async function makeSelfSigned(wishes: CertificateWishes = {}): Promise<TestCertificate> {
  const keys = await makeKeys(wishes.algorithm);
  return asTestCertificate(await sign({ ...composed(wishes), keys }), keys, []);
}

/** One of each kind, for a server that is `localhost` and `127.0.0.1`. */
export interface TestCertificates {
  /** The authority that clients trust. */
  readonly authority: TestAuthority;
  readonly right: TestCertificate;
  readonly selfSigned: TestCertificate;
  readonly wrongName: TestCertificate;
  readonly expired: TestCertificate;
  readonly notYetValid: TestCertificate;
  /** Of an unknown authority, which is not sent. */
  readonly unknownAuthority: TestCertificate;
  /** The same, and the authority is sent. */
  readonly untrustedRoot: TestCertificate;
  /** Signed by an intermediate one, which is sent. */
  readonly intermediate: TestCertificate;
  /** Signed by an intermediate one, which is not sent. */
  readonly intermediateMissing: TestCertificate;
  /** Signed by an expired intermediate one. */
  readonly intermediateExpired: TestCertificate;
  /** A client certificate. */
  readonly client: TestCertificate;
}

let made: Promise<TestCertificates> | undefined;

/** The certificates of this process. */
export function testCertificates(): Promise<TestCertificates> {
  made ??= makeAll();
  return made;
}

async function makeAll(): Promise<TestCertificates> {
  const server = { names: ['localhost'], addresses: ['127.0.0.1'] };
  const authority = await makeAuthority();
  const unknown = await makeAuthority('CN=Unknown authority');
  const between = await authority.issueAuthority('CN=Authority between');
  const expiredBetween = await authority.issueAuthority('CN=Expired authority', [-20, -10]);
  const behindBetween = await between.issue(server);
  const unknownAuthority = await unknown.issue(server);
  return {
    authority,
    right: await authority.issue(server),
    selfSigned: await makeSelfSigned(server),
    wrongName: await authority.issue({ names: ['other.example', '*.other.example'] }),
    expired: await authority.issue({ ...server, validity: [-30, -10] }),
    notYetValid: await authority.issue({ ...server, validity: [10, 30] }),
    unknownAuthority,
    untrustedRoot: { ...unknownAuthority, cert: unknownAuthority.cert + unknown.cert },
    intermediate: behindBetween,
    intermediateMissing: { ...behindBetween, cert: behindBetween.x509.toString() },
    intermediateExpired: await expiredBetween.issue(server),
    client: await authority.issue({ subject: 'CN=lambda-lmtp', names: ['client.example'], purpose: 'client' }),
  };
}

const usualValidity = [-1, 30] as const;

const authorityExtensions: readonly Extension[] = [
  new BasicConstraintsExtension(true, undefined, true),
  new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
];

function authority(own: GeneratedCertificate, keys: webcrypto.CryptoKeyPair, above: readonly string[]): TestAuthority {
  const issuer = { certificate: own, keys };
  // A root is not sent; clients that trust it have it.
  const chain = own.issuer === own.subject ? [] : [own.toString('pem'), ...above];
  return {
    ...asTestCertificate(own, keys, above),
    issue: async (wishes = {}) => {
      const its = await makeKeys(wishes.algorithm);
      return asTestCertificate(await sign({ ...composed(wishes), keys: its, issuer }), its, chain);
    },
    issueAuthority: async (subject, validity = usualValidity) => {
      const its = await makeKeys('EC');
      const below = await sign({ subject, keys: its, validity, extensions: authorityExtensions, issuer });
      return authority(below, its, chain);
    },
  };
}

function composed(wishes: CertificateWishes): Pick<Draft, 'subject' | 'validity' | 'extensions'> {
  const { addresses = [], validity = usualValidity, purpose = 'server' } = wishes;
  const names = wishes.names ?? (addresses.length > 0 ? [] : ['localhost']);
  const entries = [
    ...names.map((value) => ({ type: 'dns', value }) as const),
    ...addresses.map((value) => ({ type: 'ip', value }) as const),
  ];
  const extensions = [
    new BasicConstraintsExtension(false),
    new ExtendedKeyUsageExtension([purpose === 'server' ? ExtendedKeyUsage.serverAuth : ExtendedKeyUsage.clientAuth]),
    ...(entries.length > 0 ? [new SubjectAlternativeNameExtension(entries)] : []),
  ];
  return { subject: wishes.subject ?? `CN=${entries[0]?.value ?? 'unknown'}`, validity, extensions };
}

interface Draft {
  readonly subject: string;
  readonly keys: webcrypto.CryptoKeyPair;
  readonly validity: readonly [from: number, to: number];
  readonly extensions: readonly Extension[];
  /** Absent: self-signed. */
  readonly issuer?: { readonly certificate: GeneratedCertificate; readonly keys: webcrypto.CryptoKeyPair };
}

async function sign({ subject, keys, validity, extensions, issuer }: Draft): Promise<GeneratedCertificate> {
  const { publicKey } = keys;
  return await X509CertificateGenerator.create({
    subject,
    issuer: issuer?.certificate.subject ?? subject,
    publicKey,
    signingKey: (issuer?.keys ?? keys).privateKey,
    signingAlgorithm: { name: (issuer?.keys ?? keys).privateKey.algorithm.name, hash: 'SHA-256' },
    // Positive, and never the same twice.
    serialNumber: `01${randomBytes(8).toString('hex')}`,
    notBefore: daysFromNow(validity[0]),
    notAfter: daysFromNow(validity[1]),
    extensions: [
      ...extensions,
      await SubjectKeyIdentifierExtension.create(publicKey),
      ...(issuer === undefined ? [] : [await AuthorityKeyIdentifierExtension.create(issuer.keys.publicKey)]),
    ],
  });
}

function daysFromNow(days: number): Date {
  return new Date(Date.now() + days * 86_400_000);
}

async function makeKeys(algorithm: CertificateWishes['algorithm'] = 'EC'): Promise<webcrypto.CryptoKeyPair> {
  const usages = ['sign', 'verify'] as const;
  if (algorithm === 'EC') {
    return await webcrypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, usages);
  }
  const rsa = { name: 'RSASSA-PKCS1-v1_5', modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) };
  return await webcrypto.subtle.generateKey({ ...rsa, hash: 'SHA-256' }, true, usages);
}

function asTestCertificate(
  certificate: GeneratedCertificate,
  keys: webcrypto.CryptoKeyPair,
  above: readonly string[],
): TestCertificate {
  const pem = certificate.toString('pem');
  return {
    cert: [pem, ...above].map((block) => `${block.trimEnd()}\n`).join(''),
    key: String(KeyObject.from(keys.privateKey).export({ type: 'pkcs8', format: 'pem' })),
    x509: new X509Certificate(pem),
  };
}
