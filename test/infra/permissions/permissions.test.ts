import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Duration } from 'aws-cdk-lib';
import { Vpc } from 'aws-cdk-lib/aws-ec2';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { unboundActions, wildcardReasons } from '../../../infra/security/wildcards.ts';
import { appStack, construct, resourcesOf, resourcesOfType, type Statement, statementsOf } from '../synthesize.ts';

const stack = appStack({ secrets: 'sasl/lmtp' });
const resources = resourcesOf(stack);
const roles = ['QmgrRole', 'LmtpRole', 'SweepRole', 'BounceRole', 'CheckRole', 'ShowqRole', 'PostsuperRole'] as const;

/** The permissions of a function, as lines `action resource`, without its own log. */
function grants(role: string, from = resources): string[] {
  return statementsOf(from, role)
    .flatMap(({ actions, resources: on, conditions }) =>
      actions.flatMap((action) => on.map((one) => `${action} ${short(one)}${items(conditions)}`)),
    )
    .filter((line) => !line.startsWith('logs:'))
    .sort();
}

/** The items of a table to which conditions limit a permission. */
function items(conditions: unknown): string {
  const limited = JSON.stringify({ 'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': ['settings#parameters'] } });
  return JSON.stringify(conditions) === limited ? '/settings' : '';
}

/** `DeliveryQueuesActive9EF534B8` is `Active`. */
function short(text: string): string {
  return text.replace(/(?:Delivery|Mail)(?:Queues|Stores|Topics)(\w+?)[0-9A-F]{8}(?=\/|$)/, '$1');
}

test('qmgr receives from incoming, deferred and the dead letters of active, sends to active and corrupt, and writes only mail from inside notifications', () => {
  assert.deepEqual(grants('QmgrRole'), [
    'dynamodb:GetItem QueueTable',
    'dynamodb:PutItem QueueTable',
    'dynamodb:Query QueueTable',
    'dynamodb:UpdateItem QueueTable',
    's3:GetObject MessageBucket/*',
    's3:GetObjectVersion MessageBucket/*',
    's3:ListBucket MessageBucket',
    's3:PutObject MessageBucket/corrupt/*',
    's3:PutObject MessageBucket/notified/*',
    'sns:Publish Bounce',
    ...consuming('ActiveDeadLetters', 'Deferred', 'Incoming'),
    'sqs:SendMessage Active',
    'sqs:SendMessage Corrupt',
    'sqs:SendMessage Deferred',
  ]);
});

/** The permissions of a trigger, for each queue. */
function consuming(...queues: string[]): string[] {
  const actions = ['DeleteMessage', 'GetQueueAttributes', 'ReceiveMessage'];
  return actions.flatMap((action) => queues.map((queue) => `sqs:${action} ${queue}`));
}

test('lmtp receives from active alone, and reads only its own secrets', () => {
  const secret = 'arn:AWS::Partition:secretsmanager:AWS::Region:AWS::AccountId:secret:sasl/lmtp-??????';
  assert.deepEqual(grants('LmtpRole'), [
    'dynamodb:GetItem QueueTable',
    'dynamodb:PutItem QueueTable',
    'dynamodb:Query QueueTable/index/waiting',
    'dynamodb:Query QueueTable/settings',
    'dynamodb:UpdateItem QueueTable',
    's3:GetObject MessageBucket/*',
    's3:GetObjectVersion MessageBucket/*',
    's3:ListBucket MessageBucket',
    's3:PutObject MessageBucket/corrupt/*',
    `secretsmanager:GetSecretValue ${secret}`,
    'sns:Publish Bounce',
    'sns:Publish Notice',
    'sqs:ChangeMessageVisibility Active',
    'sqs:DeleteMessage Active',
    'sqs:GetQueueAttributes Active',
    'sqs:ReceiveMessage Active',
    'sqs:SendMessage Corrupt',
    'sqs:SendMessage Deferred',
  ]);
});

test('the sweep wakes deliveries and reads no mail', () => {
  assert.deepEqual(grants('SweepRole'), [
    'dynamodb:GetItem QueueTable',
    'dynamodb:Query QueueTable/index/due',
    'dynamodb:Query QueueTable/index/waiting',
    'dynamodb:Query QueueTable/settings',
    'dynamodb:UpdateItem QueueTable',
    'sns:Publish Bounce',
    'sqs:SendMessage Active',
    'sqs:SendMessage Deferred',
  ]);
});

