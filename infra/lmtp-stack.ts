import { Stack, type StackProps } from 'aws-cdk-lib';
import { Bucket } from 'aws-cdk-lib/aws-s3';
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
    const { messageBucket, allowedBuckets, secrets, ...plain } = settings;
    this.delivery = new LmtpDelivery(this, 'Delivery', {
      ...plain,
      messageBucket: messageBucket === undefined ? undefined : Bucket.fromBucketName(this, 'OwnBucket', messageBucket),
      allowedBuckets: allowedBuckets.map((name) => Bucket.fromBucketName(this, `AllowedBucket-${name}`, name)),
      secrets: secrets.map((secret, index) => secretNamed(this, `Secret${index}`, secret)),
      code,
    });
    writeOutputs(this, this.delivery);
  }
}

/** Name of the stack of a transport: each has its own, so `-c transport=mailman` deploys a second one beside the first. */
export function stackName(transport = 'lmtp'): string {
  return transport === 'lmtp' ? 'LambdaLmtp' : `LambdaLmtp-${transport}`;
}
