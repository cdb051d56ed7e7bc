import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Stack, Token } from 'aws-cdk-lib';
import { type IVpc, Port, SecurityGroup, SubnetType, Vpc } from 'aws-cdk-lib/aws-ec2';
import { NetworkLoadBalancer } from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import type { LmtpDeliveryProps } from '../../../infra/construct/lmtp-delivery.ts';
import { construct, type Resource, resourcesOf, resourcesOfType, statementsOf } from '../synthesize.ts';

/** A VPC without any route outwards. */
function isolated(stack: Stack): Vpc {
  return new Vpc(stack, 'Vpc', {
    maxAzs: 2,
    natGateways: 0,
    // The CDK's own function for it would be one more function.
    restrictDefaultSecurityGroup: false,
    subnetConfiguration: [{ name: 'inner', subnetType: SubnetType.PRIVATE_ISOLATED }],
  });
}

function inVpc(props: Partial<LmtpDeliveryProps> = {}): Record<string, Resource> {
  const { stack } = construct((scope) => ({ destination: 'inet:lmtp.example.com:24', vpc: isolated(scope), ...props }));
  return resourcesOf(stack);
}

/** The rules of a security group as lines: `24 0.0.0.0/0`. */
function egress(resources: Record<string, Resource>): string[] {
  return Object.entries(resourcesOfType(resources, 'AWS::EC2::SecurityGroup'))
    .filter(([id]) => id.includes('MailNetworkSecurityGroup'))
    .flatMap(([, { Properties }]) => Properties['SecurityGroupEgress'] as Record<string, unknown>[])
    .map(({ FromPort, ToPort, IpProtocol, CidrIp, CidrIpv6, DestinationPrefixListId }) => {
      assert.equal(FromPort, ToPort);
      assert.equal(IpProtocol, 'tcp');
      return `${FromPort} ${CidrIp ?? CidrIpv6 ?? DestinationPrefixListId}`;
    });
}

function inNetwork(resources: Record<string, Resource>): string[] {
  return Object.entries(resourcesOfType(resources, 'AWS::Lambda::Function'))
    .filter(([, { Properties }]) => 'VpcConfig' in Properties)
    .map(([id]) => id.replace(/^MailFunctions|[0-9A-F]{8}$/g, ''))
    .sort();
}

test('without a VPC no function is in one, and no role may use network interfaces', () => {
  const { stack } = construct(() => ({ destination: 'lmtp.example.com:24' }));
  const resources = resourcesOf(stack);
  assert.deepEqual(inNetwork(resources), []);
  assert.doesNotMatch(JSON.stringify(resources), /ec2:/);
  assert.deepEqual(resourcesOfType(resources, 'AWS::EC2::SecurityGroup'), {});
});

test('only lmtp and check are in the VPC', () => {
  assert.deepEqual(inNetwork(inVpc()), ['Check', 'Lmtp']);
});

test('Lambda may create network interfaces for the two, and their own code may not', () => {
  const resources = inVpc();
  for (const role of ['LmtpRole', 'CheckRole']) {
    const on = statementsOf(resources, role).filter(({ actions }) => actions.some((one) => one.startsWith('ec2:')));
    assert.deepEqual(
      on.map(({ effect, resources: all }) => [effect, ...all]),
      [
        ['Allow', '*'],
        ['Deny', '*'],
      ],
    );
    assert.deepEqual(on[0]?.actions, on[1]?.actions);
  }
  const [lmtp] = Object.entries(resources).flatMap(([id, one]) => (id.includes('LmtpRole') ? [one] : []));
  assert.match(JSON.stringify(lmtp), /"Condition":\{"Null":\{"lambda:SourceFunctionArn":"false"\}\}/);
  for (const role of ['QmgrRole', 'SweepRole', 'BounceRole'])
    assert.doesNotMatch(JSON.stringify(statementsOf(resources, role)), /ec2:/);
});

test('there is no ingress, and egress to the LMTP port and HTTPS', () => {
  const resources = inVpc();
  assert.deepEqual(egress(resources), ['24 0.0.0.0/0', '443 0.0.0.0/0']);
  const [group] = Object.values(resourcesOfType(resources, 'AWS::EC2::SecurityGroup'));
  assert.equal(group?.Properties['SecurityGroupIngress'], undefined);
});

test('the ports are those of destination, map, allowed destinations and fallback, in the notation of Postfix', () => {
  const resources = inVpc({
    destination: 'inet:a.example.com:2003 inet:[192.0.2.7]:2424',
    transportMap: 'example.org lmtp:inet:[192.0.2.9]:2003\nexample.net lmtp:\nexample.edu error:no longer here',
    allowedDestinations: ['inet:b.example.com:lmtps'],
    parameters: { known_tcp_ports: 'lmtps=2526', lmtp_fallback_relay: 'spare.example.com:2600', lmtp_tcp_port: '240' },
  });
  assert.deepEqual(egress(resources).sort(), [
    '2003 0.0.0.0/0',
    '240 0.0.0.0/0',
    '2424 192.0.2.7/32',
    '2526 0.0.0.0/0',
    '2600 0.0.0.0/0',
    '443 0.0.0.0/0',
  ]);
});

