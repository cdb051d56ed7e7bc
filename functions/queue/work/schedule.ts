/**
 * In which order an invocation works off its batch.
 *
 * Destinations go side by side, the deliveries of one destination one after another over its session. What was given out again
 * and again may take the whole function down: it comes last, one at a time and in an order of chance, so that whoever shares
 * its batch is done, or comes before it the next time.
 */

/** What is known of a message. */
export interface Given {
  readonly destination: string;
  /** How often it was given out, this time included. */
  readonly received: number;
}

/** A batch, in order. */
export interface OrderOfWork<T> {
  /** Side by side; in each of them one after another. */
  readonly lanes: readonly (readonly T[])[];
  /** After all of them, one after another. */
  readonly last: readonly T[];
}

/** A message that was given out as often is suspicious: two invocations have not finished it. */
const suspicious = 3;

/**
 * Puts a batch in order.
 *
 * @param random from 0 up to, not including, 1
 */
export function orderOfWork<T>(
  batch: readonly T[],
  givenOf: (message: T) => Given,
  random: () => number,
): OrderOfWork<T> {
  const isSuspicious = (message: T) => givenOf(message).received >= suspicious;
  const fresh = batch.filter((message) => !isSuspicious(message));
  const lanes = [...Map.groupBy(fresh, (message) => givenOf(message).destination).values()];
  return { lanes, last: shuffled(batch.filter(isSuspicious), random) };
}

function shuffled<T>(messages: readonly T[], random: () => number): readonly T[] {
  const drawn = messages.map((message) => ({ message, lot: random() }));
  return drawn.sort((a, b) => a.lot - b.lot).map(({ message }) => message);
}
