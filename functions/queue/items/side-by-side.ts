/**
 * Many things of the same kind, some of them at once, and no more of them in memory.
 */

/**
 * Does something with each of many, and answers in their order.
 *
 * @param most how many are done at once
 */
export async function* sideBySide<Given, Answer>(
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
    // Whoever stopped listening, or met a failure, still waits for what has begun.
    await Promise.allSettled(underWay);
  }
}
