/**
 * Names an AWS call as operators know it: the action of IAM, and the resource. Pure.
 *
 * Source of the actions: the Service Authorization Reference, each service's "Actions defined by".
 */

import type { AwsService } from './settings.ts';

/** A call. */
export interface AwsCall {
  readonly service: AwsService;
  /** What a policy grants, such as `s3:GetObject`. */
  readonly action: string;
  /** Its resource in words, such as `s3://mail/in/x.eml` or `the table "queue"`; empty: the call has none. */
  readonly resource: string;
}

type Input = Readonly<Record<string, unknown>>;

interface Row {
  /** Prefix of the actions. */
  readonly prefix: string;
  /** Actions that have another name than their operation. */
  readonly actions?: Readonly<Record<string, string>>;
  resource(input: Input): string;
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

/** `the table "queue"`; empty without a name. */
const quoted = (noun: string, name: string): string => (name === '' ? '' : `the ${noun} ${JSON.stringify(name)}`);

const rows: Readonly<Record<AwsService, Row>> = {
  CLOUDFORMATION: { prefix: 'cloudformation', resource: ({ StackName }) => quoted('stack', text(StackName)) },
  CLOUDWATCH_LOGS: {
    prefix: 'logs',
    resource: ({ logGroupName, logGroupIdentifier }) => quoted('log group', text(logGroupName ?? logGroupIdentifier)),
  },
  DYNAMODB: { prefix: 'dynamodb', resource: (input) => quoted('table', tableOf(input)) },
  LAMBDA: {
    prefix: 'lambda',
    actions: { Invoke: 'InvokeFunction' },
    resource: ({ FunctionName }) => quoted('function', text(FunctionName)),
  },
  S3: {
    prefix: 's3',
    actions: {
      HeadObject: 'GetObject',
      HeadBucket: 'ListBucket',
      ListObjectsV2: 'ListBucket',
      DeleteObjects: 'DeleteObject',
      CreateMultipartUpload: 'PutObject',
      UploadPart: 'PutObject',
      CompleteMultipartUpload: 'PutObject',
    },
    resource: ({ Bucket, Key }) => (text(Bucket) === '' ? '' : `s3://${[text(Bucket), text(Key)].join('/')}`),
  },
  SECRETS_MANAGER: { prefix: 'secretsmanager', resource: ({ SecretId }) => quoted('secret', text(SecretId)) },
  SES: {
    prefix: 'ses',
    resource: ({ Source, BounceSender }) => quoted('verified sender', text(Source ?? BounceSender)),
  },
  SNS: { prefix: 'sns', resource: ({ TopicArn }) => quoted('topic', text(TopicArn)) },
  SQS: {
    prefix: 'sqs',
    actions: {
      SendMessageBatch: 'SendMessage',
      DeleteMessageBatch: 'DeleteMessage',
      ChangeMessageVisibilityBatch: 'ChangeMessageVisibility',
    },
    resource: ({ QueueUrl, QueueName }) => quoted('queue', text(QueueName) || (text(QueueUrl).split('/').at(-1) ?? '')),
  },
  STS: { prefix: 'sts', resource: () => '' },
};

function tableOf({ TableName, RequestItems, TransactItems }: Input): string {
  if (typeof TableName === 'string') return TableName;
  if (typeof RequestItems === 'object' && RequestItems !== null) return Object.keys(RequestItems).join(', ');
  const parts = Array.isArray(TransactItems) ? TransactItems.flatMap((item: object) => Object.values(item)) : [];
  const names = parts.map((part: unknown) =>
    typeof part === 'object' && part !== null && 'TableName' in part ? text(part.TableName) : '',
  );
  return [...new Set(names)].join(', ');
}

/**
 * Returns the call of a command.
 *
 * @param operation such as `GetObject`
 * @param given the input of the command; nothing but names of resources is read from it
 */
export function callOf(service: AwsService, operation: string, given: object): AwsCall {
  const input: Input = { ...given };
  const { prefix, actions = {}, resource } = rows[service];
  const action = `${prefix}:${actions[operation] ?? operation}`;
  // An object's version has actions of its own.
  const ofVersion = service === 'S3' && text(input['VersionId']) !== '' && /Object$/.test(action) ? 'Version' : '';
  return { service, action: `${action}${ofVersion}`, resource: resource(input) };
}
