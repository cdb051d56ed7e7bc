/**
 * What a check finds, as values: steps in the order in which they were made, each with what to do next where something is
 * amiss. This is also the JSON of `lambda-lmtp check --json` and the answer of the check function.
 */

import type { TlsLevel } from '../tls/levels.ts';
import type { Finding } from './advice.ts';

/** What a whole check came to: what would become of mail at the worst of the servers. */
export type Outcome = 'well' | 'deferred' | 'bounced';

/** A check of a destination. */
export interface CheckReport {
  /** As it was asked for. */
  readonly destination: string;
  /** When it began, RFC 3339. */
  readonly checked: string;
  readonly outcome: Outcome;
  /** The next-hops of the destination, in its order. */
  readonly hops: readonly HopReport[];
}

/** A next-hop: where its name led, and the servers behind it. */
export interface HopReport {
  /** `inet:host:port` or `unix:/path` */
  readonly hop: string;
  /** Absent for a unix-domain socket, which has no name. */
  readonly name?: NameStep;
  readonly servers: readonly ServerReport[];
}

/** One address of a next-hop. */
export interface ServerReport {
  /** `host[address]:port`, as in the delivery log. */
  readonly relay: string;
  readonly steps: readonly ServerStep[];
}

/** What would become of mail, in the words of the delivery log. */
export interface StepVerdict {
  readonly status: 'deferred' | 'bounced';
  /** Enhanced status. */
  readonly dsn: string;
  readonly text: string;
}

/** What there is to say of any step. */
export type Found =
  | { readonly result: 'ok'; readonly text: string }
  /** Mail goes through, but somebody should look. */
  | { readonly result: 'warning'; readonly text: string; readonly finding: Finding; readonly next: string }
  /** Mail does not go through. */
  | {
      readonly result: 'failed';
      readonly text: string;
      readonly finding: Finding;
      /** What to do. May have several lines. */
      readonly next: string;
      readonly verdict: StepVerdict;
    };

/** Where the name led. */
export type NameStep = Found & {
  readonly step: 'name';
  /** Every address that was found, those included that must not be used (allow_local_destinations). */
  readonly addresses: readonly string[];
};

/** Whether somebody listens. */
export type PortStep = Found & {
  readonly step: 'port';
  readonly state: 'open' | 'refused' | 'filtered' | 'unreachable' | 'failed';
  /** How long it took to connect. */
  readonly milliseconds?: number;
};

/** The server's first words. */
export type GreetingStep = Found & { readonly step: 'greeting'; readonly said?: string };

/** What was had of TLS. */
export type TlsStep = Found & {
  readonly step: 'TLS';
  /** Absent where the policy cannot be used. */
  readonly level?: TlsLevel;
  /** `TLSv1.3`; absent in plain text. */
  readonly protocol?: string;
  /** `TLS_AES_256_GCM_SHA384` */
  readonly cipher?: string;
};

/** The server's certificate, and what the policy thinks of it. */
export type CertificateStep = Found & { readonly step: 'certificate' } & Partial<CertificateWords>;

/** What a certificate says, for people. */
export interface CertificateWords {
  readonly subject: string;
  readonly issuer: string;
  /** dNSName and iPAddress entries. */
  readonly names: readonly string[];
  /** ISO 8601. */
  readonly validFrom: string;
  readonly validTo: string;
  /** Whole days; negative when its time is up. */
  readonly daysLeft: number;
  /** With lmtp_tls_fingerprint_digest; what lmtp_tls_fingerprint_cert_match wants. */
  readonly fingerprint: string;
  /** The same of its public key, which outlives a renewal with the same key. */
  readonly publicKeyFingerprint: string;
  readonly digest: string;
  /** An authority that we trust stands behind it. */
  readonly trusted: boolean;
  /** The policy asks for a certificate, and this one is good. */
  readonly matched: boolean;
}

/** LHLO, and what was offered (under TLS, where there is any). */
export type LhloStep = Found & {
  readonly step: 'LHLO';
  /** Keywords with what stands behind them that counts: `SIZE 20480`, `AUTH PLAIN LOGIN`. */
  readonly capabilities?: readonly string[];
};

/** Authentication. */
export type AuthStep = Found & {
  readonly step: 'AUTH';
  readonly mechanism?: string;
  readonly user?: string;
  /** The map that the password stands in: `secretsmanager:NAME`, `texthash:FILE`, `inline`, ... */
  readonly source?: string;
  /** The version of the secret; `static` where the map has none. */
  readonly version?: string;
  /** AWSPENDING where that was tried in place of the password in use. */
  readonly stage?: 'AWSCURRENT' | 'AWSPENDING';
};

/** MAIL, where recipients were asked about. */
export type MailStep = Found & { readonly step: 'MAIL'; readonly sender: string; readonly said?: string };

/** RCPT. */
export type RcptStep = Found & { readonly step: 'RCPT'; readonly recipient: string; readonly said?: string };

/** A step at one server. */
export type ServerStep =
  | PortStep
  | GreetingStep
  | TlsStep
  | CertificateStep
  | LhloStep
  | AuthStep
  | MailStep
  | RcptStep;

/** A step. */
export type Step = NameStep | ServerStep;

/** What whoever looks on is told, as it happens. */
export type Progress =
  | { readonly kind: 'hop'; readonly hop: string }
  | { readonly kind: 'server'; readonly relay: string }
  | { readonly kind: 'step'; readonly step: Step };

/** All steps of some hops, in order. */
export function stepsOf(hops: readonly HopReport[]): readonly Step[] {
  return hops.flatMap(({ name, servers }) => [
    ...(name === undefined ? [] : [name]),
    ...servers.flatMap(({ steps }) => steps),
  ]);
}

/**
 * What the steps come to. One that would bounce weighs more than any that would wait; a warning weighs nothing. That other
 * servers of the destination may be well does not count: the one that is not should be looked at.
 */
export function outcomeOf(steps: readonly Step[]): Outcome {
  const statuses = steps.flatMap((step) => (step.result === 'failed' ? [step.verdict.status] : []));
  if (statuses.includes('bounced')) return 'bounced';
  return statuses.length > 0 ? 'deferred' : 'well';
}

/** A finished report as it would have been told. */
export function progressOf({ hops }: CheckReport): readonly Progress[] {
  return hops.flatMap(({ hop, name, servers }) => [
    { kind: 'hop' as const, hop },
    ...(name === undefined ? [] : [{ kind: 'step' as const, step: name }]),
    ...servers.flatMap(({ relay, steps }) => [
      { kind: 'server' as const, relay },
      ...steps.map((step) => ({ kind: 'step' as const, step })),
    ]),
  ]);
}
