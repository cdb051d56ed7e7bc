/**
 * The domains whose mail this stack delivers: those in the transport map, and relay_domains.
 */

import type { PatternList } from '../parameters/parameters.ts';
import type { TransportMap } from '../request/transport-map.ts';
import { splitAddress } from '../smtp/path.ts';
import type { LocalDomains } from './ports.ts';

/** Returns the domains of a stack. An entry `*` of the map names no domain; then relay_domains must name them. */
export function localDomains(map: Pick<TransportMap, 'names' | 'find'>, relayDomains: PatternList): LocalDomains {
  return {
    covers: (address) => {
      if (map.names(address)) return true;
      const { domain } = splitAddress(address);
      // Without a destination the mail would become corrupt.
      return domain !== '' && relayDomains.matches(domain) && map.find(address) !== undefined;
    },
  };
}
