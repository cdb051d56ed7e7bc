/**
 * `lambda-lmtp deliver`: the very same agent as in the function, in this process, against any server.
 */

import { once } from 'node:events';
import { accessSync, constants, statSync } from 'node:fs';
import { Command, InvalidArgumentError, Option } from 'commander';
import { type Agent, chatOptions, makeAgent, timeLimits } from '../delivery/agent.ts';
import { DestinationError, parseDestination } from '../delivery/destination.ts';
import type { DeliveryLine } from '../disposition/delivery-line.ts';
import { postfixLine } from '../disposition/postfix-line.ts';
import { ParameterError, type Parameters } from '../parameters.ts';
import { noDeadline } from '../session/limit.ts';
import { type DeliveryJob, runJob } from './delivery-job.ts';
import { exitCodes } from './exit-codes.ts';
import { commandParameters } from './parameter-options.ts';
import { MalformedRequest, readRequests, requestFromOptions } from './request-source.ts';

/** The options as commander hands them over. */
export interface DeliverOptions {
  readonly requests?: string;
  readonly sender?: string;
  readonly recipient: readonly string[];
  readonly message?: string;
  readonly destination?: string;
  readonly parameter: readonly string[];
  readonly batch: number;
  readonly json?: true;
  readonly transcript?: true;
}

/** Defines the command. */
export function deliverCommand(): Command {
  return new Command('deliver')
    .description('Make one delivery attempt for each request and print the verdict on each recipient')
    .option('--requests <file>', 'delivery requests, one JSON object a line ("-" = standard input)')
    .option('--sender <address>', 'envelope sender; "" is the null sender')
    .option('--recipient <address>', 'envelope recipient; may be given several times', collect, [])
    .option('--message <file>', 'the message')
    .option(
      '--destination <next-hop>',
      'inet:host:port, inet:[address]:port or unix:/path; also for requests that name none',
    )
    .option('--parameter <name=value>', 'a parameter by its Postfix name; may be given several times', collect, [])
    .addOption(
      new Option('--batch <n>', 'requests at a time, as one SQS batch would be').default(1).argParser(parseBatch),
    )
    .option('--json', 'print the delivery log as JSON lines')
    .option('--transcript', 'write the dialogue to standard error, without content and secrets')
    .action(deliverAction);
}

async function deliverAction(options: DeliverOptions, command: Command): Promise<void> {
  const parameters = readParameters(options, command);
  checkOptions(options, parameters, command);
  const agent = makeAgent(
    parameters,
    options.transcript ? { transcript: (side, line) => process.stderr.write(`${side}: ${line}\n`) } : {},
  );
  const verdicts = new Set<DeliveryLine['status']>();
  let malformed = false;
  const source = options.requests === undefined ? requestFromOptions(options) : readRequests(options, parameters);
  const print = async (line: DeliveryLine) => {
    verdicts.add(line.status);
    await write(options.json ? JSON.stringify(line) : postfixLine(line));
  };
  for await (const batch of inBatches(source, options.batch)) {
    const jobs = batch.filter((job): job is DeliveryJob => !(job instanceof MalformedRequest));
    const lines = runBatch(jobs, agent);
    for (const job of batch) {
      if (job instanceof MalformedRequest) {
        malformed = true;
        process.stderr.write(`${job.place}: ${job.message}\n`);
        continue;
      }
      for (const line of (await lines.get(job)) ?? []) await print(line);
    }
  }
  await agent.sessions.close(chatOptions(agent, timeLimits(agent, noDeadline)));
  process.exitCode = exitCode(verdicts, malformed);
}

/** Destinations side by side, the requests of one destination one after another, as the function does. */
function runBatch(
  jobs: readonly DeliveryJob[],
  agent: Agent,
): ReadonlyMap<DeliveryJob, Promise<readonly DeliveryLine[]>> {
  const lanes = new Map<string, Promise<unknown>>();
  const results = new Map<DeliveryJob, Promise<readonly DeliveryLine[]>>();
  for (const job of jobs) {
    const before = lanes.get(job.delivery.destination) ?? Promise.resolve();
    const result = before.then(() => runJob(job, agent));
    lanes.set(job.delivery.destination, result);
    results.set(job, result);
  }
  return results;
}

function readParameters({ parameter }: DeliverOptions, command: Command): Parameters {
  try {
    return commandParameters(parameter);
  } catch (error) {
    if (error instanceof ParameterError) command.error(`error: ${error.message}`);
    throw error;
  }
}

function checkOptions(options: DeliverOptions, parameters: Parameters, command: Command): void {
  const { requests, sender, recipient, message, destination } = options;
  if (requests !== undefined) {
    if (requests !== '-' && !isReadable(requests)) command.error(`error: --requests: "${requests}" cannot be read`);
    if (sender !== undefined || recipient.length > 0 || message !== undefined) {
      command.error('error: --requests goes without --sender, --recipient and --message');
    }
  } else {
    const missing = [
      ...(sender === undefined ? ['--sender'] : []),
      ...(recipient.length === 0 ? ['--recipient'] : []),
      ...(message === undefined ? ['--message'] : []),
      ...(destination === undefined ? ['--destination'] : []),
    ];
    if (missing.length > 0) command.error(`error: missing ${missing.join(', ')} (or --requests FILE)`);
  }
  if (destination === undefined) return;
  try {
    parseDestination(destination, parameters.lmtp_tcp_port);
  } catch (error) {
    if (error instanceof DestinationError) command.error(`error: --destination: ${error.message}`);
    throw error;
  }
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

function exitCode(verdicts: ReadonlySet<DeliveryLine['status']>, malformed: boolean): number {
  if (malformed) return exitCodes.malformed;
  if (verdicts.has('bounced') || verdicts.has('expired')) return exitCodes.unavailable;
  return verdicts.has('deferred') ? exitCodes.tempFail : exitCodes.ok;
}

function isReadable(file: string): boolean {
  try {
    accessSync(file, constants.R_OK);
    return statSync(file).isDirectory() === false;
  } catch {
    return false;
  }
}

function collect(value: string, previous: readonly string[]): readonly string[] {
  return [...previous, value];
}

function parseBatch(value: string): number {
  if (/^[1-9]\d{0,3}$/.test(value)) return Number(value);
  throw new InvalidArgumentError('a number from 1 to 9999 is wanted.');
}
