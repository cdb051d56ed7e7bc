/**
 * Times of the state machine that are ours alone: no Postfix parameter stands behind them.
 */

/** Milliseconds after which a message in active is taken for lost and sent again. Its copy does no harm. */
export const activeGrace = 60 * 60_000;

/** Milliseconds after a lease's end before the sweep believes that its worker is dead: clocks differ. */
export const leaseMargin = 60_000;

/** Milliseconds after which events that are still pending are published by the sweep. */
export const pendingGrace = 60_000;

/** Milliseconds between two sweeps: what falls due before the next one gets its wake-up from this one. */
export const sweepInterval = 5 * 60_000;

/** The longest delay of an SQS message, in milliseconds. */
export const longestDelay = 900_000;

/** The least and the most of what {@link reserveOf} keeps, in milliseconds. */
export const shortestReserve = 5_000;
const longestReserve = 32_000;

/** Milliseconds at the very end of the reserve in which no write is begun: for the log, and for what is still on its way. */
export const closingTime = 2_000;

/**
 * Milliseconds before the end of an invocation that are kept for writing down what is known; no wait for a server may use them.
 * A sixth of the function's time, at most 32 s: that leaves 30 s for writes at the default of 300 s.
 *
 * @param functionTime milliseconds that the function may run
 */
export function reserveOf(functionTime: number): number {
  return Math.min(Math.max(functionTime / 6, shortestReserve), longestReserve);
}

/** Milliseconds that a delivery waits for another one's refused write before it goes back, not begun. */
export const refusedPatience = 2_000;

/** How often active gives a message out before it goes to the dead letters. */
export const activeReceives = 8;

/** Milliseconds after which a delivery that an invocation had no time for is tried by another. */
export const shortestWait = 1_000;

/** Milliseconds after which verdicts are written down although others of the same delivery are still awaited. */
export const progressDelay = 1_000;

/** Milliseconds over which deliveries are spread that were held with their destination, when they are let go. */
export const releaseSpread = 5 * 60_000;

/**
 * Milliseconds for which the sweep leaves the deliveries of a destination to the operator who releases it: both at the same time
 * would each count a part of them.
 */
export const releaseHeadStart = 60_000;

/**
 * Milliseconds after which functions have heard that a destination is not held any more, and an index shows what they held until
 * then. What is slower is the sweep's.
 */
export const releaseEcho = 5_000;

/** Milliseconds after which nobody can still be holding deliveries of a destination that is held no more. */
export const releaseGrace = 2 * 60_000;

/**
 * How often in a row the message of a delivery may go to the dead letters of active until a person is to look at it. With
 * Postfix's back-off that is an hour and twenty minutes at least, each time in another batch: what takes the functions down
 * then is the delivery itself, or a fault that alarms have told of long before. What is held loses nothing, and does not expire.
 */
export const deadLetterRounds = 6;
