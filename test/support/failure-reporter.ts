/**
 * A reporter for Node's test runner: says nothing of what passes but the figures that a test gives, one line each, and
 * everything of what fails. What a file wrote is shown only if something in it failed.
 */

import { relative } from 'node:path';
import type { TestEvent } from 'node:test/reporters';
import { inspect } from 'node:util';
import { failsByItself, outcomeOf } from './test-outcome.ts';

export default async function* reportFailures(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const written = new Map<string, string>();
  const failedFiles = new Set<string>();
  for await (const event of events) {
    if (event.type === 'test:stdout' || event.type === 'test:stderr') {
      const { file, message } = event.data;
      written.set(file, (written.get(file) ?? '') + message);
    }
    if (event.type === 'test:diagnostic' && event.data.file !== undefined) {
      // What the runner says for itself belongs to no file.
      yield `  ${place(event)}: ${event.data.message}\n`;
    }
    if (event.type !== 'test:pass' && event.type !== 'test:fail') continue;
    if (outcomeOf(event) !== 'failed') continue;
    const { file } = event.data;
    if (file !== undefined) failedFiles.add(file);
    if (event.type === 'test:pass') yield `\n✖ ${place(event)}: no test of this file came to an end\n`;
    else if (failsByItself(event)) yield describeFailure(event);
  }
  for (const file of failedFiles) {
    const text = written.get(file);
    if (text !== undefined) yield `\nWritten by ${relative(process.cwd(), file)}:\n${indent(text.trimEnd())}\n`;
  }
}

type Placed = Extract<TestEvent, { type: 'test:pass' | 'test:fail' | 'test:diagnostic' }>;

function describeFailure(event: Extract<TestEvent, { type: 'test:fail' }>): string {
  const { name, file, details } = event.data;
  const title = name === file ? '' : ` ${name}`;
  // The runner wraps what the test threw.
  return `\n✖ ${place(event)}${title}\n${indent(describeError(details.error.cause ?? details.error))}\n`;
}

function describeError(error: unknown): string {
  if (typeof error === 'string') return error;
  // The message of a failed assertion shows both values already.
  const isAssertion = error instanceof Error && 'code' in error && error.code === 'ERR_ASSERTION';
  return isAssertion && error.stack !== undefined ? error.stack : inspect(error, { depth: 8, maxStringLength: 4000 });
}

function place({ data: { file, line } }: Placed): string {
  return `${relative(process.cwd(), file ?? '')}${line === undefined ? '' : `:${line}`}`;
}

function indent(text: string): string {
  return text.replaceAll(/^/gm, '    ');
}
