/**
 * Active is filled up again: when places are given back, those are woken whose turn it is, new and deferred mail in turn, as
 * in Postfix.
 *
 * It wakes, no more: the place is taken when the wake-up arrives, so what is lost or doubled on the way does no harm. The
 * sweep does the same for what nobody woke.
 */

import type { Places } from './destination-record.ts';
import type { QueueEntry } from './queue-entry.ts';
import { activeLimit } from './scheduler.ts';
import { type Services, wallTime } from './services.ts';

/** Most deliveries that are woken at once. */
const largestRefill = 200;

/** Wake-ups that are sent at the same time. */
const together = 25;

/** Places that are worth the trouble of looking who is next, unless they are all there are. */
const smallestRefill = 10;

/** Milliseconds after which a note that deliveries wait is forgotten, where none is found: the index is a little behind. */
const backlogMemory = 15_000;

/** Writes down the places that were given back, and fills them. At the end of an invocation. */
export async function giveBackPlaces(services: Services): Promise<void> {
  const { scheduler, parameters, log } = services;
  const settled = await scheduler.settle(services);
  for (const [destination, places] of settled) {
    const limit = activeLimit(parameters);
    const free = limit - places.active;
    const isWorthwhile = free >= Math.min(smallestRefill, Math.max(1, Math.floor(limit / 5))) || places.active === 0;
    if (places.backlog === undefined || !isWorthwhile) continue;
    try {
      await refill(destination, places, services);
    } catch (error) {
      log.note('warn', 'places in active left to the sweep', { destination, error });
    }
  }
}

/** Wakes as many deliveries as there are places; answers how many. */
export async function refill(
  destination: string,
  { active, backlog }: Places,
  services: Services,
  most = largestRefill,
): Promise<number> {
  const { queries, wakeUps, destinations, parameters } = services;
  const now = wallTime(services);
  const limit = Math.min(most, activeLimit(parameters) - active);
  if (limit <= 0) return 0;
  const [fresh, tried] = await Promise.all(
    [true, false].map((isNew) => queries.findQueued(destination, { isNew, dueBy: now, limit })),
  );
  const next = inTurn(fresh ?? [], tried ?? []).slice(0, limit);
  if (next.length === 0 && backlog !== undefined && now - backlog > backlogMemory) {
    await destinations.forgetBacklog(destination, backlog);
  }
  // There may be more of them: whoever gives a place back is to look.
  if (next.length === limit && backlog === undefined) await destinations.noteBacklog(destination, now);
  for (let from = 0; from < next.length; from += together) {
    await Promise.all(next.slice(from, from + together).map((entry) => wakeUps.wake(entry, 0)));
  }
  return next.length;
}

/**
 * The same, after the places were counted: whoever takes a place, or owes one, may die before it is written down. Then the
 * count says that active is full while it is empty, and nobody else would ever find out.
 */
export async function refillAfterCount(destination: string, services: Services): Promise<number> {
  const { destinations, queries, log } = services;
  const before = await destinations.read(destination);
  const counted = await queries.countActive(destination);
  const places = await destinations.read(destination);
  // What came and went meanwhile is no error.
  const isBusy = Math.abs(places.active - before.active);
  const difference = counted - places.active;
  // Nor is what a batch that goes on will give back at its end: taken for lost, it would be given back twice.
  const isOwed = difference < 0 && counted * 2 >= places.active;
  if (isOwed || Math.abs(difference) <= isBusy) {
    return await refill(destination, places, services, Number.POSITIVE_INFINITY);
  }
  log.note('info', 'places in active counted again', { destination, counted, noted: places.active });
  const corrected = await destinations.adjust(destination, difference);
  return await refill(destination, corrected, services, Number.POSITIVE_INFINITY);
}

/** One of these, one of those. */
function inTurn(these: readonly QueueEntry[], those: readonly QueueEntry[]): readonly QueueEntry[] {
  const longest = Math.max(these.length, those.length);
  return Array.from({ length: longest }, (_, n) => [these[n], those[n]])
    .flat()
    .filter((entry) => entry !== undefined);
}
