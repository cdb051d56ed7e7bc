/**
 * Queue entries as text and as JSON. Addresses and replies are escaped for the terminal.
 */

import { escaped } from '../log/postfix-line.ts';
import type { Listed } from '../operator/list.ts';
import type { CorruptRequest } from '../operator/ports.ts';
import { nextAttempt, type Waiter, waitOf } from '../operator/waiting.ts';
import { isInDoubt } from '../queue/items/doubt.ts';
import { type DeliveryItem, type Hold, openRecipients } from '../queue/items/item.ts';
import type { QueueEntry } from '../queue/items/queue-entry.ts';
import { quoteAddress } from '../smtp/path.ts';
import { truncated } from './terminal.ts';
import { fromNow, inWords, moment } from './words.ts';

/** Widths of the columns before the last. */
const widths = { id: 22, state: 10, age: 8, tries: 5, next: 10, destination: 32 } as const;

/** Returns the line above all. */
export function listHead(columns?: number): string {
  return row(['ID', 'STATE', 'AGE', 'TRIES', 'NEXT', 'DESTINATION', 'SENDER'], columns);
}

/** The head line of a brief list: one line for each entry, which ends with the recipients and the last reply. */
export function briefHead(columns?: number): string {
  return row(['ID', 'STATE', 'AGE', 'TRIES', 'NEXT', 'DESTINATION', 'RECIPIENTS AND LAST REPLY'], columns);
}

/** Returns an entry as one line, from the index alone. */
export function listedAsBrief(listed: Listed, now: number, columns?: number): string {
  if (listed.kind === 'request') {
    const { id, at, sent = at } = listed.request;
    return row([id, 'corrupt', inWords(now - sent), '', '', '', requestReason(listed.request)], columns);
  }
  const { entry } = listed;
  return deliveryRow(
    entry,
    { name: `${entry.id}/${entry.delivery}`, next: whenNext(entry, now), now, columns },
    briefly(entry),
  );
}

/** The index's summary of a delivery in one line, the recipients first. */
function briefly(entry: QueueEntry): string {
  const { summary, fault } = entry;
  const { addresses, moreAddresses, replies, moreReplies, inDoubt, held, reason } = summary;
  const more = moreAddresses > 0 ? ` and ${moreAddresses} more` : '';
  const doubt = inDoubt > 0 ? ` [${inDoubt} in doubt]` : '';
  const facts = [
    ...(fault === undefined ? [] : [`cannot be read: ${escaped(fault)}`]),
    ...(held === undefined ? [] : [`held: ${escaped(held)}${dropWords(entry)}`]),
    ...(reason === undefined ? [] : [escaped(reason)]),
    ...replies.map(({ dsn, text }) => `${dsn} ${escaped(text)}`),
    ...(moreReplies > 0 ? [`and ${moreReplies} more replies`] : []),
  ];
  const recipients = `${addresses.map(address).join(' ')}${more}${doubt}`;
  return facts.length === 0 ? recipients : `${recipients}: ${facts.join('; ')}`;
}

/** Returns an entry as lines: the delivery, then its holds, its reason and its recipients. */
export function listedAsText(listed: Listed, now: number, columns?: number): readonly string[] {
  return listed.kind === 'request' ? requestLines(listed.request, now, columns) : deliveryLines(listed, now, columns);
}

/** Returns an entry as JSON; times as RFC 3339. */
export function listedAsJson(listed: Listed, now: number): object {
  if (listed.kind === 'request') {
    const { id, requestId, reason, at, sent = at, copy } = listed.request;
    const given = requestId === undefined ? {} : { request_id: requestId };
    return { id, ...given, state: 'corrupt', arrival: iso(sent), age: seconds(now - sent), reason, copy };
  }
  const { entry, item } = listed;
  const { id, delivery, state, generation, due, arrival, sender, destination, attempt, summary, fault } = entry;
  return {
    ...{ id, delivery, state, generation },
    ...(fault === undefined ? {} : { fault }),
    arrival: iso(arrival),
    age: seconds(now - arrival),
    ...(due === undefined ? {} : { due: iso(due) }),
    ...{ sender, destination, attempts: attempt },
    ...(item === undefined ? summary : wholeAsJson(item)),
  };
}

function wholeAsJson(item: DeliveryItem): object {
  const { reason, holds } = item;
  return {
    recipients: openRecipients(item).map(({ address, last, doubt }) => ({
      address,
      ...(last === undefined
        ? {}
        : {
            status: last.status,
            dsn: last.dsn,
            text: last.text,
            at: iso(last.at),
            attempt: last.attempt,
            ...(last.inDoubt === true || doubt !== undefined ? { in_doubt: true } : {}),
          }),
    })),
    ...(holds === undefined ? {} : { holds: holds.map(holdAsJson) }),
    ...(reason === undefined ? {} : { reason }),
  };
}

/** Returns a hold as JSON. */
export function holdAsJson({ since, until, ...rest }: Hold): object {
  return { ...rest, since: iso(since), ...(until === undefined ? {} : { until: iso(until) }) };
}

