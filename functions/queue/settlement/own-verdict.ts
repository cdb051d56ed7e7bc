/**
 * Verdicts of the agent itself, without a server's reply.
 */

import type { Verdict } from '../../delivery/verdict.ts';
import type { EnhancedStatus } from '../../smtp/enhanced-status.ts';

/** Returns a deferral with a text of the agent. */
export function ownVerdict(dsn: EnhancedStatus, text: string): Verdict {
  return { status: 'deferred', dsn, text, setUp: 0, transfer: 0 };
}
