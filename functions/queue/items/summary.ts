/**
 * Summaries of items for lists, so short that an entry of the index costs one write unit.
 */

import { beginningOf } from '../../smtp/ends.ts';
import { isHeldAtLimitAlone, isInDoubt } from './doubt.ts';
import { type DeliveryItem, openRecipients, type QueuedRecipient } from './item.ts';
import type { QueueEntry, Summary, SummaryReply } from './queue-entry.ts';

/** Octets of addresses, of replies, and of an operator's text. */
const octets = { addresses: 250, replies: 240, words: 120 } as const;

/** Returns the summary of an item. */
export function summarise(item: Pick<DeliveryItem, 'recipients' | 'holds' | 'reason'>): Summary {
  const open = openRecipients(item);
  const addresses = fitting(
    open.map(({ address }) => address),
    octets.addresses,
    (address) => Buffer.byteLength(address),
  );
  const said = distinctReplies(open);
  const replies = fitting(said, octets.replies, ({ text }) => Buffer.byteLength(text) + 10);
  const [hold] = item.holds ?? [];
  return {
    addresses,
    moreAddresses: open.length - addresses.length,
    replies,
    moreReplies: said.length - replies.length,
    inDoubt: open.filter(isInDoubt).length,
    ...(hold === undefined ? {} : { held: cut(hold.reason, octets.words) }),
    ...(isHeldAtLimitAlone(item.holds) ? { expires: true as const } : {}),
    ...(item.holds?.some(({ atEnd }) => atEnd === 'drop') ? { drops: true as const } : {}),
    ...(item.reason === undefined ? {} : { reason: cut(item.reason, octets.words) }),
  };
}

/** Returns the list entry of an item. */
export function entryOf(item: DeliveryItem): QueueEntry {
  const { id, delivery, state, generation, due, arrival, sender, destination, attempt } = item;
  const entry = { id, delivery, state, generation, arrival, sender, destination, attempt, summary: summarise(item) };
  return due === undefined ? entry : { ...entry, due };
}

function distinctReplies(recipients: readonly QueuedRecipient[]): readonly SummaryReply[] {
  const replies = recipients.flatMap(({ last }) =>
    last === undefined ? [] : [{ dsn: last.dsn, text: cut(last.text, octets.words) }],
  );
  return [...new Map(replies.map((reply) => [`${reply.dsn} ${reply.text}`, reply])).values()];
}

/** Returns the first values that fit, and at least one. */
function fitting<T>(all: readonly T[], limit: number, size: (one: T) => number): readonly T[] {
  let used = 0;
  const over = all.findIndex((one, index) => {
    used += size(one);
    return index > 0 && used > limit;
  });
  return over === -1 ? all : all.slice(0, over);
}

function cut(text: string, limit: number): string {
  if (Buffer.byteLength(text) <= limit) return text;
  return `${beginningOf(text, limit - 3)}...`;
}
