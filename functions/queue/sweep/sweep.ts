/**
 * The sweep: finds whatever is due or overdue in the table and sets it going. Nothing that was lost on the way (a message,
 * a worker, an answer) stays lost longer than until the sweep sees it.
 */

import type { Verdict } from '../../delivery/verdict.ts';
import type { DeliveryLine } from '../../log/delivery-line.ts';
import { quoteAddress } from '../../smtp/path.ts';
import { giveBackPlaces, refillAfterCount } from '../destinations/refill.ts';
import { endHolds, sweepDestination } from '../destinations/release-held.ts';
import type { QueueServices } from '../destinations/services.ts';
import { noteSettled, verdictLines } from '../disposition/found-lines.ts';
import { settle } from '../disposition/settlement.ts';
import { nameOfRecord } from '../items/destination-record.ts';
import { inDoubtLimit, isAtLimit, isHeldAtLimitAlone } from '../items/doubt.ts';
import { type DeliveryItem, isFinished, type QueuedRecipient } from '../items/item.ts';
import { isDeliveryNumber } from '../items/messages.ts';
import { activeGrace } from '../items/policy.ts';
import type { DueItem, UnreadableDue } from '../items/ports.ts';
import { SchemaVersionError } from '../items/schema-version.ts';
import { ForeignItem, ItemFault, orUnreadable } from '../items/unreadable-item.ts';
import { settleAtLimit } from '../settlement/held-at-limit.ts';
import { foundFormat, logDeliveries, noteHeldAtLimit } from '../settlement/log-deliveries.ts';
import { settlementRules } from '../settlement/settlement-rules.ts';
import { holdMalformed, noteForeign } from '../writes/malformed.ts';
import { publish, publishPending } from '../writes/publish.ts';
import { wallTime } from '../writes/services.ts';

/** What a sweep did. */
export interface SweepReport {
  readonly woken: number;
  readonly resent: number;
  /** Deliveries whose worker died while content was under way. */
  readonly lapsed: number;
  readonly published: number;
  /** Held deliveries whose holds, or those of their destination, have ended. */
  readonly released: number;
}

/**
 * Sweeps once.
 *
 * @param window  milliseconds until the next sweep: what falls due before it is sent its wake-up now
 * @param mayGoOn asked before each item
 */
export async function sweep(window: number, services: QueueServices, mayGoOn: () => boolean): Promise<SweepReport> {
  const report = { woken: 0, resent: 0, lapsed: 0, published: 0, released: 0 };
  const sweeping: Sweeping = { before: wallTime(services) + window, behind: new Set(), services, mayGoOn };
  for await (const due of services.ledger.findDue(sweeping.before)) {
    if (!mayGoOn()) break;
    await spared(due, services, async () => {
      const { kind, count } = await sweepItem(due, sweeping);
      if (kind !== undefined) report[kind] += count;
    });
  }
  for (const destination of sweeping.behind) {
    if (!mayGoOn()) break;
    await spared({ destination }, services, async () => {
      report.woken += await refillAfterCount(destination, services);
    });
  }
  // What lapsed has given its place back.
  await giveBackPlaces(services);
  await services.disposal?.settle(services);
  return report;
}

/** What one sweep works with. */
interface Sweeping {
  /** What falls due by then is seen to. */
  readonly before: number;
  /** Destinations with deliveries whose turn has come, and that nobody woke. */
  readonly behind: Set<string>;
  readonly services: QueueServices;
  readonly mayGoOn: () => boolean;
}

/** What was done, and how often. */
interface Done {
  readonly kind?: keyof SweepReport;
  readonly count: number;
}

const nothing: Done = { count: 0 };

/** One item that cannot be helped now must not keep the others waiting. One that is malformed is held. */
async function spared(facts: object, services: QueueServices, act: () => Promise<void>): Promise<void> {
  try {
    const fault = await orUnreadable(act());
    if (fault instanceof ItemFault) await holdMalformed(fault, services);
    if (fault instanceof ForeignItem) noteForeign(fault, services);
  } catch (error) {
    if (error instanceof SchemaVersionError)
      services.log.note('info', 'left to the release that wrote it', { ...facts, error });
    else services.log.note('error', 'sweep failed for an item', { ...facts, error });
  }
}

