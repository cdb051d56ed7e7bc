/**
 * What somebody may do with a key of one's own, and only by way of the service that asks for it: none of our functions speaks to
 * KMS.
 */
import { Stack } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { AnyKey } from '../security/encryption.ts';

/** What is done to a thing that lies under a key. */
export interface KeyUse {
  /** Services that things are read from: messages received, items and objects read. */
  readonly reads?: readonly Service[];
  /** Services that things are written to: messages sent and published, objects and items written. */
  readonly writes?: readonly Service[];
}

type Service = 'sqs' | 'sns' | 's3' | 'dynamodb';

/** To write to a queue, a topic or a bucket a data key is made, and read again where one serves several messages. */
const writing = ['kms:Decrypt', 'kms:GenerateDataKey'];

/** What DynamoDB's documentation asks for, action by action; the key of the table is unwrapped with the first. */
const readingItems = ['kms:Decrypt', 'kms:DescribeKey'];
const writingItems = [
  ...readingItems,
  'kms:Encrypt',
  'kms:GenerateDataKey',
  'kms:GenerateDataKeyWithoutPlaintext',
  'kms:ReEncryptFrom',
  'kms:ReEncryptTo',
];

/** The statements for a key; none without one. */
export function keyStatements(key: AnyKey | undefined, { reads = [], writes = [] }: KeyUse): PolicyStatement[] {
  if (key === undefined) return [];
  const isWritten = (service: Service) => writes.includes(service);
  const only = (services: readonly Service[]) => services.filter((service) => service !== 'dynamodb');
  const items = isWritten('dynamodb') ? writingItems : reads.includes('dynamodb') ? readingItems : [];
  return [
    ...through(key, only(writes), writing),
    ...through(
      key,
      only(reads).filter((service) => !isWritten(service)),
      ['kms:Decrypt'],
    ),
    ...through(key, items.length > 0 ? ['dynamodb'] : [], items),
  ];
}

function through(key: AnyKey, services: readonly Service[], actions: string[]): PolicyStatement[] {
  if (services.length === 0) return [];
  const { region } = Stack.of(key);
  return [
    throughServices(
      key,
      services.map((service) => `${service}.${region}`),
      actions,
    ),
  ];
}

/**
 * What a service may be asked to do with the key of a bucket or a secret, which may lie in any region.
 *
 * @param service that holds it
 */
export function keyOf(
  service: 's3' | 'secretsmanager',
  key: AnyKey | undefined,
  ...actions: string[]
): PolicyStatement[] {
  return key === undefined ? [] : [throughServices(key, [`${service}.*`], actions)];
}

/** In China the names of services end otherwise. */
function throughServices(key: AnyKey, services: readonly string[], actions: string[]): PolicyStatement {
  const names = services.map((service) => `${service}.amazonaws.com*`);
  return new PolicyStatement({
    actions,
    resources: [key.keyArn],
    conditions: { StringLike: { 'kms:ViaService': names } },
  });
}
