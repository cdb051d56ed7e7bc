/**
 * The order in which an invocation works through its batch.
 *
 * Destinations run in parallel, the deliveries of one destination in sequence over its session. A message that was
 * received often may crash the function. It comes last, one at a time and in random order, so that the other messages
 * of its batch are finished before it.
 */

/** What the schedule needs to know of a message. */
export interface ReceiveInfo {
  readonly destination: string;
  /** How often SQS delivered it, this time included. */
  readonly received: number;
}

/** A batch in order. */
export interface Schedule<T> {
  /** Lanes run in parallel, the messages of a lane in sequence. */
  readonly lanes: readonly (readonly T[])[];
  /** After all lanes, in sequence. */
  readonly last: readonly T[];
}

/** Receives that make a message suspicious: two invocations have not finished it. */
const suspicious = 3;

/**
 * Returns a batch in order.
 *
 * @param random from 0 up to, not including, 1
 */
export function schedule<T>(
  batch: readonly T[],
  givenOf: (message: T) => ReceiveInfo,
  random: () => number,
): Schedule<T> {
  const isSuspicious = (message: T) => givenOf(message).received >= suspicious;
  const fresh = batch.filter((message) => !isSuspicious(message));
  const lanes = [...Map.groupBy(fresh, (message) => givenOf(message).destination).values()];
  return { lanes, last: shuffled(batch.filter(isSuspicious), random) };
}

function shuffled<T>(messages: readonly T[], random: () => number): readonly T[] {
  const drawn = messages.map((message) => ({ message, lot: random() }));
  return drawn.sort((a, b) => a.lot - b.lot).map(({ message }) => message);
}
