/** How long a deleted body must be kept, so that it is there for as long as its mail is tried. */

import type { Parameters } from '../../parameters/parameters.ts';

/** Days that a request may wait in a dead-letter queue before its lifetime in the queue begins: SQS's longest retention. */
export const deadLetterDays = 14;

/** The parameters that say how long mail is tried. */
export type Lifetimes = Pick<Parameters, 'maximal_queue_lifetime' | 'bounce_queue_lifetime'>;

/** The retention that lifetimes need. */
export interface NeededRetention {
  /** The longer lifetime. */
  readonly parameter: keyof Lifetimes;
  /** The same in whole days. */
  readonly lifetime: number;
  /** The least retention, in days. */
  readonly days: number;
}

/** Milliseconds of a day. */
const day = 86_400_000;

/** Returns the least retention of deleted bodies. */
export function bodyRetentionFor(lifetimes: Lifetimes): NeededRetention {
  const parameter =
    lifetimes.bounce_queue_lifetime > lifetimes.maximal_queue_lifetime
      ? 'bounce_queue_lifetime'
      : 'maximal_queue_lifetime';
  const lifetime = Math.ceil(lifetimes[parameter] / day);
  return { parameter, lifetime, days: lifetime + deadLetterDays };
}
