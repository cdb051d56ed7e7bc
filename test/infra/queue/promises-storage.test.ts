import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Duration } from 'aws-cdk-lib';
import { Annotations, Match } from 'aws-cdk-lib/assertions';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import type { LmtpDeliveryProps } from '../../../infra/construct/lmtp-delivery.ts';
import { appStack, asText, construct, type Resource, resource, resourcesOf, resourcesOfType } from '../synthesize.ts';

const resources = resourcesOf(appStack());
const queues = resourcesOfType(resources, 'AWS::SQS::Queue');
const topics = resourcesOfType(resources, 'AWS::SNS::Topic');

/** The resources of a stack with these properties. */
function withProps(props: Partial<LmtpDeliveryProps>): Record<string, Resource> {
  return resourcesOf(construct(() => ({ destination: 'lmtp.example.com:24', ...props })).stack);
}

test('queues, topics and bucket accept no requests without TLS', () => {
  const types = ['AWS::SQS::QueuePolicy', 'AWS::SNS::TopicPolicy', 'AWS::S3::BucketPolicy'];
  const policies = resourcesOfType(resources, ...types);
  assert.equal(Object.keys(policies).length, Object.keys(queues).length + Object.keys(topics).length + 1);
  for (const { Properties } of Object.values(policies)) {
    assert.match(
      JSON.stringify(Properties),
      /"Condition":\{"Bool":\{"aws:SecureTransport":"false"\}\},"Effect":"Deny"/,
    );
  }
});

test('queues, topics and bucket are encrypted, the topic of alarms with a key that CloudWatch may use', () => {
  for (const { Properties } of Object.values(queues)) assert.equal(Properties['SqsManagedSseEnabled'], true);
  assert.equal(Object.keys(topics).length, 3);
  for (const [id, { Properties }] of Object.entries(topics)) {
    const key = asText(Properties['KmsMasterKeyId']);
    assert.match(key, id.includes('TopicsAlarm') ? /TopicsAlarmKey/ : /alias\/aws\/sns$/);
  }
  const { BucketEncryption } = resource(resources, 'AWS::S3::Bucket', 'MessageBucket');
  assert.match(JSON.stringify(BucketEncryption), /"SSEAlgorithm":"AES256"/);
});

test('only alarms of this account reach their topic', () => {
  const own = { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } };
  const cloudWatch = { Service: 'cloudwatch.amazonaws.com' };
  const key = resource(resources, 'AWS::KMS::Key', 'AlarmKey');
  assert.equal(key['EnableKeyRotation'], true);
  const actions = ['kms:Decrypt', 'kms:GenerateDataKey'];
  assertStatement(key['KeyPolicy'], { Principal: cloudWatch, Action: actions, Condition: own });
  const { PolicyDocument } = resource(resources, 'AWS::SNS::TopicPolicy', 'TopicsAlarm');
  assertStatement(PolicyDocument, { Principal: cloudWatch, Action: 'sns:Publish', Condition: own });
});

/** Whether a policy allows just that, in one of its statements. */
function assertStatement(policy: unknown, statement: Record<string, unknown>): void {
  const { Statement } = policy as { Statement: Record<string, unknown>[] };
  const found = Statement.filter(({ Principal }) => isSame(Principal, statement['Principal']));
  assert.equal(found.length, 1, JSON.stringify(statement['Principal']));
  assert.partialDeepStrictEqual(found[0], { Effect: 'Allow', ...statement });
}

function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

test('a body is never public, and an overwritten one still exists', () => {
  assert.partialDeepStrictEqual(resource(resources, 'AWS::S3::Bucket', 'MessageBucket'), {
    PublicAccessBlockConfiguration: {
      BlockPublicAcls: true,
      BlockPublicPolicy: true,
      IgnorePublicAcls: true,
      RestrictPublicBuckets: true,
    },
    VersioningConfiguration: { Status: 'Enabled' },
  });
});

/** Rules of the message bucket. */
function lifecycle(from: Record<string, Resource>): Record<string, unknown>[] {
  const { LifecycleConfiguration } = resource(from, 'AWS::S3::Bucket', 'MessageBucket');
  return (LifecycleConfiguration as { Rules: Record<string, unknown>[] }).Rules;
}

test('a body is never deleted by age alone', () => {
  for (const rule of lifecycle(resources)) {
    assert.deepEqual(Object.keys(rule).sort(), ['AbortIncompleteMultipartUpload', 'Id', 'Status']);
  }
});

