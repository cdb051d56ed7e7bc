/**
 * The sweep: finds items of the table that are due or overdue, and sets them going. So a lost message, worker or answer
 * delays mail only until the next sweep.
 */

import type { Verdict } from '../../delivery/verdict.ts';
import type { DeliveryLine } from '../../log/delivery-line.ts';
import { quoteAddress } from '../../smtp/path.ts';
import { flushAndRefill, refillAfterCount } from '../destinations/refill.ts';
import { endHolds, sweepDestination } from '../destinations/release-held.ts';
import type { QueueServices } from '../destinations/services.ts';
import { appendGeneration, verdictLines } from '../disposition/found-lines.ts';
import { settle } from '../disposition/settlement.ts';
import { nameOfRecord } from '../items/destination-record.ts';
import { inDoubtLimit, isAtLimit, isHeldAtLimitAlone } from '../items/doubt.ts';
import { droppingHold } from '../items/due.ts';
import { type DeliveryItem, isFinished, type QueuedRecipient } from '../items/item.ts';
import { isDeliveryNumber } from '../items/messages.ts';
import { activeGrace } from '../items/policy.ts';
import type { DueItem, UnreadableDue } from '../items/ports.ts';
import { SchemaVersionError } from '../items/schema-version.ts';
import { ForeignItem, ItemFault, orUnreadable } from '../items/unreadable-item.ts';
import { dropHeld } from '../settlement/drop-held.ts';
import { updateHeldAtLimit } from '../settlement/held-at-limit.ts';
import { foundFormat, logDeliveries, logHeldAtLimit } from '../settlement/log-deliveries.ts';
import { settlementRules } from '../settlement/settlement-rules.ts';
import { holdMalformed, logForeign } from '../writes/malformed.ts';
import { publish, publishPending } from '../writes/publish.ts';
import { wallTime } from '../writes/services.ts';

/** What a sweep did. */
export interface SweepReport {
  readonly woken: number;
  readonly resent: number;
  /** Deliveries whose worker died after it claimed them. */
  readonly lapsed: number;
  readonly published: number;
  /** Held deliveries whose own hold, or that of their destination, has ended. */
  readonly released: number;
  /** Held deliveries whose hold ended, and says that they are then dropped. */
  readonly dropped: number;
}

/**
 * Sweeps once.
 *
 * @param window  milliseconds until the next sweep: what falls due before it gets its wake-up now
 * @param mayGoOn called before each item
 */
export async function sweep(window: number, services: QueueServices, mayGoOn: () => boolean): Promise<SweepReport> {
  const report = { woken: 0, resent: 0, lapsed: 0, published: 0, released: 0, dropped: 0 };
  const sweeping: Sweeping = { before: wallTime(services) + window, behind: new Set(), services, mayGoOn };
  for await (const due of services.ledger.findDue(sweeping.before)) {
    if (!mayGoOn()) break;
    await withErrorsLogged(due, services, async () => {
      const { kind, count } = await sweepItem(due, sweeping);
      if (kind !== undefined) report[kind] += count;
    });
  }
  for (const destination of sweeping.behind) {
    if (!mayGoOn()) break;
    await withErrorsLogged({ destination }, services, async () => {
      report.woken += await refillAfterCount(destination, services);
    });
  }
  // Expired leases have given their places back.
  await flushAndRefill(services);
  await services.disposal?.deleteSpent(services);
  return report;
}

/** What one sweep works with. */
interface Sweeping {
  /** Items due by then are handled. */
  readonly before: number;
  /** Destinations with due deliveries that were not woken. */
  readonly behind: Set<string>;
  readonly services: QueueServices;
  readonly mayGoOn: () => boolean;
}

/** What was done, and how often. */
interface SweepStep {
  readonly kind?: keyof SweepReport;
  readonly count: number;
}

const nothing: SweepStep = { count: 0 };

