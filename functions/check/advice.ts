/**
 * From a finding to the next thing to do. The sentences are data (advice.json), and none of them contains a secret.
 *
 * A text may have variants; the first one whose condition holds is used. `{word}` stands for a phrase of the data or for a fact.
 */

import type { NextHop } from '../request/destination.ts';
import data from './advice.json' with { type: 'json' };

/** The facts that a sentence may mention. */
export interface About {
  readonly hop: NextHop;
  /** Where the check runs: results may differ elsewhere. */
  readonly place: Place;
  /** The host, where it is not that of the hop: behind SRV records, or below a CNAME. */
  readonly host?: string;
  /** Fingerprints and names of the certificate that the server presented. */
  readonly certificate?: {
    readonly fingerprint: string;
    readonly publicKeyFingerprint: string;
    readonly names: readonly string[];
  };
  /** The map that contains the password. */
  readonly password?: { readonly source: string };
  /** The parameter lmtp_sasl_*security_options that applies. */
  readonly optionsParameter?: string;
  readonly isEncrypted?: boolean;
  /** Whether the server offers STARTTLS. */
  readonly offersTls?: boolean;
}

/** On the machine of an operator, or in a function of the stack. */
export type Place = 'command' | 'function';

/** The short name of something that needs attention. */
export type Finding = keyof typeof data.findings;

/** Every finding. */
export const findings = Object.keys(data.findings) as readonly Finding[];

type Text = string | Readonly<Record<string, string>>;

const phrases: ReadonlyMap<string, Text> = new Map<string, Text>(Object.entries(data.phrases));

const conditions: Readonly<Record<string, (about: About) => boolean>> = {
  function: ({ place }) => place === 'function',
  unix: ({ hop }) => hop.kind === 'unix',
  encrypted: ({ isEncrypted }) => isEncrypted === true,
  onlyUnderTls: ({ isEncrypted, offersTls }) => isEncrypted !== true && offersTls === true,
  secret: ({ password }) => password?.source.startsWith('secretsmanager:') === true,
  else: () => true,
};

/** Returns what to do about a finding: a line of sentences, then lines of configuration if there are any. */
export function advise(finding: Finding, about: About): string {
  return expand(data.findings[finding], about, factsOf(finding, about));
}

function expand(text: Text, about: About, facts: Readonly<Record<string, string>>): string {
  const variants = typeof text === 'string' ? { else: text } : text;
  const [, variant = ''] = Object.entries(variants).find(([name]) => conditions[name]?.(about)) ?? [];
  return variant.replace(/\{(\w+)\}/g, (_, word: string) => {
    const phrase = phrases.get(word);
    return phrase === undefined ? (facts[word] ?? word) : expand(phrase, about, facts);
  });
}

function factsOf(finding: Finding, about: About): Readonly<Record<string, string>> {
  const { hop, certificate, password, optionsParameter = 'lmtp_sasl_security_options' } = about;
  const host = about.host ?? (hop.kind === 'inet' ? hop.host : hop.path);
  // Only a server that refuses connections is told to listen on this very port; another protocol listens on it already.
  const listenerPort = finding === 'refused' && hop.kind === 'inet' ? hop.port : 24;
  return {
    host,
    hop: hop.name,
    hopHost: hop.kind === 'inet' ? hop.host : 'the name',
    port: hop.kind === 'inet' ? String(hop.port) : 'of this socket',
    listenerPort: String(listenerPort),
    listenerName: listenerPort === 24 ? 'lmtp' : String(listenerPort),
    keys: [...new Set([host, hop.name])].join(', '),
    fingerprint: certificate?.fingerprint ?? 'FINGERPRINT',
    publicKeyFingerprint: certificate?.publicKeyFingerprint ?? 'FINGERPRINT',
    rule: ruleFor(certificate?.names ?? []),
    source: password?.source ?? 'the map',
    optionsParameter,
  };
}

/** A rule that accepts one of the names of a certificate. The names come from the server and may contain anything. */
function ruleFor(names: readonly string[]): string {
  return (names.find((name) => /^(?:\*\.)?[a-z0-9_.-]+$/i.test(name)) ?? 'NAME').replace(/^\*/, '');
}
