/**
 * The certificate of a server, and the judgement of the policy.
 */

import type { Shown } from '../lmtp/dialogue.ts';
import type { CertificateFacts } from '../tls/certificate-facts.ts';
import { chainFault } from '../tls/chain-fault.ts';
import type { TlsFacts } from '../tls/facts.ts';
import { fingerprintOf } from '../tls/fingerprint.ts';
import { mustMatch } from '../tls/levels.ts';
import type { TlsPolicy } from '../tls/policy.ts';
import type { Secured } from '../tls/secured.ts';
import type { Finding } from './advice.ts';
import { failedOpening, ok, type Site, warning } from './found.ts';
import type { CertificateWords, StepNamed } from './report.ts';

/** Days before its end from which a certificate that mail depends on is worth a warning. */
export const soon = 14;

const day = 86_400_000;

/** Returns the step. @param now milliseconds since 1970 */
export function certificateStep(
  { level, digest }: TlsPolicy,
  { secured, judgement }: Shown,
  site: Site,
  now: number,
): StepNamed<'certificate'> {
  const { certificate } = secured;
  const words = certificate && wordsOf(certificate, digest, judgement.facts, now);
  const about = words === undefined ? site.about : { ...site.about, certificate: words };
  const text = (opinion: string) => [opinion, ...(words === undefined ? [] : describe(words))].join('\n');
  const step = { step: 'certificate', ...words } as const;
  if (!mustMatch(level)) return { ...step, ...ok(text(unjudged(level, secured, now))) };
  if (!judgement.facts.matched) {
    const { reason = 'it does not match' } = judgement;
    const fault = { kind: 'certificate not accepted', reason } as const;
    const opinion = text(reason.replace(/^Server certificate /, ''));
    return { ...step, ...failedOpening(fault, findingOf(level, secured, now), { ...site, about }, opinion) };
  }
  // At level fingerprint the end of a certificate does not count.
  if (level === 'fingerprint') return { ...step, ...ok(text('matches a listed fingerprint')) };
  const isSoon = words !== undefined && words.daysLeft < soon;
  const found = isSoon
    ? warning(text('matches, but expires soon'), 'certificate ends soon', about)
    : ok(text('matches'));
  return { ...step, ...found };
}

function wordsOf(
  { commonName, addresses, der, publicKey, ...words }: CertificateFacts,
  digest: TlsPolicy['digest'],
  { matched, trusted }: TlsFacts,
  now: number,
): CertificateWords {
  return {
    ...words,
    names: [...words.names, ...addresses],
    daysLeft: Math.floor((Date.parse(words.validTo) - now) / day),
    fingerprint: fingerprintOf(der, digest),
    publicKeyFingerprint: fingerprintOf(publicKey, digest),
    digest,
    trusted,
    matched,
  };
}

function describe({ subject, names, issuer, daysLeft, validTo, fingerprint, digest }: CertificateWords): string[] {
  const shown = names.length > 5 ? [...names.slice(0, 5), `${names.length - 5} more`] : names;
  const end = validTo.slice(0, 10);
  return [
    `${subject || 'no subject'}${shown.length === 0 ? '' : `; for ${shown.join(', ')}`}`,
    `${daysLeft < 0 ? `expired on ${end}` : `${daysLeft} days left, until ${end}`}; issuer: ${issuer || 'none'}`,
    `${digest} ${fingerprint}`,
  ];
}

/** The level requires no certificate; the operator still sees what a stricter level would say. */
function unjudged(level: string, { certificate, chainError }: Secured, now: number): string {
  if (certificate === undefined) return `none presented, and none required at level ${level}`;
  const opinion =
    chainError === undefined ? 'trusted' : `not trusted (${chainFault(chainError, certificate, now).text})`;
  return `${opinion}; not required at level ${level}`;
}

function findingOf(level: string, { certificate, chainError }: Secured, now: number): Finding {
  if (certificate === undefined) return 'no certificate';
  if (level === 'fingerprint') return 'fingerprint not listed';
  return chainError === undefined ? 'wrong name' : chainFault(chainError, certificate, now).kind;
}
