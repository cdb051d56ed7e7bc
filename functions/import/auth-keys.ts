/**
 * Passwords that Postfix finds for a server, and that would not be found here: destinations are stored with the port as a number and
 * without brackets around names, and a replaced next-hop has another name.
 */

import { readPasswordTable } from '../secrets/password-table.ts';
import { SecretFault } from '../secrets/secrets.ts';
import type { Composed } from './compose.ts';
import type { ConvertOptions } from './convert-parameter.ts';
import type { Row, SecretPlan } from './report.ts';

/** Returns a row for each next-hop whose password would not be found. */
export function unfoundPasswords(
  { keyed }: Composed,
  parameters: Readonly<Record<string, string>>,
  secrets: readonly SecretPlan[],
  options: ConvertOptions,
): readonly Row[] {
  if (parameters['lmtp_sasl_auth_enable'] !== 'yes') return [];
  const known = new Set(secrets.flatMap((secret) => keysOf(secret, options)));
  const hops = new Map(
    keyed.flatMap(({ outcome }) =>
      outcome.kind === 'lmtp' && outcome.nextHop !== '' ? [[outcome.nextHop, outcome.written]] : [],
    ),
  );
  return [...hops].flatMap(([nextHop, written]): readonly Row[] => {
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
