/** The interface of a running stack: to submit mail, and to read its outcome. */
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
  /** The same with all variables of the functions, by which the command line finds the stack. */
  readonly variables: Readonly<Record<string, string>>;
  /** The outputs of a deployed stack. */
  readonly outputs: Outputs;
  readonly clients: Clients & { readonly documents: DynamoDBDocumentClient };
  readonly functions: Readonly<Record<FunctionName, LambdaFunction>>;
  readonly mailStore: MaildirServer;
  /** Every line that the functions wrote. */
  readonly log: Collection<LogLine>;
  /** The delivery lines of the log. */
  readonly deliveries: Collection<DeliveryLine>;
  /** Messages of the bounce topic. */
  readonly events: Collection<TopicMessage>;
  /** Messages of the notice topic. */
  readonly notices: Collection<TopicMessage>;
  /** Sends a request, valid or not, to the incoming queue; resolves to the id of the SQS message. */
  submit(request: object | string): Promise<string>;
  /** Writes a message body to the message bucket; resolves to the `message` field of a request. */
  putMessage(
    key: string,
    body: Uint8Array | string,
    metadata?: Readonly<Record<string, string>>,
  ): Promise<{ bucket: string; key: string }>;
  /** Events of the bounce topic since the last call. */
  receiveEvents(): readonly TopicMessage[];
  /** Runs a sweep now. */
  sweep(): Promise<InvocationResult>;
  /** Returns the messages of a queue without receiving them. */
  inspectQueue(name: QueueName): QueueContent;
  /** Stops the stack. Running invocations get two seconds to finish. */
  close(): Promise<void>;
}

/** The outputs of a deployed stack that the local one has too. */
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

/** The parts of a stack. */
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

/** A running stack without `close`. */
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
