/**
 * Reads records of reports from the table.
 */

import { count, FormError, flag, list, object, optional, parse, such, text, time } from '../queue/items/form.ts';
import { parseEvent } from '../queue/items/parse-event.ts';
import type { RawItem } from '../queue/items/unreadable-item.ts';
import type { KeptEvent, SealedReport } from './ports.ts';

interface Stored extends Omit<SealedReport, 'handedOver'> {
  readonly handedOver?: ReadonlySet<unknown>;
}

const isSet = (value: unknown): value is ReadonlySet<unknown> => value instanceof Set;

const sealedForm = object<Stored>({
  number: count,
  eventIds: list(text),
  sealedAt: time,
  lease: time,
  by: text,
  handedOver: optional(such(isSet, 'a set')),
  isDone: flag,
});

/**
 * Reads a report.
 *
 * @throws FormError naming the field: its mails may have been sent, so no further report of its group is sent
 */
export function readSealedReport(item: RawItem): SealedReport {
  const { number, eventIds, sealedAt, lease, by, handedOver, isDone } = parse(sealedForm, item, nameOf(item));
  return { number, eventIds, sealedAt, lease, by, handedOver: [...(handedOver ?? [])].map(String), isDone };
}

const keptForm = object<{ readonly at: number; readonly event: string }>({ at: time, event: text });

/** Reads a stored event; returns the error if it is malformed. */
export function readKeptEvent(item: RawItem): KeptEvent | FormError {
  try {
    const { at, event } = parse(keptForm, item, nameOf(item));
    const read = parseEvent(event, nameOf(item));
    if (read.eventType === 'Reject') throw new FormError(`${nameOf(item)}: event: "Reject" is never reported`);
    return { at, event: read };
  } catch (error) {
    if (error instanceof FormError) return error;
    throw error;
  }
}

function nameOf({ id, delivery }: RawItem): string {
  return `record ${id}/${delivery}`;
}
