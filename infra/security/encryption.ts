/** A customer managed key for all stored data: what the construct encrypts with it, and which services may use it. */
import { Annotations, ArnFormat, Stack } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey, Key } from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';
import { flatReference, isReference } from '../properties/references.ts';

/** A key created in the same app, or an imported one. */
export type AnyKey = Key | IKey;

/** Properties about encryption. */
export interface EncryptionProps {
  /**
   * A customer managed key for the new message bucket, the table, queues, topics and logs. The construct adds statements to the
   * policy of a key from the same app. The policy of an imported key must have them already; synth prints them.
   *
   * @default - keys of AWS, which cost nothing, and one new key for the alarm topic
   */
  readonly encryptionKey?: AnyKey | undefined;
}

/** Lets CloudWatch publish alarms of this account to an encrypted topic. */
export function alarmsMayUse(stack: Stack): PolicyStatement {
  return mayUse('LambdaLmtpAlarms', 'cloudwatch.amazonaws.com', stack.account);
}

/** Lets S3 notify an encrypted queue of new objects, for buckets of one account. */
export function bucketsMayUse(account: string): PolicyStatement {
  return mayUse(`LambdaLmtpBuckets${/^\d+$/.test(account) ? account : ''}`, 's3.amazonaws.com', account);
}

/**
 * Returns the statements that the policy of a key needs for a stack, beside those for the account itself:
 *
 * - sns: sends events to the bounce queue, and notifications of Amazon SES to incoming;
 * - events and s3: notify incoming of new objects;
 * - ses: writes received mail to the message bucket;
 * - cloudwatch: publishes alarms;
 * - logs: writes logs.
 *
 * Each for this account only. DynamoDB needs none: it uses the key with the permissions of its caller.
 */
export function keyPolicy(stack: Stack): readonly PolicyStatement[] {
  const { account } = stack;
  return [
    mayUse('LambdaLmtpTopics', 'sns.amazonaws.com', account),
    mayUse('LambdaLmtpEvents', 'events.amazonaws.com', account),
    bucketsMayUse(account),
    mayUse('LambdaLmtpSes', 'ses.amazonaws.com', account),
    alarmsMayUse(stack),
    logsMayUse(stack),
  ];
}

/**
 * Lets services use a key. If its policy cannot be changed here, adds a warning with the missing statements.
 *
 * @param scope the construct of the warning
 */
export function letUse(scope: Construct, key: AnyKey, statements: readonly PolicyStatement[]): void {
  const missing = statements.filter((statement) => !key.addToResourcePolicy(statement, true).statementAdded);
  if (missing.length === 0) return;
  const stack = Stack.of(scope);
  const lines = missing.map((statement) =>
    JSON.stringify(stack.resolve(statement.toStatementJson()), (_, value) =>
      isReference(value) ? flatReference(value) : value,
    ),
  );
  Annotations.of(scope).addWarningV2(
    'lambda-lmtp:key-policy',
    `encryptionKey: the stack cannot change the policy of an imported key. Add these statements to it:\n${lines.join(',\n')}`,
  );
}

/** In the policy of a key, `*` means this key. */
const thisKey = ['*'];

function mayUse(sid: string, service: string, account: string): PolicyStatement {
  return new PolicyStatement({
    sid,
    principals: [new ServicePrincipal(service)],
    actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
    resources: thisKey,
    conditions: { StringEquals: { 'aws:SourceAccount': account } },
  });
}

/** Lets CloudWatch Logs use the key for log groups of this account. */
function logsMayUse(stack: Stack): PolicyStatement {
  const groups = stack.formatArn({
    service: 'logs',
    resource: 'log-group',
    resourceName: '*',
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
  });
  return new PolicyStatement({
    sid: 'LambdaLmtpLogs',
    principals: [new ServicePrincipal(`logs.${stack.region}.amazonaws.com`)],
    actions: [
      'kms:Decrypt',
      'kms:DescribeKey',
      'kms:Encrypt',
      'kms:GenerateDataKey',
      'kms:GenerateDataKeyWithoutPlaintext',
      'kms:ReEncryptFrom',
      'kms:ReEncryptTo',
    ],
    resources: thisKey,
    conditions: { ArnLike: { 'kms:EncryptionContext:aws:logs:arn': groups } },
  });
}
