/**
 * When is a report complete? One request may be many deliveries, and each tells of itself; its sender wants one report.
 */

import type { QueueEvent } from '../queue/event.ts';
import type { DeliveryItem } from '../queue/item.ts';
import type { Group } from './ports.ts';

/** The group of an event. */
export function groupOf({ lmtp }: QueueEvent): Group {
  return { id: lmtp.id, kind: lmtp.kind, pass: passOf(lmtp.attempt) };
}

/** What was refused at the door belongs to the first pass. */
function passOf(attempt: number): number {
  return Math.max(1, attempt);
}

/** Whether every delivery that has spoken has said all. */
export function isWhole(events: readonly QueueEvent[]): boolean {
  const deliveries = Map.groupBy(events, ({ lmtp }) => `${lmtp.delivery} ${lmtp.attempt}`);
  return [...deliveries.values()].every((all) => new Set(all.map(({ lmtp }) => lmtp.part)).size >= partsOf(all));
}

/** The deliveries that have spoken, by number. */
export function speakers(events: readonly QueueEvent[]): ReadonlySet<string> {
  return new Set(events.map(({ lmtp }) => lmtp.delivery));
}

/** How many deliveries the request has, as far as its events say. */
export function deliveriesOf(events: readonly QueueEvent[]): number {
  return Math.max(1, ...events.map(({ lmtp }) => lmtp.deliveries));
}

/**
 * Whether nothing more will come from a delivery that has said nothing: its pass is over, and none of its recipients is one
 * to be told of. Of a delay that cannot be seen in the item, so there the wait decides.
 */
export function isSilent(item: DeliveryItem, { kind, pass }: Group): boolean {
  const isOver = item.state === 'done' || item.state === 'corrupt' || item.attempt >= pass;
  if (!isOver || kind === 'delay') return false;
  const isPending = Object.values(item.pending).some(({ lmtp }) => lmtp.kind === kind && passOf(lmtp.attempt) === pass);
  return (
    !isPending &&
    !item.recipients.some(({ last, notify }) => {
      if (last === undefined || passOf(last.attempt) !== pass) return false;
      if (kind === 'bounce') return last.status === 'bounced' || last.status === 'expired';
      return last.status === 'sent' && last.relayed === true && notify?.includes('SUCCESS') === true;
    })
  );
}

function partsOf(events: readonly QueueEvent[]): number {
  return Math.max(...events.map(({ lmtp }) => lmtp.parts));
}
