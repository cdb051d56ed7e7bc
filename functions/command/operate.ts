/**
 * What the operator's commands share: the stack, the errors, and the output.
 */

import { once } from 'node:events';
import { escaped } from '../log/postfix-line.ts';
import { escapeControlsInLines } from '../smtp/control-characters.ts';
import type { StackOptions } from '../texts/next-command.ts';
import { forOutput } from '../texts/terminal.ts';
import type { Operation } from './compose-operator.ts';
import { awsFault, Failure } from './failure.ts';
import type { Run } from './run.ts';
import { findStack } from './stack.ts';

/** Options of every operator command. */
export interface OperateOptions extends StackOptions {
  readonly json?: true;
  readonly progress?: true;
}

/** Finds the stack and composes its services. The adapters are loaded here, so that other commands start without them. */
export async function openOperation(options: StackOptions, run: Run): Promise<Operation> {
  const stack = await findStack(options, run);
  const { composeOperation } = await import('./compose-operator.ts');
  return composeOperation(stack, run);
}

/** Returns an action that ends with an error line and an exit code if it fails. */
export function guarded<Given extends readonly unknown[]>(
  act: (run: Run, ...given: Given) => Promise<void>,
): (run: Run, ...given: Given) => Promise<void> {
  return async (run, ...given) => {
    try {
      await act(run, ...given);
    } catch (error) {
      const failure = awsFault(error, 'a request to the stack failed');
      if (!(failure instanceof Failure)) throw failure;
      run.stderr.write(`error: ${escaped(failure.message)}\n`);
      run.exitCode = failure.exitCode;
    }
  };
}

/**
 * Prints a line or a text, formatted for a terminal or not, with control characters escaped: in JSON too, where a reader gets the
 * same value. Waits for a slow reader, so that millions of lines do not pile up.
 */
export async function print(line: string, { stdout }: Pick<Run, 'stdout'>): Promise<void> {
  if (!stdout.write(`${forOutput(escapeControlsInLines(line), { stdout })}\n`)) await once(stdout, 'drain');
}
