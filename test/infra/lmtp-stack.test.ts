import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Duration } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { environmentNames } from '../../functions/parameters/environment.ts';
import { queueTableSchema } from '../../functions/queue/items/table-schema.ts';
import { appStack, asText, construct, resource, resourcesOf, resourcesOfType, target } from './synthesize.ts';

const stack = appStack();
const resources = resourcesOf(stack);
const queues = resourcesOfType(resources, 'AWS::SQS::Queue');
const functions = resourcesOfType(resources, 'AWS::Lambda::Function');
const triggers = resourcesOfType(resources, 'AWS::Lambda::EventSourceMapping');

/** The triggers as lines of text: `Incoming -> Qmgr`. */
function arrows(): string[] {
  const short = (id: string) => id.replace(/^Delivery(Queues|Functions)/, '').replace(/[0-9A-F]{8}$/, '');
  return Object.values(triggers)
    .map(({ Properties }) => [Properties['EventSourceArn'], Properties['FunctionName']].map(target))
    .map(([queue = '', fn = '']) => `${short(queue)} -> ${short(fn)}`)
    .sort();
}

test('incoming, deferred and the dead letters of active trigger qmgr, active triggers lmtp, and the bounce queue triggers bounce', () => {
  assert.deepEqual(arrows(), [
    'Active -> Lmtp',
    'ActiveDeadLetters -> Qmgr',
    'Bounce -> Bounce',
    'Deferred -> Qmgr',
    'Incoming -> Qmgr',
  ]);
});

test('messages of both topics arrive in the bounce queue unchanged', () => {
  const subscriptions = Object.values(resourcesOfType(resources, 'AWS::SNS::Subscription'));
  assert.deepEqual(
    subscriptions.map(({ Properties }) => target(Properties['TopicArn']).replace(/[0-9A-F]{8}$/, '')).sort(),
    ['DeliveryTopicsBounce', 'DeliveryTopicsNotice'],
  );
  for (const { Properties } of subscriptions) {
    assert.partialDeepStrictEqual(Properties, { Protocol: 'sqs', RawMessageDelivery: true });
    assert.match(target(Properties['Endpoint']), /QueuesBounce2/);
    assert.match(target(Properties['RedrivePolicy']), /QueuesBounceDeadLetters/);
  }
});

test('the sweep runs every five minutes, and a failed one is not repeated', () => {
  const rule = resource(resources, 'AWS::Events::Rule', 'Sweep');
  assert.equal(rule['ScheduleExpression'], 'rate(5 minutes)');
  assert.equal(rule['State'], 'ENABLED');
  assert.match(target(rule['Targets']), /FunctionsSweep/);
  const retries = resource(resources, 'AWS::Lambda::EventInvokeConfig', 'Sweep');
  assert.equal(retries['MaximumRetryAttempts'], 0);
});

test('a sweep ends before the next one starts', () => {
  assert.ok((resource(resources, 'AWS::Lambda::Function', 'Sweep')['Timeout'] as number) < 300);
});

test('every function runs on Node 24 and arm64, and its log has a retention', () => {
  for (const { Properties } of Object.values(functions)) {
    assert.equal(Properties['Runtime'], 'nodejs24.x');
    assert.deepEqual(Properties['Architectures'], ['arm64']);
    const { LogGroup } = Properties['LoggingConfig'] as { LogGroup: unknown };
    assert.ok(Number(resources[target(LogGroup)]?.Properties['RetentionInDays']) > 0);
  }
});

test('the queue table has the keys that the functions use, and is billed by request', () => {
  const { partitionKey, sortKey, timeToLive, dueIndex, waitingIndex } = queueTableSchema;
  assert.partialDeepStrictEqual(resource(resources, 'AWS::DynamoDB::GlobalTable', 'QueueTable'), {
    BillingMode: 'PAY_PER_REQUEST',
    KeySchema: [
      { AttributeName: partitionKey, KeyType: 'HASH' },
      { AttributeName: sortKey, KeyType: 'RANGE' },
    ],
    TimeToLiveSpecification: { AttributeName: timeToLive, Enabled: true },
    GlobalSecondaryIndexes: [dueIndex, waitingIndex].map((index) => ({
      IndexName: index.name,
      KeySchema: [
        { AttributeName: index.partitionKey, KeyType: 'HASH' },
        { AttributeName: index.sortKey, KeyType: 'RANGE' },
      ],
      Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: [...index.projected] },
    })),
  });
});

const {
  allowedDestinations,
  allowedBuckets,
  transportMapSource,
  otherTransports,
  bucketOwners,
  bodyPrefixes,
  bodyRetention,
  deliveryLogGroups,
  postsuperFunction,
  checkFunction,
  ...always
} = environmentNames;

