/** What context values name in AWS, each looked up once for a stack. */
import { Bucket, type IBucket } from 'aws-cdk-lib/aws-s3';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import { type ITopic, Topic } from 'aws-cdk-lib/aws-sns';
import { type IQueue, Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { secretNamed } from './secrets.ts';

export class NamedResources extends Construct {
  readonly #made = new Map<string, unknown>();

  bucket(name: string): IBucket {
    return this.#once(`Bucket-${name}`, (id) => Bucket.fromBucketName(this, id, name));
  }

  topic(arn: string): ITopic {
    return this.#once(`Topic-${arn}`, (id) => Topic.fromTopicArn(this, id, arn));
  }

  queue(arn: string): IQueue {
    return this.#once(`Queue-${arn}`, (id) => Queue.fromQueueArn(this, id, arn));
  }

  secret(nameOrArn: string): ISecret {
    return this.#once(`Secret-${nameOrArn}`, (id) => secretNamed(this, id, nameOrArn));
  }

  #once<T>(id: string, make: (id: string) => T): T {
    // Whoever wrote a value under an id reads one of the same kind: the id begins with it.
    if (!this.#made.has(id)) this.#made.set(id, make(`${this.#made.size}-${id}`));
    return this.#made.get(id) as T;
  }
}
