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
      'Print delivery lines as Postfix writes them: those of a log of JSON lines, other lines are skipped; or with --stack, --since, --until or --follow those of a stack in CloudWatch',
    )
    .argument('[file]', 'the log ("-" or none = standard input)')
    .option('--id <id>', 'only lines of this message')
    .option('--recipient <address>', 'only lines of this recipient')
    .option('--status <status>', 'only lines with this status: sent, deferred, bounced or expired')
    .addOption(
      new Option(
        '--since <time>',
        'start: a length of time ago, or a time: 2h, 2026-11-22T08:00:00Z (default: 1h)',
      ).argParser(parseSince),
    )
    .addOption(
      new Option('--until <time>', 'end: a length of time ago, or a time: 30m, 2026-11-22T09:00:00Z').argParser(
        parseSince,
      ),
    )
    .addOption(new Option('--follow', 'print new lines until interrupted').conflicts('until'))
    .addOption(new Option('--time <form>', 'format of times from CloudWatch').choices(timeForms).default('syslog'));
  return withStackOption(command).action(async (file, options, self) =>
    (await import('../log.ts')).logAction(run, file, options, self),
  );
}

/** Reads a time, or a length of time ago; returns milliseconds since 1970. */
function parseSince(value: string): number {
  const length = parseTime(value);
  if (length !== undefined) return Date.now() - length;
  try {
    return parseMoment(value);
  } catch {
    throw new InvalidArgumentError(
      'Expected a length of time such as 90s, 5m or 2h, or a time such as 2026-11-22T08:00:00Z.',
    );
  }
}
