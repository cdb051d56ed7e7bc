/**
 * `lambda-lmtp deliver`: the very same agent as in the function, in this process, against any server.
 */

import { once } from 'node:events';
import { Command, InvalidArgumentError, Option } from 'commander';
import { type Agent, chatOptions, makeAgent, timeLimits } from '../delivery/agent.ts';
import type { DeliveryLine } from '../log/delivery-line.ts';
import { postfixLine } from '../log/postfix-line.ts';
import { type Parameters, parseTime } from '../parameters/parameters.ts';
import {
  DestinationError,
  normaliseDestination,
  type Ports,
  parseDestination,
  portsOf,
} from '../request/destination.ts';
import { secretFaultNote } from '../secrets/secrets.ts';
import { type Deadline, deadlineAfter, withLimit } from '../session/limit.ts';
import { commandSecrets } from './command-secrets.ts';
import { type DeliveryJob, runJob } from './delivery-job.ts';
import { exitCodes } from './exit-codes.ts';
import {
  checkFile,
  collect,
  type ParameterOptions,
  readParameters,
  withParameterOptions,
  writeTranscript,
} from './options.ts';
import { MalformedRequest, readRequests, requestFromOptions } from './request-source.ts';

/** The options as commander hands them over. */
export interface DeliverOptions extends ParameterOptions {
  readonly requests?: string;
  readonly sender?: string;
  readonly recipient: readonly string[];
  readonly message?: string;
  readonly destination?: string;
  readonly batch: number;
  /** Milliseconds. */
  readonly deadline: number;
  readonly json?: true;
  readonly transcript?: true;
}

/** Defines the command. */
export function deliverCommand(): Command {
  const command = new Command('deliver')
    .description('Make one delivery attempt for each request and print the verdict on each recipient')
    .option('--requests <file>', 'delivery requests, one JSON object a line ("-" = standard input)')
    .option('--sender <address>', 'envelope sender; "" is the null sender')
    .option('--recipient <address>', 'envelope recipient; may be given several times', collect, [])
    .option('--message <file>', 'the message')
    .option(
      '--destination <next-hop>',
      'inet:host:port, inet:[address]:port or unix:/path; also for requests that name none',
    );
  return withParameterOptions(command)
    .addOption(
      new Option('--batch <n>', 'requests at a time, as one SQS batch would be').default(1).argParser(parseBatch),
    )
    .addOption(
      new Option('--deadline <time>', 'how long the whole run may take; recipients not dealt with by then are deferred')
        .default(defaultDeadline, '15m')
        .argParser(parseDeadline),
    )
    .option('--json', 'print the delivery log as JSON lines')
    .option('--transcript', 'write the dialogue to standard error, without content and secrets')
    .action(deliverAction);
}

async function deliverAction(options: DeliverOptions, command: Command): Promise<void> {
  const deadline = deadlineAfter(options.deadline);
  const parameters = readParameters(options, command);
  const source = openSource(options, parameters, command);
  const agent = makeAgent(parameters, {
    secrets: commandSecrets(),
    onSecretFault: (why) => void process.stderr.write(`${secretFaultNote}: ${why}\n`),
    ...(options.transcript && { transcript: writeTranscript }),
  });
  const print = options.json ? (line: DeliveryLine) => JSON.stringify(line) : postfixLine;
  const statuses = new Set<DeliveryLine['status']>();
  let malformed = false;
  const onLate = () => {
    statuses.add('deferred');
    process.stderr.write(
      '--deadline: it passed before all requests were read; the requests not read were not attempted\n',
    );
  };
  for await (const batch of inBatches(inTime(source, deadline, onLate), options.batch)) {
    for (const lines of runBatch(batch, agent, portsOf(parameters), deadline)) {
      if (lines instanceof MalformedRequest) {
        malformed = true;
        process.stderr.write(`${lines.complaint}\n`);
        continue;
      }
      for (const line of await lines) {
        statuses.add(line.status);
        await write(print(line));
      }
    }
  }
  await agent.sessions.close(chatOptions(agent, timeLimits(agent, deadline)));
  process.exitCode = exitCode(statuses, malformed);
  // What did not end in time, such as a question to a name server, would keep the process from ending.
  if (deadline.left() <= 0) process.exit();
}

