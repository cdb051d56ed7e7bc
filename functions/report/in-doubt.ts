/**
 * How a report speaks of recipients in doubt: their message may have been delivered, and no report may say that it was not.
 */

import type { ReportedRecipient } from '../queue/items/event.ts';

/** Whether all, some or none of the recipients of a report may have the message. */
export type DoubtShare = 'all' | 'some' | 'none';

/** How many of the recipients are in doubt. */
export function doubtShare(recipients: readonly Pick<ReportedRecipient, 'inDoubt'>[]): DoubtShare {
  const doubted = recipients.filter(({ inDoubt }) => inDoubt === true).length;
  if (doubted === 0) return 'none';
  return doubted === recipients.length ? 'all' : 'some';
}
