/** Endpoints of AWS in a VPC: what lmtp and check need of AWS, without a NAT gateway. */
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import { Construct } from 'constructs';

/**
 * Services that lmtp and check speak to. No key of KMS is among them: the services ask for it themselves. S3 and DynamoDB have
 * gateway endpoints, which cost nothing; each of the others is paid by the hour in every zone.
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
  /** Who may use them. */
  readonly from: ec2.SecurityGroup | ec2.ISecurityGroup;
}

/**
 * The endpoints that are made. They have no policy of their own: an endpoint serves its whole VPC, and what our functions may do
 * is in their roles.
 */
export class EndpointGroup extends Construct {
  /** That of the interface endpoints; absent where there are none. */
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
      // Whoever else in the VPC wants to use them is let in by its owner.
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
