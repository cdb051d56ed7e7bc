/** The definition of `lambda-lmtp submit`. */

import { Command } from 'commander';
import { environmentNames as names } from '../../parameters/environment.ts';
import { defaultStack } from '../default-stack.ts';
import type { Run } from '../run.ts';
import { collect } from './options.ts';

/** Defines the command. */
export function submitCommand(run: Run): Command {
  return new Command('submit')
    .description(
      'Send messages to a deployed or local stack: the body to its bucket, the request to its incoming queue',
    )
    .argument('<file...>', 'messages, one request for each')
    .requiredOption('--sender <address>', 'envelope sender; "" is the null sender')
    .requiredOption('--recipient <address>', 'envelope recipient; may be given several times', collect)
    .option('--destination <next-hop>', 'next-hop of the delivery; the stack must allow it')
    .option('--id <id>', 'queue id, for one message only (default: a random one)')
    .option('--stack <name>', `CloudFormation stack (default: "${defaultStack}", unless bucket and queue are known)`)
    .option('--transport <name>', 'transport of the stack, if it has several (default: its first)')
    .option('--bucket <name>', `message bucket (environment: ${names.messageBucket})`)
    .option('--queue-url <url>', `incoming queue (environment: ${names.incomingQueueUrl})`)
    .option('--prefix <prefix>', 'prefix of the keys in the bucket', 'in/')
    .option('--json', 'print JSON lines')
    .action(async (files, options, self) => (await import('../submit.ts')).submitAction(run, files, options, self));
}
