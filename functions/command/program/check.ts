/** The definition of `lambda-lmtp check`. */

import { Command } from 'commander';
import { checkTimeouts } from '../../check/time-limits.ts';
import type { Run } from '../run.ts';
import { collect, withParameterOptions } from './options.ts';

/** Defines the command. */
export function checkCommand(run: Run): Command {
  const command = new Command('check')
    .description('Test a destination step by step and print what prevents delivery; nothing is delivered')
    .argument('<destination>', 'inet:host:port, inet:[address]:port or unix:/path')
    .option(
      '--recipient <address>',
      'test whether the server accepts it (MAIL, RCPT, RSET); may be given several times',
      collect,
      [],
    )
    .option('--sender <address>', 'envelope sender of the test (default: the null sender)')
    .option('--pending', 'try the pending passwords of a rotation (AWSPENDING)')
    .option('--function <name>', 'test from inside the VPC: name of the check function (output CheckFunctionName)');
  return withParameterOptions(command)
    .option('--json', 'print one JSON object')
    .option('--transcript', 'write the dialogue to standard error, without secrets')
    .addHelpText('after', `\n${exitHelp}`)
    .action(async (destination, options, self) =>
      (await import('../check.ts')).checkAction(run, destination, options, self),
    );
}

const exitHelp = `Exit status: 0 = all is well; 75 = mail would wait, or the check could not be made; 69 = mail would bounce;
64 = usage error. Time limits are those of a check (connecting: ${checkTimeouts.lmtp_connect_timeout}) unless --parameter says otherwise.`;
