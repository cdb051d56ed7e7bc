/**
 * The command line as a value: its commands, and how one of them is run. What a command does is loaded when it runs; what is
 * loaded for all of them is what `--help` and completion need.
 */

import { createRequire } from 'node:module';
import { Command, CommanderError } from 'commander';
import { escapeControlsInLines } from '../../smtp/control-characters.ts';
import { terminalColumns } from '../../texts/terminal.ts';
import { completionCommand } from '../completion.ts';
import { exitCodes } from '../exit-codes.ts';
import type { Run } from '../run.ts';
import { checkCommand } from './check.ts';
import { deleteCommand } from './delete.ts';
import { deliverCommand } from './deliver.ts';
import { explainCommand } from './explain.ts';
import { flushCommand } from './flush.ts';
import { holdCommand } from './hold.ts';
import { importCommand } from './import.ts';
import { logCommand } from './log.ts';
import { parametersCommand } from './parameters.ts';
import { queueCommand } from './queue.ts';
import { releaseCommand } from './release.ts';
import { requeueCommand } from './requeue.ts';
import { revertCommand, setCommand, settingsCommand, unsetCommand } from './settings.ts';
import { shapeCommand } from './shape.ts';
import { statusCommand } from './status.ts';
import { submitCommand } from './submit.ts';

// By the name of the package: the sources and what is made of them lie at different depths.
const { version } = createRequire(import.meta.url)('lambda-lmtp/package.json') as { readonly version: string };

/** The commands, in the order of the help. */
const definitions = [
  deliverCommand,
  checkCommand,
  submitCommand,
  statusCommand,
  queueCommand,
  shapeCommand,
  explainCommand,
  flushCommand,
  holdCommand,
  releaseCommand,
  requeueCommand,
  deleteCommand,
  logCommand,
  parametersCommand,
  settingsCommand,
  setCommand,
  unsetCommand,
  revertCommand,
  importCommand,
] as const;

/**
 * Runs a command; how it ended is in the run.
 *
 * @param args without the names of Node and of the program
 */
export async function runProgram(args: readonly string[], run: Run): Promise<void> {
  try {
    await makeProgram(run).parseAsync(args, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Asking for help is no mistake; everything else that commander stops for is one.
    run.exitCode = error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
  }
}

function makeProgram(run: Run): Command {
  const program = new Command('lambda-lmtp')
    .description("Postfix's lmtp(8) delivery agent, and its queue, on AWS")
    .version(version, '--version', 'print the version');
  for (const define of definitions) program.addCommand(define(run));
  program.addCommand(completionCommand(run, program));
  for (const command of [program, ...program.commands]) withOutput(command, run);
  return program;
}

/** Has a command say what is wrong, and end, by way of the run. */
function withOutput(command: Command, { stdout, stderr }: Run): void {
  command
    .exitOverride()
    .showHelpAfterError('(--help shows what is allowed)')
    .configureOutput({
      writeOut: (text) => void stdout.write(text),
      // It repeats arguments, which may contain anything.
      writeErr: (text) => void stderr.write(escapeControlsInLines(text)),
      getOutHelpWidth: () => terminalColumns(stdout) ?? usualWidth,
      getErrHelpWidth: () => terminalColumns(stderr) ?? usualWidth,
    });
}

/** Columns of help where there is no terminal. */
const usualWidth = 80;
