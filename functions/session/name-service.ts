/**
 * Name look-ups: in DNS (A, AAAA and SRV, never MX), or through the system (hosts file first).
 */

import { lookup, Resolver } from 'node:dns/promises';

/** Address families. */
export type Family = 'ipv4' | 'ipv6';

/** Why a look-up fails: no such name, no record of that type, or no answer for now. */
export type LookupFailure = 'unknown' | 'no data' | 'try again';

/** The result of looking up a host. */
export type Lookup =
  | {
      readonly kind: 'found';
      readonly addresses: readonly string[];
    }
  | {
      readonly kind: LookupFailure;
      /** The last record type looked up. */
      readonly type: string;
    };

/** The result of looking up a service. */
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

/** A name service. */
export interface NameService {
  /** Looks up a host in DNS. */
  lookUp(host: string, families: readonly Family[]): Promise<Lookup>;
  /** Returns the target of a CNAME, if there is one. */
  canonicalName(host: string): Promise<string | undefined>;
  /** Looks up a host through the system: the hosts file, and its other sources. */
  lookUpNative(host: string, families: readonly Family[]): Promise<Lookup>;
  /** Looks up SRV records of `_service._tcp.host`. */
  lookUpService(service: string, host: string): Promise<ServiceLookup>;
}

/** Uses the DNS servers of the system, or others, given as `address:port`. */
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
    // A name server need not know this name (RFC 6761 section 6.3).
    if (host === 'localhost') return foundOf(families.map((family) => (family === 'ipv4' ? '127.0.0.1' : '::1')));
    const answers = await Promise.all(
      families.map((family) =>
        queryResult(family === 'ipv4' ? this.#resolver.resolve4(host) : this.#resolver.resolve6(host)),
      ),
    );
    const addresses = answers.flatMap((answer) => answer.found ?? []);
    if (addresses.length > 0) return foundOf(addresses);
    const failures = answers.flatMap(({ failure }) => failure ?? []);
    const failure = failures.includes('try again') ? 'try again' : (failures.at(-1) ?? 'unknown');
    return { kind: failure, type: families.at(-1) === 'ipv6' ? 'AAAA' : 'A' };
  }

  async canonicalName(host: string): Promise<string | undefined> {
    return (await queryResult(this.#resolver.resolveCname(host))).found?.[0];
  }

  async lookUpNative(host: string, families: readonly Family[]): Promise<Lookup> {
    const family = families.length === 1 ? (families[0] === 'ipv6' ? 6 : 4) : 0;
    const { found, failure } = await queryResult(lookup(host, { all: true, family }));
    if (found !== undefined && found.length > 0) return foundOf(found.map(({ address }) => address));
    return { kind: failure ?? 'unknown', type: family === 4 ? 'A' : 'AAAA' };
  }

  async lookUpService(service: string, host: string): Promise<ServiceLookup> {
    const { found, failure } = await queryResult(this.#resolver.resolveSrv(`_${service}._tcp.${host}`));
    return found === undefined || found.length === 0
      ? { kind: failure ?? 'no data', type: 'SRV' }
      : { kind: 'found', targets: found };
  }
}

function foundOf(addresses: readonly string[]): Lookup {
  return { kind: 'found', addresses };
}

async function queryResult<T>(query: Promise<T>): Promise<{ readonly found?: T; readonly failure?: LookupFailure }> {
  try {
    return { found: await query };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOTFOUND') return { failure: 'unknown' };
    if (code === 'ENODATA') return { failure: 'no data' };
    return { failure: 'try again' };
  }
}