async function sweepItem(due: DueItem | UnreadableDue, sweeping: Sweeping): Promise<Done> {
  const { services, behind, mayGoOn } = sweeping;
  const isOverdue = due.due <= wallTime(services);
  switch (due.state) {
    case 'queued':
      if (!isOverdue) return await wake(due, due.due, sweeping);
      // Whose turn it is among them is seen when all are known.
      behind.add(due.destination);
      return nothing;
    case 'deferred':
      return due.unpublished === undefined ? await wake(due, due.due, sweeping) : await publishDeferred(due, sweeping);
    case 'held':
      return isOverdue ? await sweepHeld(due, services) : nothing;
    case 'active':
      return isOverdue ? counted('resent', await resend(due, services)) : nothing;
    case 'delivering':
      return isOverdue ? counted('lapsed', await lapse(due, services)) : nothing;
    case 'done':
      return isOverdue ? counted('published', await publishLate(due, services)) : nothing;
    case 'corrupt':
      return nothing;
    case 'unreadable':
      return isOverdue ? await lookInto(due, sweeping) : nothing;
    case 'destination':
      if (!isOverdue) return nothing;
      return { kind: 'released', count: await sweepDestination(due.destination, services, mayGoOn) };
    default:
      return due satisfies never;
  }
}

/** The index shows something that is not what it should be: reading the item brings to light what is wrong with it. */
async function lookInto(found: UnreadableDue, { services, mayGoOn }: Sweeping): Promise<Done> {
  const { id, delivery, fault } = found;
  if (isDeliveryNumber(delivery)) {
    await services.ledger.read(found);
    return nothing;
  }
  services.log.note('warn', 'record of the destination is malformed', { id, delivery, fault });
  return { kind: 'released', count: await sweepDestination(nameOfRecord(id), services, mayGoOn) };
}

function counted(kind: keyof SweepReport, isDone: boolean): Done {
  return isDone ? { kind, count: 1 } : nothing;
}

/** The wake-up of what falls due before the next sweep, to arrive in time. */
async function wake(due: DueItem, at: number, { services, before }: Sweeping): Promise<Done> {
  if (at > before) return nothing;
  await services.wakeUps.wake(due, Math.max(0, at - wallTime(services)));
  return { kind: 'woken', count: 1 };
}

/** Events of a delivery that waits, which nobody published; after that, it is due when its next attempt is. */
async function publishDeferred(due: DueItem, sweeping: Sweeping): Promise<Done> {
  const { services } = sweeping;
  const attempt = due.unpublished?.due ?? due.due;
  if (due.due > wallTime(services)) return await wake(due, attempt, sweeping);
  const isPublished = await publishLate(due, services);
  // Its own wake-up may be lost too.
  await wake(due, attempt, sweeping);
  return counted('published', isPublished);
}

/** A hold has ended, or events wait that nobody published. */
async function sweepHeld(due: DueItem, services: QueueServices): Promise<Done> {
  if (due.unpublished !== undefined) return counted('published', await publishLate(due, services));
  const item = await readAsSeen(due, services);
  if (item === undefined) return nothing;
  if (isHeldAtLimitAlone(item.holds)) return await sweepAtLimit(item, services);
  return counted('released', await endHolds(item, services));
}

/** Only recipients at in_doubt_limit are left: their sender is warned, or the lifetime is over. */
async function sweepAtLimit(item: DeliveryItem, services: QueueServices): Promise<Done> {
  const to = await settleAtLimit(item, services);
  return to === 'deferred' ? counted('released', true) : nothing;
}

/** Its message in active seems lost. The generation stays: whichever copy comes first wins, and the other finds it gone. */
async function resend(due: DueItem, services: QueueServices): Promise<boolean> {
  const item = await readAsSeen(due, services);
  if (item === undefined) return false;
  const moved = await services.ledger.move('resend', item, { due: wallTime(services) + activeGrace });
  if (moved.kind !== 'moved') return false;
  await services.wakeUps.activate(moved.item, String(due.due));
  return true;
}

