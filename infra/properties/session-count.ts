/** The number of sessions that the lmtp functions of a stack can keep open. */
import type { Parameters } from '../../functions/parameters/parameters.ts';

/** The parameters that bound the session cache of one function. */
type CacheParameters = Pick<Parameters, 'lmtp_cache_connection' | 'lmtp_connection_cache_size'>;

/** Containers that may exist at once for one unit of concurrency: Lambda starts a new one before the old one closes its sessions. */
export const generations = 2;

/** Returns the sessions that one lmtp function keeps. */
export function cachedSessions({
  lmtp_cache_connection: isCaching,
  lmtp_connection_cache_size: size,
}: CacheParameters): number {
  return isCaching ? Math.max(1, size) : 1;
}

/** Returns the sessions that one lmtp function keeps, together with those of its predecessor. */
export function sessionsEach(parameters: CacheParameters): number {
  return generations * cachedSessions(parameters);
}
