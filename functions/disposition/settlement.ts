/**
 * From verdicts to dispositions: what one attempt changes in the item, what is logged, and who is told. Pure.
 */

import type { Verdict } from '../delivery/verdict.ts';
import { backoff, isExpired, type QueueTimes } from '../queue/backoff.ts';
import type { QueueEvent } from '../queue/event.ts';
import { type DeliveryItem, isFinished, type LastVerdict, type QueuedRecipient } from '../queue/item.ts';
import { cutText } from '../queue/plan.ts';
import { pendingGrace } from '../queue/policy.ts';
import type { Changes } from '../queue/ports.ts';
import { bounceEvents, type FailedRecipient } from './bounce-event.ts';
import { type DeliveryLine, deliveryLine, type LineFormat } from './delivery-line.ts';
import { type ServedRecipient, successEvents } from './success-event.ts';

/** What a settlement needs to know. Times are milliseconds since 1970. */
export interface SettlementFacts {
  readonly item: DeliveryItem;
  /** By the recipient's place in the request (`n`). */
  readonly verdicts: ReadonlyMap<number, Verdict>;
  readonly begun: number;
  readonly now: number;
  readonly times: QueueTimes;
  readonly reportingMta: string;
  readonly transport: string;
  /** Nobody relays the message any further (lmtp_flags X, lmtp_assume_final). */
  readonly isFinal?: boolean;
  /** How lines are written. */
  readonly format?: LineFormat;
}

/** What follows from an attempt. */
export interface Settlement {
  /** Whether the item is done; otherwise it is deferred. */
  readonly done: boolean;
  readonly changes: Changes;
  readonly lines: readonly DeliveryLine[];
  readonly events: readonly QueueEvent[];
}

/** Settles an attempt. */
export function settle(facts: SettlementFacts): Settlement {
  const { item, now, times } = facts;
  const attempt = item.attempt + 1;
  const expired = isExpired(item, now, times);
  const lines: DeliveryLine[] = [];
  const failed: FailedRecipient[] = [];
  const served: ServedRecipient[] = [];
  const recipients = item.recipients.map((recipient) => {
    const verdict = facts.verdicts.get(recipient.n);
    if (verdict === undefined || isFinishedBefore(recipient, attempt)) return recipient;
    lines.push(line(facts, recipient, verdict, attempt));
    const concluded = expired && verdict.status === 'deferred' ? expire(verdict) : verdict;
    if (concluded !== verdict) lines.push(line(facts, recipient, concluded, attempt));
    if (concluded.status === 'bounced' || concluded.status === 'expired')
      failed.push({ recipient, verdict: concluded });
    served.push({ recipient, verdict: concluded });
    return { ...recipient, last: lastVerdict(concluded, now, attempt, item.recipients.length) };
  });
  const { reportingMta, transport, isFinal = false } = facts;
  const eventFacts = { item, attempt, now, reportingMta, transport };
  const shortened = failed.map((failure) => shorten(failure, item.recipients.length));
  const events = [...bounceEvents(shortened, eventFacts), ...successEvents(served, eventFacts, isFinal)];
  const done = recipients.every(isFinished);
  const pending = Object.fromEntries(events.map((event) => [event.lmtp.eventId, event]));
  // Done, and nobody to tell: then nobody has to look at the item again.
  const isQuiet = done && events.length === 0 && Object.keys(item.pending).length === 0;
  const due = isQuiet ? null : done ? now + pendingGrace : now + backoff(item.arrival, now, times);
  return { done, changes: { recipients, attempt, due, claim: null, pending }, lines, events };
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

type Concluded = Omit<Verdict, 'status'> & { readonly status: LastVerdict['status'] };

function expire(verdict: Verdict): Concluded {
  return { ...verdict, status: 'expired' };
}

function lastVerdict(verdict: Concluded, at: number, attempt: number, recipients: number): LastVerdict {
  const { status, dsn, text, relay, remoteMta, inDoubt, relayed } = verdict;
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
  };
}

function shorten({ recipient, verdict }: FailedRecipient, recipients: number): FailedRecipient {
  return { recipient, verdict: { ...verdict, text: cutText(verdict.text, recipients) } };
}

function line(
  { item, begun, format }: SettlementFacts,
  recipient: QueuedRecipient,
  verdict: Concluded,
  attempt: number,
): DeliveryLine {
  const { id, arrival, activated } = item;
  return deliveryLine({ id, recipient, verdict, arrival, activated, begun, attempt }, format);
}
