/**
 * `lambda-lmtp submit`: messages into a deployed or a local stack, by its own front door. The body goes to the message
 * bucket, a delivery request to the incoming queue.
 */

import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { S3Client } from '@aws-sdk/client-s3';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { Command } from 'commander';
import { putMessage } from '../aws/put-message.ts';
import { environmentNames as names } from '../parameters/environment.ts';
import { readRequest } from '../request/request.ts';
import { RequestError } from '../request/request-error.ts';
import { printable } from '../session/line-reader.ts';
import { addressFault, isAscii } from '../smtp/path.ts';
import { exitCodes } from './exit-codes.ts';
import { fileWords } from './file-words.ts';
import { defaultStack, readStackOutputs, requireOutput, StackError } from './stack-outputs.ts';

/** The options as commander hands them over. */
interface SubmitOptions {
  readonly sender: string;
  readonly recipient: readonly string[];
  readonly destination?: string;
  readonly id?: string;
  readonly stack?: string;
  readonly transport?: string;
  readonly bucket?: string;
  readonly queueUrl?: string;
  readonly prefix: string;
  readonly json?: true;
}

/** Where a stack takes mail in. */
interface FrontDoor {
  readonly bucket: string;
  readonly queueUrl: string;
}

/** A message that was submitted, as it is printed. */
interface Submitted {
  readonly file: string;
  /** Queue id. */
  readonly id: string;
  /** Of the SQS message. */
  readonly messageId: string;
  readonly bucket: string;
  readonly key: string;
  readonly versionId?: string;
}

/** Defines the command. */
export function submitCommand(): Command {
  return new Command('submit')
    .description('Hand messages to a deployed or local stack: body to its bucket, request to its incoming queue')
    .argument('<file...>', 'messages, one request for each')
    .requiredOption('--sender <address>', 'envelope sender; "" is the null sender')
    .requiredOption('--recipient <address>', 'envelope recipient; may be given several times', collect)
    .option('--destination <next-hop>', 'deliver there; only what the stack allows')
    .option('--id <id>', 'queue id, of one message only; a random one if absent')
    .option('--stack <name>', `CloudFormation stack (default: "${defaultStack}", unless bucket and queue are known)`)
    .option('--transport <name>', 'transport of the stack, where it has several (default: its first)')
    .option('--bucket <name>', `message bucket (environment: ${names.messageBucket})`)
    .option('--queue-url <url>', `incoming queue (environment: ${names.incomingQueueUrl})`)
    .option('--prefix <prefix>', 'where in the bucket', 'in/')
    .option('--json', 'print JSON lines')
    .action(submitAction);
}

async function submitAction(files: readonly string[], options: SubmitOptions, command: Command): Promise<void> {
  if (options.id !== undefined && files.length > 1) command.error('error: --id is for one message');
  const fault = envelopeFault(options);
  if (fault !== undefined) return complain(fault, exitCodes.malformed);
  const door = await findDoor(options, command);
  if (door === undefined) return;
  const clients = { s3: new S3Client(), sqs: new SQSClient() };
  for (const file of files) {
    const body = await readBody(file);
    if (body !== undefined && !(await submit(file, body, { options, door, clients }))) return;
  }
}

/** What is wrong with the options, found before anything is sent; a bad address would only bounce. */
function envelopeFault(options: SubmitOptions): string | undefined {
  for (const address of options.recipient) {
    const fault = addressFault(address);
    if (fault !== undefined) return `--recipient: ${JSON.stringify(address)} ${fault}`;
  }
  try {
    // As the stack will read it; ports by name are its business.
    readRequest(makeRequest(options, { bucket: 'b', key: 'k' }, options.id ?? 'x'), {
      allowFiles: false,
      defaultPort: 24,
      now: Date.now(),
    });
    return undefined;
  } catch (error) {
    if (error instanceof RequestError) return `--${error.message}`;
    throw error;
  }
}

