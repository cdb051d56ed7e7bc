/**
 * The answer of `explain`, as text and as JSON. Addresses and replies are escaped for the terminal.
 */

import { escaped } from '../log/postfix-line.ts';
import { type DestinationStory, destinationState, type MessageStory } from '../operator/explain.ts';
import type { NextCommand } from '../operator/operator.ts';
import type { CorruptRequest } from '../operator/ports.ts';
import type { DestinationRecord } from '../queue/items/destination-record.ts';
import { doubtOf, doubtWords, isAtLimit, isHeldAtLimitAlone, isInDoubt } from '../queue/items/doubt.ts';
import { holdsThatLast } from '../queue/items/due.ts';
import {
  type DeliveryItem,
  type HistoryEntry,
  isFinished,
  openRecipients,
  type QueuedRecipient,
} from '../queue/items/item.ts';
import { entryOfUnreadable, ItemFault, malformedHold, type UnreadableItem } from '../queue/items/unreadable-item.ts';
import { nextLine, type StackOptions, shellQuoted } from './next-command.ts';
import { address, holdAsJson, holdLine, iso } from './queue-text.ts';
import { counted, fromNow, inWords, moment, octets } from './words.ts';

/** Returns the story of a message as lines of text. */
export function messageAsText(story: MessageStory, stack: StackOptions = {}): readonly string[] {
  const { id, items, unread, requests } = story;
  const [first] = items;
  return [
    ...(first === undefined ? [] : beginning(first, story)),
    ...items.flatMap((item) => deliveryLines(item, story)),
    ...unread.flatMap((item) => unreadLines(item, first === undefined)),
    ...requests.flatMap((request) => requestLines(request, story.now, stack)),
    ...nextSteps(id, story, stack),
  ];
}

/** The known facts of a delivery whose item cannot be read. */
function unreadLines(item: UnreadableItem, isAlone: boolean): readonly string[] {
  const { id, delivery, fault } = item;
  const { state, destination, sender } = entryOfUnreadable(item);
  const what = item instanceof ItemFault ? 'its item is malformed' : 'only another release can change it';
  return [
    `${isAlone ? `${escaped(id)}/` : ''}${delivery} from ${address(sender)} to ${escaped(destination)}: ${state}; ${what}`,
    `  ${escaped(fault)}`,
  ];
}

/** The commands that help with a malformed item. */
function unreadSteps(item: UnreadableItem, stack: StackOptions): readonly string[] {
  if (!(item instanceof ItemFault)) return [];
  const name = `${item.id}/${item.delivery}`;
  const isHeld = entryOfUnreadable(item).state === 'held';
  return [
    `Repair ${escaped(item.field)} in the queue table, item id=${escaped(item.id)}, delivery=${item.delivery}; or delete it.`,
    ...(isHeld ? [nextLine(['release', name, '--hold', malformedHold], stack)] : []),
    nextLine(['delete', name], stack),
  ];
}

/** Returns the story of a message as JSON; times as RFC 3339. */
export function messageAsJson({ id, now, items, unread, destinations, expires, requests }: MessageStory): object {
  const [request] = requests;
  return {
    id,
    now: iso(now),
    ...(expires === undefined ? {} : { expires: iso(expires) }),
    deliveries: items.map(deliveryAsJson),
    ...(unread.length === 0 ? {} : { unread: unread.map(({ delivery, fault }) => ({ delivery, fault })) }),
    destinations: Object.fromEntries([...destinations].map(([name, record]) => [name, recordAsJson(record, now)])),
    ...(request === undefined ? {} : { request: requestAsJson(request), requests: requests.map(requestAsJson) }),
  };
}

