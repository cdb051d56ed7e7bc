/**
 * Sends a message into a running stack: body to the message bucket, delivery request to the incoming queue.
 *
 *     node infra/local/run.mjs infra/local/submit.ts FILE --recipient ADDRESS [--recipient ADDRESS]... [--sender ADDRESS]
 *
 * INCOMING_QUEUE_URL and MESSAGE_BUCKET name the stack, the SDK's usual variables the way to it; `npm start -- --keep` writes
 * them to a file.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { S3Client } from '@aws-sdk/client-s3';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { Command } from 'commander';
import { putMessage } from './put-message.ts';

const command: Command = new Command('submit.ts')
  .argument('<FILE>', 'message to send')
  .requiredOption('--recipient <address>', 'envelope recipient; may be repeated', (value, sofar: string[] = []) => [
    ...sofar,
    value,
  ])
  .option('--sender <address>', 'envelope sender; "" is the null sender', '')
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 64))
  .parse();

const { INCOMING_QUEUE_URL: QueueUrl, MESSAGE_BUCKET: Bucket } = process.env;
if (!QueueUrl || !Bucket) command.error('error: INCOMING_QUEUE_URL and MESSAGE_BUCKET are not set');

const { recipient: recipients, sender } = command.opts<{ recipient: string[]; sender: string }>();
const id = randomBytes(6).toString('hex');
const message = { bucket: Bucket, key: `in/${id}.eml` };
await putMessage(new S3Client(), { Bucket: message.bucket, Key: message.key }, readFileSync(command.args[0] ?? ''));
const MessageBody = JSON.stringify({ version: 1, id, sender, recipients, message });
await new SQSClient().send(new SendMessageCommand({ QueueUrl, MessageBody }));
process.stdout.write(`submitted as ${id}\n`);
