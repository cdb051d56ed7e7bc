/**
 * The route of a report (bounce_report_routes).
 */

import type { Parameters } from '../parameters/parameters.ts';
import { isAscii, splitAddress } from '../smtp/path.ts';
import type { LocalDomains } from './ports.ts';

/** A route. */
export type Route = 'incoming' | 'ses';

/** Returns the first route that serves an address; undefined: it gets no report. */
export function routeOf(
  address: string,
  {
    bounce_report_routes: routes,
    bounce_report_ses_sender: author,
  }: Pick<Parameters, 'bounce_report_routes' | 'bounce_report_ses_sender'>,
  domains: LocalDomains,
): Route | undefined {
  for (const route of routes) {
    if (route === 'incoming' && domains.covers(address)) return 'incoming';
    // SES has no SMTPUTF8: a domain can be written in ASCII, a local-part cannot.
    if (route === 'ses' && author !== '' && isAscii(splitAddress(address).localPart)) return 'ses';
  }
  return undefined;
}
