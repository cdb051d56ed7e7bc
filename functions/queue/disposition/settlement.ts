/**
 * From verdicts to dispositions: what one attempt changes in the item, what is logged, and who is told. Pure.
 */

import type { Verdict } from '../../delivery/verdict.ts';
import { type DeliveryLine, deliveryLine, type LineFormat } from '../../log/delivery-line.ts';
import { backoff, isExpired, isWarningDue, lifetimeOf, type QueueTimes } from '../../time/backoff.ts';
import {
  doubtOf,
  inDoubtLimitHold,
  isAtLimit,
  isHeldAtLimitAlone,
  isInDoubt,
  limitHold,
  oneMore,
} from '../items/doubt.ts';
import { dueChanges, heldDue } from '../items/due.ts';
import type { QueueEvent } from '../items/event.ts';
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
import { noteSettled } from './found-lines.ts';
import { type ServedRecipient, successEvents } from './success-event.ts';

/** What a settlement needs to know. Times are milliseconds since 1970. */
export interface SettlementFacts {
  readonly item: DeliveryItem;
  /** By the recipient's place in the request (`n`). */
  readonly verdicts: ReadonlyMap<number, Verdict>;
  readonly begun: number;
  readonly now: number;
  readonly times: QueueTimes;
  /** Whether those who were tried long enough are given up. Default: they are. */
  readonly mayExpire?: boolean;
  readonly reportingMta: string;
  readonly transport: string;
  /** Nobody relays the message any further (lmtp_flags X, lmtp_assume_final). */
  readonly isFinal?: boolean;
  /** How lines are written. */
  readonly format?: LineFormat;
  /** What becomes of recipients who may have the message already (in_doubt_action). Default: retry. */
  readonly inDoubtAction?: 'retry' | 'hold';
  /** Attempts in doubt after which a recipient is not tried again (in_doubt_limit). Default: no limit. */
  readonly inDoubtLimit?: number;
  /** Draws the next wait: from 0 up to, not including, 1. Default: 0. */
  readonly chance?: number;
}

/** What follows from an attempt. */
export interface Settlement {
  /** Where the item goes. */
  readonly to: 'done' | 'deferred' | 'held';
  readonly changes: Changes & Pick<DeliveryItem, 'recipients' | 'pending'>;
  readonly lines: readonly DeliveryLine[];
  readonly events: readonly QueueEvent[];
}

/** The hold that in_doubt_action=hold puts on a message. */
export const inDoubtHold = 'in-doubt';

/** Settles an attempt. Without any verdict: what is due for those who take no part in attempts any more (in_doubt_limit). */
export function settle(facts: SettlementFacts): Settlement {
  const { item, now } = facts;
  const attempt = item.attempt + 1;
  const concluded: Conclusion[] = [];
  const recipients = item.recipients.map((recipient) => {
    const conclusion = concludeOne(recipient, facts, attempt);
    if (conclusion === undefined) return recipient;
    concluded.push(conclusion);
    return conclusion.after;
  });
  const holds = [...otherHolds(item), ...doubtHolds(concluded, facts), ...limitHolds(recipients, facts)];
  const to = recipients.every(isFinished) ? 'done' : holds.length > 0 ? 'held' : 'deferred';
  const isLate = to === 'deferred' || (to === 'held' && isHeldAtLimitAlone(holds));
  const warnings = isLate ? delays(concluded, facts) : [];
  const warned = warnings.length === 0 ? item.warned : now;
  const events = [...failuresAndSuccesses(concluded, facts), ...warnings];
  const pending = Object.fromEntries(events.map((event) => [event.lmtp.eventId, event]));
  const hasPending = events.length > 0 || Object.keys(item.pending).length > 0;
  const changes = {
    recipients,
    attempt,
    settled: noteSettled(item, item.generation),
    claim: null,
    pending,
    ...times(to, { holds, warned, hasPending }, facts),
    ...(holds.length > 0 || item.holds !== undefined ? { holds: to === 'held' ? holds : null } : {}),
    ...(item.removal === undefined ? {} : { removal: null }),
    // Whoever settles a delivery has handled it.
    ...(item.deadLetters === undefined ? {} : { deadLetters: null }),
    ...(warnings.length === 0 ? {} : { warned: now }),
  };
  return { to, changes, lines: concluded.flatMap(({ lines }) => lines), events };
}

