import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Template } from 'aws-cdk-lib/assertions';
import type { CfnQueue } from 'aws-cdk-lib/aws-sqs';
import { environmentNames } from '../../functions/environment.ts';
import { queueTableSchema } from '../../functions/queue/table-schema.ts';
import { appStack, asText, resource, resourcesOf, resourcesOfType, target } from './synthesize.ts';

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

test('incoming and deferred set qmgr going, active sets lmtp going, bounce its namesake', () => {
  assert.deepEqual(arrows(), ['Active -> Lmtp', 'Bounce -> Bounce', 'Deferred -> Qmgr', 'Incoming -> Qmgr']);
});

test('what both topics say comes to the bounce queue as it was said', () => {
  const subscriptions = Object.values(resourcesOfType(resources, 'AWS::SNS::Subscription'));
  assert.deepEqual(
    subscriptions.map(({ Properties }) => target(Properties['TopicArn']).replace(/[0-9A-F]{8}$/, '')).sort(),
    ['DeliveryTopicsBounce', 'DeliveryTopicsNotice'],
  );
  for (const { Properties } of subscriptions) {
    assert.partialDeepStrictEqual(Properties, { Protocol: 'sqs', RawMessageDelivery: true });
    assert.match(target(Properties['Endpoint']), /QueuesBounce/);
  }
});

test('a failed record goes back alone', () => {
  for (const { Properties } of Object.values(triggers)) {
    assert.deepEqual(Properties['FunctionResponseTypes'], ['ReportBatchItemFailures']);
    assert.equal(Properties['BatchSize'], 10);
  }
});

test('no burst of mail takes all of the concurrency of an account', () => {
  for (const { Properties } of Object.values(triggers)) {
    const { MaximumConcurrency } = Properties['ScalingConfig'] as { MaximumConcurrency: number };
    assert.ok(MaximumConcurrency >= 2 && MaximumConcurrency <= 40);
  }
});

test('as many lmtp functions run at once as the context says', () => {
  const other = resourcesOf(appStack({ maximumConcurrency: '7' }));
  const trigger = resource(other, 'AWS::Lambda::EventSourceMapping', 'TriggersActive');
  assert.deepEqual(trigger['ScalingConfig'], { MaximumConcurrency: 7 });
});

test('the sweep runs every five minutes, and a failed one is not repeated', () => {
  const rule = resource(resources, 'AWS::Events::Rule', 'Sweep');
  assert.equal(rule['ScheduleExpression'], 'rate(5 minutes)');
  assert.equal(rule['State'], 'ENABLED');
  assert.match(target(rule['Targets']), /FunctionsSweep/);
  const retries = resource(resources, 'AWS::Lambda::EventInvokeConfig', 'Sweep');
  assert.equal(retries['MaximumRetryAttempts'], 0);
});

test('a sweep is over before the next one starts', () => {
  assert.ok((resource(resources, 'AWS::Lambda::Function', 'Sweep')['Timeout'] as number) < 300);
});

test('recursive loop detection does not stop a mail after sixteen attempts', () => {
  assert.equal(Object.keys(functions).length, 7);
  for (const { Properties } of Object.values(functions)) assert.equal(Properties['RecursiveLoop'], 'Allow');
});

test('every function runs on Node 24 and arm64, and its log is kept for a known time', () => {
  for (const { Properties } of Object.values(functions)) {
    assert.equal(Properties['Runtime'], 'nodejs24.x');
    assert.deepEqual(Properties['Architectures'], ['arm64']);
    const { LogGroup } = Properties['LoggingConfig'] as { LogGroup: unknown };
    assert.ok(Number(resources[target(LogGroup)]?.Properties['RetentionInDays']) > 0);
  }
});

test('a queue keeps a message for two weeks', () => {
  for (const { Properties } of Object.values(queues)) {
    assert.equal(Properties['MessageRetentionPeriod'], 14 * 24 * 3600);
  }
});

test('a destination that is paced has its own group in active, and does not slow down others', () => {
  assert.partialDeepStrictEqual(resource(resources, 'AWS::SQS::Queue', 'QueuesActive9'), {
    FifoQueue: true,
    DeduplicationScope: 'messageGroup',
    FifoThroughputLimit: 'perMessageGroupId',
  });
});

