/**
 * Addresses of our own, as the parameters name them.
 */

import type { Parameters } from './parameters.ts';

/** An address of the parameters, with a domain. */
export function ownAddress(address: string, { myhostname }: Pick<Parameters, 'myhostname'>): string {
  return address.includes('@') ? address : `${address}@${myhostname}`;
}

/** Whether a mail's sender is who postmasters are told by: nobody is told of trouble with such mail. */
export function isDoubleBounce(
  sender: string,
  parameters: Pick<Parameters, 'myhostname' | 'double_bounce_sender'>,
): boolean {
  return sender.toLowerCase() === ownAddress(parameters.double_bounce_sender, parameters).toLowerCase();
}