function deliveryLines(
  { entry, item }: Extract<Listed, { readonly kind: 'delivery' }>,
  now: number,
  columns: number | undefined,
): readonly string[] {
  const { id, delivery, sender } = entry;
  const name = item?.deliveries === 1 ? id : `${id}/${delivery}`;
  const head = deliveryRow(entry, { name, next: whenNext(item ?? entry, now), now, columns }, address(sender));
  return [head, ...(item === undefined ? summaryLines(entry) : itemLines(item)).map((line) => `    ${line}`)];
}

/** What a row says besides what its entry does, and in how many columns. */
interface RowFacts {
  readonly name: string;
  readonly next: string;
  readonly now: number;
  readonly columns: number | undefined;
}

function deliveryRow(
  { state, arrival, attempt, destination }: QueueEntry,
  { name, next, now, columns }: RowFacts,
  last: string,
): string {
  return row([name, state, inWords(now - arrival), String(attempt), next, escaped(destination), last], columns);
}

/** When the next attempt is due; empty if the delivery does not wait for one. */
function whenNext(waiter: Waiter, now: number): string {
  const wait = waitOf(waiter, now);
  if (wait === 'place') return 'now';
  return wait === 'time' ? fromNow(nextAttempt(waiter) ?? now, now) : '';
}

function itemLines(item: DeliveryItem): readonly string[] {
  const { holds = [], reason, state, destination } = item;
  return [
    ...holds.map(holdLine),
    ...(state === 'held' && holds.length === 0 ? [`held with its destination ${escaped(destination)}`] : []),
    ...(reason === undefined ? [] : [escaped(reason)]),
    ...openRecipients(item).map((recipient) => {
      const { address: to, last } = recipient;
      if (last === undefined) return address(to);
      return `${address(to)}: ${last.dsn} ${escaped(last.text)}${isInDoubt(recipient) ? ' [in doubt]' : ''}`;
    }),
  ];
}

/** The index's summary in lines. It does not say which recipient received which reply. */
function summaryLines(entry: QueueEntry): readonly string[] {
  const { summary, fault } = entry;
  const { addresses, moreAddresses, replies, moreReplies, inDoubt, held, reason } = summary;
  const more = moreAddresses > 0 ? ` and ${moreAddresses} more` : '';
  const doubt = inDoubt > 0 ? ` [${inDoubt} in doubt]` : '';
  return [
    ...(fault === undefined ? [] : [`cannot be read: ${escaped(fault)}`]),
    ...(held === undefined ? [] : [`held: ${escaped(held)}${dropWords(entry)}`]),
    ...(reason === undefined ? [] : [escaped(reason)]),
    `${addresses.map(address).join(' ')}${more}${doubt}`,
    ...replies.map(({ dsn, text }) => `${dsn} ${escaped(text)}`),
    ...(moreReplies > 0 ? [`and ${moreReplies} more replies`] : []),
  ];
}

function requestLines(request: CorruptRequest, now: number, columns: number | undefined): readonly string[] {
  const { id, at, sent = at } = request;
  return [row([id, 'corrupt', inWords(now - sent), '', '', '', ''], columns), `    ${requestReason(request)}`];
}

function requestReason({ requestId, reason }: CorruptRequest): string {
  return requestId === undefined ? escaped(reason) : `sent with the id ${escaped(requestId)}: ${escaped(reason)}`;
}

/** Until when mail is held that is dropped then; empty for other mail. */
export function dropWords({ summary, due }: Pick<QueueEntry, 'summary' | 'due'>): string {
  return summary.drops === undefined || due === undefined ? '' : `, until ${moment(due)}, then dropped`;
}

/** Returns a hold in words: its name, author, start, end and reason. */
export function holdLine(hold: Hold): string {
  return `held ${holdFacts(hold)}`;
}

/** Returns the facts of a hold, without the word "held". */
export function holdFacts({ id, reason, by, since, until, atEnd }: Hold): string {
  const then = atEnd === 'drop' ? ', then dropped' : '';
  const end = until === undefined ? '' : `, until ${moment(until)}${then}`;
  return `(${escaped(id)}) by ${escaped(by)} since ${moment(since)}${end}: ${escaped(reason)}`;
}

/** Returns an address as in a mail log. */
export function address(text: string): string {
  return `<${escaped(quoteAddress(text))}>`;
}

type Cells = readonly [
  id: string,
  state: string,
  age: string,
  tries: string,
  next: string,
  destination: string,
  last: string,
];

/** In a terminal the last two columns are cut to fit the line. An id is never cut: operators copy it. */
function row([id, state, age, tries, next, destination, last]: Cells, columns: number | undefined): string {
  const front = [
    escaped(id).padEnd(widths.id),
    state.padEnd(widths.state),
    age.padEnd(widths.age),
    tries.padStart(widths.tries),
    ` ${next}`.padEnd(widths.next + 1),
  ].join(' ');
  const left = columns === undefined ? undefined : Math.max(0, columns - front.length - 2);
  const wide = left === undefined ? widths.destination : Math.min(widths.destination, Math.ceil(left / 2));
  const place = left === undefined ? destination : truncated(destination, wide);
  const rest = left === undefined ? last : truncated(last, left - wide);
  return `${front} ${place.padEnd(wide)} ${rest}`.trimEnd();
}

/** Returns a time in RFC 3339 format. */
export function iso(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}

function seconds(milliseconds: number): number {
  return Math.max(0, Math.round(milliseconds / 1000));
}