/**
 * Starts a batch: destinations side by side, the requests of one destination one after another, as the function does.
 * What comes of each request stands in its place.
 */
function runBatch(
  batch: readonly (DeliveryJob | MalformedRequest)[],
  agent: Agent,
  ports: Ports,
  deadline: Deadline,
): readonly (Promise<readonly DeliveryLine[]> | MalformedRequest)[] {
  const lanes = new Map<string, Promise<readonly DeliveryLine[]>>();
  return batch.map((job) => {
    if (job instanceof MalformedRequest) return job;
    const lane = normaliseDestination(job.delivery.destination, ports);
    const lines = (lanes.get(lane) ?? Promise.resolve()).then(() => runJob(job, agent, deadline));
    lanes.set(lane, lines);
    return lines;
  });
}

/** Where the requests come from, once the options that say so have been checked. */
function openSource(
  options: DeliverOptions,
  parameters: Parameters,
  command: Command,
): AsyncIterable<DeliveryJob | MalformedRequest> | Iterable<Promise<DeliveryJob | MalformedRequest>> {
  const { requests, sender, recipient, message, destination } = options;
  if (destination !== undefined) checkDestination(destination, parameters, command);
  if (requests !== undefined) {
    if (sender !== undefined || recipient.length > 0 || message !== undefined) {
      command.error('error: --requests goes without --sender, --recipient and --message');
    }
    if (requests !== '-') checkFile('--requests', requests, command);
    return readRequests(requests, destination, parameters);
  }
  if (sender === undefined || recipient.length === 0 || message === undefined || destination === undefined) {
    const given = { sender, recipient: recipient[0], message, destination };
    const missing = Object.entries(given).flatMap(([name, value]) => (value === undefined ? [`--${name}`] : []));
    command.error(`error: missing ${missing.join(', ')} (or --requests FILE)`);
  }
  return [requestFromOptions({ sender, recipient, message, destination, parameters })];
}

function checkDestination(destination: string, parameters: Parameters, command: Command): void {
  try {
    parseDestination(destination, portsOf(parameters));
  } catch (error) {
    if (error instanceof DestinationError) command.error(`error: --destination: ${error.message}`);
    throw error;
  }
}

/** Milliseconds after the deadline for reading a request that is there already: its recipients are then named as deferred. */
const readingGrace = 1000;

/** Returns the items until the deadline, and after it those that need not be waited for. */
async function* inTime<T>(
  items: AsyncIterable<T> | Iterable<Promise<T>>,
  deadline: Deadline,
  onLate: () => void,
): AsyncIterable<T> {
  const iterator = iterate(items);
  for (;;) {
    const milliseconds = Math.max(deadline.left(), readingGrace);
    const next = await withLimit(iterator.next(), { milliseconds, isDeadline: true });
    if (typeof next === 'string') return onLate();
    if (next.done === true) return;
    yield next.value;
  }
}

async function* iterate<T>(items: AsyncIterable<T> | Iterable<Promise<T>>): AsyncGenerator<T, void, undefined> {
  yield* items;
}

async function* inBatches<T>(items: AsyncIterable<T>, size: number): AsyncIterable<readonly T[]> {
  let batch: T[] = [];
  for await (const item of items) {
    batch.push(item);
    if (batch.length < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

/** Waits where whoever reads is slow, so that millions of lines do not pile up. */
async function write(line: string): Promise<void> {
  if (!process.stdout.write(`${line}\n`)) await once(process.stdout, 'drain');
}

function exitCode(statuses: ReadonlySet<DeliveryLine['status']>, malformed: boolean): number {
  if (malformed) return exitCodes.malformed;
  if (statuses.has('bounced') || statuses.has('expired')) return exitCodes.unavailable;
  return statuses.has('deferred') ? exitCodes.tempFail : exitCodes.ok;
}

/** Milliseconds: as long as a function may run. */
const defaultDeadline = 900_000;

function parseDeadline(value: string): number {
  const time = parseTime(value);
  if (time !== undefined && time > 0) return time;
  throw new InvalidArgumentError('a time of 1s or more is wanted: a number and s, m, h, d or w, such as 90s or 15m.');
}

function parseBatch(value: string): number {
  if (/^[1-9]\d{0,3}$/.test(value)) return Number(value);
  throw new InvalidArgumentError('a number from 1 to 9999 is wanted.');
}
