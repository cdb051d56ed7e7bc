/**
 * The range of TLS versions that a list of protocols allows (Postfix lmtp_tls_protocols, tls_proto_mask_lims(3)).
 *
 *   >=TLSv1.2              that version and newer ones
 *   >=TLSv1.2, <=TLSv1.3   between the two
 *   !SSLv2, !SSLv3         all except these
 *   TLSv1.2, TLSv1.3       only these
 *
 * A TLS library takes a lowest and a highest version, so a list cannot leave out one between.
 */

import { ParameterError } from './row.ts';

/** The versions of the runtime, oldest first. */
export const tlsVersions = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'] as const;

/** A version of TLS. */
export type TlsVersion = (typeof tlsVersions)[number];

/** The lowest and the highest version allowed. */
export interface ProtocolRange {
  readonly min: TlsVersion;
  readonly max: TlsVersion;
}

/** Names of versions, oldest first. The runtime has no SSL, so SSL as an exclusion or a lower bound has no effect. */
const known = ['SSLv2', 'SSLv3', ...tlsVersions] as const;

/**
 * Parses a list of protocols. Empty = all versions of the runtime.
 *
 * @param parameter the name in errors
 * @param value elements separated by commas, colons or blanks; upper and lower case are equal
 * @throws ParameterError with the element and what is allowed, or why the remaining versions cannot be used
 */
export function parseProtocols(parameter: string, value: string): ProtocolRange {
  const left = versionsLeft(parameter, value);
  const [min] = left;
  const max = left.at(-1);
  if (min === undefined || max === undefined) {
    throw new ParameterError(parameter, `"${value}" leaves no version of ${tlsVersions.join(', ')}`);
  }
  const between = tlsVersions.slice(tlsVersions.indexOf(min), tlsVersions.indexOf(max) + 1);
  const missing = between.filter((version) => !left.includes(version));
  if (missing.length > 0) {
    throw new ParameterError(
      parameter,
      `"${value}" leaves ${left.join(', ')} without ${missing.join(', ')}: TLS takes a lowest and a highest version, and all between`,
    );
  }
  return { min, max };
}

function versionsLeft(parameter: string, value: string): readonly TlsVersion[] {
  const included = new Set<string>();
  const excluded = new Set<string>();
  let lowest = 0;
  let highest = known.length - 1;
  for (const element of value.split(/[\s,:]+/).filter((word) => word !== '')) {
    const { operator, index } = readElement(parameter, element);
    // Of several bounds the last one counts, as in Postfix.
    if (operator === '>=') lowest = index;
    else if (operator === '<=') highest = index;
    else (operator === '!' ? excluded : included).add(known[index] ?? '');
  }
  return tlsVersions.filter((version) => {
    const index = known.indexOf(version);
    const isIncluded = included.size === 0 || included.has(version);
    return index >= lowest && index <= highest && isIncluded && !excluded.has(version);
  });
}

interface Element {
  readonly operator: string;
  /** Index of the known version. */
  readonly index: number;
}

function readElement(parameter: string, element: string): Element {
  const [, operator = '', name = ''] = /^(>=|<=|!)?(.*)$/s.exec(element) ?? [];
  const folded = name.toLowerCase().replace(/^tlsv1\.0$/, 'tlsv1');
  const index = known.findIndex((version) => version.toLowerCase() === folded);
  if (index >= 0) return { operator, index };
  throw new ParameterError(
    parameter,
    `"${element}" is not allowed; allowed are ${known.join(', ')}, optionally with >=, <= or ! in front`,
  );
}
