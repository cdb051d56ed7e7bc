/** VPC endpoints of AWS services, through which lmtp and check reach AWS without a NAT gateway. */
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import { Construct } from 'constructs';

/**
 * Services that lmtp and check call. KMS is not among them: the services call it. The gateway endpoints of S3 and DynamoDB cost
 * nothing; each of the others costs by the hour in every zone.
 */
export const endpointNames = ['s3', 'dynamodb', 'sqs', 'sns', 'secretsmanager'] as const;
export type EndpointName = (typeof endpointNames)[number];

const gateways = {
  s3: ec2.GatewayVpcEndpointAwsService.S3,
  dynamodb: ec2.GatewayVpcEndpointAwsService.DYNAMODB,
} as const;
const interfaces = {
  sqs: ec2.InterfaceVpcEndpointAwsService.SQS,
  sns: ec2.InterfaceVpcEndpointAwsService.SNS,
  secretsmanager: ec2.InterfaceVpcEndpointAwsService.SECRETS_MANAGER,
} as const;

export interface EndpointGroupProps {
  readonly vpc: ec2.Vpc | ec2.IVpc;
  readonly vpcSubnets: ec2.SubnetSelection | undefined;
  readonly names: readonly EndpointName[];
  /** The security group of the functions that use the endpoints. */
  readonly from: ec2.SecurityGroup | ec2.ISecurityGroup;
}

/**
 * The new endpoints. They have no policies: an endpoint serves its whole VPC, and the roles of the functions limit their access.
 */
export class EndpointGroup extends Construct {
  /** The security group of the interface endpoints; absent without any. */
  readonly securityGroup?: ec2.SecurityGroup;

  constructor(scope: Construct, id: string, { vpc, vpcSubnets, names, from }: EndpointGroupProps) {
    super(scope, id);
    const subnets = vpcSubnets === undefined ? {} : { subnets: [vpcSubnets] };
    for (const name of names) {
      if (!isGateway(name)) continue;
      new ec2.GatewayVpcEndpoint(this, titles[name], { vpc: vpc as ec2.IVpc, service: gateways[name], ...subnets });
    }
    const rest = names.filter((name) => !isGateway(name));
    if (rest.length === 0) return;
    this.securityGroup = new ec2.SecurityGroup(this, 'SecurityGroup', {
      vpc: vpc as ec2.IVpc,
      description: 'lambda-lmtp: endpoints of AWS, for its functions alone',
      allowAllOutbound: false,
    });
    this.letIn(from);
    for (const name of rest) this.#addInterface(name, this.securityGroup, vpc, vpcSubnets);
  }

  /** Lets others use the interface endpoints: the functions of another transport in the same VPC. */
  letIn(other: EndpointGroupProps['from']): void {
    const peer = ec2.Peer.securityGroupId(other.securityGroupId);
    this.securityGroup?.addIngressRule(peer, ec2.Port.tcp(443), 'HTTPS from lambda-lmtp');
  }

  #addInterface(
    name: keyof typeof interfaces,
    securityGroup: ec2.SecurityGroup,
    vpc: ec2.Vpc | ec2.IVpc,
    subnets: ec2.SubnetSelection | undefined,
  ): void {
    new ec2.InterfaceVpcEndpoint(this, titles[name], {
      vpc: vpc as ec2.IVpc,
      service: interfaces[name],
      securityGroups: [securityGroup],
      // The owner of the VPC may allow others to use them.
      open: false,
      ...(subnets === undefined ? {} : { subnets }),
    });
  }
}

const titles: Readonly<Record<EndpointName, string>> = {
  s3: 'S3',
  dynamodb: 'DynamoDb',
  sqs: 'Sqs',
  sns: 'Sns',
  secretsmanager: 'SecretsManager',
};

function isGateway(name: EndpointName): name is keyof typeof gateways {
  return name in gateways;
}
