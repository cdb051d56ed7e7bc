/**
 * `lambda-lmtp deliver`: runs the function's delivery agent in this process, against any server.
 */

import { once } from 'node:events';
import type { Command } from 'commander';
import { type Agent, chatOptions, makeAgent, timeLimits } from '../delivery/agent.ts';
import type { DeliveryLine } from '../log/delivery-line.ts';
import { postfixLine } from '../log/postfix-line.ts';
import type { Parameters } from '../parameters/parameters.ts';
import {
  DestinationError,
  normaliseDestination,
  type Ports,
  parseDestination,
  portsOf,
} from '../request/destination.ts';
import { secretFaultNote } from '../secrets/secrets.ts';
import { type Deadline, deadlineAfter, withLimit } from '../session/limit.ts';
import { escapeControls, safeJson } from '../smtp/control-characters.ts';
import { commandSecrets } from './command-secrets.ts';
import { type DeliveryJob, runJob } from './delivery-job.ts';
import { exitCodes } from './exit-codes.ts';
import { checkFile, type ParameterOptions, readParameters, transcriptTo } from './options.ts';
import { MalformedRequest, readRequests, requestFromOptions } from './request-source.ts';
import type { Run } from './run.ts';

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

/** Delivers. */
export async function deliverAction(run: Run, options: DeliverOptions, command: Command): Promise<void> {
  const deadline = deadlineAfter(options.deadline);
  const parameters = readParameters(run, options, command);
  const source = openSource(run, options, parameters, command);
  const agent = makeAgent(parameters, {
    secrets: commandSecrets(run),
    onSecretFault: (why) => void run.stderr.write(`${secretFaultNote}: ${escapeControls(why)}\n`),
    ...(options.transcript
      ? { transcript: transcriptTo(run) }
      : { debugPeer: (peer, side, line) => void run.stderr.write(`${peer} ${side}: ${line}\n`) }),
  });
  const print = options.json ? (line: DeliveryLine) => safeJson(line) : postfixLine;
  const statuses = new Set<DeliveryLine['status']>();
  let malformed = false;
  const onLate = () => {
    statuses.add('deferred');
    run.stderr.write('--deadline: it passed before all requests were read; the unread requests were not attempted\n');
  };
  for await (const batch of inBatches(inTime(source, deadline, onLate), options.batch)) {
    for (const lines of runBatch(batch, agent, portsOf(parameters), deadline)) {
      if (lines instanceof MalformedRequest) {
        malformed = true;
        run.stderr.write(`${lines.complaint}\n`);
        continue;
      }
      for (const line of await lines) {
        statuses.add(line.status);
        await write(run, print(line));
      }
    }
  }
  await agent.sessions.close(chatOptions(agent, timeLimits(agent, deadline)));
  run.exitCode = exitCode(statuses, malformed);
  // A pending operation, such as a DNS query, would keep the process alive.
  run.leavesWork = deadline.left() <= 0;
}

/**
 * Starts a batch: destinations in parallel, the requests of one destination one after another, as the function does. The results
 * are in the order of the requests.
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

/** Checks the options that name the requests, and returns the requests. */
function openSource(
  run: Run,
  options: DeliverOptions,
  parameters: Parameters,
  command: Command,
): AsyncIterable<DeliveryJob | MalformedRequest> | Iterable<Promise<DeliveryJob | MalformedRequest>> {
  const { requests, sender, recipient, message, destination } = options;
  if (destination !== undefined) checkDestination(destination, parameters, command);
  if (requests !== undefined) {
    if (sender !== undefined || recipient.length > 0 || message !== undefined) {
      command.error('error: --requests cannot be combined with --sender, --recipient or --message');
    }
    if (requests !== '-') checkFile(run, '--requests', requests, command);
    return readRequests(run, requests, destination, parameters);
  }
  if (sender === undefined || recipient.length === 0 || message === undefined || destination === undefined) {
    const given = { sender, recipient: recipient[0], message, destination };
    const missing = Object.entries(given).flatMap(([name, value]) => (value === undefined ? [`--${name}`] : []));
    command.error(`error: missing ${missing.join(', ')} (or --requests FILE)`);
  }
  return [requestFromOptions(run, { sender, recipient, message, destination, parameters })];
}

function checkDestination(destination: string, parameters: Parameters, command: Command): void {
  try {
    parseDestination(destination, portsOf(parameters));
  } catch (error) {
    if (error instanceof DestinationError) command.error(`error: --destination: ${error.message}`);
    throw error;
  }
}

/** Milliseconds after the deadline to read requests that are available at once: their recipients are reported as deferred. */
const readingGrace = 1000;

/** Yields the items until the deadline, and after it those that are available at once. */
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

/** Writes a line. Waits for a slow reader, so that millions of lines do not pile up. */
async function write({ stdout }: Run, line: string): Promise<void> {
  if (!stdout.write(`${line}\n`)) await once(stdout, 'drain');
}

function exitCode(statuses: ReadonlySet<DeliveryLine['status']>, malformed: boolean): number {
  if (malformed) return exitCodes.malformed;
  if (statuses.has('bounced') || statuses.has('expired')) return exitCodes.unavailable;
  return statuses.has('deferred') ? exitCodes.tempFail : exitCodes.ok;
}
