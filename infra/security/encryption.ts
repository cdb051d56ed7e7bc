/** A key of one's own for everything that is stored: what the construct encrypts with it, and which services may use it. */
import { Annotations, ArnFormat, Stack } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey, Key } from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';
import { flatReference, isReference } from '../properties/references.ts';

/** A key made in the same app, or one from elsewhere. */
export type AnyKey = Key | IKey;

/** Properties about encryption. */
export interface EncryptionProps {
  /**
   * A key of your own for the new message bucket, the table, queues, topics and logs. The policy of a key that is made in the
   * same app is made to fit; that of one from elsewhere must fit already, and synth prints what it must say.
   *
   * @default - keys of AWS, which cost nothing, and one small key for the topic of alarms
   */
  readonly encryptionKey?: AnyKey | undefined;
}

/** CloudWatch publishes alarms to an encrypted topic; for this account's alarms alone. */
export function alarmsMayUse(stack: Stack): PolicyStatement {
  return mayUse('LambdaLmtpAlarms', 'cloudwatch.amazonaws.com', stack.account);
}

/** S3 tells an encrypted queue of new objects; for the buckets of one account alone. */
export function bucketsMayUse(account: string): PolicyStatement {
  return mayUse(`LambdaLmtpBuckets${/^\d+$/.test(account) ? account : ''}`, 's3.amazonaws.com', account);
}

/**
 * What the policy of a key must say for a stack, beside what it says of the account itself:
 *
 * - sns: what the topics say comes to the bounce queue, and what Amazon SES received to incoming;
 * - events and s3: of new objects incoming is told;
 * - ses: what it receives may be put into the message bucket;
 * - cloudwatch: alarms come to their topic;
 * - logs: logs are written.
 *
 * Each for this account only. DynamoDB needs no more: it acts for whoever uses the table.
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
 * Lets services use a key; where its policy is not ours to change, says what it must say.
 *
 * @param scope what the warning stands at
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
    `encryptionKey: the policy of a key from elsewhere cannot be changed here. It must hold these statements:\n${lines.join(',\n')}`,
  );
}

/** In the policy of a key `*` is that key. */
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

/** CloudWatch Logs, which says which log group a key is for. */
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
