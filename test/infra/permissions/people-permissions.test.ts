import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import type { LmtpDelivery, LmtpDeliveryProps } from '../../../infra/construct/lmtp-delivery.ts';
import { unboundActions, wildcardReasons } from '../../../infra/security/wildcards.ts';
import {
  construct,
  type PolicyDocument,
  resourcesOf,
  resourcesOfType,
  type Statement,
  statementsIn,
} from '../synthesize.ts';

type Grant = (delivery: LmtpDelivery, role: Role) => void;

/** The permissions of a granted role. */
function granted(grant: Grant, props: Partial<LmtpDeliveryProps> = {}, withKey = false): Statement[] {
  const { stack, delivery } = construct((scope) => ({
    destination: 'lmtp.example.com:24',
    ...(withKey ? { encryptionKey: new Key(scope, 'Own') } : {}),
    ...props,
  }));
  grant(delivery, new Role(stack, 'Granted', { assumedBy: new ServicePrincipal('ec2.amazonaws.com') }));
  const [policy] = Object.values(resourcesOfType(resourcesOf(stack), 'AWS::IAM::Policy'));
  return statementsIn(policy?.Properties['PolicyDocument'] as PolicyDocument);
}

/** As lines `action resource`. */
function lines(statements: readonly Statement[]): string[] {
  return statements
    .flatMap(({ actions, resources }) => actions.flatMap((action) => resources.map((on) => `${action} ${short(on)}`)))
    .sort();
}

function short(text: string): string {
  return text
    .replace(/MailFunctions(\w+?)[0-9A-F]{8}$/, '$1')
    .replace(/Mail(?:Queues|Stores|Topics)(\w+?)[0-9A-F]{8}(?=\/|$)/, '$1')
    .replace(/^Own[0-9A-F]{8}$/, 'Own');
}

const submit: Grant = (delivery, role) => delivery.grantSubmit(role);
const operate: Grant = (delivery, role) => delivery.grantOperate(role);
const observe: Grant = (delivery, role) => delivery.grantObserve(role);

test('submitters can send to incoming and write below in/, and nothing else', () => {
  assert.deepEqual(lines(granted(submit)), ['s3:PutObject MessageBucket/in/*', 'sqs:SendMessage Incoming']);
});

test('if bodies are below prefixes, they are submitted below one of them', () => {
  const bodyPrefixes = ['mail/', 'drop/'];
  assert.ok(lines(granted(submit, { bodyPrefixes })).includes('s3:PutObject MessageBucket/mail/*'));
  const elsewhere: Grant = (delivery, role) => delivery.grantSubmit(role, 'in/');
  assert.throws(
    () => granted(elsewhere, { bodyPrefixes }),
    /prefix: "in\/" is not allowed: expected one of bodyPrefixes/,
  );
  const below: Grant = (delivery, role) => delivery.grantSubmit(role, 'drop/webshop/');
  assert.ok(lines(granted(below, { bodyPrefixes })).includes('s3:PutObject MessageBucket/drop/webshop/*'));
});

const looking = [
  'dynamodb:BatchGetItem QueueTable',
  'dynamodb:GetItem QueueTable',
  'dynamodb:Query QueueTable',
  'dynamodb:Query QueueTable/index/due',
  'dynamodb:Query QueueTable/index/waiting',
];

/** Resources that are read without their own name here: nine queues, seven logs. */
function isMeasure(line: string): boolean {
  return /^(sqs:GetQueue|logs:(Filter|Start))/.test(line);
}

test('operators can read and change the table, send requests and wake-ups, check servers, and read queues and logs', () => {
  const all = lines(granted(operate));
  assert.deepEqual(
    all.filter((line) => !isMeasure(line)),
    [
      ...looking,
      'dynamodb:UpdateItem QueueTable',
      'lambda:InvokeFunction Check',
      'lambda:InvokeFunction Postsuper',
      'lambda:InvokeFunction Showq',
      'logs:GetQueryResults *',
      's3:GetObject MessageBucket/*',
      's3:GetObjectVersion MessageBucket/*',
      's3:ListBucket MessageBucket',
      'sns:Publish Bounce',
      'sqs:SendMessage Deferred',
      'sqs:SendMessage Incoming',
    ],
  );
  assert.equal(all.filter((line) => line.startsWith('sqs:GetQueueUrl')).length, 4);
});

test('observers read the table, the length of queues and the logs: no mail, and they change nothing', () => {
  const all = lines(granted(observe));
  assert.deepEqual(
    all.filter((line) => !isMeasure(line)),
    [...looking, 'lambda:InvokeFunction Showq', 'logs:GetQueryResults *'],
  );
  assert.equal(all.filter((line) => line.startsWith('sqs:GetQueueAttributes')).length, 9);
  assert.deepEqual(
    all
      .filter((line) => line.startsWith('logs:FilterLogEvents'))
      .map((line) => line.replace('logs:FilterLogEvents ', '')),
    ['BounceLog', 'CheckLog', 'LmtpLog', 'PostsuperLog', 'QmgrLog', 'ShowqLog', 'SweepLog'],
  );
  for (const line of all) assert.doesNotMatch(line, /Put|Update|Delete|Send|Publish|s3:|Invoke(?!Function Showq$)/);
});

test("with the user's own key each role may use it for its task only, and through the service alone", () => {
  const keyed = (grant: Grant) => granted(grant, {}, true).filter(({ resources }) => resources.some(isOwn));
  const through = ({ conditions }: Statement) => JSON.stringify(conditions).match(/\b(?:sqs|sns|s3|dynamodb)\b/g) ?? [];
  const use = (grant: Grant) =>
    keyed(grant).map((statement) => `${through(statement).join(' ')}: ${statement.actions.join(' ')}`);
  assert.deepEqual(use(observe), ['dynamodb: kms:Decrypt kms:DescribeKey']);
  assert.deepEqual(use(submit).sort(), ['s3: kms:Decrypt kms:GenerateDataKey', 'sqs: kms:Decrypt kms:GenerateDataKey']);
  const services = use(operate).map((line) => line.replace(/:.*/, ''));
  assert.deepEqual(services.sort(), ['dynamodb', 's3', 'sqs sns']);
});

function isOwn(resource: string): boolean {
  return short(resource) === 'Own';
}

test('no granted permission has a wildcard without a reason either', () => {
  for (const { actions, resources } of [submit, operate, observe].flatMap((grant) => granted(grant, {}, true))) {
    for (const action of actions) assert.doesNotMatch(action, /[*?]/);
    for (const one of resources.filter((text) => /[*?]/.test(text))) {
      if (one === '*') for (const action of actions) assert.ok(Object.hasOwn(unboundActions, action), action);
      else
        assert.ok(
          Object.keys(wildcardReasons).some((end) => one.endsWith(end)),
          one,
        );
    }
  }
});
