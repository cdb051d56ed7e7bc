/**
 * lmtp_delivery_status_filter: a map that may replace the status and the text of a final verdict (Postfix dsn_filter(3)). A deferral may
 * become a bounce and the reverse; a sent recipient stays sent.
 */

import type { Maps } from '../parameters/parameters.ts';
import { isEnhancedStatus, statusClass } from '../smtp/enhanced-status.ts';
import type { Verdict } from './verdict.ts';

/** The part of a verdict that the filter sees and may change. */
type Filtered = Pick<Verdict, 'status' | 'dsn' | 'text'>;

/** Returns the verdict after the filter; an invalid result, or one that would undo a delivery, is ignored. */
export function filterStatus<V extends Filtered>(verdict: V, maps: Maps): V {
  if (maps.isEmpty) return verdict;
  const result = /^(\S+)\s+(\S.*)$/s.exec(maps.find(`${verdict.dsn} ${verdict.text}`) ?? '');
  const [, dsn = '', text = ''] = result ?? [];
  if (!isEnhancedStatus(dsn)) return verdict;
  const wasSent = verdict.status === 'sent';
  const isSent = statusClass(dsn) === 2;
  if (wasSent !== isSent) return verdict;
  const status = isSent ? 'sent' : statusClass(dsn) === 5 ? 'bounced' : 'deferred';
  return { ...verdict, status, dsn, text };
}