test('a message that is given out too often goes to dead letters of the same kind', () => {
  const sources = Object.entries(queues).filter(([, { Properties }]) => 'RedrivePolicy' in Properties);
  assert.equal(sources.length, 4);
  for (const [id, { Properties }] of sources) {
    const { deadLetterTargetArn, maxReceiveCount } = Properties['RedrivePolicy'] as Record<string, unknown>;
    const dead = target(deadLetterTargetArn);
    assert.ok(dead.startsWith(`${id.slice(0, -8)}DeadLetters`), `${id} -> ${dead}`);
    assert.equal(queues[dead]?.Properties['FifoQueue'], Properties['FifoQueue']);
    assert.ok(Number(maxReceiveCount) >= 5);
  }
});

test('a message is not given out again while its function still works on it', () => {
  for (const { Properties } of Object.values(triggers)) {
    const queue = queues[target(Properties['EventSourceArn'])]?.Properties ?? {};
    const seconds = functions[target(Properties['FunctionName'])]?.Properties['Timeout'] as number;
    const factor = queue['FifoQueue'] === true ? 1 : 6;
    assert.ok((queue['VisibilityTimeout'] as number) >= factor * seconds);
  }
});

test('a worker that dies does not keep the slot of its destination closed for long', () => {
  const { VisibilityTimeout } = resource(resources, 'AWS::SQS::Queue', 'QueuesActive9');
  const { Timeout } = resource(resources, 'AWS::Lambda::Function', 'FunctionsLmtp');
  assert.ok((VisibilityTimeout as number) <= (Timeout as number) + 60);
});

test('a visibility that Lambda would refuse when deployed fails at synth', (context) => {
  context.mock.method(process.stderr, 'write', () => true);
  const broken = appStack();
  (broken.delivery.queues.active.node.defaultChild as CfnQueue).visibilityTimeout = 10;
  assert.throws(() => Template.fromStack(broken), /[Vv]alidation/);
});

test('nothing speaks to queues, topics or bucket without TLS', () => {
  const policies = resourcesOfType(
    resources,
    'AWS::SQS::QueuePolicy',
    'AWS::SNS::TopicPolicy',
    'AWS::S3::BucketPolicy',
  );
  assert.equal(Object.keys(policies).length, Object.keys(queues).length + 2 + 1);
  for (const { Properties } of Object.values(policies)) {
    assert.match(
      JSON.stringify(Properties),
      /"Condition":\{"Bool":\{"aws:SecureTransport":"false"\}\},"Effect":"Deny"/,
    );
  }
});

test('queues, topics and bucket are encrypted', () => {
  for (const { Properties } of Object.values(queues)) assert.equal(Properties['SqsManagedSseEnabled'], true);
  const topics = Object.values(resourcesOfType(resources, 'AWS::SNS::Topic'));
  assert.equal(topics.length, 2);
  for (const { Properties } of topics) assert.match(asText(Properties['KmsMasterKeyId']), /alias\/aws\/sns$/);
  const { BucketEncryption } = resource(resources, 'AWS::S3::Bucket', 'MessageBucket');
  assert.match(JSON.stringify(BucketEncryption), /"SSEAlgorithm":"AES256"/);
});

