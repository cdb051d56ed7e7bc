/** The network that mail servers are reached by, as properties and checked: that of Lambda itself, or a VPC. */
import { Token } from 'aws-cdk-lib';
import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import { refuse } from '../properties/props-error.ts';
import type { MailTarget } from './mail-ports.ts';
import { type EndpointName, endpointNames } from './vpc-endpoints.ts';

/** A VPC or security group made in the same app, or one from elsewhere. */
export type AnyVpc = ec2.Vpc | ec2.IVpc;
export type AnySecurityGroup = ec2.SecurityGroup | ec2.ISecurityGroup;

/** Properties about the network. */
export interface NetworkProps {
  /**
   * The VPC that the lmtp and check functions are in, they alone: no other function meets a mail server.
   *
   * @default - none: mail servers are reached over the internet
   */
  readonly vpc?: AnyVpc | undefined;
  /**
   * Subnets of it.
   *
   * @default - its private subnets, or isolated ones where it has no others
   */
  readonly vpcSubnets?: ec2.SubnetSelection | undefined;
  /**
   * A security group of your own. Nothing is added to it: it must let out to the mail servers, and to HTTPS.
   *
   * @default - one that lets out to the ports of the destinations and to AWS, and nothing in
   */
  readonly securityGroup?: AnySecurityGroup | undefined;
  /**
   * Endpoints by which the functions reach AWS without a NAT gateway: `true` makes those that they need, a list makes these
   * and takes the others to be there, `'existing'` takes all to be there. `false`: the subnets have another way out, a NAT
   * gateway or, with `ipv6`, an egress-only internet gateway.
   *
   * The VPC must have DNS support and DNS host names on, and its route tables no gateway endpoint yet for what is made here.
   *
   * @default false
   */
  readonly vpcEndpoints?: boolean | 'existing' | readonly EndpointName[] | undefined;
  /**
   * Managed prefix lists that HTTPS is let out to: those of S3 and DynamoDB in your region, and, where interface endpoints
   * exist already, one of your own with their addresses.
   *
   * @default - HTTPS is let out to every address: the ids of AWS's lists differ by region, and no template can look them up
   */
  readonly prefixLists?: readonly string[] | undefined;
  /**
   * TCP ports that the functions may reach mail servers on, where they cannot be told from the destinations.
   *
   * @default - the ports of `destination`, `transportMap`, `allowedDestinations` and lmtp_fallback_relay
   */
  readonly mailPorts?: readonly number[] | undefined;
  /**
   * Whether mail servers are reached by IPv6 too. The subnets must have addresses of both kinds.
   *
   * @default false
   */
  readonly ipv6?: boolean | undefined;
}

/** The network of a stack, checked. */
export interface NetworkSettings {
  readonly vpc: AnyVpc;
  readonly vpcSubnets: ec2.SubnetSelection | undefined;
  readonly securityGroup: AnySecurityGroup | undefined;
  /** Endpoints to be made. */
  readonly endpoints: readonly EndpointName[] | 'needed';
  /** Whether AWS too is reached by IPv6: nothing else leads out of the subnets. */
  readonly isDualStackToAws: boolean;
  readonly prefixLists: readonly string[];
  readonly targets: readonly MailTarget[];
  readonly ipv6: boolean;
}

/**
 * Checks the properties of the network.
 *
 * @param targets where mail can go; undefined where that is known only when the stack runs
 * @returns undefined without a VPC
 * @throws PropsError naming the property, its value and what is allowed
 */
export function networkOf(
  props: NetworkProps,
  targets: readonly MailTarget[] | undefined,
): NetworkSettings | undefined {
  const { vpc, vpcSubnets, securityGroup, vpcEndpoints = false, prefixLists = [], mailPorts, ipv6 = false } = props;
  if (vpc === undefined) {
    refuseWithoutVpc(props);
    return undefined;
  }
  for (const name of Array.isArray(vpcEndpoints) ? vpcEndpoints : []) checkEndpoint(name);
  if (typeof vpcEndpoints === 'string' && vpcEndpoints !== 'existing') throw wrongEndpoints(vpcEndpoints);
  for (const port of mailPorts ?? []) checkPort(port);
  if (mailPorts === undefined && targets === undefined && securityGroup === undefined) {
    throw refuse(
      'mailPorts',
      mailPorts,
      'a list of ports (those of the destinations are not known at synth), or a securityGroup,',
    );
  }
  const known: readonly MailTarget[] = mailPorts?.map((port) => ({ port })) ?? targets ?? [];
  const sixth = known.find(({ address }) => address?.includes(':'));
  if (sixth !== undefined && !ipv6) {
    throw refuse('ipv6', ipv6, `true (the destination [${sixth.address}] is an IPv6 address)`);
  }
  const endpoints = vpcEndpoints === true ? 'needed' : Array.isArray(vpcEndpoints) ? vpcEndpoints : [];
  const isDualStackToAws = ipv6 && vpcEndpoints === false;
  return { vpc, vpcSubnets, securityGroup, endpoints, isDualStackToAws, prefixLists, targets: known, ipv6 };
}

function refuseWithoutVpc(props: NetworkProps): void {
  const { vpcSubnets, securityGroup, vpcEndpoints, prefixLists, mailPorts, ipv6 } = props;
  const others = { vpcSubnets, securityGroup, vpcEndpoints, prefixLists, mailPorts, ipv6 };
  const [name] = Object.entries(others).find(([, value]) => value !== undefined && value !== false) ?? [];
  if (name !== undefined) throw refuse(name, 'a value without vpc', 'a vpc beside it, or nothing');
}

function checkEndpoint(name: string): void {
  if (!(endpointNames as readonly string[]).includes(name)) throw wrongEndpoints(name);
}

function wrongEndpoints(value: string): Error {
  return refuse('vpcEndpoints', value, `true, false, 'existing' or a list of ${endpointNames.join(', ')}`);
}

function checkPort(port: number): void {
  if (Token.isUnresolved(port)) return;
  if (Number.isInteger(port) && port >= 1 && port <= 65_535 && port !== 25) return;
  throw refuse('mailPorts', port, 'a port from 1 to 65535 but 25 (RFC 2033 section 5)');
}
