/**
 * One request on the command line: prepared, and delivered by the agent.
 */

import { createReadStream } from 'node:fs';
import { open, readFile, stat } from 'node:fs/promises';
import { settingsOfProcess } from '../aws/settings.ts';
import type { Agent } from '../delivery/agent.ts';
import { deliver } from '../delivery/deliver.ts';
import {
  beginningOctets,
  inMemoryLimit,
  type Message,
  messageInMemory,
  openGate,
  streamedMessage,
} from '../delivery/message.ts';
import type { Verdict } from '../delivery/verdict.ts';
import { type DeliveryLine, deliveryLine, lineFormat } from '../log/delivery-line.ts';
import { errorWords } from '../log/error-words.ts';
import { BodyFault } from '../queue/items/ports.ts';
import type { Delivery } from '../request/delivery.ts';
import type { DeliveryRequest, MessageReference } from '../request/request.ts';
import { RequestError } from '../request/request-error.ts';
import type { Deadline } from '../session/limit.ts';
import { type CleanupRules, postfixCleanup } from '../smtp/message-cleanup.ts';
import { fileFault } from './failure.ts';
import { pathOf, type Run } from './run.ts';

/** A request that can be delivered. */
export interface DeliveryJob {
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly arrival: number;
  /** Contains only the recipients with a valid address. */
  readonly delivery: Delivery;
  /** The message, or why it cannot be read now: as in the function, its recipients are deferred. */
  readonly message: Message | Unreadable;
  /** All recipients, in the request's order. */
  readonly recipients: DeliveryRequest['recipients'];
}

/** A message that cannot be read now. */
interface Unreadable {
  readonly why: string;
}

/** The parts of a run that a job needs, and how messages are cleaned. */
interface JobRun extends Pick<Run, 'folder' | 'aws'> {
  readonly cleanup: CleanupRules;
}

const ofProcess: JobRun = { folder: '', aws: settingsOfProcess, cleanup: postfixCleanup };

/**
 * Returns the job of a request, with its message and destination.
 *
 * @throws RequestError if the message or the destination is missing
 */
export async function prepareJob(
  request: DeliveryRequest,
  defaultDestination: string | undefined,
  run: JobRun = ofProcess,
): Promise<DeliveryJob> {
  const { id, arrival, recipients, message, destination = defaultDestination, authentication, ...envelope } = request;
  if (destination === undefined) {
    throw new RequestError('destination', 'is missing: the request names none, and there is no --destination');
  }
  const usable = recipients.filter(({ fault }) => fault === undefined);
  return {
    id: id ?? crypto.randomUUID().slice(0, 8).toUpperCase(),
    arrival: arrival ?? Date.now(),
    delivery: { ...envelope, destination, recipients: usable },
    message: await findMessage(message, run),
    recipients,
  };
}

/**
 * Destinations that gave too few final replies, or too many: each gets one recipient at a time until then, milliseconds on the
 * monotonic clock, by the agent that saw it.
 */
const miscounting = new WeakMap<Agent, Map<string, number>>();

/**
 * Delivers, and returns one line for each recipient, in the request's order. After the deadline no delivery is attempted, and
 * every recipient is deferred.
 */
export async function runJob(job: DeliveryJob, agent: Agent, deadline: Deadline): Promise<readonly DeliveryLine[]> {
  const { id, arrival, recipients } = job;
  const begun = Date.now();
  const outcome = await attemptJob(job, agent, deadline, begun);
  const verdicts = outcome.values();
  return recipients.map((recipient) => {
    const verdict = recipient.fault === undefined ? verdicts.next().value : refusal(recipient.fault);
    if (verdict === undefined) throw new Error(`no verdict on ${recipient.address}`);
    return deliveryLine({ id, recipient, verdict, arrival, activated: begun, begun }, lineFormat(agent.parameters));
  });
}

/** Makes the attempt, and returns one verdict for each recipient of the delivery. */
async function attemptJob(
  { arrival, delivery, message }: DeliveryJob,
  agent: Agent,
  deadline: Deadline,
  begun: number,
): Promise<readonly Verdict[]> {
  if ('why' in message)
    return delivery.recipients.map(() => deferral(`the message body cannot be read: ${message.why}`));
  if (deadline.left() <= 0) return delivery.recipients.map(() => deferral(tooLate));
  const oneByOne = miscounting.get(agent) ?? new Map<string, number>();
  miscounting.set(agent, oneByOne);
  const { verdicts, shortReplies } = await deliver(delivery, agent, {
    message,
    // A slow server must not get the final dot after the deadline: the agent would not wait for its reply.
    gate: { ...openGate, mayGoOn: () => deadline.left() > 0 },
    deadline,
    age: begun - arrival,
    oneByOne: (oneByOne.get(delivery.destination) ?? 0) > performance.now(),
  });
  if (shortReplies !== undefined) {
    oneByOne.set(delivery.destination, performance.now() + agent.parameters.short_reply_fallback_time);
  }
  return verdicts;
}

const tooLate = 'not attempted: the deadline of this run (--deadline) has passed';

/** The verdict on a recipient that was not attempted. */
function deferral(text: string): Verdict {
  return { status: 'deferred', dsn: '4.3.0', text, setUp: 0, transfer: 0 };
}

function refusal(fault: string): Verdict {
  const text = `bad recipient address syntax: the address ${fault}`;
  return { status: 'bounced', dsn: '5.1.3', text, setUp: 0, transfer: 0 };
}

async function findMessage(reference: MessageReference, run: JobRun): Promise<Message | Unreadable> {
  if ('file' in reference) return await findFile(reference.file, run);
  // The SDK is loaded with the first body that is in a bucket.
  const [{ makeS3Client }, { S3Bodies }] = await Promise.all([
    import('../aws/clients.ts'),
    import('../aws/s3-bodies.ts'),
  ]);
  const bodies = new S3Bodies(makeS3Client(run.aws), run.cleanup);
  try {
    return await bodies.load(await bodies.pin(reference));
  } catch (cause) {
    if (cause instanceof BodyFault) throw new RequestError('message.key', cause.message, { cause });
    return { why: errorWords(cause) };
  }
}

async function findFile(file: string, run: JobRun): Promise<Message> {
  const path = pathOf(file, run);
  try {
    const { size } = await stat(path);
    if (size <= inMemoryLimit) return messageInMemory(await readFile(path), run.cleanup);
    const beginning = await readBeginning(path);
    return streamedMessage({ size, beginning, open: () => streamFile(path, size) }, run.cleanup);
  } catch (cause) {
    throw new RequestError('message.file', `${JSON.stringify(file)} cannot be read: ${fileFault(cause)}`, { cause });
  }
}

async function readBeginning(file: string): Promise<Buffer> {
  await using handle = await open(file);
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(beginningOctets), 0, beginningOctets, 0);
  return buffer.subarray(0, bytesRead);
}

/** Reads a file in chunks. Throws if its size changes meanwhile: the final dot must not follow part of a message. */
async function* streamFile(file: string, size: number): AsyncIterable<Buffer> {
  let read = 0;
  for await (const chunk of createReadStream(file)) {
    read += chunk.length;
    yield chunk;
  }
  if (read !== size) throw new Error(`${file} had ${size} octets and now has ${read}`);
}