/** When somebody has to look at the item again. */
function times(
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
      // Where there is nobody to tell, nobody has to look at it.
      return { due: hasPending ? now + pendingGrace : null, unpublished: null };
    case 'held':
      return dueChanges(heldDue(holds, { ...item, warned }, now, queueTimes), hasPending, now);
    case 'deferred':
      return dueChanges(now + backoff(item.arrival, now, queueTimes, chance), hasPending, now);
    default:
      return to satisfies never;
  }
}

/** What was concluded about a recipient. */
interface Conclusion {
  /** As it was before. */
  readonly recipient: QueuedRecipient;
  /** As it is now. */
  readonly after: QueuedRecipient;
  readonly verdict: Concluded;
  /** This attempt itself ended in doubt. */
  readonly isNewDoubt: boolean;
  readonly lines: readonly DeliveryLine[];
}

/** Concludes on one recipient; undefined: nothing is to be said of it. */
function concludeOne(recipient: QueuedRecipient, facts: SettlementFacts, attempt: number): Conclusion | undefined {
  const { item, now, verdicts } = facts;
  const given = verdicts.get(recipient.n) ?? untried(recipient, facts);
  if (given === undefined || isFinishedBefore(recipient, attempt)) return undefined;
  const isTried = verdicts.has(recipient.n);
  const isNewDoubt = isTried && given.inDoubt === true;
  // What an earlier attempt left in doubt, no later refusal makes certain.
  const verdict: Verdict = given.status !== 'sent' && isInDoubt(recipient) ? { ...given, inDoubt: true } : given;
  const conclusion = conclude(verdict, isNewDoubt, facts, attempt);
  const lines = [
    ...(isTried ? line(facts, recipient, verdict, { attempt, isDoubtKnown: !isNewDoubt }) : []),
    ...(conclusion === verdict ? [] : line(facts, recipient, conclusion, { attempt, isDoubtKnown: true })),
  ];
  const found = { recipient, verdict: conclusion, isNewDoubt, lines };
  if (!isTried && conclusion === verdict) return { ...found, after: recipient };
  const last = lastVerdict(conclusion, now, attempt, item.recipients.length);
  const doubt = isNewDoubt ? oneMore(recipient, now) : doubtOf(recipient);
  return { ...found, after: { ...recipient, last, ...(doubt === undefined ? {} : { doubt }) } };
}

