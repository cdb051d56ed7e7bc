/**
 * Asynchronous mapping with a limit on concurrency, and so on memory.
 */

/**
 * Maps each value, and yields the results in order.
 *
 * @param most how many run at once
 */
export async function* mapConcurrently<Given, Answer>(
  all: AsyncIterable<Given> | Iterable<Given>,
  most: number,
  act: (one: Given) => Promise<Answer>,
): AsyncIterable<Answer> {
  const underWay: Promise<Answer>[] = [];
  try {
    for await (const one of all) {
      underWay.push(act(one));
      if (underWay.length < most) continue;
      yield await (underWay.shift() as Promise<Answer>);
    }
    while (underWay.length > 0) yield await (underWay.shift() as Promise<Answer>);
  } finally {
    // If the consumer stops or a call fails, the calls under way still finish.
    await Promise.allSettled(underWay);
  }
}
