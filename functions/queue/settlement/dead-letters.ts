/**
 * Dead letters of active: messages that were given out again and again, and that no function could handle. It went down with
 * them each time, or lacks a right that it needs.
 *
 * The mail is in the table and loses nothing. What is still in active is put back behind those that wait, with words that say
 * what happened; what comes back so for the last time in a row is held, and a person is told.
 */

import type { Verdict } from '../../delivery/verdict.ts';
import type { QueueServices } from '../destinations/services.ts';
import { settle } from '../disposition/settlement.ts';
import { inDoubtLimit, recipientsToOffer } from '../items/doubt.ts';
import type { DeliveryItem, Hold } from '../items/item.ts';
import { parseWakeUp, type WakeUp, WakeUpError } from '../items/messages.ts';
import { deadLetterRounds } from '../items/policy.ts';
import { readOrHold } from '../writes/malformed.ts';
import { publish } from '../writes/publish.ts';
import { wallTime } from '../writes/services.ts';
import { logDeliveries, logFound, noteHeldAtLimit } from './log-deliveries.ts';
import { ownVerdict } from './own-verdict.ts';
import { settlementRules } from './settlement-rules.ts';

/** A message among the dead letters. */
export interface DeadLetter {
  /** SQS message id. */
  readonly messageId: string;
  readonly body: string;
  /** How often it was given out, this time included; SQS counts over both queues. */
  readonly received: number;
}

/** The hold on a delivery that no function could handle. */
export const strandedHold = 'stranded';

/** What the log says then; an alarm looks for it. */
export const strandedNote = 'held: no function could handle this delivery';

/** Takes a dead letter up. Throws only what may pass: the message then stays where it is. */
export async function takeDeadLetter(
  { messageId, body, received }: DeadLetter,
  services: QueueServices,
): Promise<void> {
  const { corrupt, log } = services;
  const wakeUp = readWakeUp(body);
  if (wakeUp instanceof WakeUpError) {
    await corrupt.file({ id: messageId, reason: `dead letter of active: ${wakeUp.message}`, body });
    return;
  }
  const item = await readOrHold(wakeUp, services);
  if (item === 'malformed') return;
  if (item?.state === 'active' && item.generation === wakeUp.generation) {
    await putBack(item, received, services);
    return;
  }
  // Somebody has dealt with it after all, or will: what is being delivered falls to the sweep when its lease has run out.
  const { id, delivery, generation } = wakeUp;
  log.note('info', staleNote, { id, delivery, generation, state: item?.state ?? null });
  if (item !== undefined) logFound(item, generation, services);
}

function readWakeUp(body: string): WakeUp | WakeUpError {
  try {
    return parseWakeUp(body);
  } catch (error) {
    if (error instanceof WakeUpError) return error;
    throw error;
  }
}

const staleNote = 'stale dead letter of active';

const transitions = { done: 'finishUnclaimed', deferred: 'recover', held: 'strand' } as const;

/**
 * An attempt is counted, as for everything that a recipient is told: each line of the log and each event has a number of its
 * own, and whatever harms the functions no longer goes first as new mail does.
 */
async function putBack(item: DeliveryItem, received: number, services: QueueServices): Promise<void> {
  const { ledger, scheduler, log, metrics, parameters } = services;
  const { id, delivery, destination } = item;
  const now = wallTime(services);
  const rounds = (item.deadLetters ?? 0) + 1;
  const isStranded = rounds >= deadLetterRounds;
  const verdict = unhandled(received);
  const settlement = settle({
    ...settlementRules(services),
    // Nothing was tried, so nobody is given up for it; the lifetime is looked at after the next attempt.
    mayExpire: false,
    item: isStranded ? { ...item, holds: [...(item.holds ?? []), holdOf(rounds, now)] } : item,
    verdicts: new Map(recipientsToOffer(item, inDoubtLimit(parameters)).map(({ n }) => [n, verdict])),
    begun: now,
    now,
  });
  const changes = { ...settlement.changes, deadLetters: isStranded || settlement.to === 'done' ? null : rounds };
  const moved = await ledger.move(transitions[settlement.to], item, changes);
  if (moved.kind === 'behind') {
    log.note('info', staleNote, { id, delivery, state: moved.item?.state ?? null });
    return;
  }
  scheduler.leave(item);
  logDeliveries(settlement.lines, item, services);
  noteHeldAtLimit(moved.item, services);
  if (isStranded) {
    metrics?.add('Stranded');
    log.note('error', strandedNote, { id, delivery, destination, rounds });
  } else log.note('warn', 'dead letter of active taken up again', { id, delivery, destination, rounds });
  await publish(moved.item, services);
}

function unhandled(received: number): Verdict {
  // The last time was to us.
  const times = received > 1 ? `${received - 1} times` : 'too often';
  const text = `no function could handle this delivery; it was given out ${times}`;
  return ownVerdict('4.3.0', text);
}

function holdOf(rounds: number, since: number): Hold {
  const reason = `no function could handle this delivery, ${rounds} times in a row; release it when the cause is found`;
  return { id: strandedHold, reason, by: 'qmgr', since };
}