function beginning(
  { sender, arrival, recipients, message, deliveries, authentication = {} }: DeliveryItem,
  { id, now, items }: MessageStory,
) {
  const all = items.flatMap((item) => item.recipients).length || recipients.length;
  const cut = deliveries > 1 ? `, cut into ${counted(deliveries, 'delivery', 'deliveries')}` : '';
  const version = message.versionId === undefined ? '' : `, version ${escaped(message.versionId)}`;
  const checks = Object.entries(authentication).map(([check, verdict]) => `${escaped(check)} ${escaped(verdict)}`);
  return [
    `${escaped(id)} from ${address(sender)}, arrived ${moment(arrival)} (${inWords(now - arrival)} ago), ${counted(all, 'recipient')}${cut}`,
    `  body  s3://${escaped(message.bucket)}/${escaped(message.key)}, ${octets(message.size)}${version}`,
    ...(checks.length === 0 ? [] : [`  verdicts  ${checks.join(', ')}`]),
  ];
}

function deliveryLines(item: DeliveryItem, story: MessageStory): readonly string[] {
  const { delivery, destination, attempt, pending, holds = [], removal, reason, history = [] } = item;
  const { now, destinations } = story;
  const record = destinations.get(destination);
  const tried = attempt === 0 ? 'not tried yet' : counted(attempt, 'attempt');
  const events = Object.values(pending);
  const kinds = [...new Set(events.map(({ lmtp }) => lmtp.kind))].join(', ');
  return [
    `${delivery} to ${escaped(destination)}: ${item.state}, ${tried}${whatNext(item, story)}`,
    ...item.recipients.map((recipient) => `  ${recipientLine(recipient, story)}`),
    ...(reason === undefined ? [] : [`  corrupt: ${escaped(reason)}`]),
    ...holds.map((hold) => `  ${holdLine(hold)}`),
    ...(removal === undefined
      ? []
      : [
          `  to be removed${removal.bounces ? ' and bounced' : ''} at the end of its delivery, by ${escaped(removal.by)}: ${escaped(removal.why)}`,
        ]),
    ...(events.length === 0 ? [] : [`  to be published: ${counted(events.length, 'event')} (${kinds})`]),
    ...(record === undefined ? [] : troubles(record, now).map((line) => `  its destination is ${line}`)),
    ...history.map((entry) => `  ${historyLine(entry)}`),
  ];
}

function whatNext(item: DeliveryItem, { now, expires }: MessageStory): string {
  const { state, due, unpublished, claim } = item;
  const next = unpublished === undefined ? due : unpublished.due;
  const returned = expires === undefined ? '' : `; returned after ${moment(expires)}`;
  switch (state) {
    case 'deferred':
      return next === undefined ? '' : `; next try ${moment(next)} (${fromNow(next, now)})${returned}`;
    case 'queued':
      if (next !== undefined && next > now) return `; next try ${moment(next)} (${fromNow(next, now)})${returned}`;
      return `; waits for a free place in active${returned}`;
    case 'active':
      return '; about to be delivered';
    case 'delivering':
      return claim === undefined ? '' : `; being delivered, until ${moment(claim.until)} at the latest`;
    case 'held':
      if (isHeldAtLimitAlone(item.holds)) return `${returned}, as mail that may have been delivered`;
      return next === undefined
        ? '; until it is released'
        : `; until ${moment(next)} (${fromNow(next, now)})${atEnd(item)}`;
    case 'done':
    case 'corrupt':
      return '';
    default:
      return state satisfies never;
  }
}

/** What happens at the end of its holds, if it is not released. */
function atEnd({ holds = [] }: DeliveryItem): string {
  return holds.some((hold) => hold.atEnd === 'drop') ? ', then dropped unless it is released' : '';
}