test('every function knows queues, topics, table and bucket', () => {
  for (const { Properties } of Object.values(functions)) {
    const { Variables } = Properties['Environment'] as { Variables: Record<string, unknown> };
    const own = new Set<string>([postsuperFunction, checkFunction]);
    assert.deepEqual(
      Object.keys(Variables)
        .filter((name) => !own.has(name))
        .sort(),
      Object.values(always).sort(),
    );
    assert.match(target(Variables[environmentNames.activeQueueUrl]), /QueuesActive9/);
    assert.match(target(Variables[environmentNames.noticeTopicArn]), /TopicsNotice/);
    assert.equal(Variables[environmentNames.transportMap], '* lmtp:inet:lmtp.internal:24');
    assert.equal(asText(Variables[environmentNames.messageBucketOwner]), 'AWS::AccountId');
  }
});

test('other properties reach the functions, each under its name', () => {
  const { stack: theirs } = construct((scope) => ({
    destination: 'lmtp.example.com:24',
    allowedBuckets: [Bucket.fromBucketName(scope, 'Archive', 'archive')],
    bucketOwners: { archive: '111122223333' },
    bodyPrefixes: ['in/', 'drop/'],
    bodyRetention: Duration.days(90),
  }));
  const { Environment } = resource(resourcesOf(theirs), 'AWS::Lambda::Function', 'Qmgr');
  assert.partialDeepStrictEqual(Environment, {
    Variables: {
      [allowedBuckets]: 'archive',
      [bucketOwners]: 'archive=111122223333',
      [bodyPrefixes]: 'in/ drop/',
      [bodyRetention]: '90',
    },
  });
  for (const name of [allowedDestinations, transportMapSource, otherTransports, deliveryLogGroups])
    assert.ok(!JSON.stringify(Environment).includes(`"${name}"`), name);
});

test('a parameter reaches the functions under its own name in capitals', () => {
  const other = resourcesOf(appStack({ parameters: { lmtp_mail_timeout: '2s' }, functionTimeout: '5m' }));
  for (const { Properties } of Object.values(resourcesOfType(other, 'AWS::Lambda::Function'))) {
    assert.partialDeepStrictEqual(Properties['Environment'], { Variables: { LMTP_MAIL_TIMEOUT: '2s' } });
  }
});

test('the outputs name where to submit, to look and to listen', () => {
  const outputs = Template.fromStack(stack).toJSON()['Outputs'] as Record<string, { Value: unknown }>;
  const targets = Object.entries(outputs).map(([name, { Value }]) => [name, asText(Value)]);
  assert.deepEqual(Object.fromEntries(targets), {
    IncomingQueueUrl: 'DeliveryQueuesIncoming5DC3E92E',
    ActiveQueueUrl: 'DeliveryQueuesActive9EF534B8',
    DeferredQueueUrl: 'DeliveryQueuesDeferred99D44A70',
    CorruptQueueUrl: 'DeliveryQueuesCorruptA97753C4',
    BounceQueueUrl: 'DeliveryQueuesBounce2D184442',
    BounceTopicArn: 'DeliveryTopicsBounce95CE0E15',
    NoticeTopicArn: 'DeliveryTopicsNoticeBDF031B2',
    AlarmTopicArn: 'DeliveryTopicsAlarm6BB4FF41',
    DeliveryLogGroups:
      'qmgr=DeliveryFunctionsQmgrLog2EA58399 lmtp=DeliveryFunctionsLmtpLog6A81C952 sweep=DeliveryFunctionsSweepLogA51F5426',
    MessageBucketName: 'DeliveryStoresMessageBucketBD5364C7',
    QueueTableName: 'DeliveryStoresQueueTableF1048FDE',
    CheckFunctionName: 'DeliveryFunctionsCheck09C483BC',
    DashboardUrl:
      'https://AWS::Region.console.aws.amazon.com/cloudwatch/home?region=AWS::Region' +
      '#dashboards/dashboard/DeliveryDashboard547500DD',
    OperatorSettings: '{"transport":"lmtp","liveSettings":"yes"}',
  });
});

test('the outputs give an operator the parameters that are set, as they are written', () => {
  const parameters = {
    myhostname: 'mx.example.org',
    maximal_queue_lifetime: '5d',
    bounce_queue_lifetime: '1d',
    max_use: '7',
  };
  const set = Template.fromStack(appStack({ parameters, transport: 'mailman' })).toJSON()['Outputs'];
  assert.deepEqual(JSON.parse(set.OperatorSettings.Value), {
    transport: 'mailman',
    liveSettings: 'yes',
    ...parameters,
  });
});

test('the dashboard shows every queue, the dead letters and the errors of every function', () => {
  const body = asText(resource(resources, 'AWS::CloudWatch::Dashboard', 'Dashboard')['DashboardBody']);
  for (const id of [...Object.keys(queues), ...Object.keys(functions)]) assert.ok(body.includes(id), id);
  assert.match(body, /"Errors"/);
});
