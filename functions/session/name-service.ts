/**
 * Names to addresses: by DNS (A, AAAA and SRV, never MX), or by what the system itself asks (its hosts file first).
 */

import { lookup, Resolver } from 'node:dns/promises';

/** Address families. */
export type Family = 'ipv4' | 'ipv6';

/** Why a name leads nowhere: no such name, nothing of that kind under it, or no answer for now. */
export type LookupFailure = 'unknown' | 'no data' | 'try again';

/** What the name service says about a host. */
export type Lookup =
  | {
      readonly kind: 'found';
      readonly addresses: readonly string[];
    }
  | {
      readonly kind: LookupFailure;
      /** Record type asked for last. */
      readonly type: string;
    };

/** What it says about a service. */
export type ServiceLookup =
  | { readonly kind: 'found'; readonly targets: readonly ServiceTarget[] }
  | { readonly kind: LookupFailure; readonly type: string };

/** One SRV record (RFC 2782). */
export interface ServiceTarget {
  readonly name: string;
  readonly port: number;
  readonly priority: number;
  readonly weight: number;
}

/** Where addresses come from. */
export interface NameService {
  /** By DNS. */
  lookUp(host: string, families: readonly Family[]): Promise<Lookup>;
  /** The name that a CNAME leads to, if one does. */
  canonicalName(host: string): Promise<string | undefined>;
  /** By the system: hosts file, and whatever else it is set up to ask. */
  lookUpNative(host: string, families: readonly Family[]): Promise<Lookup>;
  /** SRV records of `_service._tcp.host`. */
  lookUpService(service: string, host: string): Promise<ServiceLookup>;
}

/** The system's DNS servers, or those given as `address:port`. */
export class DnsNameService implements NameService {
  readonly #resolver: Resolver;

  constructor({
    servers,
    timeout = 5000,
    tries = 2,
  }: { servers?: readonly string[]; timeout?: number; tries?: number } = {}) {
    this.#resolver = new Resolver({ timeout, tries });
    if (servers !== undefined) this.#resolver.setServers(servers);
  }

  async lookUp(host: string, families: readonly Family[]): Promise<Lookup> {
    // RFC 6761 section 6.3: a name server need not know it.
    if (host === 'localhost') return foundOf(families.map((family) => (family === 'ipv4' ? '127.0.0.1' : '::1')));
    const answers = await Promise.all(
      families.map((family) =>
        settle(family === 'ipv4' ? this.#resolver.resolve4(host) : this.#resolver.resolve6(host)),
      ),
    );
    const addresses = answers.flatMap((answer) => answer.found ?? []);
    if (addresses.length > 0) return foundOf(addresses);
    const failures = answers.flatMap(({ failure }) => failure ?? []);
    const failure = failures.includes('try again') ? 'try again' : (failures.at(-1) ?? 'unknown');
    return { kind: failure, type: families.at(-1) === 'ipv6' ? 'AAAA' : 'A' };
  }

  async canonicalName(host: string): Promise<string | undefined> {
    return (await settle(this.#resolver.resolveCname(host))).found?.[0];
  }

  async lookUpNative(host: string, families: readonly Family[]): Promise<Lookup> {
    const family = families.length === 1 ? (families[0] === 'ipv6' ? 6 : 4) : 0;
    const { found, failure } = await settle(lookup(host, { all: true, family }));
    if (found !== undefined && found.length > 0) return foundOf(found.map(({ address }) => address));
    return { kind: failure ?? 'unknown', type: family === 4 ? 'A' : 'AAAA' };
  }

  async lookUpService(service: string, host: string): Promise<ServiceLookup> {
    const { found, failure } = await settle(this.#resolver.resolveSrv(`_${service}._tcp.${host}`));
    return found === undefined || found.length === 0
      ? { kind: failure ?? 'no data', type: 'SRV' }
      : { kind: 'found', targets: found };
  }
}

function foundOf(addresses: readonly string[]): Lookup {
  return { kind: 'found', addresses };
}

async function settle<T>(query: Promise<T>): Promise<{ readonly found?: T; readonly failure?: LookupFailure }> {
  try {
    return { found: await query };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOTFOUND') return { failure: 'unknown' };
    if (code === 'ENODATA') return { failure: 'no data' };
    return { failure: 'try again' };
  }
}
