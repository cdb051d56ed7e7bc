import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { queueTableSchema as schema } from '../../functions/queue/items/table-schema.ts';
import { type PropsError, refuse } from '../properties/props-error.ts';
import { acknowledge } from '../security/acknowledgements.ts';
import type { AnyKey } from '../security/encryption.ts';

export interface StoresProps {
  /** Bucket of message bodies. A new one if absent. */
  readonly messageBucket?: MailBucket | undefined;
  /** The key that the table, and a new bucket, are under; those of AWS if absent. */
  readonly encryptionKey?: AnyKey | undefined;
  /** How long the version of a deleted body is kept; no body is ever deleted if absent. */
  readonly bodyRetention?: Duration | undefined;
}

/** A bucket made here, or one from elsewhere. */
export type MailBucket = s3.Bucket | s3.IBucket;

/** The queue file: a message body in S3, and the state of its deliveries in DynamoDB. Both outlive the stack. */
export class Stores extends Construct {
  /** Message bodies; our functions write copies of corrupt requests below `corrupt/`, and nothing else. */
  readonly messageBucket: MailBucket;
  /** The queue. */
  readonly queueTable: dynamodb.TableV2;

  /** @throws PropsError when bodies are to be deleted from a bucket that is not ours */
  constructor(scope: Construct, id: string, { messageBucket, encryptionKey, bodyRetention }: StoresProps) {
    super(scope, id);
    if (messageBucket !== undefined && bodyRetention !== undefined) throw notOurs(bodyRetention);
    this.messageBucket = messageBucket ?? newBucket(this, encryptionKey, bodyRetention);
    this.queueTable = newTable(this, encryptionKey);
  }
}

/** What else lies in a bucket of one's own, and for how long, is not ours to say. */
function notOurs(bodyRetention: Duration): PropsError {
  return refuse('bodyRetention', bodyRetention.toHumanString(), 'nothing beside a messageBucket of your own');
}

/** Versioned, so that a body written over is still there for the request that was taken in with it. */
function newBucket(scope: Construct, key: AnyKey | undefined, bodyRetention: Duration | undefined): s3.Bucket {
  const bucket = new s3.Bucket(scope, 'MessageBucket', {
    versioned: true,
    blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
    ...(key === undefined
      ? { encryption: s3.BucketEncryption.S3_MANAGED }
      : { encryption: s3.BucketEncryption.KMS, encryptionKey: key, bucketKeyEnabled: true }),
    enforceSSL: true,
    minimumTLSVersion: 1.2,
    lifecycleRules: [
      // Parts of an upload that was broken off are no body.
      { id: 'broken-uploads', abortIncompleteMultipartUploadAfter: Duration.days(7) },
      ...(bodyRetention === undefined ? [] : [afterDeletion(bodyRetention)]),
    ],
    removalPolicy: RemovalPolicy.RETAIN,
  });
  acknowledge(bucket, 'S1');
  return bucket;
}

/**
 * No rule ever touches a current version: held mail does not expire, and age alone cannot tell whether a delivery needs a body.
 * When the last delivery of a request is over, a function marks its body as deleted; the version below the mark, and then the mark,
 * go after this time.
 */
function afterDeletion(time: Duration): s3.LifecycleRule {
  return { id: 'deleted-bodies', noncurrentVersionExpiration: time, expiredObjectDeleteMarker: true };
}

/** Encrypted at rest with DynamoDB's own key, as every table is, or with one's own. */
function newTable(scope: Construct, key: AnyKey | undefined): dynamodb.TableV2 {
  const { STRING, NUMBER } = dynamodb.AttributeType;
  const table = new dynamodb.TableV2(scope, 'QueueTable', {
    partitionKey: { name: schema.partitionKey, type: STRING },
    sortKey: { name: schema.sortKey, type: STRING },
    globalSecondaryIndexes: [
      {
        indexName: schema.dueIndex.name,
        partitionKey: { name: schema.dueIndex.partitionKey, type: STRING },
        sortKey: { name: schema.dueIndex.sortKey, type: NUMBER },
        projectionType: dynamodb.ProjectionType.INCLUDE,
        nonKeyAttributes: [...schema.dueIndex.projected],
      },
      {
        indexName: schema.waitingIndex.name,
        partitionKey: { name: schema.waitingIndex.partitionKey, type: STRING },
        sortKey: { name: schema.waitingIndex.sortKey, type: STRING },
        projectionType: dynamodb.ProjectionType.INCLUDE,
        nonKeyAttributes: [...schema.waitingIndex.projected],
      },
    ],
    timeToLiveAttribute: schema.timeToLive,
    billing: dynamodb.Billing.onDemand(),
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    deletionProtection: true,
    removalPolicy: RemovalPolicy.RETAIN,
  });
  if (key !== undefined) putUnder(table, key);
  return table;
}

/** By the resource itself: the CDK's own way wants to know the region when the stack is synthesized. */
function putUnder(table: dynamodb.TableV2, key: AnyKey): void {
  const resource = table.node.defaultChild as dynamodb.CfnGlobalTable;
  resource.addPropertyOverride('SSESpecification', { SSEEnabled: true, SSEType: 'KMS' });
  resource.addPropertyOverride('Replicas.0.SSESpecification', { KMSMasterKeyId: key.keyArn });
}
