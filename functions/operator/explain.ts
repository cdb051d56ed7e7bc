/**
 * What is known of a message, from its arrival to its next attempt, and of a destination.
 */

import type { DestinationRecord } from '../queue/items/destination-record.ts';
import { inDoubtLimit } from '../queue/items/doubt.ts';
import { holdsThatLast } from '../queue/items/due.ts';
import type { DeliveryItem } from '../queue/items/item.ts';
import type { SummaryReply } from '../queue/items/queue-entry.ts';
import type { State } from '../queue/items/states.ts';
import { readable, type UnreadableItem, unreadable } from '../queue/items/unreadable-item.ts';
import { wallTime } from '../queue/writes/services.ts';
import { findRequests } from './corrupt-requests.ts';
import { isMeant } from './destinations.ts';
import type { OperatorServices } from './operator.ts';
import type { CorruptRequest } from './ports.ts';
import { listEntries, parseDeliveryName } from './selection.ts';
import { isUndelivered } from './waiting.ts';

/** What is known of a message. Times are milliseconds since 1970. */
export interface MessageStory {
  readonly id: string;
  readonly now: number;
  /** Its deliveries, in order. */
  readonly items: readonly DeliveryItem[];
  /** Its deliveries whose items cannot be read. */
  readonly unread: readonly UnreadableItem[];
  /** The destinations of its unfinished deliveries, by name. */
  readonly destinations: ReadonlyMap<string, DestinationRecord>;
  /** When it is returned to its sender unless delivered; absent: no delivery is left to attempt. */
  readonly expires?: number;
  /** Attempts in doubt after which a recipient is not tried again (in_doubt_limit); absent: there is no limit. */
  readonly inDoubtLimit?: number;
  /** Corrupt requests with that case id or queue id; those that wait come first. */
  readonly requests: readonly CorruptRequest[];
}

/** Returns the story of a message; undefined if none has that name. */
export async function explainMessage(name: string, services: OperatorServices): Promise<MessageStory | undefined> {
  const { ledger, destinations, parameters } = services;
  const key = parseDeliveryName(name);
  const id = key?.id ?? name;
  const all = await ledger.readAll(id);
  const found = key === undefined ? all : all.filter(({ delivery }) => delivery === key.delivery);
  const items = readable(found);
  const unread = unreadable(found);
  const requests = await findRequests(name, services);
  if (found.length === 0 && requests.length === 0) return undefined;
  const live = items.filter(({ state }) => isUndelivered(state));
  const names = [...new Set(live.map(({ destination }) => destination))];
  const records = await Promise.all(names.map(async (one) => [one, await destinations.read(one)] as const));
  const [first] = live;
  const lifetime = first?.sender === '' ? parameters.bounce_queue_lifetime : parameters.maximal_queue_lifetime;
  return {
    id,
    now: wallTime(services),
    ...{ items, unread, requests },
    destinations: new Map(records),
    inDoubtLimit: inDoubtLimit(parameters),
    ...(first === undefined ? {} : { expires: first.arrival + lifetime }),
  };
}

/** The state of a destination. */
export type DestinationState = 'open' | 'held' | 'suspended' | 'probing';

/** Returns the state of a destination at a time; a hold outranks a probe, and a probe a suspension. */
export function destinationState({ holds, suspension, probe }: DestinationRecord, now: number): DestinationState {
  if (holdsThatLast(holds, now).length > 0) return 'held';
  if (probe !== undefined && probe.until > now) return 'probing';
  return suspension === undefined ? 'open' : 'suspended';
}

/** What is known of a destination. Times are milliseconds since 1970. */
export interface DestinationStory {
  readonly name: string;
  readonly now: number;
  readonly state: DestinationState;
  readonly record: DestinationRecord;
  /** Mailboxes at it that have their own record and are not open. */
  readonly mailboxes: readonly DestinationRecord[];
  /** Deliveries in each state. */
  readonly counts: Readonly<Partial<Record<State, number>>>;
  readonly oldest?: { readonly id: string; readonly arrival: number };
  /** Replies, the most frequent first, as short as the index stores them. */
  readonly replies: readonly { readonly reply: SummaryReply; readonly deliveries: number }[];
}

/** The most different replies that are counted: a server may send a new text each time. */
const mostReplies = 1000;

/** Replies that are shown. */
const shownReplies = 5;

/** Mailboxes that are shown. */
const mostMailboxes = 20;

/** Returns what is known of a destination; undefined if it has no record and no mail. */
export async function explainDestination(
  name: string,
  services: OperatorServices,
  onEntry: (counted: number) => void = () => {},
): Promise<DestinationStory | undefined> {
  const now = wallTime(services);
  const record = await services.destinations.read(name);
  const mailboxes: DestinationRecord[] = [];
  for await (const other of services.destinations.list()) {
    const isOne = other.name !== name && isMeant(other, name) && destinationState(other, now) !== 'open';
    if (isOne && mailboxes.length < mostMailboxes) mailboxes.push(other);
  }
  const tally = await tallyDestination(name, services, onEntry);
  const isKnown = record.revision > 0 || record.active > 0 || mailboxes.length > 0 || tally.oldest !== undefined;
  if (!isKnown) return undefined;
  return { name, now, state: destinationState(record, now), record, mailboxes, ...tally };
}

async function tallyDestination(
  destination: string,
  { queries }: OperatorServices,
  onEntry: (counted: number) => void,
): Promise<Pick<DestinationStory, 'counts' | 'oldest' | 'replies'>> {
  const counts: Partial<Record<State, number>> = {};
  const replies = new Map<string, { readonly reply: SummaryReply; deliveries: number }>();
  let oldest: { readonly id: string; readonly arrival: number } | undefined;
  let counted = 0;
  for await (const { id, state, arrival, summary } of listEntries({ destination }, queries)) {
    counted += 1;
    onEntry(counted);
    counts[state] = (counts[state] ?? 0) + 1;
    if (isUndelivered(state) && arrival < (oldest?.arrival ?? Number.POSITIVE_INFINITY)) oldest = { id, arrival };
    for (const reply of summary.replies) {
      const key = `${reply.dsn} ${reply.text}`;
      const known = replies.get(key);
      if (known !== undefined) known.deliveries += 1;
      else if (replies.size < mostReplies) replies.set(key, { reply, deliveries: 1 });
    }
  }
  const shown = [...replies.values()].toSorted((a, b) => b.deliveries - a.deliveries).slice(0, shownReplies);
  return { counts, replies: shown, ...(oldest === undefined ? {} : { oldest }) };
}
