/**
 * Verdicts that no server gave.
 */

import type { Verdict } from '../../delivery/verdict.ts';
import type { EnhancedStatus } from '../../smtp/enhanced-status.ts';

/** A recipient who must wait, for a reason of ours. */
export function ownVerdict(dsn: EnhancedStatus, text: string): Verdict {
  return { status: 'deferred', dsn, text, setUp: 0, transfer: 0 };
}
