/**
 * `lambda-lmtp log`: prints the delivery log as Postfix writes it, for grep and for programs that read maillog. It reads a file or
 * a stack's log in CloudWatch.
 */

import { createReadStream } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import type { Command } from 'commander';
import type { DeliveryLine } from '../log/delivery-line.ts';
import { isDeliveryLine, postfixLine } from '../log/postfix-line.ts';
import type { StackOptions } from '../texts/next-command.ts';
import { awsFault } from './failure.ts';
import { follow, readInOrder } from './log-reading.ts';
import { findLogs, logPattern } from './log-source.ts';
import { guarded, print } from './operate.ts';
import { checkFile } from './options.ts';
import { readLines } from './read-lines.ts';
import { pathOf, type Run } from './run.ts';
import { syslogHead, type TimeForm } from './syslog-line.ts';

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

/** Prints what is wanted of the log. */
export const logAction = guarded(printLog);

async function printLog(run: Run, file: string | undefined, options: LogOptions, command: Command): Promise<void> {
  const { stack, transport, since, until } = options;
  const ofStack = [stack, transport, since, until, options.follow].some((option) => option !== undefined);
  if (!ofStack) return await printFile(run, file ?? '-', options, command);
  if (file !== undefined) {
    command.error('error: a file cannot be combined with --stack, --transport, --since, --until or --follow');
  }
  await printStack(run, options);
}

async function printFile(run: Run, file: string, options: LogOptions, command: Command): Promise<void> {
  if (file !== '-') checkFile(run, 'file', file, command);
  const input: AsyncIterable<Buffer> = file === '-' ? run.stdin : createReadStream(pathOf(file, run));
  for await (const line of readLines(input)) {
    const delivery = readDelivery(line.toString('utf8'), options);
    if (delivery !== undefined) await print(postfixLine(delivery), run);
  }
}

async function printStack(run: Run, options: LogOptions): Promise<void> {
  const { id, until, time = 'syslog' } = options;
  const { stack, groups } = await findLogs(options, run);
  const { CloudWatchLogs } = await import('../aws/cloudwatch-logs.ts');
  const logs = new CloudWatchLogs(run.aws);
  const wish = { from: options.since ?? Date.now() - usualSpan, ...logPattern(id) };
  const events =
    options.follow === true
      ? follow(logs, groups, wish, () => setTimeout(pause))
      : readInOrder(logs, groups, { ...wish, ...(until === undefined ? {} : { until }) });
  try {
    for await (const event of events) {
      const delivery = readDelivery(event.text, options);
      if (delivery !== undefined) await print(`${syslogHead(event, stack, time)}${postfixLine(delivery)}`, run);
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
