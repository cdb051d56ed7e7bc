/**
 * One entry of lmtp_tls_policy_maps: a level, and attributes (TLS_README, "Client TLS security levels").
 *
 *   secure match=mail.example.com:.example.net servername=hostname protocols=>=TLSv1.3 connection_reuse=no
 */

import { type ProtocolRange, parseProtocols } from '../parameters/protocols.ts';
import { ParameterError } from '../parameters/row.ts';
import { mustMatch, type TlsLevel, tlsLevels } from './levels.ts';
import { faultOfNameRule, readFingerprints, readNameRules } from './match-rules.ts';

/** An entry is invalid. The message has the fault, and what is allowed. */
export class PolicyEntryError extends Error {
  override readonly name = 'PolicyEntryError';
}

/** An entry; the parameters supply what is absent. */
export interface PolicyEntry {
  readonly level: TlsLevel;
  /** Rules for names, or fingerprints at level fingerprint. */
  readonly match?: readonly string[];
  readonly protocols?: ProtocolRange;
  readonly servername?: string;
  readonly isReusable?: boolean;
}

/** An entry during parsing. */
type Draft = { -readonly [Name in keyof PolicyEntry]: PolicyEntry[Name] };

/** Attributes of Postfix that cannot be set here. */
const refused: Readonly<Record<string, string>> = {
  ciphers: 'the TLS library of the runtime chooses the ciphers',
  exclude: 'the TLS library of the runtime chooses the ciphers',
  tafile: 'lmtp_tls_CAfile sets the trust anchors',
  enable_rpk: 'the TLS library of the runtime does not support raw public keys',
};

/**
 * Parses an entry.
 *
 * @throws PolicyEntryError with the fault and what is allowed
 */
export function parsePolicyEntry(text: string): PolicyEntry {
  const [word, ...attributes] = text.split(/[\s,]+/).filter((element) => element !== '');
  const entry: Draft = { level: parseLevel(word) };
  // Without TLS, attributes are ignored, as in Postfix.
  if (entry.level === 'none') return entry;
  for (const attribute of attributes) readAttribute(entry, attribute);
  return entry;
}

function parseLevel(word: string | undefined): TlsLevel {
  if (word === undefined) throw new PolicyEntryError('the entry is empty');
  const folded = word.toLowerCase();
  const level = tlsLevels.find((name) => name === folded);
  if (level !== undefined) return level;
  const reason = /^dane(?:-only)?$/.test(folded) ? ': DANE needs DNS answers validated with DNSSEC' : '';
  throw new PolicyEntryError(`invalid security level "${word}"${reason}; allowed are ${tlsLevels.join(', ')}`);
}

function readAttribute(entry: Draft, attribute: string): void {
  const [, written = '', value = ''] = /^([^=]*)=(.*)$/s.exec(attribute) ?? [];
  if (written === '') throw new PolicyEntryError(`malformed attribute "${attribute}": write name=value`);
  const name = written.toLowerCase();
  if (value === '') throw new PolicyEntryError(`attribute "${name}" has no value`);
  switch (name) {
    case 'match':
      // Several of them are combined.
      entry.match = [...(entry.match ?? []), ...readMatch(entry.level, value)];
      return;
    case 'protocols':
      if (entry.protocols !== undefined) throw repeated(name);
      entry.protocols = readProtocols(value);
      return;
    case 'servername':
      if (entry.servername !== undefined) throw repeated(name);
      entry.servername = readServername(value);
      return;
    case 'connection_reuse':
      // The last one counts.
      entry.isReusable = readSwitch(name, value);
      return;
    default:
      throw new PolicyEntryError(faultOfName(name));
  }
}

function readMatch(level: TlsLevel, value: string): readonly string[] {
  if (!mustMatch(level)) throw new PolicyEntryError(`attribute "match" is not allowed at level ${level}`);
  const match = level === 'fingerprint' ? readFingerprints(value) : readNameRules(value);
  if (match.length === 0) throw new PolicyEntryError(`attribute "match": "${value}" is empty`);
  if (level === 'fingerprint') return match;
  const fault = match.map(faultOfNameRule).find((reason) => reason !== undefined);
  if (fault !== undefined) throw new PolicyEntryError(`attribute "match": ${fault}`);
  return match;
}

function readProtocols(value: string): ProtocolRange {
  try {
    return parseProtocols('attribute "protocols"', value);
  } catch (cause) {
    if (cause instanceof ParameterError) throw new PolicyEntryError(cause.message, { cause });
    throw cause;
  }
}

function readServername(value: string): string {
  if (/^[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*$/i.test(value)) return value.toLowerCase();
  throw new PolicyEntryError(`attribute "servername": "${value}" is not hostname, nexthop or a name`);
}

function readSwitch(name: string, value: string): boolean {
  const folded = value.toLowerCase();
  if (folded === 'yes' || folded === 'no') return folded === 'yes';
  throw new PolicyEntryError(`attribute "${name}": "${value}" is neither yes nor no`);
}

function repeated(name: string): PolicyEntryError {
  return new PolicyEntryError(`attribute "${name}" is given several times`);
}

function faultOfName(name: string): string {
  const reason = Object.hasOwn(refused, name) ? refused[name] : undefined;
  if (reason !== undefined) return `attribute "${name}" cannot be set here: ${reason}`;
  return `unknown attribute "${name}"; allowed are match, protocols, servername, connection_reuse`;
}