test('a body is never public, and one that is written over is still there', () => {
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

test('a body is never deleted by age alone', () => {
  const { LifecycleConfiguration } = resource(resources, 'AWS::S3::Bucket', 'MessageBucket');
  const { Rules } = LifecycleConfiguration as { Rules: Record<string, unknown>[] };
  for (const rule of Rules) {
    assert.deepEqual(Object.keys(rule).sort(), ['AbortIncompleteMultipartUpload', 'Id', 'Status']);
  }
});

test('the queue table survives a deleted stack', () => {
  const [table] = Object.values(resourcesOfType(resources, 'AWS::DynamoDB::GlobalTable'));
  assert.equal(table?.DeletionPolicy, 'Retain');
  assert.equal(table?.UpdateReplacePolicy, 'Retain');
  assert.partialDeepStrictEqual(table?.Properties['Replicas'], [
    { DeletionProtectionEnabled: true, PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true } },
  ]);
});

test('bodies and delivery logs survive a deleted stack', () => {
  const kept = resourcesOfType(resources, 'AWS::S3::Bucket', 'AWS::Logs::LogGroup');
  assert.equal(Object.keys(kept).length, 6);
  for (const { DeletionPolicy } of Object.values(kept)) assert.equal(DeletionPolicy, 'Retain');
});

test('the queue table has the keys that the functions use, and is paid by the request', () => {
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

test('what holds mail keeps its logical id: another one would be another, empty, resource', () => {
  const stateful = resourcesOfType(
    resources,
    'AWS::DynamoDB::GlobalTable',
    'AWS::S3::Bucket',
    'AWS::SQS::Queue',
    'AWS::SNS::Topic',
    'AWS::Logs::LogGroup',
  );
  assert.deepEqual(Object.keys(stateful).sort(), [
    'DeliveryFunctionsBounceLogD4EF2057',
    'DeliveryFunctionsCheckLog4E057981',
    'DeliveryFunctionsLmtpLog6A81C952',
    'DeliveryFunctionsQmgrLog2EA58399',
    'DeliveryFunctionsSweepLogA51F5426',
    'DeliveryQueuesActive9EF534B8',
    'DeliveryQueuesActiveDeadLetters4DE13922',
    'DeliveryQueuesBounce2D184442',
    'DeliveryQueuesBounceDeadLettersA03B37F2',
    'DeliveryQueuesCorruptA97753C4',
    'DeliveryQueuesDeferred99D44A70',
    'DeliveryQueuesDeferredDeadLetters529C7081',
    'DeliveryQueuesIncoming5DC3E92E',
    'DeliveryQueuesIncomingDeadLettersB9544D3F',
    'DeliveryStoresMessageBucketBD5364C7',
    'DeliveryStoresQueueTableF1048FDE',
    'DeliveryTopicsBounce95CE0E15',
    'DeliveryTopicsNoticeBDF031B2',
  ]);
});

test('every function is told where queues, topics, table and bucket are', () => {
  const { allowedDestinations, allowedBuckets, transportMapSource, otherTransports, ...always } = environmentNames;
  const optional: readonly string[] = [allowedDestinations, allowedBuckets, transportMapSource, otherTransports];
  const given = Object.values(always).sort();
  for (const { Properties } of Object.values(functions)) {
    const { Variables } = Properties['Environment'] as { Variables: Record<string, unknown> };
    assert.deepEqual(Object.keys(Variables).sort(), given);
    for (const name of optional) assert.ok(!(name in Variables), name);
    assert.match(target(Variables[environmentNames.activeQueueUrl]), /QueuesActive9/);
    assert.match(target(Variables[environmentNames.noticeTopicArn]), /TopicsNotice/);
    assert.equal(Variables[environmentNames.transportMap], '* lmtp:inet:lmtp.internal:24');
  }
});

test('a parameter reaches the functions under its own name in capitals', () => {
  const other = resourcesOf(appStack({ parameters: { lmtp_mail_timeout: '2s' }, functionTimeout: '5m' }));
  for (const { Properties } of Object.values(resourcesOfType(other, 'AWS::Lambda::Function'))) {
    assert.partialDeepStrictEqual(Properties['Environment'], { Variables: { LMTP_MAIL_TIMEOUT: '2s' } });
  }
});

test('the stack tells its users where to submit, to look and to listen', () => {
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
    OperatorSettings: '{"transport":"lmtp"}',
  });
});

test('the stack tells an operator what of the parameters is to be known, as far as it was set', () => {
  const parameters = {
    myhostname: 'mx.example.org',
    maximal_queue_lifetime: '5d',
    bounce_queue_lifetime: '1d',
    max_use: '7',
  };
  const set = Template.fromStack(appStack({ parameters, transport: 'mailman' })).toJSON()['Outputs'];
  assert.deepEqual(JSON.parse(set.OperatorSettings.Value), {
    transport: 'mailman',
    myhostname: 'mx.example.org',
    bounce_queue_lifetime: '1d',
  });
});

test('the dashboard shows every queue, the dead letters and the errors of every function', () => {
  const body = asText(resource(resources, 'AWS::CloudWatch::Dashboard', 'Dashboard')['DashboardBody']);
  for (const id of [...Object.keys(queues), ...Object.keys(functions)]) assert.ok(body.includes(id), id);
  assert.match(body, /"Errors"/);
});
