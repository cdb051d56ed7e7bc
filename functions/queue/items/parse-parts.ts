/**
 * Forms that several stored records share.
 */

import type { Notify } from '../../lmtp/commands.ts';
import { type EnhancedStatus, isEnhancedStatus } from '../../smtp/enhanced-status.ts';
import { count, type Form, list, name, object, oneOf, optional, such, text, time } from './form.ts';
import type { HistoryEntry, Hold, PinnedMessage } from './item.ts';

export const statusForm: Form<EnhancedStatus> = such(
  (value): value is EnhancedStatus => typeof value === 'string' && isEnhancedStatus(value),
  'a status such as 4.2.2',
);

export const notifyForm: Form<readonly Notify[]> = list(oneOf('NEVER', 'SUCCESS', 'FAILURE', 'DELAY'));

export const messageForm = object<PinnedMessage>({
  bucket: name,
  key: name,
  versionId: optional(name),
  etag: text,
  size: count,
});

export const holdForm = object<Hold>({
  id: text,
  reason: text,
  by: text,
  since: time,
  until: optional(time),
  atEnd: optional(oneOf('drop')),
});

export const historyForm = object<HistoryEntry>({ at: time, by: text, what: text, why: text });
