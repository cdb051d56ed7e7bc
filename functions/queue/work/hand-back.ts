/**
 * Hands a delivery back to qmgr if the table refused reads or writes too often.
 *
 * SQS counts how often it delivers a message, and then moves it to the dead-letter queue. qmgr counts an attempt for
 * it, and after some rounds holds the delivery for an operator. But a throttled table is not the delivery's fault. So
 * before the count is used up, the delivery gets a new message: its wake-up goes to deferred, and qmgr sends it to
 * active again. That needs no table here, frees the slot meanwhile, and counts no attempt.
 */

import { errorWords } from '../../log/error-words.ts';
import { parseWakeUp } from '../items/messages.ts';
import { activeReceives } from '../items/policy.ts';
import type { Services } from '../writes/services.ts';

/** The last receive is left for a function that crashes. */
const lastReceive = activeReceives - 1;

/** Milliseconds until the delivery comes back to active; longer than SQS's deduplication interval (5 minutes). */
const handBackDelay = 330_000;

/** A received message of active. */
export interface ReceivedMessage {
  readonly body: string;
  /** How often SQS delivered it, this time included. */
  readonly received: number;
}

/**
 * Hands a delivery back if its message was received nearly too often because of the table. A missing permission does
 * not count: all deliveries lack it until an operator acts, and the dead-letter queue has an alarm.
 *
 * @returns whether it was handed back; its message may then be deleted
 */
export async function handBack(
  error: unknown,
  { body, received }: ReceivedMessage,
  services: Services,
): Promise<boolean> {
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
