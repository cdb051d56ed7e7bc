/** A running stack as its users see it: how mail is put in, and what becomes of it. */
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { putMessage } from '../../functions/aws/put-message.ts';
import type { DeliveryLine } from '../../functions/log/delivery-line.ts';
import type { FunctionName } from '../functions/bundle.ts';
import type { Collection } from './collection.ts';
import type { InvocationResult } from './container.ts';
import type { QueueName } from './emulators.ts';
import type { QueueContent } from './fauxqs.ts';
import type { LogLine } from './function-log.ts';
import type { LambdaFunction } from './lambda-function.ts';
import type { MaildirServer } from './samples/maildir-server.ts';
import { scheduledEvent } from './schedule.ts';
import type { Clients } from './services.ts';
import type { TopicMessage, TopicSubscriber } from './topic-subscriber.ts';

/** A running stack. */
export interface LocalStack {
  readonly directory: string;
  /** Variables for SDK clients and the command line: endpoints, region, credentials. */
  readonly environment: Readonly<Record<string, string>>;
  /** The same, and all that the functions know of the stack: what the command line finds it by. */
  readonly variables: Readonly<Record<string, string>>;
  /** What a deployed stack has as outputs. */
  readonly outputs: Outputs;
  readonly clients: Clients & { readonly documents: DynamoDBDocumentClient };
  readonly functions: Readonly<Record<FunctionName, LambdaFunction>>;
  readonly mailStore: MaildirServer;
  /** Every line that the functions wrote. */
  readonly log: Collection<LogLine>;
  /** Every delivery of the log. */
  readonly deliveries: Collection<DeliveryLine>;
  /** What the bounce topic said. */
  readonly events: Collection<TopicMessage>;
  /** What the notice topic said. */
  readonly notices: Collection<TopicMessage>;
  /** Sends a delivery request (or what claims to be one) to the incoming queue; resolves to the id of the SQS message. */
  submit(request: object | string): Promise<string>;
  /** Writes a message body to the message bucket; resolves to what a request's `message` field wants. */
  putMessage(
    key: string,
    body: Uint8Array | string,
    metadata?: Readonly<Record<string, string>>,
  ): Promise<{ bucket: string; key: string }>;
  /** Events of the bounce topic since the last call. */
  receiveEvents(): readonly TopicMessage[];
  /** Runs a sweep now. */
  sweep(): Promise<InvocationResult>;
  /** What lies in a queue, without receiving it. */
  inspectQueue(name: QueueName): QueueContent;
  /** Ends everything. Invocations that run get two seconds to finish. */
  close(): Promise<void>;
}

/** The outputs of a deployed stack, as far as the local one has them. */
export interface Outputs {
  readonly IncomingQueueUrl: string;
  readonly ActiveQueueUrl: string;
  readonly DeferredQueueUrl: string;
  readonly CorruptQueueUrl: string;
  readonly BounceTopicArn: string;
  readonly NoticeTopicArn: string;
  readonly MessageBucketName: string;
  readonly QueueTableName: string;
  readonly CheckFunctionName: string;
}

/** What a stack is made of. */
export interface StackParts
  extends Pick<
    LocalStack,
    'directory' | 'environment' | 'variables' | 'outputs' | 'functions' | 'mailStore' | 'inspectQueue'
  > {
  readonly clients: Clients;
  readonly log: Collection<LogLine>;
  readonly deliveries: Collection<DeliveryLine>;
  /** Of the bounce topic. */
  readonly events: TopicSubscriber;
  /** Of the notice topic. */
  readonly notices: TopicSubscriber;
}

/** A running stack, but for its end. */
export function stackOf({ clients, events, notices, ...parts }: StackParts): Omit<LocalStack, 'close'> {
  const { outputs, functions } = parts;
  return {
    ...parts,
    clients: { ...clients, documents: DynamoDBDocumentClient.from(clients.dynamodb) },
    events: events.received,
    notices: notices.received,
    submit: async (request) => {
      const MessageBody = typeof request === 'string' ? request : JSON.stringify(request);
      const QueueUrl = outputs.IncomingQueueUrl;
      const { MessageId = '' } = await clients.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody }));
      return MessageId;
    },
    putMessage: async (key, body, metadata) => {
      const bucket = outputs.MessageBucketName;
      await putMessage(clients.s3, { Bucket: bucket, Key: key }, body, metadata);
      return { bucket, key };
    },
    receiveEvents: () => events.received.take(),
    sweep: () => functions.sweep.invoke(scheduledEvent()),
  };
}
