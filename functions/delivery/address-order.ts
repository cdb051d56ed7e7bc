/**
 * The order and the number of the addresses that are tried for one host (smtp_addr.c). Pure.
 */

import ipaddr from 'ipaddr.js';
import type { Family } from '../session/name-service.ts';

/** The rules of the order. */
export interface AddressRules {
  /** lmtp_randomize_addresses */
  readonly shuffle: boolean;
  /** lmtp_address_preference */
  readonly preference: 'any' | Family;
  /** lmtp_mx_address_limit; 0 = all. */
  readonly limit: number;
  /** lmtp_balance_inet_protocols */
  readonly balance: boolean;
  /** A number from 0 up to, not including, 1. */
  readonly random: () => number;
}

/** Returns the addresses to try, in order. */
export function orderAddresses(addresses: readonly string[], rules: AddressRules): readonly string[] {
  const { preference, limit } = rules;
  const ordered = rules.shuffle ? shuffle(addresses, rules.random) : [...addresses];
  if (preference !== 'any') ordered.sort((a, b) => rank(a, preference) - rank(b, preference));
  if (limit === 0 || ordered.length <= limit) return ordered;
  return rules.balance ? balanced(ordered, limit) : ordered.slice(0, limit);
}

/** Returns the family of an address. */
export function familyOf(address: string): Family {
  return ipaddr.IPv4.isValid(address) ? 'ipv4' : 'ipv6';
}

function rank(address: string, preference: Family): number {
  return familyOf(address) === preference ? 0 : 1;
}

/** Returns the first `limit` addresses. If one family would be missing, it gets up to half of the places. */
function balanced(addresses: readonly string[], limit: number): readonly string[] {
  const chosen = addresses.slice(0, limit);
  const present = new Set(chosen.map(familyOf));
  const missing = addresses.slice(limit).filter((address) => !present.has(familyOf(address)));
  if (present.size > 1 || missing.length === 0) return chosen;
  const share = Math.min(missing.length, Math.floor(limit / 2));
  return [...chosen.slice(0, limit - share), ...missing.slice(0, share)];
}

function shuffle<T>(items: readonly T[], random: () => number): T[] {
  const shuffled = [...items];
  for (let last = shuffled.length - 1; last > 0; last -= 1) {
    const other = Math.floor(random() * (last + 1));
    const [a, b] = [shuffled[last], shuffled[other]];
    if (a === undefined || b === undefined) continue;
    shuffled[last] = b;
    shuffled[other] = a;
  }
  return shuffled;
}
