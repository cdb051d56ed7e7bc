import type { LmtpDeliveryProps } from '../construct/delivery-props.ts';
import { PropsError } from '../properties/props-error.ts';
import type { ContextSettings } from './context.ts';
import { wrong } from './context-readers.ts';
import type { NamedResources } from './named-resources.ts';

/**
 * Returns the properties of one transport that the context describes, with references to the AWS resources it names.
 *
 * @throws PropsError
 */
export function contextProps(settings: ContextSettings, named: NamedResources): LmtpDeliveryProps {
  const { transports: _, sesTopics: _topics, objectPrefix: _prefix, subnets: _subnets, ...plain } = settings;
  const { transportMapObject: map, otherTransports, messageBucket, alarmTopic, encryptionKey } = settings;
  const others = Object.entries(otherTransports).map(([name, arn]) => [name, named.queue(arn)] as const);
  return {
    ...plain,
    ...networkProps(settings, named),
    transportMapObject: map && { bucket: named.bucket(map.bucket), key: map.key },
    otherTransports: Object.fromEntries(others),
    messageBucket: messageBucket === undefined ? undefined : named.bucket(messageBucket),
    allowedBuckets: settings.allowedBuckets.map((name) => named.bucket(name)),
    secrets: settings.secrets.map((secret) => named.secret(secret)),
    alarmTopic: alarmTopic === undefined ? undefined : named.topic(alarmTopic),
    encryptionKey: encryptionKey === undefined ? undefined : named.key(encryptionKey),
  };
}

type Network = Required<Pick<LmtpDeliveryProps, 'vpc' | 'vpcSubnets' | 'securityGroup'>>;

/** The network properties. Synth reads no AWS account, so a VPC needs its subnets. */
function networkProps({ vpc, subnets, securityGroup, vpcEndpoints }: ContextSettings, named: NamedResources): Network {
  if (vpc !== undefined && subnets === undefined) {
    throw new PropsError(`context vpc: "${vpc}" is not allowed without subnets: set subnets too, one for each zone`);
  }
  if (vpc === undefined && subnets !== undefined) throw wrong('subnets', 'a value without vpc', 'vpc too');
  const makesGateways = vpcEndpoints === true || (Array.isArray(vpcEndpoints) && vpcEndpoints.some(isGateway));
  const bare = makesGateways ? subnets?.find(({ routeTableId }) => routeTableId === undefined) : undefined;
  if (bare !== undefined) {
    throw wrong(
      'subnets',
      bare.subnetId,
      `${bare.subnetId}=rtb-ID (vpcEndpoints writes S3 and DynamoDB into the route table)`,
    );
  }
  return {
    vpc: vpc === undefined ? undefined : named.vpc(vpc),
    vpcSubnets: subnets && { subnets: subnets.map((subnet) => named.subnet(subnet)) },
    securityGroup: securityGroup === undefined ? undefined : named.securityGroup(securityGroup),
  };
}

function isGateway(name: string): boolean {
  return name === 's3' || name === 'dynamodb';
}
