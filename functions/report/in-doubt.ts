/**
 * Recipients in doubt in a report: the message may have been delivered, so the report must not deny it.
 */

import type { ReportedRecipient } from '../queue/items/event.ts';

/** Whether all, some or none of the recipients are in doubt. */
export type DoubtShare = 'all' | 'some' | 'none';

/** Returns how many of the recipients are in doubt. */
export function doubtShare(recipients: readonly Pick<ReportedRecipient, 'inDoubt'>[]): DoubtShare {
  const doubted = recipients.filter(({ inDoubt }) => inDoubt === true).length;
  if (doubted === 0) return 'none';
  return doubted === recipients.length ? 'all' : 'some';
}
