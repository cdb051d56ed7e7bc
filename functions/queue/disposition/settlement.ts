/**
 * From verdicts to dispositions: what an attempt changes in the item, which lines are logged, which events follow.
 * Pure.
 */

import type { Verdict } from '../../delivery/verdict.ts';
import { type DeliveryLine, deliveryLine, type LineFormat } from '../../log/delivery-line.ts';
import { backoff, isExpired, isWarningDue, lifetimeOf, type QueueTimes } from '../../time/backoff.ts';
import {
  addDoubt,
  doubtOf,
  inDoubtLimitHold,
  isAtLimit,
  isHeldAtLimitAlone,
  isInDoubt,
  limitHold,
} from '../items/doubt.ts';
import { dueChanges, heldDue } from '../items/due.ts';
import type { ReportableEvent } from '../items/event.ts';
import {
  type DeliveryItem,
  type Hold,
  isFinished,
  type LastVerdict,
  openRecipients,
  type QueuedRecipient,
} from '../items/item.ts';
import { cutText } from '../items/plan.ts';
import { pendingGrace } from '../items/policy.ts';
import type { Changes } from '../items/ports.ts';
import { removedVerdict } from '../items/removal.ts';
import { bounceEvents, type FailedRecipient } from './bounce-event.ts';
import { type DelayedRecipient, delayEvents } from './delay-event.ts';
import type { EventFacts } from './event-frame.ts';
import { appendGeneration } from './found-lines.ts';
import { type ServedRecipient, successEvents } from './success-event.ts';

/** What a settlement needs. Times are milliseconds since 1970. */
export interface SettlementFacts {
  readonly item: DeliveryItem;
  /** By position of the recipient in the request (`n`). */
  readonly verdicts: ReadonlyMap<number, Verdict>;
  readonly begun: number;
  readonly now: number;
  /** The declaration of the content, from what the attempt saw of it. */
  readonly body?: NonNullable<DeliveryItem['body']>;
  readonly times: QueueTimes;
  /** Whether recipients expire when the lifetime is over. Default: yes. */
  readonly mayExpire?: boolean;
  readonly reportingMta: string;
  readonly transport: string;
  /** No further system relays the message (lmtp_flags X, lmtp_assume_final). */
  readonly isFinal?: boolean;
  /** Format of the log lines. */
  readonly format?: LineFormat;
  /** What happens to recipients that may have the message (in_doubt_action). Default: retry. */
  readonly inDoubtAction?: 'retry' | 'hold';
  /** Attempts in doubt after which a recipient is not tried again (in_doubt_limit). Default: no limit. */
  readonly inDoubtLimit?: number;
  /** Random number for the next back-off: from 0 up to, not including, 1. Default: 0. */
  readonly chance?: number;
}

/** The result of an attempt. */
export interface Settlement {
  /** The next state of the item. */
  readonly to: 'done' | 'deferred' | 'held';
  readonly changes: Changes & Pick<DeliveryItem, 'recipients' | 'pending'>;
  readonly lines: readonly DeliveryLine[];
  readonly events: readonly ReportableEvent[];
}

/** The hold that in_doubt_action=hold puts on a message. */
export const inDoubtHold = 'in-doubt';

/** Settles an attempt. Without verdicts it updates recipients at in_doubt_limit, which no attempt includes. */
export function settle(facts: SettlementFacts): Settlement {
  const { item, now } = facts;
  const attempt = item.attempt + 1;
  const outcomes: RecipientOutcome[] = [];
  const recipients = item.recipients.map((recipient) => {
    const outcome = outcomeOf(recipient, facts, attempt);
    if (outcome === undefined) return recipient;
    outcomes.push(outcome);
    return outcome.after;
  });
  const holds = [...otherHolds(item), ...doubtHolds(outcomes, facts), ...limitHolds(recipients, facts)];
  const to = recipients.every(isFinished) ? 'done' : holds.length > 0 ? 'held' : 'deferred';
  const isLate = to === 'deferred' || (to === 'held' && isHeldAtLimitAlone(holds));
  const warnings = isLate ? delays(outcomes, facts) : [];
  const warned = warnings.length === 0 ? item.warned : now;
  const events = [...failuresAndSuccesses(outcomes, facts), ...warnings];
  const pending = Object.fromEntries(events.map((event) => [event.lmtp.eventId, event]));
  const hasPending = events.length > 0 || Object.keys(item.pending).length > 0;
  const changes = {
    recipients,
    attempt,
    settled: appendGeneration(item, item.generation),
    claim: null,
    pending,
    ...dueAfter(to, { holds, warned, hasPending }, facts),
    ...(holds.length > 0 || item.holds !== undefined ? { holds: to === 'held' ? holds : null } : {}),
    ...(item.removal === undefined ? {} : { removal: null }),
    // A settlement ends the count of dead letters in a row.
    ...(item.deadLetters === undefined ? {} : { deadLetters: null }),
    ...(warnings.length === 0 ? {} : { warned: now }),
    ...(to === 'done' || facts.body === undefined || facts.body === item.body ? {} : { body: facts.body }),
  };
  return { to, changes, lines: outcomes.flatMap(({ lines }) => lines), events };
}

