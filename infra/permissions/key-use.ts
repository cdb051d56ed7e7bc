/**
 * Permissions for a customer managed key, limited to use by AWS services (kms:ViaService): no function calls KMS itself.
 */
import { Stack } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { AnyKey } from '../security/encryption.ts';

/** The use of resources that are encrypted with a key. */
export interface KeyUse {
  /** Services that the grantee reads from: messages received, items and objects read. */
  readonly reads?: readonly Service[];
  /** Services that the grantee writes to: messages sent and published, objects and items written. */
  readonly writes?: readonly Service[];
}

type Service = 'sqs' | 'sns' | 's3' | 'dynamodb';

/** A write to a queue, a topic or a bucket generates a data key, or decrypts one that serves several messages. */
const writing = ['kms:Decrypt', 'kms:GenerateDataKey'];

/** The actions that DynamoDB's documentation requires; the first one decrypts the key of the table. */
const readingItems = ['kms:Decrypt', 'kms:DescribeKey'];
const writingItems = [
  ...readingItems,
  'kms:Encrypt',
  'kms:GenerateDataKey',
  'kms:GenerateDataKeyWithoutPlaintext',
  'kms:ReEncryptFrom',
  'kms:ReEncryptTo',
];

/** Returns the statements for a key; none without a key. */
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
 * Returns the statements for the key of a bucket or a secret, which may be in any region.
 *
 * @param service the service of the bucket or secret
 */
export function keyOf(
  service: 's3' | 'secretsmanager',
  key: AnyKey | undefined,
  ...actions: string[]
): PolicyStatement[] {
  return key === undefined ? [] : [throughServices(key, [`${service}.*`], actions)];
}

/** A statement for use through services. The pattern ends with `*`, since their names end with `.cn` in China. */
function throughServices(key: AnyKey, services: readonly string[], actions: string[]): PolicyStatement {
  const names = services.map((service) => `${service}.amazonaws.com*`);
  return new PolicyStatement({
    actions,
    resources: [key.keyArn],
    conditions: { StringLike: { 'kms:ViaService': names } },
  });
}
