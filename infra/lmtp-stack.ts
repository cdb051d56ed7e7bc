import { Stack, type StackProps } from 'aws-cdk-lib';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import type { ContextSettings } from './context.ts';
import { LmtpDelivery, type LmtpDeliveryProps } from './lmtp-delivery.ts';
import { writeOutputs } from './outputs.ts';
import { secretNamed } from './secrets.ts';

export interface LmtpStackProps extends StackProps {
  readonly settings: ContextSettings;
  /** See LmtpDeliveryProps. */
  readonly code?: LmtpDeliveryProps['code'];
}

/** One transport as a stack of its own, as the context describes it. */
export class LmtpStack extends Stack {
  readonly delivery: LmtpDelivery;

  constructor(scope: Construct, id: string, { settings, code, ...props }: LmtpStackProps) {
    super(scope, id, props);
    const { messageBucket, allowedBuckets, secrets, transportMapObject, otherTransports, ...rest } = settings;
    const { sesTopics, objectPrefix, ...plain } = rest;
    this.delivery = new LmtpDelivery(this, 'Delivery', {
      ...plain,
      messageBucket: messageBucket === undefined ? undefined : Bucket.fromBucketName(this, 'OwnBucket', messageBucket),
      allowedBuckets: allowedBuckets.map((name) => Bucket.fromBucketName(this, `AllowedBucket-${name}`, name)),
      transportMapObject: transportMapObject && {
        bucket: Bucket.fromBucketName(this, 'TransportMapBucket', transportMapObject.bucket),
        key: transportMapObject.key,
      },
      otherTransports: Object.fromEntries(
        Object.entries(otherTransports).map(([name, arn]) => [
          name,
          Queue.fromQueueArn(this, `Transport-${name}`, arn),
        ]),
      ),
      secrets: secrets.map((secret, index) => secretNamed(this, `Secret${index}`, secret)),
      code,
    });
    for (const [index, arn] of sesTopics.entries()) {
      this.delivery.receiveFromSes(Topic.fromTopicArn(this, `SesTopic${index}`, arn));
    }
    if (objectPrefix !== undefined) this.delivery.receiveObjects(this.delivery.stores.messageBucket, objectPrefix);
    writeOutputs(this, this.delivery);
  }
}

/** Name of the stack of a transport: each has its own, so `-c transport=mailman` deploys a second one beside the first. */
export function stackName(transport = 'lmtp'): string {
  return transport === 'lmtp' ? 'LambdaLmtp' : `LambdaLmtp-${transport}`;
}