test('if bodies are deleted after use, they are kept for a time, and no rule applies to a current one', () => {
  const rules = lifecycle(withProps({ bodyRetention: Duration.days(90) }));
  assert.equal(rules.length, 2);
  assert.deepEqual(
    rules.find(({ Id }) => Id === 'deleted-bodies'),
    {
      Id: 'deleted-bodies',
      Status: 'Enabled',
      ExpiredObjectDeleteMarker: true,
      NoncurrentVersionExpiration: { NoncurrentDays: 90 },
    },
  );
  for (const rule of rules) assert.ok(!('ExpirationInDays' in rule) && !('ExpirationDate' in rule));
});

test("the user's own bucket gets no lifecycle rule", () => {
  const bodyRetention = Duration.days(90);
  const own = () =>
    construct((scope) => ({
      destination: 'lmtp.example.com:24',
      messageBucket: new Bucket(scope, 'Bodies'),
      bodyRetention,
    }));
  assert.throws(own, /bodyRetention: .* is not allowed: expected no bodyRetention beside an existing messageBucket/);
});

test('the queue table survives a deleted stack, a mistake of five weeks, and an accidental deletion', () => {
  const [table] = Object.values(resourcesOfType(resources, 'AWS::DynamoDB::GlobalTable'));
  assert.equal(table?.DeletionPolicy, 'Retain');
  assert.equal(table?.UpdateReplacePolicy, 'Retain');
  assert.partialDeepStrictEqual(table?.Properties['Replicas'], [
    { DeletionProtectionEnabled: true, PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true } },
  ]);
});

test('bodies, logs, and queues with mail that is nowhere else survive a deleted stack', () => {
  const types = ['AWS::S3::Bucket', 'AWS::Logs::LogGroup', 'AWS::SQS::Queue'];
  const kept = Object.entries(resourcesOfType(resources, ...types))
    .filter(([, { DeletionPolicy }]) => DeletionPolicy === 'Retain' || DeletionPolicy === 'RetainExceptOnCreate')
    .map(([id]) => id.replace(/^Delivery(Queues|Stores|Functions)|[0-9A-F]{8}$/g, ''));
  assert.deepEqual(kept.sort(), [
    'Bounce',
    'BounceDeadLetters',
    'BounceLog',
    'CheckLog',
    'Corrupt',
    'Incoming',
    'IncomingDeadLetters',
    'LmtpLog',
    'MessageBucket',
    'PostsuperLog',
    'QmgrLog',
    'ShowqLog',
    'SweepLog',
  ]);
  for (const { DeletionPolicy, UpdateReplacePolicy } of Object.values(resourcesOfType(resources, ...types))) {
    assert.equal(UpdateReplacePolicy, DeletionPolicy);
  }
});

/**
 * The logical ids of stateful resources. With another id CloudFormation creates another, empty, resource at
 * an update, and abandons the one before: requests in the old incoming queue and deliveries in the old table
 * are never delivered, and the functions cannot read bodies in the old bucket. So a line of this file that
 * changes, or is removed, loses the mail of every user who updates; a line may only be added.
 */
test('stateful resources keep their logical ids: with another id mail would be lost', () => {
  const file = join(import.meta.dirname, 'stateful-ids.json');
  const written = JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>;
  const types = new Set(Object.values(written));
  const found = Object.entries(resourcesOfType(resources, ...types)).map(([id, { Type }]) => [id, Type] as const);
  assert.deepEqual(Object.fromEntries(found.sort()), written);
  for (const type of ['AWS::DynamoDB::GlobalTable', 'AWS::S3::Bucket', 'AWS::SQS::Queue', 'AWS::KMS::Key'])
    assert.ok(types.has(type), type);
});

const keyed = construct((scope) => ({
  destination: 'lmtp.example.com:24',
  encryptionKey: new Key(scope, 'Own', { enableKeyRotation: true }),
}));
const underKey = resourcesOf(keyed.stack);

test("with the user's own key everything that is stored is encrypted with it", () => {
  const isOwn = (value: unknown) => /"Own[0-9A-F]{8}"/.test(JSON.stringify(value));
  for (const [id, { Properties }] of Object.entries(resourcesOfType(underKey, 'AWS::SQS::Queue')))
    assert.ok(isOwn(Properties['KmsMasterKeyId']), id);
  for (const [id, { Properties }] of Object.entries(resourcesOfType(underKey, 'AWS::SNS::Topic')))
    assert.ok(isOwn(Properties['KmsMasterKeyId']), id);
  for (const [id, { Properties }] of Object.entries(resourcesOfType(underKey, 'AWS::Logs::LogGroup')))
    assert.ok(isOwn(Properties['KmsKeyId']), id);
  assert.ok(isOwn(resource(underKey, 'AWS::S3::Bucket', 'MessageBucket')['BucketEncryption']));
  const table = resource(underKey, 'AWS::DynamoDB::GlobalTable', 'QueueTable');
  assert.deepEqual(table['SSESpecification'], { SSEEnabled: true, SSEType: 'KMS' });
  assert.ok(isOwn(table['Replicas']));
  // No second key for alarms.
  assert.equal(Object.keys(resourcesOfType(underKey, 'AWS::KMS::Key')).length, 1);
});

