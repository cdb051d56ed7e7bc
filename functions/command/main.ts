/**
 * The command line: `lambda-lmtp COMMAND`.
 */

import { createRequire } from 'node:module';
import { Command, CommanderError } from 'commander';
import { checkCommand } from './check.ts';
import { completionCommand } from './completion.ts';
import { deleteCommand } from './delete.ts';
import { deliverCommand } from './deliver.ts';
import { exitCodes } from './exit-codes.ts';
import { explainCommand } from './explain.ts';
import { flushCommand } from './flush.ts';
import { holdCommand } from './hold.ts';
import { logCommand } from './log.ts';
import { parametersCommand } from './parameters.ts';
import { queueCommand } from './queue.ts';
import { releaseCommand } from './release.ts';
import { requeueCommand } from './requeue.ts';
import { shapeCommand } from './shape.ts';
import { statusCommand } from './status.ts';
import { submitCommand } from './submit.ts';

// By the name of the package: the sources and what is made of them lie at different depths.
const { version } = createRequire(import.meta.url)('lambda-lmtp/package.json') as { readonly version: string };

const program = new Command('lambda-lmtp')
  .description("Postfix's lmtp(8) delivery agent, and its queue, on AWS")
  .version(version, '--version', 'print the version')
  .exitOverride()
  .showHelpAfterError('(--help shows what is allowed)')
  .addCommand(deliverCommand())
  .addCommand(checkCommand())
  .addCommand(submitCommand())
  .addCommand(statusCommand())
  .addCommand(queueCommand())
  .addCommand(shapeCommand())
  .addCommand(explainCommand())
  .addCommand(flushCommand())
  .addCommand(holdCommand())
  .addCommand(releaseCommand())
  .addCommand(requeueCommand())
  .addCommand(deleteCommand())
  .addCommand(logCommand())
  .addCommand(parametersCommand());

program.addCommand(completionCommand(program));

// Whoever reads the verdicts has gone (`| head`): end, as a program does that a SIGPIPE reaches.
process.stdout.on('error', () => process.exit(exitCodes.ioError));
process.stderr.on('error', () => process.exit(exitCodes.ioError));

for (const command of program.commands) command.exitOverride().showHelpAfterError('(--help shows what is allowed)');

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  // Asking for help is no mistake; everything else that commander stops for is one.
  process.exitCode = error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
}
