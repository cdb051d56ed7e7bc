/**
 * Addresses of this mail system, from the parameters.
 */

import type { Parameters } from './parameters.ts';

/** Returns an address of the parameters with a domain. */
export function ownAddress(address: string, { myhostname }: Pick<Parameters, 'myhostname'>): string {
  return address.includes('@') ? address : `${address}@${myhostname}`;
}

/** Whether the sender is that of notices to postmasters. Trouble with such mail is not reported. */
export function isDoubleBounce(
  sender: string,
  parameters: Pick<Parameters, 'myhostname' | 'double_bounce_sender'>,
): boolean {
  return sender.toLowerCase() === ownAddress(parameters.double_bounce_sender, parameters).toLowerCase();
}
