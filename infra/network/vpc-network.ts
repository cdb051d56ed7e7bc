/** A VPC as the network that mail servers are reached by. Only lmtp and check are in it. */
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import { Construct } from 'constructs';
import type { MailTarget } from './mail-ports.ts';
import type { AnySecurityGroup, AnyVpc, NetworkSettings } from './network.ts';
import { EndpointGroup, endpointNames } from './vpc-endpoints.ts';

/** Rules that a security group has room for, as AWS sets it up, less those for AWS itself. */
const mostRules = 50;

/** What lmtp and check are in. */
export class Network extends Construct {
  readonly vpc: AnyVpc;
  /** Lets out what the functions need; a mail server of the same app lets it in (`connections.allowFrom`). */
  readonly securityGroup: AnySecurityGroup;
  /** What was made; absent where nothing was. */
  readonly endpoints?: EndpointGroup;
  readonly #settings: NetworkSettings;

  /** @param hasSecrets whether the functions read any */
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
    // Towards prefix lists alone, the endpoints that were made here would be out of reach.
    if (securityGroup === undefined && settings.prefixLists.length > 0 && this.endpoints.securityGroup !== undefined) {
      this.securityGroup.addEgressRule(
        this.endpoints.securityGroup,
        ec2.Port.tcp(443),
        'HTTPS to the endpoints of AWS',
      );
    }
  }

  /** How a function is put into it. */
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

  /** Variables of a function in it. The name is that of the AWS SDK. */
  get environment(): Record<string, string> {
    return this.#settings.isDualStackToAws ? { AWS_USE_DUALSTACK_ENDPOINT: 'true' } : {};
  }

  /**
   * No rule for the DNS: security groups do not filter what goes to the resolver of a VPC. With DNS servers of your own,
   * add one to `securityGroup`.
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