/** Returns when the sweep must look at the item again. */
function dueAfter(
  to: Settlement['to'],
  {
    holds,
    warned,
    hasPending,
  }: { readonly holds: readonly Hold[]; readonly warned: number | undefined; readonly hasPending: boolean },
  { item, now, times: queueTimes, chance = 0 }: SettlementFacts,
): Pick<Changes, 'due' | 'unpublished'> {
  switch (to) {
    case 'done':
      // Without pending events the sweep has nothing to do.
      return { due: hasPending ? now + pendingGrace : null, unpublished: null };
    case 'held':
      return dueChanges(heldDue(holds, { ...item, warned }, now, queueTimes), hasPending, now);
    case 'deferred':
      return dueChanges(now + backoff(item.arrival, now, queueTimes, chance), hasPending, now);
    default:
      return to satisfies never;
  }
}

/** The outcome of one recipient. */
interface RecipientOutcome {
  /** Before the attempt. */
  readonly recipient: QueuedRecipient;
  /** After the attempt. */
  readonly after: QueuedRecipient;
  readonly verdict: FinalVerdict;
  /** Whether this attempt ended in doubt. */
  readonly isNewDoubt: boolean;
  readonly lines: readonly DeliveryLine[];
}

/** Returns the outcome of one recipient; undefined: unchanged. */
function outcomeOf(recipient: QueuedRecipient, facts: SettlementFacts, attempt: number): RecipientOutcome | undefined {
  const { item, now, verdicts } = facts;
  const given = verdicts.get(recipient.n) ?? verdictAtLimit(recipient, facts);
  if (given === undefined || isFinishedBefore(recipient, attempt)) return undefined;
  const isTried = verdicts.has(recipient.n);
  const isNewDoubt = isTried && given.inDoubt === true;
  // A later refusal does not resolve the doubt of an earlier attempt.
  const verdict: Verdict = given.status !== 'sent' && isInDoubt(recipient) ? { ...given, inDoubt: true } : given;
  const final = finalVerdict(verdict, isNewDoubt, facts, attempt);
  const lines = [
    ...(isTried ? line(facts, recipient, verdict, { attempt, isDoubtKnown: !isNewDoubt }) : []),
    ...(final === verdict ? [] : line(facts, recipient, final, { attempt, isDoubtKnown: true })),
  ];
  const found = { recipient, verdict: final, isNewDoubt, lines };
  if (!isTried && final === verdict) return { ...found, after: recipient };
  const last = lastVerdict(final, now, attempt, item.recipients.length);
  const doubt = isNewDoubt ? addDoubt(recipient, now) : doubtOf(recipient);
  return { ...found, after: { ...recipient, last, ...(doubt === undefined ? {} : { doubt }) } };
}

/**
 * Returns the verdict for a recipient at the limit, which took no part in the attempt: deferred, with its last reply.
 */
function verdictAtLimit(recipient: QueuedRecipient, { inDoubtLimit: limit }: SettlementFacts): Verdict | undefined {
  const { last } = recipient;
  if (last === undefined || isFinished(recipient) || limit === undefined || !isAtLimit(recipient, limit))
    return undefined;
  const { dsn, text, relay, remoteMta } = last;
  return {
    status: 'deferred',
    dsn,
    text,
    ...(relay === undefined ? {} : { relay }),
    ...(remoteMta === undefined ? {} : { remoteMta }),
    setUp: 0,
    transfer: 0,
  };
}

/** Returns the final verdict: a deferral may become removed, bounced or expired. */
function finalVerdict(
  verdict: Verdict,
  isNewDoubt: boolean,
  { item, now, times: queueTimes, inDoubtAction, mayExpire = true }: SettlementFacts,
  attempt: number,
): FinalVerdict {
  if (verdict.status !== 'deferred') return verdict;
  if (item.removal !== undefined) {
    // The text comes from an operator, not from a server.
    const { relay, remoteMta, ...rest } = verdict;
    return { ...rest, ...removedVerdict(item.removal, attempt) };
  }
  // Held mail does not expire until an operator decides. Only the hold at in_doubt_limit ends with the lifetime.
  const isHeld = otherHolds(item).length > 0 || (isNewDoubt && inDoubtAction === 'hold');
  return !isHeld && mayExpire && isExpired(item, now, queueTimes) ? { ...verdict, status: 'expired' } : verdict;
}

/** The holds of an item without the one at in_doubt_limit, which each settlement renews. */
function otherHolds({ holds = [] }: Pick<DeliveryItem, 'holds'>): readonly Hold[] {
  return holds.filter(({ id }) => id !== inDoubtLimitHold);
}

