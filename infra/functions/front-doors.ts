/**
 * Other sources of the incoming queue beside producers of requests: topics of Amazon SES, and buckets with notifications of new
 * objects.
 *
 * The queue's policy names each topic, rule or bucket. Messages that cannot be sent to the queue go to its dead-letter queue, so that
 * none is lost.
 */
import { Stack } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import { SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Bucket, type CfnBucket, type IBucket } from 'aws-cdk-lib/aws-s3';
import type { ReceiptRule } from 'aws-cdk-lib/aws-ses';
import { S3 } from 'aws-cdk-lib/aws-ses-actions';
import { type ITopic, Topic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { ownPrefixes } from '../../functions/incoming/own-objects.ts';
import type { PermittedResources } from '../permissions/permissions.ts';
import { PropsError, refuse } from '../properties/props-error.ts';
import type { MailBucket } from '../queue/stores.ts';
import { subscribe } from '../queue/subscription.ts';
import { bucketsMayUse, letUse } from '../security/encryption.ts';

/** Prefixes of bodies that have a request, and of objects that the functions write. */
const otherPrefixes = ['in/', ...Object.values(ownPrefixes)];

/** Where receipt rules store mail by default. */
const sesPrefix = 'ses/';

/** The front doors of a stack. */
export class FrontDoors extends Construct {
  readonly #resources: PermittedResources;

  constructor(scope: Construct, id: string, resources: PermittedResources) {
    super(scope, id);
    this.#resources = resources;
  }

  /** See LmtpDelivery. */
  receiveFromSes(from: ITopic | ReceiptRule): void {
    const { queues } = this.#resources;
    const topic = 'topicArn' in from ? from : this.#storeMailOf(from);
    subscribe(this, `Ses${this.node.children.length}`, topic, queues.incoming, queues.deadLetters.incoming);
  }

  /** Adds an S3 action to a receipt rule, and returns the topic that it notifies. */
  #storeMailOf(rule: ReceiptRule): Topic {
    const { messageBucket } = this.#resources.stores;
    this.#requireBodies(sesPrefix);
    // SES cannot publish under the key of AWS for SNS.
    const topic = new Topic(this, `Received${this.node.children.length}`, { enforceSSL: true });
    topic.addToResourcePolicy(
      new PolicyStatement({
        principals: [new ServicePrincipal('ses.amazonaws.com')],
        actions: ['sns:Publish'],
        resources: [topic.topicArn],
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
    );
    rule.addAction(new S3({ bucket: messageBucket as IBucket, objectKeyPrefix: sesPrefix, topic }));
    return topic;
  }

  /** See LmtpDelivery. */
  receiveObjects(bucket: MailBucket, prefix: string): void {
    const { queues, stores } = this.#resources;
    this.#requireReadable(bucket);
    if (bucket === stores.messageBucket) {
      refuseOwnPrefix(prefix);
      this.#requireBodies(prefix);
    }
    this.#turnEventsOn(bucket);
    new events.Rule(this, `Objects${this.node.children.length}`, {
      description: 'lambda-lmtp: an object with its envelope was written',
      eventPattern: {
        source: ['aws.s3'],
        detailType: ['Object Created'],
        detail: { bucket: { name: [bucket.bucketName] }, object: { key: [{ prefix }] } },
      },
      targets: [new SqsQueue(queues.incoming, { deadLetterQueue: queues.deadLetters.incoming })],
    });
  }

  /** See LmtpDelivery. */
  allowNotificationsFrom(bucket: MailBucket, account = Stack.of(this).account): void {
    this.#requireReadable(bucket);
    const { queues, encryptionKey } = this.#resources;
    const { incoming } = queues;
    if (encryptionKey !== undefined && account !== Stack.of(this).account) {
      letUse(this, encryptionKey, [bucketsMayUse(account)]);
    }
    incoming.addToResourcePolicy(
      new PolicyStatement({
        principals: [new ServicePrincipal('s3.amazonaws.com')],
        actions: ['sqs:SendMessage'],
        resources: [incoming.queueArn],
        // The name of a deleted bucket can be reused by another account, so the account is checked too.
        conditions: {
          ArnEquals: { 'aws:SourceArn': bucket.bucketArn },
          StringEquals: { 'aws:SourceAccount': account },
        },
      }),
    );
  }

  /** Refuses a prefix outside `bodyPrefixes`, which the functions may not read. */
  #requireBodies(prefix: string): void {
    const { bodyPrefixes = [] } = this.#resources;
    if (bodyPrefixes.length === 0 || bodyPrefixes.some((allowed) => prefix.startsWith(allowed))) return;
    throw refuse('prefix', prefix, `one of bodyPrefixes (${bodyPrefixes.join(', ')}) or a prefix below one of them`);
  }

  /** Refuses a bucket that the functions may not read: all its objects would become corrupt requests. */
  #requireReadable(bucket: MailBucket): void {
    const { stores, allowedBuckets } = this.#resources;
    const nameOf = ({ bucketName }: MailBucket) => JSON.stringify(Stack.of(this).resolve(bucketName));
    if ([stores.messageBucket, ...allowedBuckets].some((allowed) => nameOf(allowed) === nameOf(bucket))) return;
    throw new PropsError(`bucket ${nameOf(bucket)}: it is neither the message bucket nor one of allowedBuckets`);
  }

  /**
   * Enables EventBridge on a new message bucket by a property of its CloudFormation resource: the CDK's method adds a function that
   * may configure any bucket. That function would also undo this, so an app that adds notifications to the message bucket calls
   * enableEventBridgeNotification first.
   */
  #turnEventsOn(bucket: MailBucket): void {
    if (bucket !== this.#resources.stores.messageBucket) return;
    if (!(bucket instanceof Bucket)) return;
    const resource = bucket.node.defaultChild as CfnBucket;
    resource.addPropertyOverride('NotificationConfiguration.EventBridgeConfiguration.EventBridgeEnabled', true);
  }
}

function refuseOwnPrefix(prefix: string): void {
  const met = otherPrefixes.find((other) => other.startsWith(prefix) || prefix.startsWith(other));
  if (met === undefined) return;
  throw refuse('prefix', prefix, `another prefix, such as drop/ (bodies below ${met} are not new mail)`);
}