function recipientLine(recipient: QueuedRecipient, { now, inDoubtLimit }: MessageStory): string {
  const { address: to, original, last } = recipient;
  const was = original === undefined ? '' : ` (was ${address(original)})`;
  if (last === undefined) return `${address(to)}${was}: not attempted yet`;
  const { status, dsn, text, attempt, at, relay, by } = last;
  const where = relay === undefined ? '' : ` by ${escaped(relay)}`;
  const author = by === undefined ? '' : ` by ${escaped(by)}`;
  const number = attempt === 0 ? 'before the first attempt' : `attempt ${attempt}`;
  const doubt = isInDoubt(recipient) ? `, IN DOUBT: ${doubtWords}${doubtNumber(recipient, inDoubtLimit)}` : '';
  return `${address(to)}${was}: ${status}${author}${doubt}, ${number}, ${moment(at)} (${inWords(now - at)} ago)${where}\n      ${dsn} ${escaped(text)}`;
}

/** How many attempts ended in doubt, and whether there will be another. */
function doubtNumber(recipient: QueuedRecipient, limit = Number.POSITIVE_INFINITY): string {
  const attempts = doubtOf(recipient)?.attempts ?? 0;
  const end = !isFinished(recipient) && isAtLimit(recipient, limit) ? '; not tried again' : '';
  return attempts === 0 ? ' (released since)' : ` (${counted(attempts, 'attempt')} in doubt${end})`;
}

function historyLine({ at, by, what, why }: HistoryEntry): string {
  return `${moment(at)} ${escaped(what)}, by ${escaped(by)}: ${escaped(why)}`;
}

function requestLines(
  { id, requestId, reason, at, sent, copy, isClosed, history = [] }: CorruptRequest,
  now: number,
  stack: StackOptions,
) {
  const came = sent === undefined ? '' : `, sent ${moment(sent)}`;
  const state =
    isClosed === true ? 'was corrupt; an operator requeued or removed it' : 'is corrupt and waits for an operator';
  const given = requestId === undefined ? '' : ` (sent with the id ${escaped(requestId)})`;
  return [
    `${escaped(id)}: the request${given} ${state}${came}, filed ${moment(at)} (${inWords(now - at)} ago)`,
    `  ${escaped(reason)}`,
    `  copy  s3://${escaped(copy.bucket)}/${escaped(copy.key)}`,
    ...history.map((entry) => `  ${historyLine(entry)}`),
    ...(isClosed === true ? [] : [nextLine(['requeue', id, '--edit'], stack)]),
  ];
}

/** Commands for the operator, the safest first. A note comes right above its command. */
function nextSteps(
  id: string,
  { items, unread, destinations, now }: MessageStory,
  stack: StackOptions,
): readonly string[] {
  const steps = new Map<string, string | undefined>(items.flatMap((item) => doubtSteps(item, id, stack)));
  const propose = (args: NextCommand, isRisky = false) =>
    steps.set(nextLine(args, stack), isRisky ? notDelivered : undefined);
  for (const { state, holds = [], recipients, destination } of items) {
    const record = destinations.get(destination);
    const isStopped = record !== undefined && destinationState(record, now) !== 'open';
    const isDoubted = openRecipients({ recipients }).some(isInDoubt);
    if (state === 'corrupt') propose(['requeue', id, '--edit']);
    if (state === 'held' && holds.length > 0) propose(['release', id], isDoubted);
    if (state === 'held' && holds.length === 0) propose(['release', '--destination', destination]);
    if (state === 'deferred' && isStopped) propose(['explain', destination]);
    if (state === 'deferred' && !isStopped) propose(['flush', id], isDoubted);
  }
  const lines = [...steps].flatMap(([line, note]) => (note === undefined ? [line] : [note, line]));
  return [...lines, ...unread.flatMap((item) => unreadSteps(item, stack))];
}

/** The note above a command that retries a recipient in doubt. */
const notDelivered = 'Only if it was not delivered (it is sent once more):';