const reporting = [
  'dynamodb:PutItem QueueTable',
  'dynamodb:Query QueueTable',
  'dynamodb:UpdateItem QueueTable',
  's3:GetObject MessageBucket/*',
  's3:GetObjectVersion MessageBucket/*',
  's3:ListBucket MessageBucket',
  's3:PutObject MessageBucket/reports/*',
  'sns:Publish Notice',
  'sqs:ChangeMessageVisibility Bounce',
  'sqs:DeleteMessage Bounce',
  'sqs:GetQueueAttributes Bounce',
  'sqs:ReceiveMessage Bounce',
  'sqs:SendMessage Incoming',
];

test('bounce receives from its queue, stores reports and sends requests to incoming, and has no other outlet', () => {
  assert.deepEqual(grants('BounceRole'), reporting);
});

test('bounce may send through SES if reports use it: from one address, whatever part of it SES has verified', () => {
  const parameters = {
    bounce_report_routes: 'incoming, ses',
    bounce_report_ses_sender: 'bounce@mail.example.net',
  };
  const { stack: theirs } = construct(() => ({ destination: 'lmtp.example.com:24', parameters }));
  const all = resourcesOf(theirs);
  const identity = (name: string) => `arn:AWS::Partition:ses:AWS::Region:AWS::AccountId:identity/${name}`;
  const identities = ['bounce@mail.example.net', 'example.net', 'mail.example.net'].map(identity);
  assert.deepEqual(
    grants('BounceRole', all).filter((line) => line.startsWith('ses:')),
    [...identities.map((each) => `ses:SendBounce ${each}`), ...identities.map((each) => `ses:SendRawEmail ${each}`)],
  );
  assert.match(JSON.stringify(all), /"StringEquals":\{"ses:FromAddress":"bounce@mail\.example\.net"\}/);
  for (const role of ['QmgrRole', 'LmtpRole', 'SweepRole', 'CheckRole'])
    assert.ok(!grants(role, all).some((line) => line.startsWith('ses:')));
});

test('check reads the secrets and the settings that lmtp reads, and does nothing else', () => {
  assert.deepEqual(grants('CheckRole'), [
    'dynamodb:Query QueueTable/settings',
    ...grants('LmtpRole').filter(readsSecrets),
  ]);
});

test('showq reads everything, and writes nothing but its log', () => {
  const looks = ['GetQueueAttributes', 'GetQueueUrl'];
  const kinds = grants('ShowqRole').map((line) => line.replace(/^sqs:.*$/, (found) => found.split(' ')[0] ?? ''));
  assert.deepEqual(
    [...new Set(kinds)],
    [
      'dynamodb:BatchGetItem QueueTable',
      'dynamodb:GetItem QueueTable',
      'dynamodb:Query QueueTable',
      'dynamodb:Query QueueTable/index/due',
      'dynamodb:Query QueueTable/index/waiting',
      ...looks.map((action) => `sqs:${action}`),
    ],
  );
});

test('postsuper changes what its buttons do, reads no body, and may invoke only check', () => {
  const called = Object.keys(resources).find((id) => /^DeliveryFunctionsCheck[0-9A-F]{8}$/.test(id));
  assert.deepEqual(grants('PostsuperRole'), [
    'dynamodb:GetItem QueueTable',
    'dynamodb:Query QueueTable/index/waiting',
    'dynamodb:Query QueueTable/settings',
    'dynamodb:UpdateItem QueueTable',
    `lambda:InvokeFunction ${called}`,
    'sns:Publish Bounce',
    'sqs:SendMessage Deferred',
  ]);
});

test('only lmtp and check may read secrets, and without any neither may', () => {
  for (const role of ['QmgrRole', 'SweepRole', 'BounceRole', 'ShowqRole', 'PostsuperRole'])
    assert.ok(!grants(role).some(readsSecrets), role);
  const none = resourcesOf(appStack());
  for (const role of roles) assert.ok(!grants(role, none).some(readsSecrets), role);
});

function readsSecrets(line: string): boolean {
  return line.startsWith('secretsmanager:');
}

test('no function may delete a body or an item', () => {
  for (const role of roles) {
    assert.ok(!grants(role).some((line) => /^(s3|dynamodb):.*Delete/.test(line)));
  }
});

