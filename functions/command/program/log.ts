/** The definition of `lambda-lmtp log`. */

import { Command, InvalidArgumentError, Option } from 'commander';
import { parseTime } from '../../parameters/parse-time.ts';
import type { Run } from '../run.ts';
import { timeForms } from '../syslog-line.ts';
import { parseMoment, withStackOption } from './options.ts';

/** Defines the command. */
export function logCommand(run: Run): Command {
  const command = new Command('log')
    .description(
      'Print delivery lines as Postfix writes them: those of a log of JSON lines, whose other lines are passed over; or with --stack, --since, --until or --follow those that a stack has in CloudWatch',
    )
    .argument('[file]', 'the log ("-" or none = standard input)')
    .option('--id <id>', 'only those of a message')
    .option('--recipient <address>', 'only those of a recipient')
    .option('--status <status>', 'only those that were sent, deferred, bounced or expired')
    .addOption(
      new Option('--since <time>', 'from then on, or since then: 2h, 2026-11-22T08:00:00Z (default: 1h)').argParser(
        parseSince,
      ),
    )
    .addOption(new Option('--until <time>', 'up to then: 30m, 2026-11-22T09:00:00Z').argParser(parseSince))
    .addOption(new Option('--follow', 'go on with what comes in, until it is interrupted').conflicts('until'))
    .addOption(new Option('--time <form>', 'how times of CloudWatch are written').choices(timeForms).default('syslog'));
  return withStackOption(command).action(async (file, options, self) =>
    (await import('../log.ts')).logAction(run, file, options, self),
  );
}

/** A moment, or so long ago; milliseconds since 1970. */
function parseSince(value: string): number {
  const length = parseTime(value);
  if (length !== undefined) return Date.now() - length;
  try {
    return parseMoment(value);
  } catch {
    throw new InvalidArgumentError(
      'a length such as 90s, 5m or 2h, or a time such as 2026-11-22T08:00:00Z, is wanted.',
    );
  }
}