/** Logs errors, so that one item does not stop the sweep. A malformed item is held. */
async function withErrorsLogged(facts: object, services: QueueServices, act: () => Promise<void>): Promise<void> {
  try {
    const fault = await orUnreadable(act());
    if (fault instanceof ItemFault) await holdMalformed(fault, services);
    if (fault instanceof ForeignItem) logForeign(fault, services);
  } catch (error) {
    if (error instanceof SchemaVersionError)
      services.log.note('info', 'left to the release that wrote it', { ...facts, error });
    else services.log.note('error', 'sweep failed for an item', { ...facts, error });
  }
}

async function sweepItem(due: DueItem | UnreadableDue, sweeping: Sweeping): Promise<SweepStep> {
  const { services, behind, mayGoOn } = sweeping;
  const isOverdue = due.due <= wallTime(services);
  switch (due.state) {
    case 'queued':
      if (!isOverdue) return await wake(due, due.due, sweeping);
      // The order among them is decided when all are known.
      behind.add(due.destination);
      return nothing;
    case 'deferred':
      return due.unpublished === undefined ? await wake(due, due.due, sweeping) : await publishDeferred(due, sweeping);
    case 'held':
      return isOverdue ? await sweepHeld(due, services) : nothing;
    case 'active':
      return isOverdue ? counted('resent', await resend(due, services)) : nothing;
    case 'delivering':
      return isOverdue ? counted('lapsed', await expireLease(due, services)) : nothing;
    case 'done':
      return isOverdue ? counted('published', await publishLate(due, services)) : nothing;
    case 'corrupt':
      return nothing;
    case 'unreadable':
      return isOverdue ? await readUnreadable(due, sweeping) : nothing;
    case 'destination':
      if (!isOverdue) return nothing;
      return { kind: 'released', count: await sweepDestination(due.destination, services, mayGoOn) };
    default:
      return due satisfies never;
  }
}

/** Reads an item whose index entry is malformed; reading reports the fault. */
async function readUnreadable(found: UnreadableDue, { services, mayGoOn }: Sweeping): Promise<SweepStep> {
  const { id, delivery, fault } = found;
  if (isDeliveryNumber(delivery)) {
    await services.ledger.read(found);
    return nothing;
  }
  services.log.note('warn', 'record of the destination is malformed', { id, delivery, fault });
  return { kind: 'released', count: await sweepDestination(nameOfRecord(id), services, mayGoOn) };
}

function counted(kind: keyof SweepReport, isDone: boolean): SweepStep {
  return isDone ? { kind, count: 1 } : nothing;
}

/** Sends the wake-up of an item that falls due before the next sweep, with the delay. */
async function wake(due: DueItem, at: number, { services, before }: Sweeping): Promise<SweepStep> {
  if (at > before) return nothing;
  await services.wakeUps.wake(due, Math.max(0, at - wallTime(services)));
  return { kind: 'woken', count: 1 };
}

/** Publishes the pending events of a deferred delivery. After that it is due at its next attempt. */
async function publishDeferred(due: DueItem, sweeping: Sweeping): Promise<SweepStep> {
  const { services } = sweeping;
  const attempt = due.unpublished?.due ?? due.due;
  if (due.due > wallTime(services)) return await wake(due, attempt, sweeping);
  const isPublished = await publishLate(due, services);
  // Its own wake-up may be lost too.
  await wake(due, attempt, sweeping);
  return counted('published', isPublished);
}

/** Handles a held delivery whose hold has ended or whose events are still pending. */
async function sweepHeld(due: DueItem, services: QueueServices): Promise<SweepStep> {
  if (due.unpublished !== undefined) return counted('published', await publishLate(due, services));
  const item = await readAsSeen(due, services);
  if (item === undefined) return nothing;
  if (isHeldAtLimitAlone(item.holds)) return await sweepAtLimit(item, services);
  if (droppingHold(item.holds ?? [], wallTime(services)) !== undefined) {
    return counted('dropped', await dropHeld(item, services));
  }
  return counted('released', await endHolds(item, services));
}

/** Handles a delivery with only recipients at in_doubt_limit: a delay warning is due, or the lifetime is over. */
async function sweepAtLimit(item: DeliveryItem, services: QueueServices): Promise<SweepStep> {
  const to = await updateHeldAtLimit(item, services);
  return to === 'deferred' ? counted('released', true) : nothing;
}