/** The first steps for recipients in doubt: the log of the mail store shows whether it has the message. */
function doubtSteps(item: DeliveryItem, id: string, stack: StackOptions): readonly (readonly [string, string])[] {
  const doubts = openRecipients(item)
    .filter(isInDoubt)
    .flatMap((recipient) => doubtOf(recipient) ?? []);
  if (doubts.length === 0) return [];
  const [since, at] = [Math.min(...doubts.map((doubt) => doubt.since)), Math.max(...doubts.map((doubt) => doubt.at))];
  const when = moment(since) === moment(at) ? `about ${moment(at)}` : `from ${moment(since)} to ${moment(at)}`;
  const { bucket, key } = item.message;
  const url = shellQuoted(escaped(`s3://${bucket}/${key}`));
  return [
    [
      `→ aws s3 cp ${url} - | grep -i -m 1 -A 1 '^message-id:'`,
      `Look for this Message-ID in the log of ${escaped(item.destination)}: was it delivered ${when}?`,
    ],
    [nextLine(['delete', id, '--as', 'sent'], stack), 'If the log shows its delivery:'],
  ];
}

/** What stops or slows mail to a destination; each text follows "is". */
function troubles(record: DestinationRecord, now: number): readonly string[] {
  const { holds, suspension, probe, window, caution, release } = record;
  return [
    ...(record.faults ?? []).map(
      (fault) => `described by a malformed record; this field is ignored: ${escaped(fault)}`,
    ),
    ...holdsThatLast(holds, now).map(holdLine),
    ...(suspension === undefined
      ? []
      : [
          `suspended since ${moment(suspension.since)} (${inWords(now - suspension.since)}), after ${counted(suspension.failures, 'failure')} in a row: ${suspension.dsn} ${escaped(suspension.why)}`,
          suspension.until > now
            ? `retried ${moment(suspension.until)} (${fromNow(suspension.until, now)})`
            : 'retried with the next delivery',
        ]),
    ...(probe !== undefined && probe.until > now ? ['being probed: one delivery tests whether it accepts mail'] : []),
    ...(suspension === undefined && window !== undefined && window.failures > 0
      ? [
          `in trouble: ${counted(window.failures, 'failure')} in a row, ${counted(window.size, 'delivery', 'deliveries')} at once now`,
        ]
      : []),
    ...(caution !== undefined && caution.until > now
      ? [`given one recipient at a time until ${moment(caution.until)}: ${escaped(caution.why)}`]
      : []),
    ...(release === undefined
      ? []
      : [`being released since ${moment(release.since)}, over ${inWords(release.spread)}`]),
  ];
}

/** Returns what is known of a destination as lines of text. */
export function destinationAsText(story: DestinationStory, stack: StackOptions = {}): readonly string[] {
  const { name, now, state, record, mailboxes, counts, oldest, replies } = story;
  const waiting = Object.entries(counts).map(([one, count]) => `${count.toLocaleString('en-US')} ${one}`);
  const { window, history } = record;
  return [
    `${escaped(name)} is ${state}`,
    ...troubles(record, now).map((line) => `  ${line}`),
    ...(window === undefined || window.failures > 0
      ? []
      : [
          `  concurrency window: ${counted(window.size, 'delivery', 'deliveries')} at once${window.succeededAt === undefined ? '' : `; last known success ${moment(window.succeededAt)}`}`,
        ]),
    `  ${waiting.length === 0 ? 'no mail waits for it' : `waiting or in delivery: ${waiting.join(', ')}`}`,
    ...(oldest === undefined
      ? []
      : [`  oldest: ${escaped(oldest.id)}, arrived ${moment(oldest.arrival)} (${inWords(now - oldest.arrival)} ago)`]),
    ...replies.map(
      ({ reply, deliveries }) => `  ${deliveries.toLocaleString('en-US')} × ${reply.dsn} ${escaped(reply.text)}`,
    ),
    ...mailboxes.flatMap((mailbox) => [
      `  mailbox ${escaped(mailbox.name)} is ${destinationState(mailbox, now)}`,
      ...troubles(mailbox, now).map((line) => `    ${line}`),
    ]),
    ...history.map((entry) => `  ${historyLine(entry)}`),
    ...destinationSteps(story, stack),
  ];
}

