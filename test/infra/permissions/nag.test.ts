import assert from 'node:assert/strict';
import { test } from 'node:test';
import { App, Duration, type Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Vpc } from 'aws-cdk-lib/aws-ec2';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { AwsSolutionsChecks, type NagPackProps } from 'cdk-nag';
import { loadExamples } from '../../support/examples.ts';
import { appStack, construct, resourcesOf, stubCode, unvalidated } from '../synthesize.ts';

/** A stack with every option: a network, a key, secrets, reports through SES, front doors, people. */
function fullest(): Stack {
  const { stack, delivery } = construct((scope) => ({
    destination: 'inet:lmtp.example.com:24',
    parameters: {
      lmtp_sasl_password_maps: 'secretsmanager:lmtp/passwords',
      bounce_report_routes: 'incoming, ses',
      bounce_report_ses_sender: 'bounce@example.com',
    },
    vpc: Vpc.fromVpcAttributes(scope, 'Vpc', {
      vpcId: 'vpc-0123456789abcdef0',
      availabilityZones: ['a', 'b'],
      isolatedSubnetIds: ['subnet-0123456789abcdef0', 'subnet-0123456789abcdef1'],
      isolatedSubnetRouteTableIds: ['rtb-0123456789abcdef0', 'rtb-0123456789abcdef1'],
    }),
    vpcEndpoints: true,
    ipv6: true,
    encryptionKey: new Key(scope, 'Own', { enableKeyRotation: true }),
    allowedBuckets: [Bucket.fromBucketName(scope, 'Archive', 'archive')],
    bodyPrefixes: ['in/', 'drop/'],
    bodyRetention: Duration.days(90),
  }));
  delivery.receiveObjects(delivery.stores.messageBucket, 'drop/');
  delivery.receiveFromSes(Topic.fromTopicArn(stack, 'SesTopic', 'arn:aws:sns:eu-west-1:111122223333:mail'));
  const role = (id: string) => new Role(stack, id, { assumedBy: new ServicePrincipal('ec2.amazonaws.com') });
  delivery.grantSubmit(role('Producer'));
  delivery.grantOperate(role('Postmaster'));
  delivery.grantObserve(role('Watcher'));
  return stack;
}

/** The rule pack, and the same without accepting reasons. */
class Unforgiving extends AwsSolutionsChecks {
  constructor(props: NagPackProps = {}) {
    super(undefined, props);
    Object.defineProperty(this, 'isAcknowledged', { value: () => false });
  }
}

/** Findings as lines: rule and resource. */
function findings(pack: AwsSolutionsChecks, stack: Stack): string[] {
  return pack
    .validateScope(stack)
    .violations.flatMap(({ ruleName, violatingResources }) =>
      violatingResources.map(({ constructPath }) => `${ruleName} ${constructPath}`),
    )
    .sort();
}

const stacks: [string, () => Stack][] = [
  ['the default stack', () => appStack()],
  ['a stack with every option', fullest],
];
for (const [what, make] of stacks) {
  test(`${what}: AwsSolutions finds nothing that is not explained`, (context) => {
    const stack = make();
    const count = Object.keys(resourcesOf(stack)).length;
    const unexplained = findings(new AwsSolutionsChecks(), stack);
    const all = findings(new Unforgiving(), stack);
    assert.deepEqual(unexplained, []);
    const wildcards = all.filter((line) => line.startsWith('AwsSolutions-IAM5'));
    context.diagnostic(
      `${count} resources; findings: ${all.length} explained (${wildcards.length} of them wildcards), ${unexplained.length} unexplained`,
    );
    // A finding that no longer occurs should have no explanation.
    const rules = new Set(all.map((line) => line.replace(/[[ ].*/, '')));
    assert.deepEqual([...rules].sort(), ['AwsSolutions-IAM5', 'AwsSolutions-S1', 'AwsSolutions-SQS3']);
  });
}

const examples = await loadExamples(stubCode);
for (const [name, Example] of Object.entries(examples)) {
  test(`the example ${name}: nothing is found in what the construct made`, () => {
    const stack = new Example(new App(unvalidated), 'Example');
    resourcesOf(stack);
    const ours = findings(new AwsSolutionsChecks(), stack).filter((line) => / Example\/(?:Mail|Delivery)\//.test(line));
    assert.deepEqual(ours, []);
  });
}

test('cdk-nag 2 finds the same reasons, in the metadata of the resources', () => {
  const stack = appStack();
  const resources = Template.fromStack(stack).toJSON()['Resources'] as Record<string, { Metadata?: unknown }>;
  const suppressed = Object.entries(resources).flatMap(([id, { Metadata }]) => {
    const { cdk_nag: nag } = (Metadata ?? {}) as { cdk_nag?: { rules_to_suppress: { id: string; reason: string }[] } };
    return (nag?.rules_to_suppress ?? []).map((rule) => {
      assert.ok(rule.reason.length > 20, id);
      return `${rule.id} ${id}`;
    });
  });
  const explained = findings(new Unforgiving(), stack).map((line) => line.replace(/[[ ].*/, ''));
  for (const rule of new Set(explained))
    assert.ok(
      suppressed.some((line) => line.startsWith(rule)),
      rule,
    );
});
