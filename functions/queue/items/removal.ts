/**
 * The verdict on a recipient when an operator removes a message.
 */

import type { LastVerdict, Removal } from './item.ts';

/** Returns the verdict of an operator. */
export function removedVerdict(
  { by, why, at, bounces }: Removal,
  attempt: number,
): LastVerdict & { readonly status: 'bounced' | 'removed' } {
  const text = `message removed by the postmaster: ${why}`;
  return { status: bounces ? 'bounced' : 'removed', dsn: '5.3.0', text, at, attempt, by };
}