function destinationSteps({ name, state }: DestinationStory, stack: StackOptions): readonly string[] {
  switch (state) {
    case 'held':
      return [nextLine(['release', '--destination', name, '--ramp', '5m'], stack)];
    case 'suspended':
      return [
        // `check` runs on this machine and takes no --stack.
        nextLine(['check', name]),
        nextLine(['flush', '--destination', name, '--ramp', '5m'], stack),
      ];
    case 'open':
    case 'probing':
      return [];
    default:
      return state satisfies never;
  }
}

/** Returns what is known of a destination as JSON; times as RFC 3339. */
export function destinationAsJson({
  now,
  state,
  record,
  mailboxes,
  counts,
  oldest,
  replies,
}: DestinationStory): object {
  return {
    ...recordAsJson(record, now),
    state,
    deliveries: counts,
    ...(oldest === undefined ? {} : { oldest: { id: oldest.id, arrival: iso(oldest.arrival) } }),
    replies: replies.map(({ reply, deliveries }) => ({ ...reply, deliveries })),
    mailboxes: mailboxes.map((mailbox) => recordAsJson(mailbox, now)),
  };
}

/** Returns the record of a destination as JSON. */
export function recordAsJson(record: DestinationRecord, now: number): object {
  const { name, holds, suspension, probe, window, caution, release, history, active } = record;
  return {
    name,
    state: destinationState(record, now),
    holds: holds.map(holdAsJson),
    ...(suspension === undefined
      ? {}
      : { suspension: { ...suspension, since: iso(suspension.since), until: iso(suspension.until) } }),
    ...(probe === undefined ? {} : { probe: { until: iso(probe.until) } }),
    ...(window === undefined ? {} : { window: { size: window.size, failures: window.failures } }),
    ...(caution === undefined ? {} : { caution: { ...caution, until: iso(caution.until) } }),
    ...(release === undefined ? {} : { release: { since: iso(release.since), spread: release.spread / 1000 } }),
    active,
    history: history.map(historyAsJson),
  };
}

function deliveryAsJson(item: DeliveryItem): object {
  const { delivery, state, generation, due, unpublished, arrival, sender, destination, attempt, message } = item;
  const { recipients, holds, removal, reason, pending, history, authentication } = item;
  const next = unpublished === undefined ? due : unpublished.due;
  return {
    ...{ delivery, state, generation, arrival: iso(arrival) },
    ...(next === undefined ? {} : { due: iso(next) }),
    ...{ sender, destination, attempts: attempt, message },
    ...(authentication === undefined ? {} : { authentication }),
    recipients: recipients.map(({ address: to, original, last, doubt }) => ({
      address: to,
      ...(original === undefined ? {} : { original }),
      ...(last === undefined ? {} : { last: { ...last, at: iso(last.at) } }),
      ...(doubt === undefined ? {} : { doubt: { ...doubt, since: iso(doubt.since), at: iso(doubt.at) } }),
    })),
    ...(holds === undefined ? {} : { holds: holds.map(holdAsJson) }),
    ...(removal === undefined ? {} : { removal: { ...removal, at: iso(removal.at) } }),
    ...(reason === undefined ? {} : { reason }),
    pending: Object.values(pending).map(({ lmtp }) => ({ id: lmtp.eventId, kind: lmtp.kind })),
    ...(history === undefined ? {} : { history: history.map(historyAsJson) }),
  };
}

function requestAsJson({ requestId, at, sent, history, isClosed, ...rest }: CorruptRequest): object {
  return {
    ...rest,
    ...(requestId === undefined ? {} : { request_id: requestId }),
    ...(isClosed === true ? { isSettled: true } : {}),
    at: iso(at),
    ...(sent === undefined ? {} : { sent: iso(sent) }),
    ...(history === undefined ? {} : { history: history.map(historyAsJson) }),
  };
}

function historyAsJson({ at, ...rest }: HistoryEntry): object {
  return { at: iso(at), ...rest };
}