/** Returns the hold for an operator to decide on a message in doubt (in_doubt_action=hold). */
function doubtHolds(
  outcomes: readonly RecipientOutcome[],
  { item, now, inDoubtAction }: SettlementFacts,
): readonly Hold[] {
  if (inDoubtAction !== 'hold' || item.holds?.some(({ id }) => id === inDoubtHold)) return [];
  const doubted = outcomes.find(({ verdict, isNewDoubt }) => verdict.status === 'deferred' && isNewDoubt);
  if (doubted === undefined) return [];
  const reason = `in doubt whether it was delivered: ${cutText(doubted.verdict.text, 1)}`;
  return [{ id: inDoubtHold, reason, by: 'lmtp', since: now }];
}

/** Returns the hold of a message whose remaining recipients are all at in_doubt_limit. */
function limitHolds(
  recipients: readonly QueuedRecipient[],
  { item, now, times: queueTimes, inDoubtLimit: limit = Number.POSITIVE_INFINITY }: SettlementFacts,
): readonly Hold[] {
  const open = openRecipients({ recipients });
  if (open.length === 0 || !open.every((recipient) => isAtLimit(recipient, limit))) return [];
  const since = item.holds?.find(({ id }) => id === inDoubtLimitHold)?.since ?? now;
  return [limitHold(open, since, item.arrival + lifetimeOf(item, queueTimes))];
}

function failuresAndSuccesses(
  outcomes: readonly RecipientOutcome[],
  facts: SettlementFacts,
): readonly ReportableEvent[] {
  const eventFacts = factsOfEvents(facts);
  const count = facts.item.recipients.length;
  const failed: FailedRecipient[] = [];
  const served: ServedRecipient[] = [];
  for (const { recipient, verdict } of outcomes) {
    const { status } = verdict;
    if (status === 'bounced' || status === 'expired') failed.push(shorten({ recipient, verdict }, count));
    served.push({ recipient, verdict });
  }
  return [...bounceEvents(failed, eventFacts), ...successEvents(served, eventFacts, facts.isFinal ?? false)];
}

function delays(outcomes: readonly RecipientOutcome[], facts: SettlementFacts): readonly ReportableEvent[] {
  if (!isWarningDue(facts.item, facts.now, facts.times)) return [];
  const delayed = outcomes.map(({ recipient, verdict }) =>
    shorten({ recipient, verdict }, facts.item.recipients.length),
  );
  return delayEvents(delayed satisfies readonly DelayedRecipient[], factsOfEvents(facts), facts.times);
}

function factsOfEvents({ item, now, reportingMta, transport }: SettlementFacts): EventFacts {
  return { item, attempt: item.attempt + 1, now, reportingMta, transport };
}

/** Returns the recipients with the verdicts known so far, to write progress. */
export function withProgress(
  item: DeliveryItem,
  verdicts: ReadonlyMap<number, Verdict>,
  now: number,
): readonly QueuedRecipient[] {
  return item.recipients.map((recipient) => {
    const verdict = verdicts.get(recipient.n);
    // Bounces and deferrals are settled at the end, with their events and lines.
    if (verdict?.status !== 'sent' || isFinished(recipient)) return recipient;
    return { ...recipient, last: lastVerdict(verdict, now, item.attempt + 1, item.recipients.length) };
  });
}

/**
 * Whether an earlier attempt finished the recipient. What this attempt wrote as progress is settled and logged with the
 * rest.
 */
function isFinishedBefore(recipient: QueuedRecipient, attempt: number): boolean {
  return isFinished(recipient) && (recipient.last?.attempt ?? 0) < attempt;
}

type FinalVerdict = Omit<Verdict, 'status'> & Pick<LastVerdict, 'status' | 'by'>;

function lastVerdict(verdict: FinalVerdict, at: number, attempt: number, recipients: number): LastVerdict {
  const { status, dsn, text, relay, remoteMta, inDoubt, relayed, by } = verdict;
  return {
    status,
    dsn,
    text: cutText(text, recipients),
    at,
    attempt,
    ...(relay === undefined ? {} : { relay }),
    ...(remoteMta === undefined ? {} : { remoteMta }),
    ...(inDoubt === undefined ? {} : { inDoubt }),
    ...(relayed === undefined ? {} : { relayed }),
    ...(by === undefined ? {} : { by }),
  };
}

function shorten({ recipient, verdict }: FailedRecipient, recipients: number): FailedRecipient {
  return { recipient, verdict: { ...verdict, text: cutText(verdict.text, recipients) } };
}

/** Returns the line of a verdict. A recipient removed without a bounce has none, as with postsuper(1). */
function line(
  { item, begun, format }: SettlementFacts,
  recipient: QueuedRecipient,
  verdict: FinalVerdict,
  { attempt, isDoubtKnown }: { readonly attempt: number; readonly isDoubtKnown: boolean },
): readonly DeliveryLine[] {
  const { status } = verdict;
  if (status === 'removed') return [];
  const { id, arrival, activated } = item;
  const facts = { id, recipient, verdict: { ...verdict, status }, arrival, activated, begun, attempt, isDoubtKnown };
  return [deliveryLine(facts, format)];
}
