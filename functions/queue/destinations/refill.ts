/**
 * Refills active: when places become free, wakes the next deliveries, new and deferred mail alternately, as Postfix
 * does.
 *
 * The place is taken when the wake-up arrives, so a lost or duplicate wake-up does no harm. The sweep wakes deliveries
 * that were missed.
 */

import type { Places } from '../items/destination-record.ts';
import type { DeliveryItem } from '../items/item.ts';
import type { QueueEntry } from '../items/queue-entry.ts';
import { readOrSkip } from '../writes/malformed.ts';
import { wallTime } from '../writes/services.ts';
import { activeLimit, backlogInterval } from './scheduler.ts';
import type { QueueServices } from './services.ts';

/** Most deliveries that are woken at once. */
const largestRefill = 200;

/** Wake-ups that are sent in parallel. */
const together = 25;

/** Free places that are worth a query for the next deliveries, unless active is empty. */
const smallestRefill = 10;

/** Milliseconds after which an unconfirmed backlog note is deleted; the index may lag behind until then. */
const backlogMemory = 15_000;

/** Deliveries that the index may still show as queued although they have moved on. */
const mostStale = 20;

/** Milliseconds after which the index nearly always shows a write. */
const indexLag = 1000;

/**
 * Registers a queued delivery for a place. A delivery that leaves active wakes it. If active is empty, the last one
 * left during the write, and the delivery is woken at once.
 */
export async function waitForPlace(item: DeliveryItem, services: QueueServices): Promise<void> {
  const { scheduler, wakeUps, log } = services;
  if (await scheduler.recordBacklog(item.destination, services)) return;
  const { id, delivery } = item;
  try {
    await wakeUps.wake(item, 0);
  } catch (error) {
    log.note('warn', 'left to the sweep', { id, delivery, error });
  }
}

/**
 * Writes the places that were given back, and refills them. Called at the end of an invocation.
 *
 * @param pause waits that many milliseconds. After giving back the last place of a destination, a delivery written just
 *   now may be missing in the index. Then the index is read again after the pause. Absent: it is not
 */
export async function flushAndRefill(
  services: QueueServices,
  pause?: (milliseconds: number) => Promise<unknown>,
): Promise<void> {
  const flushed = await services.scheduler.flushPlaces(services);
  const unseen: string[] = [];
  for (const [destination, places] of flushed) {
    const isFound = await fill(destination, places, services);
    if (!isFound && places.active === 0 && isYoung(places, services)) unseen.push(destination);
  }
  if (pause === undefined || unseen.length === 0) return;
  await pause(indexLag);
  for (const destination of unseen) await lookAgain(destination, services);
}

/** Refills the places of a destination if enough are free. Returns whether a delivery was found. */
async function fill(destination: string, places: Places, services: QueueServices): Promise<boolean> {
  const { parameters, log } = services;
  const limit = activeLimit(parameters);
  const free = limit - places.active;
  const isWorthwhile = free >= Math.min(smallestRefill, Math.max(1, Math.floor(limit / 5))) || places.active === 0;
  if (places.backlog === undefined || !isWorthwhile) return false;
  try {
    return (await refill(destination, places, services)) > 0;
  } catch (error) {
    log.note('warn', 'places in active left to the sweep', { destination, error });
    return false;
  }
}

/** Whether a delivery may have been queued so recently that the index does not show it yet. */
function isYoung({ backlog }: Places, services: QueueServices): boolean {
  return backlog !== undefined && wallTime(services) - backlog < backlogInterval + indexLag;
}

/**
 * Reads again. A delivery that found active full relies on a finishing delivery to wake it. This is the last one, and
 * its index read may predate that delivery.
 */
async function lookAgain(destination: string, services: QueueServices): Promise<void> {
  const { destinations, log } = services;
  try {
    const places = await destinations.read(destination);
    if (places.active === 0) await fill(destination, places, services);
  } catch (error) {
    log.note('warn', 'places in active left to the sweep', { destination, error });
  }
}

/** Wakes as many deliveries as there are free places. Returns how many. */
export async function refill(
  destination: string,
  { active, backlog }: Places,
  services: QueueServices,
  most = largestRefill,
): Promise<number> {
  const { queries, wakeUps, destinations, parameters } = services;
  const now = wallTime(services);
  const limit = Math.min(most, activeLimit(parameters) - active);
  if (limit <= 0) return 0;
  // If active is empty, no other delivery will refill it: at least one that is really queued must be woken.
  const isLast = active === 0;
  const wanted = isLast ? limit + mostStale : limit;
  const [fresh, tried] = await Promise.all(
    [true, false].map((isNew) => queries.findQueued(destination, { isNew, dueBy: now, limit: wanted })),
  );
  const found = alternate(fresh ?? [], tried ?? []);
  const next = isLast ? await stillQueued(found, limit, services) : found.slice(0, limit);
  if (next.length === 0 && backlog !== undefined && now - backlog > backlogMemory) {
    await destinations.forgetBacklog(destination, backlog);
  }
  // More deliveries may wait: the next delivery that leaves active must look again.
  if (next.length === limit && backlog === undefined) await destinations.recordBacklog(destination, now);
  for (let from = 0; from < next.length; from += together) {
    await Promise.all(next.slice(from, from + together).map((entry) => wakeUps.wake(entry, 0)));
  }
  return next.length;
}

/**
 * Refills after counting the places again. A function may crash between taking or releasing a place and writing it.
 * Then the record says that active is full while it is empty.
 */
export async function refillAfterCount(destination: string, services: QueueServices): Promise<number> {
  const { destinations, queries, log } = services;
  const before = await destinations.read(destination);
  const counted = await queries.countActive(destination);
  const places = await destinations.read(destination);
  // A difference that arose during the count is not an error.
  const drift = Math.abs(places.active - before.active);
  const difference = counted - places.active;
  // A running batch has not given its places back yet; correcting them now would give them back twice.
  const isOwed = difference < 0 && counted * 2 >= places.active;
  if (isOwed || Math.abs(difference) <= drift) {
    return await refill(destination, places, services, Number.POSITIVE_INFINITY);
  }
  log.note('info', 'places in active counted again', { destination, counted, noted: places.active });
  const corrected = await destinations.adjust(destination, difference);
  return await refill(destination, corrected, services, Number.POSITIVE_INFINITY);
}

/** Returns the first entries that are still queued; the index may show deliveries that have just moved on. */
async function stillQueued(
  found: readonly QueueEntry[],
  limit: number,
  services: QueueServices,
): Promise<readonly QueueEntry[]> {
  const queued: QueueEntry[] = [];
  for (let from = 0; from < found.length && queued.length < limit; ) {
    const some = found.slice(from, from + Math.min(together, limit - queued.length));
    const items = await Promise.all(some.map((entry) => readOrSkip(entry, services)));
    queued.push(...some.filter(({ generation }, n) => isQueued(items[n], generation)));
    from += some.length;
  }
  return queued;
}

function isQueued(item: DeliveryItem | 'skipped' | undefined, generation: number): boolean {
  return item !== 'skipped' && item?.state === 'queued' && item.generation === generation;
}

/** Alternates between two lists. */
function alternate(these: readonly QueueEntry[], those: readonly QueueEntry[]): readonly QueueEntry[] {
  const longest = Math.max(these.length, those.length);
  return Array.from({ length: longest }, (_, n) => [these[n], those[n]])
    .flat()
    .filter((entry) => entry !== undefined);
}