/** Every wildcard in the permissions, literally from the policy. */
function wildcards(statements: readonly Statement[]): string[] {
  const found: string[] = [];
  const reasons = Object.keys(wildcardReasons);
  for (const { actions, resources: on } of statements) {
    for (const action of actions) assert.doesNotMatch(action, /[*?]/);
    for (const one of on.filter((text) => /[*?]/.test(text))) {
      if (one === '*') for (const action of actions) assert.ok(Object.hasOwn(unboundActions, action), action);
      else
        assert.ok(
          reasons.some((end) => one.endsWith(end) && !/[*?]/.test(one.slice(0, -end.length))),
          one,
        );
      found.push(...(one === '*' ? actions.map((action) => `${action} *`) : [one]));
    }
  }
  return found;
}

test('no function has a wildcard action or resource without a reason', (context) => {
  const statements = roles.flatMap((role) => statementsOf(resources, role));
  const found = wildcards(statements);
  for (const { effect } of statements) assert.equal(effect, 'Allow');
  context.diagnostic(`${found.length} wildcards in ${roles.length} roles, of ${new Set(found.map(short)).size} sorts`);
});

test('in a VPC, with prefixes, with deleted bodies: still each wildcard has its reason', () => {
  const { stack: theirs } = construct((scope) => ({
    destination: 'lmtp.example.com:24',
    vpc: new Vpc(scope, 'Vpc', { restrictDefaultSecurityGroup: false }),
    bodyPrefixes: ['in/'],
    bodyRetention: Duration.days(60),
    encryptionKey: new Key(scope, 'Own'),
  }));
  wildcards(roles.flatMap((role) => statementsOf(resourcesOf(theirs), role)));
});

test('a role has the permissions written above and no others', () => {
  assert.deepEqual(resourcesOfType(resources, 'AWS::IAM::Policy', 'AWS::IAM::ManagedPolicy'), {});
  const all = Object.values(resourcesOfType(resources, 'AWS::IAM::Role'));
  assert.equal(all.length, roles.length);
  for (const { Properties } of all) assert.equal(Properties['ManagedPolicyArns'], undefined);
});

test('a function writes to its own log only', () => {
  for (const role of roles) {
    const log = statementsOf(resources, role).find(({ actions }) => actions.includes('logs:PutLogEvents'));
    assert.equal(log?.resources.length, 1);
    assert.match(log?.resources[0] ?? '', new RegExp(`Functions${role.replace('Role', 'Log')}`));
    assert.deepEqual(log?.actions, ['logs:CreateLogStream', 'logs:PutLogEvents']);
  }
});

test("the user's own bucket is not changed, and its key is used only for reading and copies", () => {
  const { stack: theirs } = construct((scope) => {
    const encryptionKey = new Key(scope, 'Own');
    const messageBucket = new Bucket(scope, 'Bodies', { encryptionKey, enforceSSL: true });
    return { destination: 'lmtp.example.com:24', messageBucket };
  });
  const all = resourcesOf(theirs);
  assert.equal(Object.keys(resourcesOfType(all, 'AWS::S3::Bucket')).length, 1);
  const keyed = grants('LmtpRole', all).filter((line) => line.startsWith('kms:'));
  assert.deepEqual(
    keyed.map((line) => line.replace(/ Own\w+$/, ' Own')),
    ['kms:Decrypt Own', 'kms:GenerateDataKey Own'],
  );
});

test('buckets that a request may name can be read, and not written', () => {
  const lines = grants('QmgrRole', resourcesOf(appStack({ allowedBuckets: ['archive', 'ses-mail'] })));
  const archive = lines.filter((line) => line.includes(':s3:::archive'));
  assert.deepEqual(
    archive.map((line) => line.replace('arn:AWS::Partition:s3:::', '')),
    ['s3:GetObject archive/*', 's3:GetObjectVersion archive/*', 's3:ListBucket archive'],
  );
});

test('a secret with its own key can be decrypted', () => {
  const { stack: theirs } = construct((scope) => ({
    destination: 'lmtp.example.com:24',
    secrets: [new Secret(scope, 'Sasl', { encryptionKey: new Key(scope, 'Own') })],
  }));
  const lines = grants('LmtpRole', resourcesOf(theirs));
  assert.ok(lines.some((line) => /^secretsmanager:GetSecretValue Sasl\w+$/.test(line)));
  assert.ok(lines.some((line) => /^kms:Decrypt Own\w+$/.test(line)));
});

