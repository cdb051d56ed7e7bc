/**
 * Passwords and TLS policies that Postfix finds for a server, and that would not be found here: destinations are stored with the port
 * as a number and without brackets around names, and a replaced next-hop has another name.
 */

import { readPasswordTable } from '../secrets/password-table.ts';
import { SecretFault } from '../secrets/secrets.ts';
import { policyKeys } from '../tls/policy-keys.ts';
import type { Composed } from './compose.ts';
import type { ConvertOptions } from './convert-parameter.ts';
import type { Row, SecretPlan } from './report.ts';
import { type ReadText, readTables } from './tables.ts';

/** Returns a row for each next-hop whose password would not be found. */
export function unfoundPasswords(
  { keyed }: Composed,
  parameters: Readonly<Record<string, string>>,
  secrets: readonly SecretPlan[],
  options: ConvertOptions,
): readonly Row[] {
  if (parameters['lmtp_sasl_auth_enable'] !== 'yes') return [];
  const known = new Set(secrets.flatMap((secret) => keysOf(secret, options)));
  return hopsOf(keyed).flatMap(([nextHop, written]): readonly Row[] => {
    const here = nextHop.split(',').flatMap(lookUpKeys);
    const there = written.split(/[\s,]+/).flatMap(lookUpKeys);
    if (here.some((key) => known.has(key)) || !there.some((key) => known.has(key))) return [];
    return [
      {
        class: 'refused',
        name: 'lmtp_sasl_password_maps',
        where: written,
        why: `Postfix finds a password for ${written}. Here the destination is ${nextHop}, and the secret would have none for it.`,
        todo: `Write a line with the key ${here[0] ?? nextHop} into the secret.`,
      },
    ];
  });
}

/** Returns a row for each next-hop whose entry in lmtp_tls_policy_maps would not be found. */
export function unfoundPolicies({ keyed }: Composed, maps: string, read: ReadText): readonly Row[] {
  const known = new Set(
    readTables(maps, read).flatMap((table) => (table.kind === 'entries' ? table.entries.map(({ key }) => key) : [])),
  );
  return hopsOf(keyed).flatMap(([nextHop, written]): readonly Row[] => {
    const here = nextHop.split(',').flatMap((hop) => {
      const [host = '', name = ''] = lookUpKeys(hop);
      return policyKeys({ name, host });
    });
    const there = written.split(/[\s,]+/).map((hop) => hop.replace(/^inet:|^unix:(?=\/)/i, '').toLowerCase());
    const lost = there.find((key) => known.has(key));
    if (lost === undefined || here.some((key) => known.has(key))) return [];
    return [
      {
        class: 'refused',
        name: 'lmtp_tls_policy_maps',
        where: written,
        why: `Postfix finds the policy of ${lost}. Here the destination is ${nextHop}, which has none.`,
        todo: `Write an entry with the key ${here[0] ?? nextHop} into lmtp_tls_policy_maps.`,
      },
    ];
  });
}

/** Normalised next-hops, each with the next-hop that Postfix has. */
function hopsOf(keyed: Composed['keyed']): readonly (readonly [nextHop: string, written: string])[] {
  const hops = keyed.flatMap(({ outcome }) =>
    outcome.kind === 'lmtp' && outcome.nextHop !== '' ? [[outcome.nextHop, outcome.written] as const] : [],
  );
  return [...new Map(hops)];
}

/** The keys of a next-hop: its host, and the next-hop as written. */
function lookUpKeys(nextHop: string): readonly string[] {
  const name = nextHop.replace(/^inet:/i, '').toLowerCase();
  const host = /^\[([^\]]*)\]/.exec(name)?.[1] ?? name.replace(/:[^:]*$/, '');
  return [host, name];
}

function keysOf({ path, about }: SecretPlan, { read, delimiter }: ConvertOptions): readonly string[] {
  const text = path === undefined || !about.startsWith('passwords') ? undefined : read(path);
  if (text === undefined) return [];
  try {
    return [...readPasswordTable(text, 'table', delimiter).keys()];
  } catch (error) {
    if (error instanceof SecretFault) return [];
    throw error;
  }
}
