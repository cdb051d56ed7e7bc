/** The VPC through which lmtp and check reach mail servers. Other functions are not in it. */
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import { Construct } from 'constructs';
import type { MailTarget } from './mail-ports.ts';
import type { AnySecurityGroup, AnyVpc, NetworkSettings } from './network.ts';
import { EndpointGroup, endpointNames } from './vpc-endpoints.ts';

/** Rules for mail servers in a security group: AWS's default quota, less rules for AWS services. */
const mostRules = 50;

/** The network of lmtp and check. */
export class Network extends Construct {
  readonly vpc: AnyVpc;
  /** Security group of the functions; a mail server of the same app must allow it (`connections.allowFrom`). */
  readonly securityGroup: AnySecurityGroup;
  /** New endpoints; absent if none were created. */
  readonly endpoints?: EndpointGroup;
  readonly #settings: NetworkSettings;

  /** @param hasSecrets whether the functions read secrets */
  constructor(scope: Construct, id: string, settings: NetworkSettings, hasSecrets: boolean) {
    super(scope, id);
    const { vpc, securityGroup, endpoints, vpcSubnets } = settings;
    this.#settings = settings;
    this.vpc = vpc;
    this.securityGroup = securityGroup ?? this.#newSecurityGroup();
    const needed = endpointNames.filter((name) => hasSecrets || name !== 'secretsmanager');
    const names = endpoints === 'needed' ? needed : endpoints;
    if (names.length === 0) return;
    this.endpoints = new EndpointGroup(this, 'Endpoints', { vpc, vpcSubnets, names, from: this.securityGroup });
    // Prefix lists do not contain the addresses of the new endpoints.
    if (securityGroup === undefined && settings.prefixLists.length > 0 && this.endpoints.securityGroup !== undefined) {
      this.securityGroup.addEgressRule(
        this.endpoints.securityGroup,
        ec2.Port.tcp(443),
        'HTTPS to the endpoints of AWS',
      );
    }
  }

  /** Properties of a function in this network. */
  get functionProps(): {
    vpc: ec2.IVpc;
    vpcSubnets?: ec2.SubnetSelection;
    securityGroups: ec2.ISecurityGroup[];
    ipv6AllowedForDualStack: boolean;
  } {
    const { vpc, vpcSubnets, ipv6 } = this.#settings;
    const subnets = vpcSubnets === undefined ? {} : { vpcSubnets };
    const securityGroups = [this.securityGroup as ec2.ISecurityGroup];
    return { vpc: vpc as ec2.IVpc, ...subnets, securityGroups, ipv6AllowedForDualStack: ipv6 };
  }

  /** Environment variables of a function in this network, for the AWS SDK. */
  get environment(): Record<string, string> {
    return this.#settings.isDualStackToAws ? { AWS_USE_DUALSTACK_ENDPOINT: 'true' } : {};
  }

  /**
   * No rule for DNS: security groups do not filter traffic to the resolver of a VPC. For other DNS servers, add a rule to
   * `securityGroup`.
   */
  #newSecurityGroup(): ec2.SecurityGroup {
    const { vpc, targets, ipv6, prefixLists, isDualStackToAws } = this.#settings;
    const group = new ec2.SecurityGroup(this, 'SecurityGroup', {
      vpc: vpc as ec2.IVpc,
      description: 'lambda-lmtp: out to LMTP servers and to AWS, nothing in',
      allowAllOutbound: false,
    });
    const few = targets.length * (ipv6 ? 2 : 1) <= mostRules ? targets : everywhere(targets);
    for (const { address, port } of few) {
      for (const peer of peersOf(address, ipv6)) group.addEgressRule(peer, ec2.Port.tcp(port), 'LMTP');
    }
    for (const list of prefixLists) {
      group.addEgressRule(ec2.Peer.prefixList(list), ec2.Port.tcp(443), 'HTTPS to AWS');
    }
    if (prefixLists.length > 0) return group;
    for (const peer of peersOf(undefined, isDualStackToAws)) {
      group.addEgressRule(peer, ec2.Port.tcp(443), 'HTTPS to AWS: S3 and DynamoDB have public addresses');
    }
    return group;
  }
}

function everywhere(targets: readonly MailTarget[]): readonly MailTarget[] {
  return [...new Set(targets.map(({ port }) => port))].map((port) => ({ port }));
}

function peersOf(address: string | undefined, ipv6: boolean): readonly ec2.IPeer[] {
  if (address === undefined) return ipv6 ? [ec2.Peer.anyIpv4(), ec2.Peer.anyIpv6()] : [ec2.Peer.anyIpv4()];
  return [address.includes(':') ? ec2.Peer.ipv6(`${address}/128`) : ec2.Peer.ipv4(`${address}/32`)];
}
