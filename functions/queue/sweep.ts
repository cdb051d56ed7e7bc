/**
 * The sweep: finds whatever is due or overdue in the table and sets it going. Nothing that was lost on the way (a message,
 * a worker, an answer) stays lost longer than until the sweep sees it.
 */

import type { Verdict } from '../delivery/verdict.ts';
import { settle } from '../disposition/settlement.ts';
import { quoteAddress } from '../smtp/path.ts';
import { type DeliveryItem, isFinished, type QueuedRecipient } from './item.ts';
import { activeGrace } from './policy.ts';
import type { DueItem } from './ports.ts';
import { publish } from './publish.ts';
import { type Services, wallTime } from './services.ts';
import { settlementRules } from './settlement-rules.ts';

/** What a sweep did. */
export interface SweepReport {
  readonly woken: number;
  readonly resent: number;
  /** Deliveries whose worker died while content was under way. */
  readonly lapsed: number;
  readonly published: number;
}

/**
 * Sweeps once.
 *
 * @param window  milliseconds until the next sweep: what falls due before it is sent its wake-up now
 * @param mayGoOn asked before each item
 */
export async function sweep(window: number, services: Services, mayGoOn: () => boolean): Promise<SweepReport> {
  const report = { woken: 0, resent: 0, lapsed: 0, published: 0 };
  const before = wallTime(services) + window;
  for await (const due of services.ledger.findDue(before)) {
    if (!mayGoOn()) break;
    try {
      const done = await sweepItem(due, services);
      if (done !== undefined) report[done] += 1;
    } catch (error) {
      // One item that cannot be helped now must not keep the others waiting.
      services.log.note('error', 'sweep failed for an item', { id: due.id, delivery: due.delivery, error });
    }
  }
  return report;
}

async function sweepItem(due: DueItem, services: Services): Promise<keyof SweepReport | undefined> {
  const now = wallTime(services);
  const isOverdue = due.due <= now;
  switch (due.state) {
    case 'queued':
    case 'deferred':
      await services.wakeUps.wake(due, Math.max(0, due.due - now));
      return 'woken';
    case 'active':
      return isOverdue ? await resend(due, services) : undefined;
    case 'delivering':
      return isOverdue ? await lapse(due, services) : undefined;
    case 'done':
      return isOverdue ? await publishLate(due, services) : undefined;
    case 'corrupt':
      return undefined;
    default:
      return due.state satisfies never;
  }
}

/** Its message in active seems lost. The generation stays: whichever copy comes first wins, and the other finds it gone. */
async function resend(due: DueItem, services: Services): Promise<'resent' | undefined> {
  const item = await readAsSeen(due, services);
  if (item === undefined) return undefined;
  const moved = await services.ledger.move('resend', item, { due: wallTime(services) + activeGrace });
  if (moved.kind !== 'moved') return undefined;
  await services.wakeUps.activate(moved.item, String(due.due));
  return 'resent';
}

/** The worker is dead, and nobody knows how far it came: whoever has no verdict is in doubt. */
async function lapse(due: DueItem, services: Services): Promise<'lapsed' | undefined> {
  const item = await readAsSeen(due, services);
  if (item === undefined) return undefined;
  const verdicts = new Map(item.recipients.flatMap((recipient) => lapsedVerdict(recipient, item)));
  const now = wallTime(services);
  const { parameters, log } = services;
  // The lifetime is looked at after the next attempt: nobody bounces for an attempt whose end nobody saw.
  const times = { ...parameters, ...noExpiry };
  const settlement = settle({ ...settlementRules(services), times, item, verdicts, begun: item.activated, now });
  const { id, delivery } = item;
  const doubted = item.recipients
    .filter(({ n }) => verdicts.get(n)?.inDoubt)
    .map(({ address }) => quoteAddress(address));
  // Said before it is written: if this process dies in between, nobody would ever know who was in doubt.
  if (settlement.done) log.note('warn', 'lease ran out after the last reply was written down', { id, delivery });
  else log.note('error', 'lease ran out: the message may be delivered more than once', { id, delivery, doubted });
  const moved = await services.ledger.move(settlement.done ? 'lapseFinished' : 'lapse', item, settlement.changes);
  if (moved.kind !== 'moved') return undefined;
  for (const line of settlement.lines) log.delivery(line);
  await publish(moved.item, services);
  return 'lapsed';
}

async function publishLate(due: DueItem, services: Services): Promise<'published' | undefined> {
  const item = await services.ledger.read(due);
  if (item?.state !== 'done') return undefined;
  await publish(item, services);
  return 'published';
}

/** The item, if it is still what the index showed. */
async function readAsSeen(due: DueItem, { ledger }: Services): Promise<DeliveryItem | undefined> {
  const item = await ledger.read(due);
  return item?.state === due.state && item.generation === due.generation && item.due === due.due ? item : undefined;
}

const noExpiry = { maximal_queue_lifetime: Number.POSITIVE_INFINITY, bounce_queue_lifetime: Number.POSITIVE_INFINITY };

/** What the dead worker had written down stands, and is logged now; the rest is in doubt. */
function lapsedVerdict(recipient: QueuedRecipient, { attempt }: DeliveryItem): readonly (readonly [number, Verdict])[] {
  if (!isFinished(recipient)) return [[recipient.n, lapsed]];
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
