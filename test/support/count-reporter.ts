/** A reporter for Node's test runner: writes the counts of a run as one line of JSON. */
import type { TestEvent } from 'node:test/reporters';
import { noTests, outcomeOf } from './test-outcome.ts';

export default async function* reportCounts(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const counts = { ...noTests };
  for await (const event of events) {
    const outcome = outcomeOf(event);
    if (outcome !== undefined) counts[outcome]++;
  }
  yield `${JSON.stringify(counts)}\n`;
}
