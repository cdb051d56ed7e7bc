/**
 * Reads entries of the table's indexes.
 */

import { count, Flaw, list, object, oneOf, optional, text, time } from './form.ts';
import { statusForm } from './parse-parts.ts';
import type { DueItem, UnreadableDue } from './ports.ts';
import type { QueueEntry, Summary, SummaryReply } from './queue-entry.ts';
import { states } from './states.ts';
import type { RawItem } from './unreadable-item.ts';

const dueForm = object<DueItem>({
  id: text,
  delivery: text,
  state: oneOf(...states, 'destination'),
  generation: count,
  due: time,
  destination: text,
  unpublished: optional(object<NonNullable<DueItem['unpublished']>>({ due: optional(time) })),
});

const summaryForm = object<Summary>({
  addresses: list(text),
  moreAddresses: count,
  replies: list(object<SummaryReply>({ dsn: statusForm, text })),
  moreReplies: count,
  inDoubt: count,
  held: optional(text),
  expires: optional(oneOf(true)),
  drops: optional(oneOf(true)),
  reason: optional(text),
  malformed: optional(text),
});

const entryForm = object<Omit<QueueEntry, 'fault'>>({
  id: text,
  delivery: text,
  state: oneOf(...states),
  generation: count,
  due: optional(time),
  arrival: time,
  sender: text,
  destination: text,
  attempt: count,
  summary: summaryForm,
});

/** Reads an entry of the index `due`. */
export function readDue(entry: RawItem): DueItem | UnreadableDue {
  const flaw = new Flaw();
  if (dueForm(entry, flaw)) return entry;
  const { id, delivery, due } = entry;
  return {
    ...{ id: String(id), delivery: String(delivery) },
    // The index accepts only numbers for it.
    ...{ state: 'unreadable', due: typeof due === 'number' ? due : 0, fault: flaw.text },
  };
}

/** Reads an entry of the index `waiting`; returns the flaw if it is malformed. */
export function readEntry(entry: RawItem): QueueEntry | Flaw {
  const flaw = new Flaw();
  if (!entryForm(entry, flaw)) return flaw;
  const { id, delivery, state, generation, due, arrival, sender, destination, attempt, summary } = entry;
  const read = { id, delivery, state, generation, arrival, sender, destination, attempt, summary };
  return due === undefined ? read : { ...read, due };
}