test('its policy names the services that deliver mail, events, alarms and logs, each for this account alone', () => {
  const { KeyPolicy } = resource(underKey, 'AWS::KMS::Key', 'Own');
  const own = { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } };
  for (const service of ['sns', 'events', 's3', 'ses', 'cloudwatch']) {
    const Action = ['kms:Decrypt', 'kms:GenerateDataKey'];
    assertStatement(KeyPolicy, { Principal: { Service: `${service}.amazonaws.com` }, Action, Condition: own });
  }
  const logs = (KeyPolicy as { Statement: { Sid?: string; Condition?: unknown }[] }).Statement.find(
    ({ Sid }) => Sid === 'LambdaLmtpLogs',
  );
  assert.match(JSON.stringify(logs?.Condition), /"ArnLike":\{"kms:EncryptionContext:aws:logs:arn":.*log-group:\*/);
});

test('no key depends on a resource that depends on the key', () => {
  // If a policy of the key named a topic, neither could be created.
  const { KeyPolicy } = resource(underKey, 'AWS::KMS::Key', 'Own');
  assert.doesNotMatch(JSON.stringify(KeyPolicy), /Mail(Topics|Queues|Stores|Functions|Triggers)/);
});

test('the policy of a key from elsewhere cannot be changed: synth says what it must contain', (context) => {
  context.mock.method(process.stderr, 'write', () => true);
  const arn = 'arn:aws:kms:eu-west-1:111122223333:key/11111111-2222-3333-4444-555555555555';
  const { stack } = construct((scope) => ({
    destination: 'lmtp.example.com:24',
    encryptionKey: Key.fromKeyArn(scope, 'Theirs', arn),
  }));
  const services = ['sns', 'events', 's3', 'ses', 'cloudwatch', 'logs'].join('\\.[^]*"Service":"');
  Annotations.fromStack(stack).hasWarning('/Theirs/Mail', Match.stringLikeRegexp(`"Service":"${services}\\.`));
  Annotations.fromStack(keyed.stack).hasNoWarning('*', Match.stringLikeRegexp('encryptionKey'));
});

test("S3 of another account may announce new objects, with the user's own key too", () => {
  const { stack, delivery } = construct((scope) => ({
    destination: 'lmtp.example.com:24',
    encryptionKey: new Key(scope, 'Own'),
    allowedBuckets: [Bucket.fromBucketName(scope, 'Elsewhere', 'elsewhere')],
  }));
  delivery.allowNotificationsFrom(Bucket.fromBucketName(stack, 'Again', 'elsewhere'), '444455556666');
  const { KeyPolicy } = resource(resourcesOf(stack), 'AWS::KMS::Key', 'Own');
  assert.match(JSON.stringify(KeyPolicy), /"aws:SourceAccount":"444455556666"/);
});

const wrong: [string, Partial<LmtpDeliveryProps>, RegExp][] = [
  ['a prefix that is a pattern', { bodyPrefixes: ['in/*'] }, /bodyPrefixes: "in\/\*" is not allowed/],
  ['an empty prefix', { bodyPrefixes: [''] }, /bodyPrefixes: ""/],
  ['too many prefixes', { bodyPrefixes: Array.from({ length: 21 }, (_, index) => `p${index}/`) }, /at most 20/],
  ['an invalid owner', { bucketOwners: { archive: 'me' } }, /bucketOwners\.archive: "me" is not allowed/],
];
for (const [what, props, error] of wrong) {
  test(`${what}: fails at synth`, () => {
    assert.throws(() => withProps(props), error);
  });
}

test('objects that are admitted from the message bucket are below a prefix of bodies', () => {
  const { delivery } = construct(() => ({ destination: 'lmtp.example.com:24', bodyPrefixes: ['in/'] }));
  const { messageBucket } = delivery.stores;
  assert.throws(() => delivery.receiveObjects(messageBucket, 'drop/'), /prefix: "drop\/" .* one of bodyPrefixes/);
});
