/**
 * Which deliveries match a filter. The entry of the index decides in most cases; if it is cut, the item does.
 */

import { isInDoubt } from '../queue/items/doubt.ts';
import { type DeliveryItem, openRecipients } from '../queue/items/item.ts';
import type { QueueEntry, QueueFilter } from '../queue/items/queue-entry.ts';

/** Returns whether an entry matches; `perhaps` if only the whole item can decide. */
export function matchEntry(entry: QueueEntry, filter: QueueFilter): boolean | 'perhaps' {
  const { summary } = entry;
  if (!matchesPlainly(entry, filter)) return false;
  if (filter.inDoubt === true && summary.inDoubt === 0) return false;
  const recipient = ofSome(filter.recipient, summary.addresses, matchesAddress, summary.moreAddresses > 0);
  const words = [...summary.replies.map(replyWords), ...(summary.reason === undefined ? [] : [summary.reason])];
  const isCut = summary.moreReplies > 0 || words.some((text) => text.endsWith('...'));
  const reply = ofSome(filter.reply, words, contains, isCut);
  if (recipient === false || reply === false) return false;
  return recipient === true && reply === true ? true : 'perhaps';
}

/** Returns whether an item matches. */
export function matchesItem(item: DeliveryItem, filter: QueueFilter): boolean {
  const open = openRecipients(item);
  const { recipient, reply, inDoubt } = filter;
  const addresses = open.map(({ address }) => address);
  const words = open.flatMap(({ last }) => (last === undefined ? [] : [replyWords(last)]));
  const allWords = item.reason === undefined ? words : [...words, item.reason];
  return (
    matchesPlainly(item, filter) &&
    (inDoubt === undefined || open.some(isInDoubt)) &&
    (recipient === undefined || addresses.some((address) => matchesAddress(address, recipient))) &&
    (reply === undefined || allWords.some((text) => contains(text, reply)))
  );
}

/** The conditions on fields that an entry never cuts. */
function matchesPlainly(
  { state, destination, sender, arrival }: Pick<QueueEntry, 'state' | 'destination' | 'sender' | 'arrival'>,
  filter: QueueFilter,
): boolean {
  return (
    (filter.states === undefined || filter.states.includes(state)) &&
    (filter.destination === undefined || filter.destination === destination) &&
    (filter.sender === undefined || matchesAddress(sender, filter.sender)) &&
    arrival <= (filter.arrivedBy ?? Number.POSITIVE_INFINITY) &&
    arrival >= (filter.arrivedFrom ?? 0)
  );
}

function ofSome(
  wanted: string | undefined,
  shown: readonly string[],
  matches: (text: string, wanted: string) => boolean,
  isCut: boolean,
): boolean | 'perhaps' {
  if (wanted === undefined || shown.some((text) => matches(text, wanted))) return true;
  return isCut ? 'perhaps' : false;
}

function replyWords({ dsn, text }: { readonly dsn: string; readonly text: string }): string {
  return `${dsn} ${text}`;
}

function contains(text: string, part: string): boolean {
  return text.toLowerCase().includes(part.toLowerCase());
}

/** Returns whether an address matches an address, `@domain`, or a pattern in which `*` matches any text. */
export function matchesAddress(address: string, wanted: string): boolean {
  const pattern = (wanted.startsWith('@') ? `*${wanted}` : wanted).toLowerCase().split('*');
  return matchesParts(address.toLowerCase(), pattern);
}

/** Whether a text consists of the parts, with any text between them. */
function matchesParts(text: string, parts: readonly string[]): boolean {
  const [first = '', ...rest] = parts;
  const last = rest.pop();
  if (last === undefined) return text === first;
  if (!text.startsWith(first) || !text.endsWith(last) || text.length < first.length + last.length) return false;
  let at = first.length;
  for (const part of rest) {
    const found = text.indexOf(part, at);
    if (found === -1) return false;
    at = found + part.length;
  }
  return at <= text.length - last.length;
}
