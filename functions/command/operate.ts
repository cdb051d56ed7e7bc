/**
 * What the operator's commands have in common: how they find their stack, how they end, and how they speak.
 */

import { once } from 'node:events';
import type { Command } from 'commander';
import { escaped } from '../log/postfix-line.ts';
import type { StackOptions } from '../texts/next-command.ts';
import { forTerminal } from '../texts/terminal.ts';
import { awsFault } from './aws-fault.ts';
import type { Operation } from './compose-operator.ts';
import { Failure } from './failure.ts';
import { findStack, withStackOption } from './stack.ts';

/** Options of every operator's command. */
export interface OperateOptions extends StackOptions {
  readonly json?: true;
  readonly progress?: true;
}

/** Adds the options. */
export function withOperateOptions(command: Command): Command {
  return withStackOption(command)
    .option('--json', 'print JSON lines')
    .option('--progress', 'say on standard error how far it is, also where that is no terminal');
}

/** Finds the stack, and what works on it. The adapters are loaded here, so that other commands start without them. */
export async function openOperation(options: StackOptions): Promise<Operation> {
  const stack = await findStack(options);
  const { composeOperation } = await import('./compose-operator.ts');
  return composeOperation(stack);
}

/** An action that ends with a line and an exit code where it cannot be carried out. */
export function guarded<Given extends readonly unknown[]>(
  act: (...given: Given) => Promise<void>,
): (...given: Given) => Promise<void> {
  return async (...given) => {
    try {
      await act(...given);
    } catch (error) {
      const failure = awsFault(error, 'the stack cannot be worked on');
      if (!(failure instanceof Failure)) throw failure;
      process.stderr.write(`error: ${escaped(failure.message)}\n`);
      process.exitCode = failure.exitCode;
    }
  };
}

/** Prints a line, as the output wants it. Waits for a slow reader, so that millions of lines do not pile up. */
export async function print(line: string): Promise<void> {
  if (!process.stdout.write(`${forTerminal(line)}\n`)) await once(process.stdout, 'drain');
}
