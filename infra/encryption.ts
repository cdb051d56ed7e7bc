/** A key of one's own for everything that is stored: what the construct encrypts with it, and who may use it. */
import type { Stack } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey, Key } from 'aws-cdk-lib/aws-kms';

/** A key made in the same app, or one from elsewhere. */
export type AnyKey = Key | IKey;

/** Properties about encryption. */
export interface EncryptionProps {
  /**
   * A key of your own for the message bucket, the table, queues, topics and logs. The policy of a key that is made in the same
   * app is made to fit; that of one from elsewhere must fit already, and synth prints what it must say.
   *
   * @default - keys of AWS, which cost nothing, and one small key for the topic of alarms
   */
  readonly encryptionKey?: AnyKey | undefined;
}

/** CloudWatch publishes alarms to an encrypted topic; for this account's alarms alone. */
export function alarmsMayUse(stack: Stack): PolicyStatement {
  return new PolicyStatement({
    sid: 'AlarmsToTopic',
    principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
    actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
    // In the policy of a key, that key.
    resources: ['*'],
    conditions: { StringEquals: { 'aws:SourceAccount': stack.account } },
  });
}