/** The worker is dead, and nobody knows how far it came: whoever has no verdict is in doubt. */
async function lapse(due: DueItem, services: QueueServices): Promise<boolean> {
  const item = await readAsSeen(due, services);
  if (item === undefined) return false;
  const limit = inDoubtLimit(services.parameters);
  const verdicts = new Map(item.recipients.flatMap((recipient) => lapsedVerdict(recipient, item, limit)));
  const now = wallTime(services);
  const { log, scheduler } = services;
  // The lifetime is looked at after the next attempt: nobody bounces for an attempt whose end nobody saw.
  const rules = { ...settlementRules(services), mayExpire: false };
  const settlement = settle({ ...rules, item, verdicts, begun: item.activated, now });
  const { id, delivery } = item;
  const doubted = item.recipients
    .filter(({ n }) => verdicts.get(n)?.inDoubt)
    .map(({ address }) => quoteAddress(address));
  // Said before it is written: if this process dies in between, nobody would ever know who was in doubt, and no message of
  // active comes again that would bring the lines to light.
  if (doubted.length === 0) log.note('warn', 'lease ran out after the last reply was written down', { id, delivery });
  else log.note('error', 'lease ran out: the message may be delivered more than once', { id, delivery, doubted });
  logDeliveries(lapsedLines(item, settlement.lines, services), item, services);
  const changes = { ...settlement.changes, settled: noteSettled(item, 0) };
  const moved = await services.ledger.move(lapses[settlement.to], item, changes);
  if (moved.kind !== 'moved') {
    log.note('warn', 'the delivery moved on meanwhile: what was logged of its lease does not hold', { id, delivery });
    return false;
  }
  scheduler.leave(item);
  noteHeldAtLimit(moved.item, services);
  await publish(moved.item, services);
  return true;
}

const lapses = { done: 'lapseFinished', deferred: 'lapse', held: 'lapseDetained' } as const;

async function publishLate(due: DueItem, services: QueueServices): Promise<boolean> {
  const item = await services.ledger.read(due);
  if (item?.state !== due.state || item.due !== due.due) return false;
  await publishPending(item, services);
  return true;
}

/** The item, if it is still what the index showed. */
async function readAsSeen(due: DueItem, { ledger }: QueueServices): Promise<DeliveryItem | undefined> {
  const item = await ledger.read(due);
  return item?.state === due.state && item.generation === due.generation && item.due === due.due ? item : undefined;
}

/**
 * The lines of what the dead worker had written down, from the item, and of those in doubt. What bounced before its body failed is
 * settled; its line may be missing.
 */
function lapsedLines(
  item: DeliveryItem,
  lines: readonly DeliveryLine[],
  services: QueueServices,
): readonly DeliveryLine[] {
  const format = foundFormat(services);
  const settled = item.recipients.flatMap((recipient) => {
    const { last } = recipient;
    if (last === undefined || last.attempt <= item.attempt || !isFinished(recipient) || last.status === 'sent')
      return [];
    return verdictLines(item, { ...recipient, last }, format);
  });
  return [...lines.map((line) => (line.in_doubt === true ? line : { ...line, found: true as const })), ...settled];
}

/** What the dead worker had written down stands, and is logged now; the rest is in doubt. */
function lapsedVerdict(
  recipient: QueuedRecipient,
  { attempt }: DeliveryItem,
  limit: number,
): readonly (readonly [number, Verdict])[] {
  // Those at the limit took no part in the attempt.
  if (!isFinished(recipient)) return isAtLimit(recipient, limit) ? [] : [[recipient.n, lapsed]];
  const { last } = recipient;
  if (last?.status !== 'sent' || last.attempt <= attempt) return [];
  return [[recipient.n, { ...last, status: 'sent', setUp: 0, transfer: 0 }]];
}

const lapsed: Verdict = {
  status: 'deferred',
  dsn: '4.4.2',
  text: 'lost track of the delivery while sending end of data -- message may be sent more than once',
  inDoubt: true,
  setUp: 0,
  transfer: 0,
};
