/**
 * `lambda-lmtp log`: prints the delivery log as Postfix writes it, for grep and for programs that read maillog. It reads a file or
 * a stack's log in CloudWatch.
 */

import { createReadStream } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { type Command as AnyCommand, Command, InvalidArgumentError, Option } from 'commander';
import type { DeliveryLine } from '../log/delivery-line.ts';
import { isDeliveryLine, postfixLine } from '../log/postfix-line.ts';
import { parseTime } from '../parameters/parameters.ts';
import type { StackOptions } from '../texts/next-command.ts';
import { awsFault } from './failure.ts';
import { parseMoment } from './hold-options.ts';
import { follow, readInOrder } from './log-reading.ts';
import { findLogs, logPattern } from './log-source.ts';
import { guarded, print } from './operate.ts';
import { checkFile } from './options.ts';
import { readLines } from './read-lines.ts';
import { withStackOption } from './stack.ts';
import { syslogHead, type TimeForm, timeForms } from './syslog-line.ts';

/** The options as commander hands them over. */
interface LogOptions extends StackOptions {
  readonly id?: string;
  readonly recipient?: string;
  readonly status?: string;
  /** Milliseconds since 1970. */
  readonly since?: number;
  readonly until?: number;
  readonly follow?: true;
  readonly time?: TimeForm;
}

/** Default of `--since`, in milliseconds. */
const usualSpan = 3_600_000;

/** Milliseconds between two reads with `--follow`. */
const pause = 2_000;

/** Defines the command. */
export function logCommand(): Command {
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
  return withStackOption(command).action(guarded(logAction));
}

async function logAction(file: string | undefined, options: LogOptions, command: AnyCommand): Promise<void> {
  const { stack, transport, since, until } = options;
  const ofStack = [stack, transport, since, until, options.follow].some((option) => option !== undefined);
  if (!ofStack) return await printFile(file ?? '-', options, command);
  if (file !== undefined) {
    command.error('error: a file cannot be combined with --stack, --transport, --since, --until or --follow');
  }
  await printStack(options);
}

async function printFile(file: string, options: LogOptions, command: AnyCommand): Promise<void> {
  if (file !== '-') checkFile('file', file, command);
  const input: AsyncIterable<Buffer> = file === '-' ? process.stdin : createReadStream(file);
  for await (const line of readLines(input)) {
    const delivery = readDelivery(line.toString('utf8'), options);
    if (delivery !== undefined) await print(postfixLine(delivery));
  }
}

async function printStack(options: LogOptions): Promise<void> {
  const { id, until, time = 'syslog' } = options;
  const { stack, groups } = await findLogs(options);
  const { CloudWatchLogs } = await import('../aws/cloudwatch-logs.ts');
  const logs = new CloudWatchLogs();
  const wish = { from: options.since ?? Date.now() - usualSpan, ...logPattern(id) };
  const events =
    options.follow === true
      ? follow(logs, groups, wish, () => setTimeout(pause))
      : readInOrder(logs, groups, { ...wish, ...(until === undefined ? {} : { until }) });
  try {
    for await (const event of events) {
      const delivery = readDelivery(event.text, options);
      if (delivery !== undefined) await print(`${syslogHead(event, stack, time)}${postfixLine(delivery)}`);
    }
  } catch (error) {
    throw awsFault(error, 'the log cannot be read');
  }
}

/** The delivery of a line; undefined if the line is not a delivery line or does not match the options. */
function readDelivery(line: string, { id, recipient, status }: LogOptions): DeliveryLine | undefined {
  const value = parse(line);
  if (!isDeliveryLine(value)) return undefined;
  if (id !== undefined && value.id !== id) return undefined;
  if (recipient !== undefined && value.recipient.toLowerCase() !== recipient.toLowerCase()) return undefined;
  return status !== undefined && value.status !== status ? undefined : value;
}

/** The JSON of a line. It need not be at the start: exports put the time and the name of the stream before it. */
function parse(line: string): unknown {
  const at = line.indexOf('{');
  if (at < 0) return undefined;
  try {
    return JSON.parse(line.slice(at));
  } catch {
    return undefined;
  }
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
