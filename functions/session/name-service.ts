/**
 * Names to addresses, by DNS: A and AAAA, never MX.
 */

import { Resolver } from 'node:dns/promises';

/** What the name service says about a host. */
export type Lookup =
  | { readonly kind: 'found'; readonly addresses: readonly string[] }
  | {
      /** No such name, no address under it, or no answer for now. */
      readonly kind: 'unknown' | 'no data' | 'try again';
      /** Record type asked for last. */
      readonly type: 'A' | 'AAAA';
    };

/** Where addresses come from. */
export interface NameService {
  lookUp(host: string): Promise<Lookup>;
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

  async lookUp(host: string): Promise<Lookup> {
    // RFC 6761 section 6.3: a name server need not know it.
    if (host === 'localhost') return { kind: 'found', addresses: ['127.0.0.1', '::1'] };
    const [a, aaaa] = await Promise.all([settle(this.#resolver.resolve4(host)), settle(this.#resolver.resolve6(host))]);
    const addresses = [...(a.addresses ?? []), ...(aaaa.addresses ?? [])];
    if (addresses.length > 0) return { kind: 'found', addresses };
    if (a.failure === 'try again' || aaaa.failure === 'try again') return { kind: 'try again', type: 'AAAA' };
    return { kind: aaaa.failure ?? 'unknown', type: 'AAAA' };
  }
}

type Failure = 'unknown' | 'no data' | 'try again';

async function settle(query: Promise<string[]>): Promise<{ addresses?: readonly string[]; failure?: Failure }> {
  try {
    return { addresses: await query };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOTFOUND') return { failure: 'unknown' };
    if (code === 'ENODATA') return { failure: 'no data' };
    return { failure: 'try again' };
  }
}
