/**
 * Corrupt requests as the table holds them. One whose record is malformed too is shown all the same: it waits for a person as
 * every other, and what is wrong with its record stands before the reason.
 */

import { Flaw, list, name, object, oneOf, optional, text, time } from '../queue/items/form.ts';
import { historyForm } from '../queue/items/parse-parts.ts';
import type { RawItem } from '../queue/items/unreadable-item.ts';
import { optional as maybe } from '../request/fields.ts';
import type { CorruptRequest } from './ports.ts';

/** A corrupt request as the table holds it. */
interface Stored extends Omit<CorruptRequest, 'isSettled'> {
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

/** Reads a request. */
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

/** What the sort keys of items begin with that lead from a producer's id to the cases of its requests. */
export const aliasPrefix = 'refused#';

/** The sort key that leads to a case. */
export function aliasOf(id: string): string {
  return `${aliasPrefix}${id}`;
}

/** Where no copy can be found. */
export const noCopy: CorruptRequest['copy'] = { bucket: '', key: '' };

function asRequest({ id, requestId, reason, at, sent, copy, history, state }: Stored): CorruptRequest {
  return {
    ...{ id, reason, at, copy },
    ...(sent === undefined ? {} : { sent }),
    ...(requestId === undefined ? {} : { requestId }),
    ...(history === undefined ? {} : { history }),
    ...(state === 'done' ? { isSettled: true } : {}),
  };
}