/** Repeats a message of active that seems lost. The generation stays: the first copy wins, and the other is stale. */
async function resend(due: DueItem, services: QueueServices): Promise<boolean> {
  const item = await readAsSeen(due, services);
  if (item === undefined) return false;
  const moved = await services.ledger.move('resend', item, { due: wallTime(services) + activeGrace });
  if (moved.kind !== 'moved') return false;
  await services.wakeUps.activate(moved.item, String(due.due));
  return true;
}

/** Expires the lease of a dead worker. Its progress is unknown: recipients without a verdict are in doubt. */
async function expireLease(due: DueItem, services: QueueServices): Promise<boolean> {
  const item = await readAsSeen(due, services);
  if (item === undefined) return false;
  const limit = inDoubtLimit(services.parameters);
  const verdicts = new Map(item.recipients.flatMap((recipient) => expiredLeaseVerdict(recipient, item, limit)));
  const now = wallTime(services);
  const { log, scheduler } = services;
  // The next attempt checks the lifetime: no recipient bounces for an attempt with an unknown end.
  const rules = { ...settlementRules(services), mayExpire: false };
  const settlement = settle({ ...rules, item, verdicts, begun: item.activated, now });
  const { id, delivery } = item;
  const doubted = item.recipients
    .filter(({ n }) => verdicts.get(n)?.inDoubt)
    .map(({ address }) => quoteAddress(address));
  // Logged before the write: if this process crashes in between, no message of active comes again that would repeat
  // these lines.
  if (doubted.length === 0) log.note('warn', 'lease ran out after the last reply was written down', { id, delivery });
  else log.note('error', 'lease ran out: the message may be delivered more than once', { id, delivery, doubted });
  logDeliveries(expiredLeaseLines(item, settlement.lines, services), item, services);
  const changes = { ...settlement.changes, settled: appendGeneration(item, 0) };
  const moved = await services.ledger.move(leaseTransitions[settlement.to], item, changes);
  if (moved.kind !== 'moved') {
    log.note('warn', 'the delivery moved on meanwhile: what was logged of its lease does not hold', { id, delivery });
    return false;
  }
  scheduler.giveBackPlace(item);
  logHeldAtLimit(moved.item, services);
  await publish(moved.item, services);
  return true;
}

const leaseTransitions = { done: 'expireLeaseFinished', deferred: 'expireLease', held: 'expireLeaseHeld' } as const;

async function publishLate(due: DueItem, services: QueueServices): Promise<boolean> {
  const item = await services.ledger.read(due);
  if (item?.state !== due.state || item.due !== due.due) return false;
  await publishPending(item, services);
  return true;
}

/** Returns the item if it still matches the index entry; else undefined. */
async function readAsSeen(due: DueItem, { ledger }: QueueServices): Promise<DeliveryItem | undefined> {
  const item = await ledger.read(due);
  return item?.state === due.state && item.generation === due.generation && item.due === due.due ? item : undefined;
}

/**
 * Returns the lines of the recipients that the dead worker had written, and of those in doubt. A recipient that bounced
 * before the body failed is settled, but its line may be missing.
 */
function expiredLeaseLines(
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

/** Returns the verdict that the dead worker had written; without one the recipient is in doubt. */
function expiredLeaseVerdict(
  recipient: QueuedRecipient,
  { attempt }: DeliveryItem,
  limit: number,
): readonly (readonly [number, Verdict])[] {
  // Recipients at the limit took no part in the attempt.
  if (!isFinished(recipient)) return isAtLimit(recipient, limit) ? [] : [[recipient.n, inDoubtVerdict]];
  const { last } = recipient;
  if (last?.status !== 'sent' || last.attempt <= attempt) return [];
  return [[recipient.n, { ...last, status: 'sent', setUp: 0, transfer: 0 }]];
}

const inDoubtVerdict: Verdict = {
  status: 'deferred',
  dsn: '4.4.2',
  text: 'lost track of the delivery while sending end of data -- message may be sent more than once',
  inDoubt: true,
  setUp: 0,
  transfer: 0,
};
