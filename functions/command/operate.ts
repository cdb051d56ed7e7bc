/**
 * What the operator's commands have in common: how they find their stack, how they end, and how they speak.
 */

import { once } from 'node:events';
import { escaped } from '../log/postfix-line.ts';
import type { StackOptions } from '../texts/next-command.ts';
import { forOutput } from '../texts/terminal.ts';
import { awsFault } from './aws-fault.ts';
import type { Operation } from './compose-operator.ts';
import { Failure } from './failure.ts';
import type { Run } from './run.ts';
import { findStack } from './stack.ts';

/** Options of every operator's command. */
export interface OperateOptions extends StackOptions {
  readonly json?: true;
  readonly progress?: true;
}

/** Finds the stack, and what works on it. The adapters are loaded here, so that other commands start without them. */
export async function openOperation(options: StackOptions, run: Run): Promise<Operation> {
  const stack = await findStack(options, run);
  const { composeOperation } = await import('./compose-operator.ts');
  return composeOperation(stack, run);
}

/** An action that ends with a line and an exit code where it cannot be carried out. */
export function guarded<Given extends readonly unknown[]>(
  act: (run: Run, ...given: Given) => Promise<void>,
): (run: Run, ...given: Given) => Promise<void> {
  return async (run, ...given) => {
    try {
      await act(run, ...given);
    } catch (error) {
      const failure = awsFault(error, 'the stack cannot be worked on');
      if (!(failure instanceof Failure)) throw failure;
      run.stderr.write(`error: ${escaped(failure.message)}\n`);
      run.exitCode = failure.exitCode;
    }
  };
}

/** Prints a line, as the output wants it. Waits for a slow reader, so that millions of lines do not pile up. */
export async function print(line: string, { stdout }: Pick<Run, 'stdout'>): Promise<void> {
  if (!stdout.write(`${forOutput(line, { stdout })}\n`)) await once(stdout, 'drain');
}
