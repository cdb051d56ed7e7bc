/**
 * What the operator's commands share: the stack, the errors, and the output.
 */

import { once } from 'node:events';
import type { Command } from 'commander';
import { escaped } from '../log/postfix-line.ts';
import type { StackOptions } from '../texts/next-command.ts';
import { forTerminal } from '../texts/terminal.ts';
import type { Operation } from './compose-operator.ts';
import { awsFault, Failure } from './failure.ts';
import { findStack, withStackOption } from './stack.ts';

/** Options of every operator command. */
export interface OperateOptions extends StackOptions {
  readonly json?: true;
  readonly progress?: true;
}

/** Adds the options. */
export function withOperateOptions(command: Command): Command {
  return withStackOption(command)
    .option('--json', 'print JSON lines')
    .option('--progress', 'print progress on standard error, even if it is not a terminal');
}

/** Finds the stack and composes its services. The adapters are loaded here, so that other commands start without them. */
export async function openOperation(options: StackOptions): Promise<Operation> {
  const stack = await findStack(options);
  const { composeOperation } = await import('./compose-operator.ts');
  return composeOperation(stack);
}

/** Returns an action that ends with an error line and an exit code if it fails. */
export function guarded<Given extends readonly unknown[]>(
  act: (...given: Given) => Promise<void>,
): (...given: Given) => Promise<void> {
  return async (...given) => {
    try {
      await act(...given);
    } catch (error) {
      const failure = awsFault(error, 'a request to the stack failed');
      if (!(failure instanceof Failure)) throw failure;
      process.stderr.write(`error: ${escaped(failure.message)}\n`);
      process.exitCode = failure.exitCode;
    }
  };
}

/** Prints a line, formatted for a terminal or not. Waits for a slow reader, so that millions of lines do not pile up. */
export async function print(line: string): Promise<void> {
  if (!process.stdout.write(`${forTerminal(line)}\n`)) await once(process.stdout, 'drain');
}
