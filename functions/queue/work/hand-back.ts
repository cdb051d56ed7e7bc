/**
 * A message of active whose delivery could not be dealt with, since the table refused to be read or written.
 *
 * SQS counts how often it gives a message out, and sends it to the dead letters after that; qmgr then counts an attempt, and after
 * some rounds holds the delivery for a person. A table that is throttled is no fault of the delivery's. So before the count is
 * used up the delivery gets a new message: its wake-up goes into deferred, and qmgr sends it into active again. That needs no table
 * here, opens its slot to others meanwhile, and counts nothing.
 */

import { errorWords } from '../../log/error-words.ts';
import { parseWakeUp } from '../items/messages.ts';
import { activeReceives } from '../items/policy.ts';
import type { Services } from '../writes/services.ts';

/** One more is left for a function that dies. */
const lastReceive = activeReceives - 1;

/** Milliseconds until the delivery comes into active again; longer than SQS takes a copy for a double (5 minutes). */
const handBackDelay = 330_000;

/** A message of active, as it was given out. */
export interface GivenOut {
  readonly body: string;
  /** How often it was given out, this time included. */
  readonly received: number;
}

/**
 * Hands a delivery back to qmgr where its message was given out nearly too often because of the table. A right that is missing does
 * not count as such: it is missing to every delivery until a person looks, and dead letters have an alarm.
 *
 * @returns whether it was handed back; its message may then be deleted
 */
export async function handBack(error: unknown, { body, received }: GivenOut, services: Services): Promise<boolean> {
  const { writes, wakeUps, log } = services;
  const trouble = writes.troubleOf(error);
  if (trouble === undefined || trouble === 'denied' || received < lastReceive) return false;
  const wakeUp = parseWakeUp(body);
  const { id, delivery } = wakeUp;
  try {
    await wakeUps.wake(wakeUp, handBackDelay);
  } catch (failure) {
    log.note('warn', 'delivery not handed back', { id, delivery, error: failure });
    return false;
  }
  log.note('warn', 'delivery handed back, since the table refuses calls', { id, delivery, why: errorWords(error) });
  return true;
}
