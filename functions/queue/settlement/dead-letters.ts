/**
 * Handles dead letters of active: messages that SQS delivered too often, because each function crashed with them or
 * lacks a permission.
 *
 * The mail itself is in the table. A delivery that is still active is deferred with a text that says what happened.
 * After the last such round it is held for an operator.
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
import { logDeliveries, logFoundLines, logHeldAtLimit } from './log-deliveries.ts';
import { ownVerdict } from './own-verdict.ts';
import { settlementRules } from './settlement-rules.ts';

/** A message of the dead-letter queue. */
export interface DeadLetter {
  /** SQS message id. */
  readonly messageId: string;
  readonly body: string;
  /** How often SQS delivered it, this time included; SQS counts over both queues. */
  readonly received: number;
}

/** Id of the hold on a delivery that no function could handle. */
export const undeliverableHold = 'stranded';

/** Log message for it; an alarm matches it. */
export const undeliverableNote = 'held: no function could handle this delivery';

/** Handles a dead letter. Throws only temporary errors: the message then stays in its queue. */
export async function handleDeadLetter(
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
    await recoverDelivery(item, received, services);
    return;
  }
  // Another worker has handled it or will. If it is being delivered, the sweep expires its lease.
  const { id, delivery, generation } = wakeUp;
  log.note('info', staleNote, { id, delivery, generation, state: item?.state ?? null });
  if (item !== undefined) logFoundLines(item, generation, services);
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

const transitions = { done: 'finishUnclaimed', deferred: 'recover', held: 'holdUndeliverable' } as const;

/**
 * Counts an attempt, so that each log line and event has a number of its own, and a harmful delivery loses the priority
 * of new mail.
 */
async function recoverDelivery(item: DeliveryItem, received: number, services: QueueServices): Promise<void> {
  const { ledger, scheduler, log, metrics, parameters } = services;
  const { id, delivery, destination } = item;
  const now = wallTime(services);
  const rounds = (item.deadLetters ?? 0) + 1;
  const isLastRound = rounds >= deadLetterRounds;
  const verdict = unhandled(received);
  const settlement = settle({
    ...settlementRules(services),
    // No attempt was made, so no recipient expires; the next attempt checks the lifetime.
    mayExpire: false,
    item: isLastRound ? { ...item, holds: [...(item.holds ?? []), holdOf(rounds, now)] } : item,
    verdicts: new Map(recipientsToOffer(item, inDoubtLimit(parameters)).map(({ n }) => [n, verdict])),
    begun: now,
    now,
  });
  const changes = { ...settlement.changes, deadLetters: isLastRound || settlement.to === 'done' ? null : rounds };
  const moved = await ledger.move(transitions[settlement.to], item, changes);
  if (moved.kind === 'behind') {
    log.note('info', staleNote, { id, delivery, state: moved.item?.state ?? null });
    return;
  }
  scheduler.giveBackPlace(item);
  logDeliveries(settlement.lines, item, services);
  logHeldAtLimit(moved.item, services);
  if (isLastRound) {
    metrics?.add('Stranded');
    log.note('error', undeliverableNote, { id, delivery, destination, rounds });
  } else log.note('warn', 'dead letter of active taken up again', { id, delivery, destination, rounds });
  await publish(moved.item, services);
}

function unhandled(received: number): Verdict {
  // The last delivery of the message was to this function.
  const times = received > 1 ? `${received - 1} times` : 'too often';
  const text = `no function could handle this delivery; its message was received ${times}`;
  return ownVerdict('4.3.0', text);
}

function holdOf(rounds: number, since: number): Hold {
  const reason = `no function could handle this delivery, ${rounds} times in a row; release it when the cause is found`;
  return { id: undeliverableHold, reason, by: 'qmgr', since };
}
