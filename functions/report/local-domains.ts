/**
 * Whose mail this stack delivers: what the transport map names, and relay_domains.
 */

import type { PatternList } from '../parameters/parameters.ts';
import type { TransportMap } from '../request/transport-map.ts';
import { splitAddress } from '../smtp/path.ts';
import type { LocalDomains } from './ports.ts';

/** The domains of a stack. An entry `*` of the map names none: then relay_domains must say which they are. */
export function localDomains(map: Pick<TransportMap, 'names' | 'find'>, relayDomains: PatternList): LocalDomains {
  return {
    covers: (address) => {
      if (map.names(address)) return true;
      const { domain } = splitAddress(address);
      // Mail that nobody knows a way for would end in corrupt.
      return domain !== '' && relayDomains.matches(domain) && map.find(address) !== undefined;
    },
  };
}
