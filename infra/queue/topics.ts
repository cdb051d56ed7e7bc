import { RemovalPolicy, Stack } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as sns from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { type AnyKey, alarmsMayUse } from '../security/encryption.ts';

/** A topic made in the same app, or one from elsewhere. */
export type AnyTopic = sns.Topic | sns.ITopic;

export interface TopicsProps {
  /** Where alarms go. A new topic if absent. */
  readonly alarmTopic?: AnyTopic | undefined;
  /** The key that all topics are encrypted with. */
  readonly encryptionKey?: AnyKey | undefined;
}

/**
 * What the system tells others.
 *
 * Bounce and notice are encrypted with the account's own SNS key, which costs nothing and serves whoever in the account may
 * publish. With that key no other service of AWS can publish, so the topic of alarms has a small key of its own.
 */
export class Topics extends Construct {
  /** Bounce, delay and success events, in the JSON of Amazon SES. */
  readonly bounce: sns.Topic;
  /** Trouble that the postmaster wants to hear of (notify_classes). */
  readonly notice: sns.Topic;
  /** Alarms of CloudWatch. */
  readonly alarm: AnyTopic;

  constructor(scope: Construct, id: string, { alarmTopic, encryptionKey }: TopicsProps = {}) {
    super(scope, id);
    const masterKey = encryptionKey ?? kms.Alias.fromAliasName(this, 'SnsKey', 'alias/aws/sns');
    this.bounce = new sns.Topic(this, 'Bounce', { enforceSSL: true, masterKey });
    this.notice = new sns.Topic(this, 'Notice', { enforceSSL: true, masterKey });
    this.alarm = alarmTopic ?? this.#newAlarmTopic(encryptionKey ?? newAlarmKey(this));
  }

  /** CloudWatch publishes for the account whose alarm it is; nobody else does. */
  #newAlarmTopic(masterKey: AnyKey): sns.Topic {
    const topic = new sns.Topic(this, 'Alarm', { enforceSSL: true, masterKey });
    topic.addToResourcePolicy(
      new PolicyStatement({
        principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
        actions: ['sns:Publish'],
        resources: [topic.topicArn],
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
    );
    return topic;
  }
}

/** What it protects is gone within minutes, so the key goes with its stack. */
function newAlarmKey(scope: Construct): kms.Key {
  const key = new kms.Key(scope, 'AlarmKey', {
    description: 'lambda-lmtp: lets CloudWatch publish alarms to an encrypted topic',
    enableKeyRotation: true,
    removalPolicy: RemovalPolicy.DESTROY,
  });
  key.addToResourcePolicy(alarmsMayUse(Stack.of(scope)));
  return key;
}