test('a security group has a limit of rules: of a hundred addresses only the ports count', () => {
  const addresses = Array.from({ length: 100 }, (_, index) => `inet:[192.0.2.${index}]:24`);
  assert.deepEqual(egress(inVpc({ allowedDestinations: addresses, destination: '[192.0.2.200]:24' })), [
    '24 0.0.0.0/0',
    '443 0.0.0.0/0',
  ]);
});

test('IPv6 is permitted too on request; AWS by IPv6 only without an endpoint', () => {
  const both = inVpc({ ipv6: true });
  assert.deepEqual(egress(both), ['24 0.0.0.0/0', '24 ::/0', '443 0.0.0.0/0', '443 ::/0']);
  const withEndpoints = inVpc({ ipv6: true, vpcEndpoints: true, destination: '[2001:db8::24]:24' });
  assert.deepEqual(egress(withEndpoints), ['24 2001:db8::24/128', '443 0.0.0.0/0']);
  const variables = (resources: Record<string, Resource>) => {
    const functions = resourcesOfType(resources, 'AWS::Lambda::Function');
    return Object.entries(functions).filter(([, { Properties }]) =>
      JSON.stringify(Properties['Environment']).includes('"AWS_USE_DUALSTACK_ENDPOINT":"true"'),
    );
  };
  assert.deepEqual(
    variables(both).map(([id]) => id.replace(/[0-9A-F]{8}$/, '')),
    ['MailFunctionsLmtp', 'MailFunctionsCheck'],
  );
  assert.deepEqual(variables(withEndpoints), []);
  for (const { Properties } of Object.values(resourcesOfType(both, 'AWS::Lambda::Function'))) {
    const { VpcConfig } = Properties as { VpcConfig?: { Ipv6AllowedForDualStack?: boolean } };
    if (VpcConfig !== undefined) assert.equal(VpcConfig.Ipv6AllowedForDualStack, true);
  }
});

/** The created endpoints, by the end of their name and their kind. */
function endpoints(resources: Record<string, Resource>): string[] {
  return Object.values(resourcesOfType(resources, 'AWS::EC2::VPCEndpoint'))
    .map(({ Properties }) => {
      const service = JSON.stringify(Properties['ServiceName']).replace(/^.*[."](\w+)"\]?\]?\}?$/, '$1');
      return `${Properties['VpcEndpointType']} ${service}`;
    })
    .sort();
}

test('the necessary endpoints are created: gateways for S3 and DynamoDB, the rest by the hour, that of secrets only if used', () => {
  const needed = ['Gateway dynamodb', 'Gateway s3', 'Interface sns', 'Interface sqs'];
  assert.deepEqual(endpoints(inVpc({ vpcEndpoints: true })), needed);
  const parameters = { lmtp_sasl_password_maps: 'secretsmanager:lmtp/passwords' };
  assert.deepEqual(
    endpoints(inVpc({ vpcEndpoints: true, parameters })),
    [...needed, 'Interface secretsmanager'].sort(),
  );
  assert.deepEqual(endpoints(inVpc({ vpcEndpoints: ['s3', 'sqs'] })), ['Gateway s3', 'Interface sqs']);
  for (const none of [false, 'existing', undefined] as const) {
    assert.deepEqual(endpoints(inVpc({ vpcEndpoints: none })), []);
  }
});

test('endpoints accept only our functions', () => {
  const groups = Object.entries(resourcesOfType(inVpc({ vpcEndpoints: true }), 'AWS::EC2::SecurityGroup'));
  assert.equal(groups.length, 2);
  const [rule, ...more] = groups
    .filter(([id]) => id.includes('Endpoints'))
    .flatMap(([, { Properties }]) => Properties['SecurityGroupIngress'] as Record<string, unknown>[]);
  assert.deepEqual(more, []);
  assert.match(JSON.stringify(rule?.['SourceSecurityGroupId']), /MailNetworkSecurityGroup/);
  assert.equal(rule?.['FromPort'], 443);
  assert.equal(rule?.['ToPort'], 443);
});

test('with the prefix lists of a region HTTPS is permitted to nothing else', () => {
  const resources = inVpc({ vpcEndpoints: true, prefixLists: ['pl-1111', 'pl-2222'] });
  assert.deepEqual(egress(resources), ['24 0.0.0.0/0']);
  const rules = Object.values(resourcesOfType(resources, 'AWS::EC2::SecurityGroupEgress'));
  for (const { Properties } of rules) assert.deepEqual([Properties['FromPort'], Properties['ToPort']], [443, 443]);
  assert.deepEqual(
    rules.flatMap(({ Properties }) => Properties['DestinationPrefixListId'] ?? []),
    ['pl-1111', 'pl-2222'],
  );
  const groups = rules.flatMap(({ Properties }) => Properties['DestinationSecurityGroupId'] ?? []);
  assert.equal(groups.length, 1);
  assert.match(JSON.stringify(groups), /Endpoints/);
});

