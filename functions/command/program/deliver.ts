/** The definition of `lambda-lmtp deliver`. */

import { Command, InvalidArgumentError, Option } from 'commander';
import { parseTime } from '../../parameters/parse-time.ts';
import type { Run } from '../run.ts';
import { collect, withParameterOptions } from './options.ts';

/** Defines the command. */
export function deliverCommand(run: Run): Command {
  const command = new Command('deliver')
    .description('Make one delivery attempt for each request and print the verdict on each recipient')
    .option('--requests <file>', 'delivery requests, one JSON object per line ("-" = standard input)')
    .option('--sender <address>', 'envelope sender; "" is the null sender')
    .option('--recipient <address>', 'envelope recipient; may be given several times', collect, [])
    .option('--message <file>', 'file with the message')
    .option(
      '--destination <next-hop>',
      'inet:host:port, inet:[address]:port or unix:/path; the default for requests that name none',
    );
  return withParameterOptions(command)
    .addOption(new Option('--batch <n>', 'requests at a time, like an SQS batch').default(1).argParser(parseBatch))
    .addOption(
      new Option('--deadline <time>', 'time limit of the whole run; recipients without a verdict by then are deferred')
        .default(defaultDeadline, '15m')
        .argParser(parseDeadline),
    )
    .option('--json', 'print the delivery log as JSON lines')
    .option('--transcript', 'write the dialogue to standard error, without content and secrets')
    .action(async (options, self) => (await import('../deliver.ts')).deliverAction(run, options, self));
}

/** Milliseconds: the longest function timeout of Lambda. */
const defaultDeadline = 900_000;

function parseDeadline(value: string): number {
  const time = parseTime(value);
  if (time !== undefined && time > 0) return time;
  throw new InvalidArgumentError('Expected a time of 1s or more: a number and s, m, h, d or w, such as 90s or 15m.');
}

function parseBatch(value: string): number {
  if (/^[1-9]\d{0,3}$/.test(value)) return Number(value);
  throw new InvalidArgumentError('Expected a number from 1 to 9999.');
}
