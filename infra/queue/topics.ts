import { RemovalPolicy, Stack } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as sns from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { type AnyKey, alarmsMayUse } from '../security/encryption.ts';

/** A topic created in the same app, or an imported one. */
export type AnyTopic = sns.Topic | sns.ITopic;

export interface TopicsProps {
  /** Topic of the alarms. A new one if absent. */
  readonly alarmTopic?: AnyTopic | undefined;
  /** The key of all topics. */
  readonly encryptionKey?: AnyKey | undefined;
}

/**
 * The topics of a transport.
 *
 * Bounce and notice are encrypted with the account's SNS key, which costs nothing and serves every publisher in the account. AWS
 * services cannot publish with that key, so the alarm topic has its own key.
 */
export class Topics extends Construct {
  /** Bounce, delay and success events, in the JSON of Amazon SES. */
  readonly bounce: sns.Topic;
  /** Notices to the postmaster (notify_classes). */
  readonly notice: sns.Topic;
  /** CloudWatch alarms. */
  readonly alarm: AnyTopic;

  constructor(scope: Construct, id: string, { alarmTopic, encryptionKey }: TopicsProps = {}) {
    super(scope, id);
    const masterKey = encryptionKey ?? kms.Alias.fromAliasName(this, 'SnsKey', 'alias/aws/sns');
    this.bounce = new sns.Topic(this, 'Bounce', { enforceSSL: true, masterKey });
    this.notice = new sns.Topic(this, 'Notice', { enforceSSL: true, masterKey });
    this.alarm = alarmTopic ?? this.#newAlarmTopic(encryptionKey ?? newAlarmKey(this));
  }

  /** Only CloudWatch may publish, and only for alarms of this account. */
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

/** The key is deleted with the stack: alarm messages exist for minutes only. */
function newAlarmKey(scope: Construct): kms.Key {
  const key = new kms.Key(scope, 'AlarmKey', {
    description: 'lambda-lmtp: lets CloudWatch publish alarms to an encrypted topic',
    enableKeyRotation: true,
    removalPolicy: RemovalPolicy.DESTROY,
  });
  key.addToResourcePolicy(alarmsMayUse(Stack.of(scope)));
  return key;
}