test("the user's own security group is not changed", () => {
  const { stack } = construct((scope) => {
    const vpc = isolated(scope);
    const securityGroup = new SecurityGroup(scope, 'Own', { vpc: vpc as IVpc, allowAllOutbound: false });
    return { destination: 'lmtp.example.com:24', vpc, securityGroup, vpcEndpoints: true };
  });
  const groups = resourcesOfType(resourcesOf(stack), 'AWS::EC2::SecurityGroup');
  const [own] = Object.entries(groups).filter(([id]) => id.startsWith('Own'));
  // The CDK writes this when there is no rule.
  assert.match(JSON.stringify(own?.[1].Properties['SecurityGroupEgress']), /255\.255\.255\.255/);
  assert.equal(Object.keys(groups).length, 2);
});

test('a mail server of the same app accepts the functions by their group', () => {
  const { stack, delivery } = construct((scope) => ({ destination: 'lmtp.internal:24', vpc: isolated(scope) }));
  const vpc = delivery.network?.vpc;
  assert.ok(vpc !== undefined);
  const server = new SecurityGroup(stack, 'Server', { vpc: vpc as IVpc });
  assert.ok(delivery.network !== undefined);
  server.connections.allowFrom(delivery.network.securityGroup as SecurityGroup, Port.tcp(24));
  const rules = Object.values(resourcesOfType(resourcesOf(stack), 'AWS::EC2::SecurityGroupIngress'));
  assert.match(JSON.stringify(rules), /MailNetworkSecurityGroup/);
});

const wrong: [string, Partial<LmtpDeliveryProps>, RegExp][] = [
  ['ports without a VPC', { mailPorts: [24] }, /^PropsError: mailPorts: .*vpc/],
  ['IPv6 without a VPC', { ipv6: true }, /^PropsError: ipv6: .*vpc/],
];
for (const [what, props, error] of wrong) {
  test(`${what}: fails at synth`, () => {
    assert.throws(() => construct(() => ({ destination: 'lmtp.example.com:24', ...props })), error);
  });
}

const wrongInVpc: [string, Partial<LmtpDeliveryProps>, RegExp][] = [
  ['port 25', { mailPorts: [25] }, /mailPorts: 25 is not allowed: expected a port from 1 to 65535 except 25/],
  ['no port', { mailPorts: [0.5] }, /mailPorts: 0\.5/],
  ['an unused endpoint', { vpcEndpoints: ['ec2' as 's3'] }, /vpcEndpoints: "ec2" is not allowed: expected true, false/],
  ['an unknown kind of endpoints', { vpcEndpoints: 'some' as 'existing' }, /vpcEndpoints: "some"/],
  [
    'an IPv6 address without IPv6',
    { destination: '[2001:db8::1]:24' },
    /ipv6: false is not allowed: expected true .*2001:db8::1/,
  ],
  [
    'ports in SRV records',
    { destination: 'inet:example.com:lmtp', parameters: { use_srv_lookup: 'lmtp' } },
    /mailPorts: undefined is not allowed: expected a list of ports/,
  ],
  [
    'a destination that is known only at deployment',
    { destination: `inet:${Token.asString({ Ref: 'Server' })}` },
    /mailPorts: undefined/,
  ],
];
for (const [what, props, error] of wrongInVpc) {
  test(`${what}: fails at synth`, () => {
    assert.throws(() => inVpc(props), error);
  });
}

test('if a map may change at any time, the ports must be given', () => {
  const withMap = (mailPorts?: number[]) => {
    const { stack } = construct((scope) => ({
      transportMapObject: { bucket: Bucket.fromBucketName(scope, 'Maps', 'maps'), key: 'transport' },
      vpc: isolated(scope),
      mailPorts,
    }));
    return egress(resourcesOf(stack));
  };
  assert.throws(() => withMap(), /mailPorts: undefined/);
  assert.deepEqual(withMap([24, 2003]), ['24 0.0.0.0/0', '2003 0.0.0.0/0', '443 0.0.0.0/0']);
});

test('the name of a load balancer of the same app is any address, at the port behind it', () => {
  const { stack } = construct((scope) => {
    const vpc = isolated(scope);
    const balancer = new NetworkLoadBalancer(scope, 'Balancer', { vpc: vpc as IVpc });
    return { destination: `inet:${balancer.loadBalancerDnsName}:2424`, vpc };
  });
  assert.deepEqual(egress(resourcesOf(stack)), ['2424 0.0.0.0/0', '443 0.0.0.0/0']);
});
