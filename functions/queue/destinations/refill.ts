/**
 * Active is filled up again: when places are given back, those are woken whose turn it is, new and deferred mail in turn, as
 * in Postfix.
 *
 * It wakes, no more: the place is taken when the wake-up arrives, so what is lost or doubled on the way does no harm. The
 * sweep does the same for what nobody woke.
 */

import type { Places } from '../items/destination-record.ts';
import type { DeliveryItem } from '../items/item.ts';
import type { QueueEntry } from '../items/queue-entry.ts';
import { readOrLeave } from '../writes/malformed.ts';
import { wallTime } from '../writes/services.ts';
import { activeLimit, backlogInterval } from './scheduler.ts';
import type { QueueServices } from './services.ts';

/** Most deliveries that are woken at once. */
const largestRefill = 200;

/** Wake-ups that are sent at the same time. */
const together = 25;

/** Places that are worth the trouble of looking who is next, unless they are all there are. */
const smallestRefill = 10;

/** Milliseconds after which a note that deliveries wait is forgotten, where none is found: the index is a little behind. */
const backlogMemory = 15_000;

/** Deliveries that the index may show although they are queued no more. */
const mostGone = 20;

/** Milliseconds after which the index shows nearly always what was put down. */
const indexLag = 1000;

/**
 * A delivery waits for a place, and was put down as such. Whoever is in active wakes it on going; where nobody is there any
 * more, since the last one went while this one was being put down, it is woken at once.
 */
export async function waitForPlace(item: DeliveryItem, services: QueueServices): Promise<void> {
  const { scheduler, wakeUps, log } = services;
  if (await scheduler.noteBacklog(item.destination, services)) return;
  const { id, delivery } = item;
  try {
    await wakeUps.wake(item, 0);
  } catch (error) {
    log.note('warn', 'left to the sweep', { id, delivery, error });
  }
}

/**
 * Writes down the places that were given back, and fills them. At the end of an invocation.
 *
 * @param pause lets so many milliseconds pass. Whoever gives the last place back, and finds nobody although somebody came to wait
 *              just now, looks once more after that; absent: he does not
 */
export async function giveBackPlaces(
  services: QueueServices,
  pause?: (milliseconds: number) => Promise<unknown>,
): Promise<void> {
  const settled = await services.scheduler.settle(services);
  const unseen: string[] = [];
  for (const [destination, places] of settled) {
    const isFound = await fill(destination, places, services);
    if (!isFound && places.active === 0 && isYoung(places, services)) unseen.push(destination);
  }
  if (pause === undefined || unseen.length === 0) return;
  await pause(indexLag);
  for (const destination of unseen) await lookAgain(destination, services);
}

/** Fills the places of a destination where that is worth the trouble; whether anybody was found. */
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

/** Whether somebody may have come to wait whom the index does not show yet. */
function isYoung({ backlog }: Places, services: QueueServices): boolean {
  return backlog !== undefined && wallTime(services) - backlog < backlogInterval + indexLag;
}

/** Who came to wait saw somebody in active, and relies on him: he is the last one, and could not see who came. */
async function lookAgain(destination: string, services: QueueServices): Promise<void> {
  const { destinations, log } = services;
  try {
    const places = await destinations.read(destination);
    if (places.active === 0) await fill(destination, places, services);
  } catch (error) {
    log.note('warn', 'places in active left to the sweep', { destination, error });
  }
}

/** Wakes as many deliveries as there are places; answers how many. */
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
  // Where nobody else will look, one at least must be woken who is there.
  const isLast = active === 0;
  const wanted = isLast ? limit + mostGone : limit;
  const [fresh, tried] = await Promise.all(
    [true, false].map((isNew) => queries.findQueued(destination, { isNew, dueBy: now, limit: wanted })),
  );
  const found = inTurn(fresh ?? [], tried ?? []);
  const next = isLast ? await stillQueued(found, limit, services) : found.slice(0, limit);
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
export async function refillAfterCount(destination: string, services: QueueServices): Promise<number> {
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

/** The first of those found that are queued indeed: the index may show who has left a moment ago. */
async function stillQueued(
  found: readonly QueueEntry[],
  limit: number,
  services: QueueServices,
): Promise<readonly QueueEntry[]> {
  const queued: QueueEntry[] = [];
  for (let from = 0; from < found.length && queued.length < limit; ) {
    const some = found.slice(from, from + Math.min(together, limit - queued.length));
    const items = await Promise.all(some.map((entry) => readOrLeave(entry, services)));
    queued.push(...some.filter(({ generation }, n) => isQueued(items[n], generation)));
    from += some.length;
  }
  return queued;
}

function isQueued(item: DeliveryItem | 'left' | undefined, generation: number): boolean {
  return item !== 'left' && item?.state === 'queued' && item.generation === generation;
}

/** One of these, one of those. */
function inTurn(these: readonly QueueEntry[], those: readonly QueueEntry[]): readonly QueueEntry[] {
  const longest = Math.max(these.length, those.length);
  return Array.from({ length: longest }, (_, n) => [these[n], those[n]])
    .flat()
    .filter((entry) => entry !== undefined);
}
