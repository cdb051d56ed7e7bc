/** References to the AWS resources that context values name, each created once per stack. */
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import { type IKey, Key } from 'aws-cdk-lib/aws-kms';
import { Bucket, type IBucket } from 'aws-cdk-lib/aws-s3';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import { type ITopic, Topic } from 'aws-cdk-lib/aws-sns';
import { type IQueue, Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { secretNamed } from '../permissions/secrets.ts';
import type { NamedSubnet } from './context-resources.ts';

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

  key(arn: string): IKey {
    return this.#once(`Key-${arn}`, (id) => Key.fromKeyArn(this, id, arn));
  }

  securityGroup(groupId: string): ec2.ISecurityGroup {
    // The stack adds no rules to it.
    return this.#once(`Group-${groupId}`, (id) =>
      ec2.SecurityGroup.fromSecurityGroupId(this, id, groupId, { mutable: false }),
    );
  }

  /** The zones of its subnets are not looked up, since the stack does not need their names. */
  vpc(vpcId: string): ec2.IVpc {
    return this.#once(`Vpc-${vpcId}`, (id) =>
      ec2.Vpc.fromVpcAttributes(this, id, { vpcId, availabilityZones: ['not-looked-up'] }),
    );
  }

  subnet({ subnetId, routeTableId = '' }: NamedSubnet): ec2.ISubnet {
    const route = routeTableId === '' ? {} : { routeTableId };
    return this.#once(`Subnet-${subnetId}-${routeTableId}`, (id) =>
      ec2.Subnet.fromSubnetAttributes(this, id, { subnetId, availabilityZone: `zone-of-${subnetId}`, ...route }),
    );
  }

  #once<T>(id: string, make: (id: string) => T): T {
    // The cast is safe: an id begins with the kind of its value.
    if (!this.#made.has(id)) this.#made.set(id, make(`${this.#made.size}-${id}`));
    return this.#made.get(id) as T;
  }
}
