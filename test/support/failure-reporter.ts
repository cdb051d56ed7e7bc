/**
 * A reporter for Node's test runner: says nothing of what passes but the figures that a test gives, one line each, and
 * everything of what fails.
 */
import type { TestEvent } from 'node:test/reporters';
import { inspect } from 'node:util';
import { placeOf } from './result-reporter.ts';
import { failsByItself, isOfFile, outcomeOf } from './test-outcome.ts';

export default async function* reportFailures(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  for await (const event of events) {
    // What the runner says for itself belongs to no test.
    if (event.type === 'test:diagnostic' && event.data.nesting > 0)
      yield `  ${placeOf(event)}: ${event.data.message}\n`;
    if (event.type !== 'test:fail' || outcomeOf(event) !== 'failed') continue;
    if (failsByItself(event)) yield describeFailure(event);
  }
}

function describeFailure(event: Extract<TestEvent, { type: 'test:fail' }>): string {
  const { name, details } = event.data;
  const title = isOfFile(event) ? '' : ` ${name}`;
  // The runner wraps what the test threw.
  return `\n✖ ${placeOf(event)}${title}\n${indent(describeError(details.error.cause ?? details.error))}\n`;
}

function describeError(error: unknown): string {
  if (typeof error === 'string') return error;
  // The message of a failed assertion shows both values already.
  const isAssertion = error instanceof Error && 'code' in error && error.code === 'ERR_ASSERTION';
  return isAssertion && error.stack !== undefined ? error.stack : inspect(error, { depth: 8, maxStringLength: 4000 });
}

function indent(text: string): string {
  return text.replaceAll(/^/gm, '    ');
}
