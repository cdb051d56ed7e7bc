/**
 * What becomes of mail because of Amazon SES's verdicts on spam and viruses (ses_spam_action, ses_virus_action).
 */

import type { Submission } from '../../incoming/reading.ts';
import type { QueueServices } from '../destinations/services.ts';
import { rejectEvents } from '../disposition/reject-event.ts';
import type { DeliveryItem, Hold, LastVerdict } from '../items/item.ts';

type Parameters = Pick<QueueServices['parameters'], 'ses_spam_action' | 'ses_virus_action' | 'ses_hold_time'>;

/** SES's checks, by their names in a request; the more dangerous one first. */
const checks = { virus: 'virusVerdict', spam: 'spamVerdict' } as const;
type Check = keyof typeof checks;

/** What is judged. */
type Judged = Pick<Submission, 'request' | 'handedOnBy'>;

/** What is done with a message. */
export interface SesDecision {
  readonly action: 'deliver' | 'hold' | 'bounce' | 'discard';
  /** The check whose action it is. */
  readonly check: Check;
  /** Which verdicts are FAIL, in SES's words. */
  readonly words: string;
}

/**
 * Returns what is done with a message; undefined if no verdict is FAIL. The action of the virus verdict comes first,
 * unless it is deliver.
 *
 * Only verdicts of SES count: those of its notifications, and of mail that another transport of this system handed on.
 */
export function decideBySes(submission: Judged, parameters: Parameters): SesDecision | undefined {
  const failed = statusesOf(submission).filter(({ status }) => status === 'FAIL');
  const [first] = failed;
  if (first === undefined) return undefined;
  const actions = { virus: parameters.ses_virus_action, spam: parameters.ses_spam_action };
  const { check } = failed.find((one) => actions[one.check] !== 'deliver') ?? first;
  const names = failed.map((one) => checks[one.check]);
  const words = `Amazon SES's ${names.join(' and ')} ${names.length === 1 ? 'is' : 'are'} FAIL`;
  return { action: actions[check], check, words };
}

function statusesOf({ request, handedOnBy }: Judged) {
  if (request.sesMessageId === undefined && handedOnBy === undefined) return [];
  return Object.keys(checks)
    .filter((check): check is Check => check in checks)
    .map((check) => ({ check, status: request.authentication?.[check]?.toUpperCase() }));
}

/** Logs a verdict that is delivered nevertheless: FAIL by the parameters, or no verdict at all. */
export function logDelivered(
  submission: Pick<Submission, 'identity' | 'request' | 'handedOnBy'>,
  { log, parameters }: Pick<QueueServices, 'log' | 'parameters'>,
): void {
  const { id } = submission.identity;
  const decision = decideBySes(submission, parameters);
  if (decision?.action === 'deliver') log.note('warn', 'delivered nevertheless', { id, reason: decision.words });
  for (const { check, status } of statusesOf(submission)) {
    if (status !== 'GRAY' && status !== 'PROCESSING_FAILED') continue;
    log.note('warn', 'delivered without a verdict', { id, reason: `Amazon SES's ${checks[check]} is ${status}` });
  }
}

/** Returns the hold on a message: it ends after ses_hold_time, and the message is then dropped. */
function holdFor({ check, words }: SesDecision, now: number, { ses_hold_time }: Parameters): Hold {
  return { id: `ses-${check}`, reason: words, by: 'qmgr', since: now, until: now + ses_hold_time, atEnd: 'drop' };
}

/** Returns the verdict on each recipient of a message that is bounced or discarded; undefined for any other. */
export function verdictBySes(decision: SesDecision | undefined, at: number): LastVerdict | undefined {
  if (decision === undefined) return undefined;
  const { action, words } = decision;
  switch (action) {
    case 'bounce':
      return { status: 'bounced', dsn: '5.7.1', text: `message content rejected: ${words}`, at, attempt: 0 };
    case 'discard':
      return { status: 'removed', dsn: '5.7.1', text: `discarded: ${words}`, at, attempt: 0 };
    case 'hold':
    case 'deliver':
      return undefined;
    default:
      return action satisfies never;
  }
}

/** Returns a new item, held if the decision is to hold. */
export function heldBySes(
  item: DeliveryItem,
  decision: SesDecision | undefined,
  now: number,
  parameters: Parameters,
): DeliveryItem {
  if (decision?.action !== 'hold' || item.state === 'done') return item;
  const hold = holdFor(decision, now, parameters);
  return { ...item, state: 'held', holds: [hold], due: now + parameters.ses_hold_time };
}

/** Returns a new item with the events about its discarded recipients. */
export function withRejects(
  item: DeliveryItem,
  { parameters, transport }: Pick<QueueServices, 'parameters' | 'transport'>,
): DeliveryItem {
  const rejected = item.recipients.flatMap((recipient) =>
    recipient.last?.status === 'removed' ? [{ recipient, verdict: recipient.last }] : [],
  );
  const facts = { reportingMta: parameters.myhostname, transport };
  const events = rejectEvents(rejected, { item, attempt: 0, now: item.activated, ...facts });
  return {
    ...item,
    pending: { ...item.pending, ...Object.fromEntries(events.map((event) => [event.lmtp.eventId, event])) },
  };
}

/** Log messages of mail that is held or discarded at admission. */
export const heldNote = 'held for a verdict of Amazon SES';
export const discardedNote = 'discarded for a verdict of Amazon SES';

/** Logs that a new item is held or discarded, if it is; also from the table, when its function may have died before. */
export function logBySes(
  { id, delivery, state, sender, recipients, holds = [], attempt }: DeliveryItem,
  { log }: Pick<QueueServices, 'log'>,
): void {
  const hold = holds.find(({ atEnd }) => atEnd === 'drop');
  const addresses = recipients.map(({ address }) => address);
  if (state === 'held' && hold?.until !== undefined) {
    const until = new Date(hold.until).toISOString();
    log.note('warn', heldNote, { id, delivery, sender, recipients: addresses, reason: hold.reason, until });
  }
  const [last] = recipients.flatMap((recipient) => recipient.last ?? []);
  if (last?.status === 'removed' && last.attempt === 0 && attempt === 0 && last.by === undefined) {
    log.note('warn', discardedNote, { id, delivery, sender, recipients: addresses, reason: last.text });
  }
}
