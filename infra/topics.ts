import * as kms from 'aws-cdk-lib/aws-kms';
import * as sns from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';

/**
 * What the system tells others.
 *
 * Both topics are encrypted with the account's own SNS key, which costs nothing and serves whoever in the account may
 * publish. Known limit: other AWS services (CloudWatch alarms, S3 events) cannot publish to a topic with that key.
 */
export class Topics extends Construct {
  /** Bounce, delay and success events, in the JSON of Amazon SES. */
  readonly bounce: sns.Topic;
  /** Trouble that the postmaster wants to hear of (notify_classes). */
  readonly notice: sns.Topic;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    const masterKey = kms.Alias.fromAliasName(this, 'SnsKey', 'alias/aws/sns');
    this.bounce = new sns.Topic(this, 'Bounce', { enforceSSL: true, masterKey });
    this.notice = new sns.Topic(this, 'Notice', { enforceSSL: true, masterKey });
  }
}
