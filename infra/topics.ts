import { RemovalPolicy, Stack } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as sns from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';

export interface TopicsProps {
  /** Where alarms go. A topic of our own if absent. */
  readonly alarmTopic?: sns.ITopic | undefined;
}

/**
 * What the system tells others.
 *
 * The bounce and notice topics are encrypted with the account's own SNS key, which costs nothing and serves whoever in the
 * account may publish. Other AWS services cannot publish to a topic with that key, so that of the alarms has one of its own.
 */
export class Topics extends Construct {
  /** Bounce, delay and success events, in the JSON of Amazon SES. */
  readonly bounce: sns.Topic;
  /** Trouble that the postmaster wants to hear of (notify_classes). */
  readonly notice: sns.Topic;
  /** Alarms of CloudWatch. */
  readonly alarm: sns.ITopic;

  constructor(scope: Construct, id: string, { alarmTopic }: TopicsProps = {}) {
    super(scope, id);
    const masterKey = kms.Alias.fromAliasName(this, 'SnsKey', 'alias/aws/sns');
    this.bounce = new sns.Topic(this, 'Bounce', { enforceSSL: true, masterKey });
    this.notice = new sns.Topic(this, 'Notice', { enforceSSL: true, masterKey });
    this.alarm = alarmTopic ?? new sns.Topic(this, 'Alarm', { enforceSSL: true, masterKey: alarmKey(this) });
  }
}

/** A key that alarms of this account may publish under. What it protects is gone within minutes, so the key may go too. */
function alarmKey(scope: Construct): kms.Key {
  const key = new kms.Key(scope, 'AlarmKey', {
    description: 'lambda-lmtp: alarms on their way to their topic',
    enableKeyRotation: true,
    removalPolicy: RemovalPolicy.DESTROY,
  });
  key.addToResourcePolicy(
    new PolicyStatement({
      principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
      actions: ['kms:Decrypt', 'kms:GenerateDataKey*'],
      resources: ['*'],
      conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(scope).account } },
    }),
  );
  return key;
}
