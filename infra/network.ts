/** The network that mail servers are reached by: that of Lambda itself, or a VPC. Only lmtp and check are in it. */
import type * as ec2 from 'aws-cdk-lib/aws-ec2';

/** Properties about the network. */
export interface NetworkProps {
  /**
   * The VPC that the lmtp and check functions are in, they alone: no other function meets a mail server.
   *
   * @default - none: mail servers are reached over the internet
   */
  readonly vpc?: ec2.IVpc | ec2.Vpc | undefined;
  /**
   * Subnets of it.
   *
   * @default - its private subnets, or isolated ones where it has no others
   */
  readonly vpcSubnets?: ec2.SubnetSelection | undefined;
  /**
   * A security group of your own. Nothing is added to it.
   *
   * @default - one that lets out to the LMTP ports of the destinations and to AWS, and nothing in
   */
  readonly securityGroup?: ec2.ISecurityGroup | ec2.SecurityGroup | undefined;
  /**
   * Endpoints by which the functions reach AWS without a NAT gateway: `true` makes those that they need, a list makes these
   * and takes the others to be there, `'existing'` takes all to be there. `false`: the subnets have another way out.
   *
   * @default false
   */
  readonly vpcEndpoints?: boolean | 'existing' | readonly EndpointName[] | undefined;
  /**
   * TCP ports that the functions may reach mail servers on, where they cannot be told from the destinations.
   *
   * @default - the ports of `destination`, `transportMap` and `allowedDestinations`
   */
  readonly mailPorts?: readonly number[] | undefined;
  /**
   * Whether mail servers are reached by IPv6 too. The subnets must have addresses of both kinds.
   *
   * @default false
   */
  readonly ipv6?: boolean | undefined;
}

/** Services of AWS that lmtp and check speak to. */
export const endpointNames = ['s3', 'dynamodb', 'sqs', 'sns', 'secretsmanager'] as const;
export type EndpointName = (typeof endpointNames)[number];
