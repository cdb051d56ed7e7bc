/**
 * Corrupt requests as the table stores them. A request whose record is malformed too is still listed, since it waits for an
 * operator like every other. The fault of its record precedes the reason.
 */

import { Flaw, list, name, object, oneOf, optional, text, time } from '../queue/items/form.ts';
import { historyForm } from '../queue/items/parse-parts.ts';
import type { RawItem } from '../queue/items/unreadable-item.ts';
import { optional as maybe } from '../request/fields.ts';
import type { CorruptRequest } from './ports.ts';

/** A corrupt request as the table holds it. */
interface Stored extends Omit<CorruptRequest, 'isClosed'> {
  readonly state: 'corrupt' | 'done';
}

const copyForm = object<CorruptRequest['copy']>({ bucket: name, key: name });

const storedForm = object<Stored>({
  id: text,
  reason: text,
  at: time,
  sent: optional(time),
  requestId: optional(text),
  copy: copyForm,
  history: optional(list(historyForm)),
  state: oneOf('corrupt', 'done'),
});

/** Returns the request that an item stores. */
export function readCorruptRequest(item: RawItem): CorruptRequest {
  const flaw = new Flaw();
  if (storedForm(item, flaw)) return asRequest(item);
  const { id, requestId, reason, at, sent, copy, state } = item;
  const seen = new Flaw();
  return asRequest({
    id: String(id),
    reason: `its record is malformed: ${flaw.text}${text(reason, seen) ? `; ${reason}` : ''}`,
    at: time(at, seen) ? at : 0,
    ...maybe('sent', time(sent, seen) ? sent : undefined),
    ...maybe('requestId', text(requestId, seen) ? requestId : undefined),
    copy: copyForm(copy, seen) ? copy : noCopy,
    state: state === 'done' ? 'done' : 'corrupt',
  });
}

/** Prefix of the sort keys of the items that lead from a producer's id to the case ids of its requests. */
export const aliasPrefix = 'refused#';

/** Returns the sort key of the item that leads to a case id. */
export function aliasOf(id: string): string {
  return `${aliasPrefix}${id}`;
}

/** The reference if no copy is known. */
export const noCopy: CorruptRequest['copy'] = { bucket: '', key: '' };

function asRequest({ id, requestId, reason, at, sent, copy, history, state }: Stored): CorruptRequest {
  return {
    ...{ id, reason, at, copy },
    ...(sent === undefined ? {} : { sent }),
    ...(requestId === undefined ? {} : { requestId }),
    ...(history === undefined ? {} : { history }),
    ...(state === 'done' ? { isClosed: true } : {}),
  };
}