async function findDoor(options: SubmitOptions, command: Command): Promise<FrontDoor | undefined> {
  const { stack, transport, bucket, queueUrl } = options;
  const isNamed = stack !== undefined || transport !== undefined;
  if (isNamed && (bucket !== undefined || queueUrl !== undefined)) {
    command.error(`error: --${stack === undefined ? 'transport' : 'stack'} goes without --bucket and --queue-url`);
  }
  const known = {
    bucket: bucket ?? process.env[names.messageBucket],
    queueUrl: queueUrl ?? process.env[names.incomingQueueUrl],
  };
  if (!isNamed && known.bucket && known.queueUrl) return { bucket: known.bucket, queueUrl: known.queueUrl };
  if (!isNamed && (known.bucket || known.queueUrl)) {
    const missing = known.bucket
      ? `--queue-url (or ${names.incomingQueueUrl})`
      : `--bucket (or ${names.messageBucket})`;
    command.error(`error: missing ${missing}`);
  }
  const name = stack ?? defaultStack;
  try {
    const outputs = await readStackOutputs(name, transport);
    return {
      bucket: requireOutput(outputs, name, 'MessageBucketName'),
      queueUrl: requireOutput(outputs, name, 'IncomingQueueUrl'),
    };
  } catch (error) {
    if (error instanceof StackError) command.error(`error: ${error.message}`);
    complain(`the stack "${name}" cannot be looked up: ${wordsOf(error)}`, exitCodes.tempFail);
    return undefined;
  }
}

/** What else a submission needs. */
interface Surroundings {
  readonly options: SubmitOptions;
  readonly door: FrontDoor;
  readonly clients: { readonly s3: S3Client; readonly sqs: SQSClient };
}

/** Whether it went well: where AWS does not take one message, it would not take the next. */
async function submit(file: string, body: Buffer, { options, door, clients }: Surroundings): Promise<boolean> {
  const id = options.id ?? randomBytes(6).toString('hex');
  const { bucket, queueUrl } = door;
  const key = `${options.prefix}${id}.eml`;
  let message: { bucket: string; key: string; versionId?: string } = { bucket, key };
  try {
    const versionId = await putMessage(clients.s3, { Bucket: bucket, Key: key }, body);
    if (versionId !== undefined) message = { ...message, versionId };
  } catch (error) {
    complain(`${file}: the body cannot be written to the bucket "${bucket}": ${wordsOf(error)}`, exitCodes.tempFail);
    return false;
  }
  try {
    const MessageBody = JSON.stringify(makeRequest(options, message, id));
    const { MessageId = '' } = await clients.sqs.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody }));
    print({ file, id, messageId: MessageId, ...message }, options);
    return true;
  } catch (error) {
    const left = `the body stays in s3://${bucket}/${key}`;
    complain(`${file}: the request cannot be sent to ${queueUrl}: ${wordsOf(error)}; ${left}`, exitCodes.tempFail);
    return false;
  }
}

function makeRequest({ sender, recipient, destination }: SubmitOptions, message: object, id: string): object {
  return {
    version: 1,
    id,
    sender,
    recipients: recipient,
    message,
    ...(destination === undefined ? {} : { destination }),
    // Whoever types an address in UTF-8 means it.
    ...([sender, ...recipient].every(isAscii) ? {} : { smtputf8: true }),
  };
}

async function readBody(file: string): Promise<Buffer | undefined> {
  try {
    return await readFile(file);
  } catch (error) {
    complain(`${file} cannot be read: ${fileWords(error)}`, exitCodes.malformed);
    return undefined;
  }
}

function print(submitted: Submitted, { json }: SubmitOptions): void {
  const { file, id } = submitted;
  process.stdout.write(`${json ? JSON.stringify(submitted) : printable(`${basename(file)}: submitted as ${id}`)}\n`);
}

/** What could not be submitted for now counts for more than what never can: whoever tries again gets both right. */
function complain(words: string, code: number): void {
  process.stderr.write(`${printable(words)}\n`);
  process.exitCode = code;
}

function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.message === '' ? error.name : error.message;
}

function collect(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, value];
}
