/**
 * `lambda-lmtp log`: the delivery log in Postfix's own form, for people, grep and the programs that read maillog. From a file, or
 * from where a stack's functions write it.
 */

import { createReadStream } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { type Command as AnyCommand, Command, InvalidArgumentError, Option } from 'commander';
import type { DeliveryLine } from '../log/delivery-line.ts';
import { isDeliveryLine, postfixLine } from '../log/postfix-line.ts';
import { parseTime } from '../parameters/parameters.ts';
import type { StackOptions } from '../texts/next-command.ts';
import { awsFault } from './aws-fault.ts';
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

/** Milliseconds that are looked back on if nobody says otherwise. */
const usualSpan = 3_600_000;

/** Milliseconds between two looks of one who follows. */
const pause = 2_000;

/** Defines the command. */
export function logCommand(): Command {
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
  return withStackOption(command).action(guarded(logAction));
}

async function logAction(file: string | undefined, options: LogOptions, command: AnyCommand): Promise<void> {
  const { stack, transport, since, until } = options;
  const ofStack = [stack, transport, since, until, options.follow].some((option) => option !== undefined);
  if (!ofStack) return await printFile(file ?? '-', options, command);
  if (file !== undefined) {
    command.error('error: a file goes without --stack, --transport, --since, --until and --follow');
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

/** The delivery of a line; nothing where it is another line, or not one that is wanted. */
function readDelivery(line: string, { id, recipient, status }: LogOptions): DeliveryLine | undefined {
  const value = parse(line);
  if (!isDeliveryLine(value)) return undefined;
  if (id !== undefined && value.id !== id) return undefined;
  if (recipient !== undefined && value.recipient.toLowerCase() !== recipient.toLowerCase()) return undefined;
  return status !== undefined && value.status !== status ? undefined : value;
}

/** The JSON of a line, wherever in it that begins: exports put the time and the name of a stream before it. */
function parse(line: string): unknown {
  const at = line.indexOf('{');
  if (at < 0) return undefined;
  try {
    return JSON.parse(line.slice(at));
  } catch {
    return undefined;
  }
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
