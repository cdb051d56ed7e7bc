/** The definition of `lambda-lmtp check`. */

import { Command } from 'commander';
import { checkTimeouts } from '../../check/time-limits.ts';
import type { Run } from '../run.ts';
import { collect, withParameterOptions } from './options.ts';

/** Defines the command. */
export function checkCommand(run: Run): Command {
  const command = new Command('check')
    .description('Say step by step what stands between the agent and a destination; nothing is delivered')
    .argument('<destination>', 'inet:host:port, inet:[address]:port or unix:/path')
    .option(
      '--recipient <address>',
      'ask whether it would be taken (MAIL, RCPT, RSET); may be given several times',
      collect,
      [],
    )
    .option('--sender <address>', 'envelope sender to ask with; the null sender if not given')
    .option('--pending', 'try the passwords that a rotation is about to put in place (AWSPENDING)')
    .option('--function <name>', 'ask from inside the VPC: name of the check function (output CheckFunctionName)');
  return withParameterOptions(command)
    .option('--json', 'print one JSON object')
    .option('--transcript', 'write the dialogue to standard error, without secrets')
    .addHelpText('after', `\n${exitHelp}`)
    .action(async (destination, options, self) =>
      (await import('../check.ts')).checkAction(run, destination, options, self),
    );
}

const exitHelp = `Exit status: 0 = all is well; 75 = mail would wait, or the check could not be made; 69 = mail would bounce;
64 = wrong use. Time limits are those of a check (connecting: ${checkTimeouts.lmtp_connect_timeout}) unless --parameter says otherwise.`;
