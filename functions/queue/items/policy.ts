/**
 * Times of the state machine that no Postfix parameter sets.
 */

/** Milliseconds after which a message in active is considered lost and is sent again. A copy does no harm. */
export const activeGrace = 60 * 60_000;

/** Milliseconds between the end of a lease and its expiry by the sweep, because clocks differ. */
export const leaseMargin = 60_000;

/** Milliseconds after which the sweep publishes events that are still pending. */
export const pendingGrace = 60_000;

/** Milliseconds between two sweeps: what falls due before the next one gets its wake-up from this one. */
export const sweepInterval = 5 * 60_000;

/** The longest delay of an SQS message, in milliseconds. */
export const longestDelay = 900_000;

/** The limits of {@link reserveOf}, in milliseconds. */
export const shortestReserve = 5_000;
const longestReserve = 32_000;

/** Milliseconds at the end of the reserve in which no write begins: for the log, and for calls under way. */
export const closingTime = 2_000;

/**
 * Returns the milliseconds before the end of an invocation that are reserved for writes; no wait for a server may use
 * them. A sixth of the function's time, at most 32 s: that leaves 30 s for writes at the default of 300 s.
 *
 * @param functionTime milliseconds that the function may run
 */
export function reserveOf(functionTime: number): number {
  return Math.min(Math.max(functionTime / 6, shortestReserve), longestReserve);
}

/** Milliseconds that a delivery waits for the refused write of another before it goes back, not begun. */
export const refusedPatience = 2_000;

/** How often SQS delivers a message of active before it moves to the dead-letter queue. */
export const activeReceives = 8;

/** Milliseconds until another invocation tries a delivery that this one has no time for. */
export const shortestWait = 1_000;

/** Milliseconds after which verdicts are written while others of the same delivery are still missing. */
export const progressDelay = 1_000;

/** Milliseconds over which the release of a destination's held deliveries is spread. */
export const releaseSpread = 5 * 60_000;

/**
 * Milliseconds for which the sweep leaves a released destination to the operator's command: if both released its
 * deliveries, each would count only a part.
 */
export const releaseHeadStart = 60_000;

/**
 * Milliseconds after which functions know of a release, and the index shows what they held until then. The sweep finds
 * later ones.
 */
export const releaseEcho = 5_000;

/** Milliseconds after which no function holds deliveries of a released destination any more. */
export const releaseGrace = 2 * 60_000;

/**
 * How often in a row a delivery's message may go to the dead-letter queue of active before the delivery is held for an
 * operator. With Postfix's back-off this takes at least 80 minutes, each time in another batch. By then the delivery
 * itself is the cause, or a fault that alarms have reported long before. Held mail is not lost and does not expire.
 */
export const deadLetterRounds = 6;
