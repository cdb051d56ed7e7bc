/**
 * `lambda-lmtp submit`: sends messages to a deployed or local stack. The body is written to the message bucket, and a delivery
 * request is sent to the incoming queue.
 */

import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import type { S3Client } from '@aws-sdk/client-s3';
import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { Command } from 'commander';
import { makeS3Client, makeSqsClient } from '../aws/clients.ts';
import { putMessage } from '../aws/put-message.ts';
import { environmentNames as names } from '../parameters/environment.ts';
import { readRequest } from '../request/request.ts';
import { RequestError } from '../request/request-error.ts';
import { escapeControls, safeJson } from '../smtp/control-characters.ts';
import { addressFault } from '../smtp/path.ts';
import { defaultStack } from './default-stack.ts';
import { exitCodes } from './exit-codes.ts';
import { awsFault, Failure, fileFault } from './failure.ts';
import { pathOf, type Run } from './run.ts';
import { readStackOutputs, requireOutput, StackError } from './stack-outputs.ts';

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

/** Where a stack accepts mail. */
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

/** Submits the messages. */
export async function submitAction(
  run: Run,
  files: readonly string[],
  options: SubmitOptions,
  command: Command,
): Promise<void> {
  if (options.id !== undefined && files.length > 1) command.error('error: --id allows only one message');
  const fault = envelopeFault(options);
  if (fault !== undefined) return complain(run, fault, exitCodes.malformed);
  const door = await findDoor(run, options, command);
  if (door === undefined) return;
  const clients = { s3: makeS3Client(run.aws), sqs: makeSqsClient(undefined, run) };
  for (const file of files) {
    const body = await readBody(run, file);
    if (body !== undefined && !(await submit(file, body, { run, options, door, clients }))) return;
  }
}

/** The fault of the options, found before anything is sent; a bad address would only bounce. */
function envelopeFault(options: SubmitOptions): string | undefined {
  for (const address of options.recipient) {
    const fault = addressFault(address);
    if (fault !== undefined) return `--recipient: ${JSON.stringify(address)} ${fault}`;
  }
  try {
    // The stack resolves named ports, so the default port does not matter.
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

async function findDoor(run: Run, options: SubmitOptions, command: Command): Promise<FrontDoor | undefined> {
  const { stack, transport, bucket, queueUrl } = options;
  const isNamed = stack !== undefined || transport !== undefined;
  if (isNamed && (bucket !== undefined || queueUrl !== undefined)) {
    command.error(
      `error: --${stack === undefined ? 'transport' : 'stack'} cannot be combined with --bucket or --queue-url`,
    );
  }
  const known = {
    bucket: bucket ?? run.env[names.messageBucket],
    queueUrl: queueUrl ?? run.env[names.incomingQueueUrl],
  };
  if (!isNamed && known.bucket && known.queueUrl) {
    if (!/^https?:/.test(known.queueUrl) || !URL.canParse(known.queueUrl)) {
      const name = queueUrl === undefined ? names.incomingQueueUrl : '--queue-url';
      const expected = 'expected a URL, such as https://sqs.eu-central-1.amazonaws.com/123456789012/incoming';
      command.error(`error: ${name}: ${JSON.stringify(known.queueUrl)} is not allowed: ${expected}`);
    }
    return { bucket: known.bucket, queueUrl: known.queueUrl };
  }
  if (!isNamed && (known.bucket || known.queueUrl)) {
    const missing = known.bucket
      ? `--queue-url (or ${names.incomingQueueUrl})`
      : `--bucket (or ${names.messageBucket})`;
    command.error(`error: missing ${missing}`);
  }
  const name = stack ?? defaultStack;
  try {
    const outputs = await readStackOutputs(name, transport, run.aws);
    return {
      bucket: requireOutput(outputs, name, 'MessageBucketName'),
      queueUrl: requireOutput(outputs, name, 'IncomingQueueUrl'),
    };
  } catch (error) {
    if (error instanceof StackError) command.error(`error: ${error.message}`);
    complainOfAws(run, error, `the stack "${name}" cannot be looked up`);
    return undefined;
  }
}

/** What a submission needs beside the message. */
interface SubmitContext {
  readonly run: Run;
  readonly options: SubmitOptions;
  readonly door: FrontDoor;
  readonly clients: { readonly s3: S3Client; readonly sqs: SQSClient };
}

/** Submits a message, and returns whether it succeeded. After a failure of AWS the other messages are not tried. */
async function submit(file: string, body: Buffer, { run, options, door, clients }: SubmitContext): Promise<boolean> {
  const id = options.id ?? randomBytes(6).toString('hex');
  const { bucket, queueUrl } = door;
  const key = `${options.prefix}${id}.eml`;
  let message: { bucket: string; key: string; versionId?: string } = { bucket, key };
  try {
    const versionId = await putMessage(clients.s3, { Bucket: bucket, Key: key }, body);
    if (versionId !== undefined) message = { ...message, versionId };
  } catch (error) {
    complainOfAws(run, error, `${file}: the body cannot be written to the bucket "${bucket}"`);
    return false;
  }
  try {
    const MessageBody = JSON.stringify(makeRequest(options, message, id));
    const { MessageId = '' } = await clients.sqs.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody }));
    print(run, { file, id, messageId: MessageId, ...message }, options);
    return true;
  } catch (error) {
    const left = `its body stays in s3://${bucket}/${key}`;
    complainOfAws(run, error, `${file}: the request cannot be sent to ${queueUrl}, and ${left}`);
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
  };
}

async function readBody(run: Run, file: string): Promise<Buffer | undefined> {
  try {
    return await readFile(pathOf(file, run));
  } catch (error) {
    complain(run, `${file} cannot be read: ${fileFault(error)}`, exitCodes.malformed);
    return undefined;
  }
}

function print({ stdout }: Run, submitted: Submitted, { json }: SubmitOptions): void {
  const { file, id } = submitted;
  stdout.write(`${json ? safeJson(submitted) : escapeControls(`${basename(file)}: submitted as ${id}`)}\n`);
}

/** Prints a fault and sets the exit code. */
function complain(run: Run, words: string, code: number): void {
  run.stderr.write(`${escapeControls(words)}\n`);
  run.exitCode = code;
}

/** Prints an error of AWS, and sets the exit code of its kind. Throws any other error, which is a bug. */
function complainOfAws(run: Run, error: unknown, what: string): void {
  const failure = awsFault(error, what);
  if (!(failure instanceof Failure)) throw failure;
  complain(run, failure.message, failure.exitCode);
}
