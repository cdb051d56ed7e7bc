/**
 * The result of a check as values, which `lambda-lmtp check --json` prints and the check function returns. Each step that needs
 * attention says what to do next.
 */

import type { LastVerdict } from '../delivery/trouble.ts';
import type { CertificateFacts } from '../tls/certificate-facts.ts';
import type { TlsFacts } from '../tls/facts.ts';
import type { TlsLevel } from '../tls/levels.ts';
import type { Finding } from './advice.ts';

/** What would happen to mail at the worst of the servers. */
export type Outcome = 'well' | 'deferred' | 'bounced';

/** A check of a destination. */
export interface CheckReport {
  /** As requested. */
  readonly destination: string;
  /** When the check began, RFC 3339. */
  readonly checked: string;
  readonly outcome: Outcome;
  /** The next-hops of the destination, in order. */
  readonly hops: readonly HopReport[];
}

/** A next-hop, its name look-up and its servers. */
export interface HopReport {
  /** `inet:host:port` or `unix:/path` */
  readonly hop: string;
  /** Absent for a unix-domain socket, which has no name. */
  readonly name?: StepNamed<'name'>;
  /** One for each address. `relay` is `host[address]:port`, as in the delivery log. */
  readonly servers: readonly { readonly relay: string; readonly steps: readonly ServerStep[] }[];
}

/** The result of a step. `next` may have several lines; `verdict` is what the delivery log would say of mail. */
export type Found =
  | { readonly result: 'ok'; readonly text: string }
  /** Mail passes, but the operator should act. */
  | { readonly result: 'warning'; readonly text: string; readonly finding: Finding; readonly next: string }
  /** Mail does not pass. */
  | {
      readonly result: 'failed';
      readonly text: string;
      readonly finding: Finding;
      readonly next: string;
      readonly verdict: Omit<LastVerdict, 'blames'>;
    };

/** The facts of each step beside its result. `said` is the reply of the server. */
interface StepFacts {
  /** Every address found, including those that allow_local_destinations forbids. */
  readonly name: { readonly addresses: readonly string[] };
  /** `milliseconds`: the time to connect. */
  readonly port: {
    readonly state: 'open' | 'refused' | 'filtered' | 'unreachable' | 'failed';
    readonly milliseconds?: number;
  };
  readonly greeting: { readonly said?: string };
  /** `TLSv1.3`, `TLS_AES_256_GCM_SHA384`; absent in plain text. `level` is absent where the policy cannot be used. */
  readonly TLS: { readonly level?: TlsLevel; readonly protocol?: string; readonly cipher?: string };
  readonly certificate: Partial<CertificateWords>;
  /** The keywords with the values that count: `SIZE 20480`, `AUTH PLAIN LOGIN`; under TLS, if there is TLS. */
  readonly LHLO: { readonly capabilities?: readonly string[] };
  readonly AUTH: {
    readonly mechanism?: string;
    readonly user?: string;
    /** The map with the password: `secretsmanager:NAME`, `texthash:FILE`, `inline`, ... */
    readonly source?: string;
    /** The version of the secret; `static` for a map without versions. */
    readonly version?: string;
    readonly stage?: 'AWSCURRENT' | 'AWSPENDING';
  };
  readonly MAIL: { readonly sender: string; readonly said?: string };
  readonly RCPT: { readonly recipient: string; readonly said?: string };
}

/** What a certificate says, and whether it is trusted and matches. `names` includes its addresses. */
export interface CertificateWords
  extends Pick<CertificateFacts, 'subject' | 'issuer' | 'names' | 'validFrom' | 'validTo'>,
    Pick<TlsFacts, 'trusted' | 'matched'> {
  /** Whole days; negative after its end. */
  readonly daysLeft: number;
  /** With lmtp_tls_fingerprint_digest, in the form of lmtp_tls_fingerprint_cert_match. */
  readonly fingerprint: string;
  /** The fingerprint of its public key, which survives a renewal with the same key. */
  readonly publicKeyFingerprint: string;
  readonly digest: string;
}

/** The step of that name. */
export type StepNamed<Name extends keyof StepFacts> = Found & { readonly step: Name } & StepFacts[Name];

/** A step. */
export type Step = { [Name in keyof StepFacts]: StepNamed<Name> }[keyof StepFacts];

/** A step at one server. */
export type ServerStep = Exclude<Step, StepNamed<'name'>>;

/** What an observer of a running check receives. */
export type Progress =
  | { readonly kind: 'hop'; readonly hop: string }
  | { readonly kind: 'server'; readonly relay: string }
  | { readonly kind: 'step'; readonly step: Step };

/** Returns a finished report as an observer would have received it. */
export function progressOf({ hops }: Pick<CheckReport, 'hops'>): readonly Progress[] {
  const steps = (list: readonly Step[]) => list.map((step) => ({ kind: 'step' as const, step }));
  return hops.flatMap(({ hop, name, servers }) => [
    { kind: 'hop' as const, hop },
    ...steps(name === undefined ? [] : [name]),
    ...servers.flatMap((server) => [{ kind: 'server' as const, relay: server.relay }, ...steps(server.steps)]),
  ]);
}

/** Returns all steps of some hops, in order. */
export function stepsOf(hops: readonly HopReport[]): readonly Step[] {
  return progressOf({ hops }).flatMap((progress) => (progress.kind === 'step' ? [progress.step] : []));
}

/**
 * Returns the worst outcome of the steps; a warning does not count. A working server does not make up for a failing one: the
 * operator should look at that.
 */
export function outcomeOf(steps: readonly Step[]): Outcome {
  const statuses = steps.flatMap((step) => (step.result === 'failed' ? [step.verdict.status] : []));
  if (statuses.includes('bounced')) return 'bounced';
  return statuses.length > 0 ? 'deferred' : 'well';
}
