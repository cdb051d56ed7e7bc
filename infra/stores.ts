import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { queueTableSchema as schema } from '../functions/queue/table-schema.ts';

export interface StoresProps {
  /** Bucket of message bodies. A new one if absent. */
  readonly messageBucket?: MailBucket | undefined;
}

/** A bucket made here, or one from elsewhere. */
export type MailBucket = s3.Bucket | s3.IBucket;

/** The queue file: a message body in S3, and the state of its deliveries in DynamoDB. Both outlive the stack. */
export class Stores extends Construct {
  /** Message bodies; our functions write copies of corrupt requests below `corrupt/`, and nothing else. */
  readonly messageBucket: MailBucket;
  /** The queue. */
  readonly queueTable: dynamodb.TableV2;

  constructor(scope: Construct, id: string, { messageBucket }: StoresProps) {
    super(scope, id);
    this.messageBucket = messageBucket ?? newBucket(this);
    this.queueTable = newTable(this);
  }
}

/** Versioned, so that a body written over is still there for the request that was taken in with it. */
function newBucket(scope: Construct): s3.Bucket {
  return new s3.Bucket(scope, 'MessageBucket', {
    versioned: true,
    blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
    encryption: s3.BucketEncryption.S3_MANAGED,
    enforceSSL: true,
    minimumTLSVersion: 1.2,
    // No expiry of objects, current or not: held mail does not expire, and age alone cannot tell whether a delivery needs
    // a body. Parts of an upload that was broken off are no body.
    lifecycleRules: [{ id: 'broken-uploads', abortIncompleteMultipartUploadAfter: Duration.days(7) }],
    removalPolicy: RemovalPolicy.RETAIN,
  });
}

/** Encrypted at rest with DynamoDB's own key, as every table is. */
function newTable(scope: Construct): dynamodb.TableV2 {
  const { STRING, NUMBER } = dynamodb.AttributeType;
  return new dynamodb.TableV2(scope, 'QueueTable', {
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
}
