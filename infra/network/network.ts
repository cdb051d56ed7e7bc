/** The properties of the network for mail servers, and their checks: Lambda's network or a VPC. */
import { Token } from 'aws-cdk-lib';
import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import { refuse } from '../properties/props-error.ts';
import type { MailTarget } from './mail-ports.ts';
import { type EndpointName, endpointNames } from './vpc-endpoints.ts';

/** A VPC or security group created in the same app, or an imported one. */
export type AnyVpc = ec2.Vpc | ec2.IVpc;
export type AnySecurityGroup = ec2.SecurityGroup | ec2.ISecurityGroup;

/** Properties about the network. */
export interface NetworkProps {
  /**
   * The VPC of the functions lmtp and check. No other function connects to mail servers.
   *
   * @default - none: mail servers are reached over the internet
   */
  readonly vpc?: AnyVpc | undefined;
  /**
   * Subnets of the VPC.
   *
   * @default - its private subnets, or its isolated ones if it has no others
   */
  readonly vpcSubnets?: ec2.SubnetSelection | undefined;
  /**
   * An existing security group. The construct adds no rules: it must allow egress to the mail servers and to HTTPS.
   *
   * @default - a new one that allows egress to the ports of the destinations and to AWS, and no ingress
   */
  readonly securityGroup?: AnySecurityGroup | undefined;
  /**
   * Endpoints by which the functions reach AWS without a NAT gateway: `true` creates all that they need, a list creates these
   * and assumes that the others exist, `'existing'` assumes that all exist. `false`: the subnets have a NAT gateway or, with
   * `ipv6`, an egress-only internet gateway.
   *
   * The VPC must have DNS support and DNS host names enabled. Its route tables must not have gateway endpoints that are created
   * here.
   *
   * @default false
   */
  readonly vpcEndpoints?: boolean | 'existing' | readonly EndpointName[] | undefined;
  /**
   * Managed prefix lists to which HTTPS is allowed: those of S3 and DynamoDB in your region and, if interface endpoints exist
   * already, your list of their addresses.
   *
   * @default - HTTPS is allowed to every address: the ids of AWS's lists differ by region, and a template cannot look them up
   */
  readonly prefixLists?: readonly string[] | undefined;
  /**
   * TCP ports of the mail servers, if the destinations do not contain them.
   *
   * @default - the ports of `destination`, `transportMap`, `allowedDestinations` and lmtp_fallback_relay
   */
  readonly mailPorts?: readonly number[] | undefined;
  /**
   * Whether to reach mail servers by IPv6 too. The subnets must be dual-stack.
   *
   * @default false
   */
  readonly ipv6?: boolean | undefined;
}

/** The checked network properties of a stack. */
export interface NetworkSettings {
  readonly vpc: AnyVpc;
  readonly vpcSubnets: ec2.SubnetSelection | undefined;
  readonly securityGroup: AnySecurityGroup | undefined;
  /** Endpoints to create. */
  readonly endpoints: readonly EndpointName[] | 'needed';
  /** Whether the functions reach AWS by IPv6 too, since the subnets may have no other way out. */
  readonly isDualStackToAws: boolean;
  readonly prefixLists: readonly string[];
  readonly targets: readonly MailTarget[];
  readonly ipv6: boolean;
}

/**
 * Returns the checked network properties; undefined without a VPC.
 *
 * @param targets the servers that mail can go to; undefined if known only at run time
 * @throws PropsError with the property, its value and what is allowed
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
      'a list of ports (those of the destinations are not known at synth), or a securityGroup',
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
  if (name !== undefined) throw refuse(name, 'a value without vpc', 'vpc too, or no value');
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
  throw refuse('mailPorts', port, 'a port from 1 to 65535 except 25 (RFC 2033 section 5)');
}
