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
  /** The key of the table and of a new bucket; keys of AWS if absent. */
  readonly encryptionKey?: AnyKey | undefined;
  /** How long the version of a deleted body is kept; absent: bodies are not deleted. */
  readonly bodyRetention?: Duration | undefined;
}

/** A bucket created in the same app, or an imported one. */
export type MailBucket = s3.Bucket | s3.IBucket;

/** The queue file: a message body in S3, and the state of its deliveries in DynamoDB. Both are kept when the stack is deleted. */
export class Stores extends Construct {
  /** Message bodies. The functions write only copies of corrupt requests, reports, and mail from inside notifications. */
  readonly messageBucket: MailBucket;
  /** The queue. */
  readonly queueTable: dynamodb.TableV2;

  /** @throws PropsError for a bodyRetention with a bucket that the stack does not create */
  constructor(scope: Construct, id: string, { messageBucket, encryptionKey, bodyRetention }: StoresProps) {
    super(scope, id);
    if (messageBucket !== undefined && bodyRetention !== undefined) throw refuseDeletion(bodyRetention);
    this.messageBucket = messageBucket ?? newBucket(this, encryptionKey, bodyRetention);
    this.queueTable = newTable(this, encryptionKey);
  }
}

/** The stack deletes nothing from an existing bucket, which may contain other objects. */
function refuseDeletion(bodyRetention: Duration): PropsError {
  return refuse('bodyRetention', bodyRetention.toHumanString(), 'no bodyRetention beside an existing messageBucket');
}

/** A new bucket. It is versioned, so that an overwritten body is kept for the request that pinned it. */
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
      // Parts of an aborted upload are not a body.
      { id: 'broken-uploads', abortIncompleteMultipartUploadAfter: Duration.days(7) },
      ...(bodyRetention === undefined ? [] : [afterDeletion(bodyRetention)]),
    ],
    removalPolicy: RemovalPolicy.RETAIN,
  });
  acknowledge(bucket, 'S1');
  return bucket;
}

/**
 * The lifecycle rule for deleted bodies. It never deletes a current version: held mail does not expire, and age does not show
 * whether a delivery needs a body. When the last delivery of a request finishes, a function writes a delete marker; the rule removes
 * the version below it, and then the marker, after this time.
 */
function afterDeletion(time: Duration): s3.LifecycleRule {
  return { id: 'deleted-bodies', noncurrentVersionExpiration: time, expiredObjectDeleteMarker: true };
}

/** The queue table, encrypted with DynamoDB's key or a customer managed key. */
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

/** Sets the key on the CloudFormation resource: the CDK's method needs to know the region at synth. */
function putUnder(table: dynamodb.TableV2, key: AnyKey): void {
  const resource = table.node.defaultChild as dynamodb.CfnGlobalTable;
  resource.addPropertyOverride('SSESpecification', { SSEEnabled: true, SSEType: 'KMS' });
  resource.addPropertyOverride('Replicas.0.SSESpecification', { KMSMasterKeyId: key.keyArn });
}
