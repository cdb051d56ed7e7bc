/**
 * Decides when a report is complete. A request may have many deliveries, each with its own events; its sender should
 * get one report.
 */

import { type ReportableEvent, reportKindOf } from '../queue/items/event.ts';
import type { DeliveryItem, QueuedRecipient } from '../queue/items/item.ts';
import type { Group } from './ports.ts';

/** The group of an event. */
export function groupOf(event: ReportableEvent): Group {
  const { id, attempt } = event.lmtp;
  return { id, kind: reportKindOf(event), pass: passOf(attempt) };
}

/** Refusals at admission belong to the first pass. */
function passOf(attempt: number): number {
  return Math.max(1, attempt);
}

/** Whether all events of each delivery with events are present. */
export function isWhole(events: readonly ReportableEvent[]): boolean {
  const deliveries = Map.groupBy(events, ({ lmtp }) => `${lmtp.delivery} ${lmtp.attempt}`);
  return [...deliveries.values()].every((all) => new Set(all.map(({ lmtp }) => lmtp.part)).size >= partsOf(all));
}

/** Returns the numbers of the deliveries with events in this pass. Refusals at admission do not count. */
export function deliveriesReported(events: readonly ReportableEvent[]): ReadonlySet<string> {
  return new Set(events.filter(({ lmtp }) => lmtp.attempt > 0).map(({ lmtp }) => lmtp.delivery));
}

/** Returns how many deliveries the request has, according to its events. */
export function deliveriesOf(events: readonly ReportableEvent[]): number {
  return Math.max(1, ...events.map(({ lmtp }) => lmtp.deliveries));
}

/**
 * Whether a delivery will send no further events: its pass is over, and the events contain all its recipients to
 * report. For delays the item does not show that, so the waiting time decides.
 */
export function hasNoMoreEvents(
  item: DeliveryItem,
  { kind, pass }: Group,
  events: readonly ReportableEvent[],
): boolean {
  const isOver = item.state === 'done' || item.state === 'corrupt' || item.attempt >= pass;
  if (!isOver || kind === 'delay') return false;
  const here = events.filter(({ lmtp }) => lmtp.delivery === item.delivery);
  const isKept = new Set(here.map(({ lmtp }) => lmtp.eventId));
  const isPending = Object.values(item.pending).some(
    ({ lmtp }) => lmtp.kind === kind && passOf(lmtp.attempt) === pass && !isKept.has(lmtp.eventId),
  );
  if (isPending) return false;
  const reported = new Set(here.flatMap(({ lmtp }) => lmtp.recipients.map(({ address }) => address)));
  return item.recipients.every((recipient) => reported.has(recipient.address) || !isReportable(recipient, kind, pass));
}

function isReportable({ last, notify }: QueuedRecipient, kind: Group['kind'], pass: number): boolean {
  if (last === undefined || passOf(last.attempt) !== pass) return false;
  if (kind === 'bounce') return last.status === 'bounced' || last.status === 'expired';
  return last.status === 'sent' && last.relayed === true && notify?.includes('SUCCESS') === true;
}

function partsOf(events: readonly ReportableEvent[]): number {
  return Math.max(...events.map(({ lmtp }) => lmtp.parts));
}