/** What stands of a recipient that took no part in the attempt, since it is at the limit: what was said last. */
function untried(recipient: QueuedRecipient, { inDoubtLimit: limit }: SettlementFacts): Verdict | undefined {
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

/** What becomes of a recipient with that verdict, in this queue and at this time. */
function conclude(
  verdict: Verdict,
  isNewDoubt: boolean,
  { item, now, times: queueTimes, inDoubtAction, mayExpire = true }: SettlementFacts,
  attempt: number,
): Concluded {
  if (verdict.status !== 'deferred') return verdict;
  if (item.removal !== undefined) {
    // The words are a person's, no server's.
    const { relay, remoteMta, ...rest } = verdict;
    return { ...rest, ...removedVerdict(item.removal, attempt) };
  }
  // Held mail does not expire: a person is to say what becomes of it. The hold at the limit of doubt ends with the lifetime.
  const isHeld = otherHolds(item).length > 0 || (isNewDoubt && inDoubtAction === 'hold');
  return !isHeld && mayExpire && isExpired(item, now, queueTimes) ? { ...verdict, status: 'expired' } : verdict;
}

/** The holds of an item but for that at the limit of doubt, which each settlement draws anew. */
function otherHolds({ holds = [] }: Pick<DeliveryItem, 'holds'>): readonly Hold[] {
  return holds.filter(({ id }) => id !== inDoubtLimitHold);
}

/** A hold on a message that a person is to look at before it is tried again (in_doubt_action=hold). */
function doubtHolds(concluded: readonly Conclusion[], { item, now, inDoubtAction }: SettlementFacts): readonly Hold[] {
  if (inDoubtAction !== 'hold' || item.holds?.some(({ id }) => id === inDoubtHold)) return [];
  const doubted = concluded.find(({ verdict, isNewDoubt }) => verdict.status === 'deferred' && isNewDoubt);
  if (doubted === undefined) return [];
  const reason = `in doubt whether it was delivered: ${cutText(doubted.verdict.text, 1)}`;
  return [{ id: inDoubtHold, reason, by: 'lmtp', since: now }];
}

/** A hold on a message of which only recipients are left that are not tried again (in_doubt_limit). */
function limitHolds(
  recipients: readonly QueuedRecipient[],
  { item, now, times: queueTimes, inDoubtLimit: limit = Number.POSITIVE_INFINITY }: SettlementFacts,
): readonly Hold[] {
  const open = openRecipients({ recipients });
  if (open.length === 0 || !open.every((recipient) => isAtLimit(recipient, limit))) return [];
  const since = item.holds?.find(({ id }) => id === inDoubtLimitHold)?.since ?? now;
  return [limitHold(open, since, item.arrival + lifetimeOf(item, queueTimes))];
}

function failuresAndSuccesses(concluded: readonly Conclusion[], facts: SettlementFacts): readonly QueueEvent[] {
  const eventFacts = factsOfEvents(facts);
  const count = facts.item.recipients.length;
  const failed: FailedRecipient[] = [];
  const served: ServedRecipient[] = [];
  for (const { recipient, verdict } of concluded) {
    const { status } = verdict;
    if (status === 'bounced' || status === 'expired') failed.push(shorten({ recipient, verdict }, count));
    served.push({ recipient, verdict });
  }
  return [...bounceEvents(failed, eventFacts), ...successEvents(served, eventFacts, facts.isFinal ?? false)];
}

function delays(concluded: readonly Conclusion[], facts: SettlementFacts): readonly QueueEvent[] {
  if (!isWarningDue(facts.item, facts.now, facts.times)) return [];
  const delayed = concluded.map(({ recipient, verdict }) =>
    shorten({ recipient, verdict }, facts.item.recipients.length),
  );
  return delayEvents(delayed satisfies readonly DelayedRecipient[], factsOfEvents(facts), facts.times);
}

function factsOfEvents({ item, now, reportingMta, transport }: SettlementFacts): EventFacts {
  return { item, attempt: item.attempt + 1, now, reportingMta, transport };
}

/** The recipients with what is known so far: for writing progress down. */
export function noteProgress(
  item: DeliveryItem,
  verdicts: ReadonlyMap<number, Verdict>,
  now: number,
): readonly QueuedRecipient[] {
  return item.recipients.map((recipient) => {
    const verdict = verdicts.get(recipient.n);
    // What must be bounced or tried again is settled at the end, with all that belongs to it.
    if (verdict?.status !== 'sent' || isFinished(recipient)) return recipient;
    return { ...recipient, last: lastVerdict(verdict, now, item.attempt + 1, item.recipients.length) };
  });
}

/** Finished in an earlier attempt; what this attempt wrote down on its way is settled, and logged, with the rest of it. */
function isFinishedBefore(recipient: QueuedRecipient, attempt: number): boolean {
  return isFinished(recipient) && (recipient.last?.attempt ?? 0) < attempt;
}

type Concluded = Omit<Verdict, 'status'> & Pick<LastVerdict, 'status' | 'by'>;

function lastVerdict(verdict: Concluded, at: number, attempt: number, recipients: number): LastVerdict {
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

/** The line of a verdict; what a person removed without telling anybody has none, as with postsuper(1). */
function line(
  { item, begun, format }: SettlementFacts,
  recipient: QueuedRecipient,
  verdict: Concluded,
  { attempt, isDoubtKnown }: { readonly attempt: number; readonly isDoubtKnown: boolean },
): readonly DeliveryLine[] {
  const { status } = verdict;
  if (status === 'removed') return [];
  const { id, arrival, activated } = item;
  const facts = { id, recipient, verdict: { ...verdict, status }, arrival, activated, begun, attempt, isDoubtKnown };
  return [deliveryLine(facts, format)];
}
