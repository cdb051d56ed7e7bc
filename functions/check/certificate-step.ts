/**
 * The certificate of a server, and what policy thinks of it.
 */

import type { Shown } from '../lmtp/dialogue.ts';
import type { CertificateFacts } from '../tls/certificate-facts.ts';
import { chainWords } from '../tls/chain-words.ts';
import { fingerprintOf } from '../tls/fingerprint.ts';
import { mustMatch, type TlsPolicy } from '../tls/policy.ts';
import type { Secured, TlsJudgement } from '../tls/secured.ts';
import type { About, Finding } from './advice.ts';
import { failed, ok, troubleOf, warning } from './found.ts';
import type { CertificateStep, CertificateWords } from './report.ts';
import type { Telling } from './telling.ts';

/** Days before its end from which on a certificate that mail depends on is worth a warning. */
export const soon = 14;

const day = 86_400_000;

/** Tells the certificate. @param now milliseconds since 1970 */
export function tellCertificate(
  { level, digest }: TlsPolicy,
  { secured, judgement }: Shown,
  telling: Telling,
  now: number,
): CertificateStep {
  const { about } = telling;
  const facts = secured.certificate;
  const words = facts && inWords(facts, judgement, digest, now);
  const described = facts === undefined || words === undefined ? [] : describe(facts, words);
  const informed: About = words === undefined ? about : { ...about, certificate: words };
  const tell = (opinion: string) => [opinion, ...described].join('\n');
  const step = { step: 'certificate' as const, ...words };
  if (!mustMatch(level)) return { ...step, ...ok(tell(unjudged(level, secured, facts, now))) };
  if (!judgement.facts.matched) {
    const reason = judgement.reason ?? 'it does not match';
    const fault = { kind: 'certificate not accepted', reason } as const;
    const text = tell(reason.replace(/^Server certificate /, ''));
    const finding = findingOf(level, secured, facts, now);
    return { ...step, ...failed(text, finding, troubleOf(fault, telling), { ...telling, about: informed }) };
  }
  // At level fingerprint nobody looks at its end.
  if (level !== 'fingerprint' && words !== undefined && words.daysLeft < soon) {
    return { ...step, ...warning(tell('matches, but ends soon'), 'certificate ends soon', informed) };
  }
  return { ...step, ...ok(tell(level === 'fingerprint' ? 'matches a fingerprint that is listed' : 'matches')) };
}

/** What a certificate says, as far as people are interested. */
function inWords(
  facts: CertificateFacts,
  { facts: { matched, trusted } }: TlsJudgement,
  digest: TlsPolicy['digest'],
  now: number,
): CertificateWords {
  const { subject, issuer, names, addresses, validFrom, validTo, der, publicKey } = facts;
  return {
    subject,
    issuer,
    names: [...names, ...addresses],
    validFrom,
    validTo,
    daysLeft: Math.floor((Date.parse(validTo) - now) / day),
    fingerprint: fingerprintOf(der, digest),
    publicKeyFingerprint: fingerprintOf(publicKey, digest),
    digest,
    trusted,
    matched,
  };
}

function describe({ validTo }: CertificateFacts, words: CertificateWords): readonly string[] {
  const { subject, names, issuer, daysLeft, fingerprint, digest } = words;
  const shown = names.length > 5 ? [...names.slice(0, 5), `${names.length - 5} more`] : names;
  const end = validTo.slice(0, 10);
  return [
    `${subject || 'no subject'}${shown.length === 0 ? '' : `; for ${shown.join(', ')}`}`,
    `${daysLeft < 0 ? `ended on ${end}` : `${daysLeft} days left, until ${end}`}; issued by ${issuer || 'nobody'}`,
    `${digest} ${fingerprint}`,
  ];
}

/** Where nobody asks for a certificate, one is told all the same what there would be to say. */
function unjudged(level: string, { chainError }: Secured, facts: CertificateFacts | undefined, now: number): string {
  if (facts === undefined) return `none is shown, and none is asked for at level ${level}`;
  const opinion = chainError === undefined ? 'trusted' : `not trusted (${chainWords(chainError, facts, now)})`;
  return `${opinion}; not asked for at level ${level}`;
}

function findingOf(level: string, { chainError }: Secured, facts: CertificateFacts | undefined, now: number): Finding {
  if (facts === undefined) return 'no certificate';
  if (level === 'fingerprint') return 'fingerprint not listed';
  switch (chainError) {
    case undefined:
      return 'wrong name';
    case 'CERT_HAS_EXPIRED':
      // One above it may be meant.
      return Date.parse(facts.validTo) <= now ? 'certificate expired' : 'certificate not accepted';
    case 'CERT_NOT_YET_VALID':
      return 'certificate not yet valid';
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
      return 'self-signed';
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
      return 'unknown authority';
    default:
      return 'certificate not accepted';
  }
}