/** The condition under which a role may list a bucket: which prefixes. */
function listedBy(role: string, from = resources): unknown[] {
  return statementsOf(from, role)
    .filter(({ actions }) => actions.includes('s3:ListBucket'))
    .map(({ conditions }) => (conditions as { StringLike: Record<string, unknown> }).StringLike['s3:prefix']);
}

test('S3 reports a missing body, and no role may list the whole bucket: S3 compares the key with the prefix of a list', () => {
  for (const role of ['QmgrRole', 'LmtpRole', 'BounceRole']) assert.deepEqual(listedBy(role), [['?*']], role);
  for (const role of ['SweepRole', 'CheckRole', 'ShowqRole', 'PostsuperRole'])
    assert.deepEqual(listedBy(role), [], role);
});

test('if bodies are below prefixes, nothing else of the bucket can be read, except what the functions wrote', () => {
  const { stack: theirs } = construct((scope) => ({
    destination: 'lmtp.example.com:24',
    bodyPrefixes: ['in/', 'drop/'],
    allowedBuckets: [Bucket.fromBucketName(scope, 'Archive', 'archive')],
  }));
  const all = resourcesOf(theirs);
  const places = ['corrupt/*', 'drop/*', 'in/*', 'notified/*', 'reports/*'];
  for (const role of ['QmgrRole', 'LmtpRole', 'BounceRole']) {
    const read = grants(role, all).filter((line) => line.startsWith('s3:GetObject MessageBucket'));
    assert.deepEqual(
      read,
      places.map((place) => `s3:GetObject MessageBucket/${place}`),
    );
    assert.deepEqual(listedBy(role, all), [['in/*', 'drop/*', 'corrupt/*', 'reports/*', 'notified/*'], ['?*']]);
  }
});

test('a body is deleted only if that was configured, below its prefixes, and no role deletes its versions', () => {
  const { stack: theirs } = construct(() => ({
    destination: 'lmtp.example.com:24',
    bodyPrefixes: ['in/'],
    bodyRetention: Duration.days(60),
  }));
  const all = resourcesOf(theirs);
  const deleting = roles.filter((role) =>
    grants(role, all).some((line) => line.includes('Delete') && line.startsWith('s3')),
  );
  assert.deepEqual(deleting, ['QmgrRole', 'LmtpRole', 'SweepRole']);
  for (const role of deleting) {
    const lines = grants(role, all).filter((line) => /^(s3|dynamodb):.*Delete/.test(line));
    const places = ['in/*', 'notified/*', 'reports/*'];
    assert.deepEqual(
      lines,
      places.map((place) => `s3:DeleteObject MessageBucket/${place}`),
      role,
    );
  }
});

/** The services through which a key may be used; an error if any service may. */
function servicesThatMayUse({ conditions }: Statement): string {
  const names = JSON.stringify(conditions ?? {}).match(/\b(?:sqs|sns|s3|dynamodb|secretsmanager)\b/g);
  assert.ok(names !== null);
  return names.join(' ');
}

test("with the user's own key each function may use it through its services, and check only for the settings", () => {
  const { stack: theirs } = construct((scope) => ({
    destination: 'lmtp.example.com:24',
    encryptionKey: new Key(scope, 'Own'),
  }));
  const all = resourcesOf(theirs);
  const through = (role: string) =>
    statementsOf(all, role)
      .filter(({ resources: on }) => on.some((one) => /^Own[0-9A-F]{8}$/.test(one)))
      .map(servicesThatMayUse)
      .sort();
  for (const role of ['QmgrRole', 'LmtpRole', 'BounceRole']) {
    assert.deepEqual([...new Set(through(role))], ['dynamodb', 's3', 'sqs sns'], role);
  }
  for (const role of ['SweepRole', 'PostsuperRole']) assert.deepEqual(through(role), ['dynamodb', 'sqs sns'], role);
  for (const role of ['ShowqRole', 'CheckRole']) assert.deepEqual(through(role), ['dynamodb'], role);
});

test('mail for a transport whose queue has another key can be sent there', () => {
  const { stack: theirs } = construct((scope) => {
    const queue = new Queue(scope, 'Other', { encryptionMasterKey: new Key(scope, 'Its') });
    return { transportMap: '* mailman:', otherTransports: { mailman: queue } };
  });
  const lines = grants('QmgrRole', resourcesOf(theirs)).filter((line) => line.startsWith('kms:'));
  assert.deepEqual(
    lines.map((line) => line.replace(/[0-9A-F]{8}$/, '')),
    ['kms:Decrypt Its', 'kms:GenerateDataKey Its'],
  );
});
