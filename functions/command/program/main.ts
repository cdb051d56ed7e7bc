/**
 * The command line of this process: `lambda-lmtp COMMAND`.
 */

import { settingsOfProcess } from '../../aws/settings.ts';
import { exitCodes } from '../exit-codes.ts';
import type { Run } from '../run.ts';
import { runProgram } from './program.ts';

const { env, stdin, stdout, stderr } = process;
const run: Run = {
  ...{ env, stdin, stdout, stderr },
  folder: process.cwd(),
  aws: settingsOfProcess,
  exitCode: exitCodes.ok,
  leavesWork: false,
};

// The reader of the output has closed it (`| head`): end, as a program does that receives SIGPIPE.
stdout.on('error', () => process.exit(exitCodes.ioError));
stderr.on('error', () => process.exit(exitCodes.ioError));

await runProgram(process.argv.slice(2), run);
process.exitCode = run.exitCode;
if (run.leavesWork) process.exit();
