/**
 * Who beside producers of requests may send to the incoming queue: topics of Amazon SES, and buckets that tell of new objects.
 *
 * Each is let in by name and no further: the queue's policy says which topic, rule or bucket it is. What cannot be put into
 * the queue goes to its dead letters, so that nothing is lost on the way.
 */
import { Stack } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import { SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Bucket, type CfnBucket } from 'aws-cdk-lib/aws-s3';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { ownPrefixes } from '../../functions/incoming/own-objects.ts';
import type { Surroundings } from '../permissions/permissions.ts';
import { PropsError, refuse } from '../properties/props-error.ts';
import type { MailBucket } from '../queue/stores.ts';
import { subscribe } from '../queue/subscription.ts';
import { bucketsMayUse, letUse } from '../security/encryption.ts';

/** Where bodies lie that have a request of their own, and what our functions write. */
const otherPrefixes = ['in/', ...Object.values(ownPrefixes)];

/** The front doors of a stack. */
export class FrontDoors extends Construct {
  readonly #surroundings: Surroundings;

  constructor(scope: Construct, id: string, surroundings: Surroundings) {
    super(scope, id);
    this.#surroundings = surroundings;
  }

  /** See LmtpDelivery. */
  receiveFromSes(topic: ITopic): void {
    const { queues } = this.#surroundings;
    subscribe(this, `Ses${this.node.children.length}`, topic, queues.incoming, queues.deadLetters.incoming);
  }

  /** See LmtpDelivery. */
  receiveObjects(bucket: MailBucket, prefix: string): void {
    const { queues, stores } = this.#surroundings;
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
    const { queues, encryptionKey } = this.#surroundings;
    const { incoming } = queues;
    if (encryptionKey !== undefined && account !== Stack.of(this).account) {
      letUse(this, encryptionKey, [bucketsMayUse(account)]);
    }
    incoming.addToResourcePolicy(
      new PolicyStatement({
        principals: [new ServicePrincipal('s3.amazonaws.com')],
        actions: ['sqs:SendMessage'],
        resources: [incoming.queueArn],
        // Names of buckets are free to be taken again, so the account counts too.
        conditions: {
          ArnEquals: { 'aws:SourceArn': bucket.bucketArn },
          StringEquals: { 'aws:SourceAccount': account },
        },
      }),
    );
  }

  /** What lies elsewhere in the message bucket the functions may not read. */
  #requireBodies(prefix: string): void {
    const { bodyPrefixes = [] } = this.#surroundings;
    if (bodyPrefixes.length === 0 || bodyPrefixes.some((allowed) => prefix.startsWith(allowed))) return;
    throw refuse('prefix', prefix, `one of bodyPrefixes (${bodyPrefixes.join(', ')}) or what lies below`);
  }

  /** What lies in a bucket that the functions may not read would all end in corrupt. */
  #requireReadable(bucket: MailBucket): void {
    const { stores, allowedBuckets } = this.#surroundings;
    const nameOf = ({ bucketName }: MailBucket) => JSON.stringify(Stack.of(this).resolve(bucketName));
    if ([stores.messageBucket, ...allowedBuckets].some((allowed) => nameOf(allowed) === nameOf(bucket))) return;
    throw new PropsError(`bucket ${nameOf(bucket)}: it is neither the message bucket nor one of allowedBuckets`);
  }

  /**
   * By the bucket itself where it is ours: the CDK's own way brings a function along that may set up any bucket. It would also
   * undo this; who adds notifications of his own to the message bucket calls its enableEventBridgeNotification first.
   */
  #turnEventsOn(bucket: MailBucket): void {
    if (bucket !== this.#surroundings.stores.messageBucket) return;
    if (!(bucket instanceof Bucket)) return;
    const resource = bucket.node.defaultChild as CfnBucket;
    resource.addPropertyOverride('NotificationConfiguration.EventBridgeConfiguration.EventBridgeEnabled', true);
  }
}

function refuseOwnPrefix(prefix: string): void {
  const met = otherPrefixes.find((other) => other.startsWith(prefix) || prefix.startsWith(other));
  if (met === undefined) return;
  throw refuse('prefix', prefix, `a prefix of its own, such as drop/ (below ${met} lie bodies that are no new mail)`);
}
