/**
 * What a change means for the mail, as the text of an answer: what will be tried, and when. The history of the item holds what
 * was written.
 */

import { holdsThatLast } from '../queue/items/due.ts';
import type { DeliveryItem, Hold } from '../queue/items/item.ts';
import type { ChangeResult } from '../queue/writes/apply-change.ts';
import type { Answer, NextCommand } from './operator.ts';

type Changed = Extract<ChangeResult, { readonly kind: 'changed' }>;
type Refusal = Extract<ChangeResult, { readonly kind: 'refused' }>;

/** The words that differ with --what-if. */
export interface Tense {
  readonly will: 'will' | 'would';
  /** Before a participle: `held`, or `would be held`. */
  readonly be: '' | 'would be ';
}

/** Returns the tense of an order. */
export function tenseOf({ whatIf }: { readonly whatIf?: boolean }): Tense {
  return whatIf === true ? { will: 'would', be: 'would be ' } : { will: 'will', be: '' };
}

/** The answer after a change. */
function answered(text: string, ...next: readonly NextCommand[]): Answer {
  return { kind: 'changed', text, ...(next.length === 0 ? {} : { next }) };
}

/** The answer after a change that leads to an attempt. */
function tried(text: string, ...next: readonly NextCommand[]): Answer {
  return { ...answered(text, ...next), isTried: true };
}

function refused(text: string, ...next: readonly NextCommand[]): Answer {
  return { kind: 'refused', text, ...(next.length === 0 ? {} : { next }) };
}

/** Returns the answer after a hold of a message. */
export function afterHold(
  { item }: Changed,
  { hold, until }: { readonly hold: string; readonly until?: number },
  { will, be }: Tense,
): Answer {
  if (item.state === 'delivering') {
    return answered(`${will} be held (${hold}) when its present attempt ends, unless that delivers it`);
  }
  return answered(`${be}held (${hold}); it ${will} not be tried ${untilWhen(until)}`);
}

/** Returns until when held mail is not tried. */
export function untilWhen(until: number | undefined): string {
  return until === undefined ? 'until it is released' : `until ${moment(until)}, or until it is released`;
}

/** The facts of a release beside the item. Times are milliseconds since 1970. */
export interface ReleaseFacts {
  /** The hold that was removed; absent: all. */
  readonly hold?: string;
  readonly due: number;
  readonly now: number;
  /** The holds of its destination. */
  readonly above: readonly Hold[];
}

/** Returns the answer after a release of a message. */
export function afterRelease({ item }: Changed, facts: ReleaseFacts, { will, be }: Tense): Answer {
  const { hold, due, now, above } = facts;
  const released = hold === undefined ? `${be}released` : `${be}released (${hold})`;
  const left = hold === undefined ? [] : holdsThatLast(item.holds ?? [], now).filter(({ id }) => id !== hold);
  if (left.length > 0) {
    return answered(`${released}, but it is still ${left.map(holdWords).join(' and ')}`, ['release', nameOf(item)]);
  }
  if (item.state === 'delivering') {
    return answered(`${released}; it ${will} be retried as usual if its present attempt fails`);
  }
  // The message is not held: its count of attempts in doubt restarts, and its due time stays.
  if (item.state === 'deferred') {
    return answered(`${released}; recipients in doubt ${will} be retried with its next attempt`);
  }
  if (above.length > 0) {
    const text = `${released}, but its destination is ${above.map(holdWords).join(' and ')}; nothing ${will} be tried`;
    return answered(text, releaseOf(item.destination));
  }
  return tried(`${released}; it ${will} be tried ${whenTried(due, now)}`);
}

/** Returns the answer after a flush of a message. */
export function afterFlush(
  { item }: Changed,
  { due, now, hasExcluded }: { readonly due: number; readonly now: number; readonly hasExcluded: boolean },
  { will }: Tense,
): Answer {
  const text = `${will} be tried ${whenTried(due, now)}`;
  if (!hasExcluded) return tried(text);
  return tried(`${text}, but not for recipients at in_doubt_limit: to try those too, release it`, [
    'release',
    nameOf(item),
  ]);
}

/** Why a flush of a message changes nothing, and what would help. What is tried already is not refused: the flush is not needed. */
export function noFlush({ why, item }: Refusal): Answer {
  switch (item?.state) {
    case 'active':
      return { kind: 'passed over', text: 'it is active: it is about to be tried already' };
    case 'delivering':
      return { kind: 'passed over', text: 'it is being delivered now' };
    case 'done':
      return refused('it is done: nothing is left to be tried');
    case 'corrupt':
      return refused('it is corrupt: nothing will be tried until it is repaired', ['requeue', nameOf(item), '--edit']);
    case 'held': {
      const { holds = [] } = item;
      // A message held at in_doubt_limit has its own text, in `why`.
      if (holds.length === 0 || why !== 'it is held') return refused(why);
      const words = holds.map(holdWords).join(' and ');
      return refused(`it is ${words}; nothing will be tried. Release it first`, ['release', nameOf(item)]);
    }
    default:
      return refused(why);
  }
}

/** Returns the answer to a flush while the destination is held. */
export function noFlushWhileHeld(destination: string, holds: readonly Hold[], isItself: boolean): Answer {
  const what = isItself ? 'it is' : `its destination ${destination} is`;
  const words = holds.map(holdWords).join(' and ');
  const text = `${what} ${words}; nothing will be tried. Release the destination first`;
  return { ...refused(text, releaseOf(destination)), stoppedBy: destination };
}

/** Returns the answer after recipients were recorded as delivered. */
export function afterRecordedDelivery(recipients: readonly string[], { will, be }: Tense): Answer {
  return answered(`${be}recorded as delivered: ${recipients.join(', ')}; it ${will} not be sent there again`);
}

/**
 * Returns the answer after a removal of a message, or of some of its recipients.
 *
 * @param recipients the addresses that were removed, if others stay
 */
export function afterRemoval(
  { item }: Changed,
  { bounces, recipients }: { readonly bounces: boolean; readonly recipients?: string },
  { will, be }: Tense,
): Answer {
  const notice = bounces ? `the sender ${will} receive a bounce` : `the sender ${will} not be notified`;
  const word = bounces ? 'removed and bounced' : 'removed';
  if (recipients !== undefined)
    return answered(`${be}${word}: ${recipients}; the other recipients stay, and ${notice}`);
  if (item.state === 'delivering') {
    return answered(`${will} be ${word} when its present attempt ends, unless that delivers it; ${notice}`);
  }
  return answered(`${be}${word}; it ${will} not be tried again, and ${notice}`);
}

/** Returns the answer after a requeue. */
export function afterRequeue(what: string, { will, be }: Tense, id?: string): string {
  return id === undefined
    ? `${be}${what}; it ${will} be tried now`
    : `${be}${what}; it ${will} be accepted within seconds, as ${id}`;
}

/** Returns a hold in words: its name, its author and its reason. */
export function holdWords({ id, by, reason }: Hold): string {
  return `held (${id}) by ${by}: ${reason}`;
}

/** Returns the command that releases a destination. */
export function releaseOf(destination: string): NextCommand {
  return ['release', '--destination', destination];
}

function whenTried(due: number, now: number): string {
  return due <= now ? 'now' : `at ${moment(due)}`;
}

function nameOf({ id, delivery, deliveries }: DeliveryItem): string {
  return deliveries === 1 ? id : `${id}/${delivery}`;
}

function moment(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 19)}Z`;
}
