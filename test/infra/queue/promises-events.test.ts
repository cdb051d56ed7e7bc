import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Template } from 'aws-cdk-lib/assertions';
import type { CfnQueue } from 'aws-cdk-lib/aws-sqs';
import { functionNames } from '../../../infra/functions/bundle.ts';
import { appStack, projectFolder, resource, resourcesOf, resourcesOfType, target } from '../synthesize.ts';

const resources = resourcesOf(appStack());
const queues = resourcesOfType(resources, 'AWS::SQS::Queue');
const functions = resourcesOfType(resources, 'AWS::Lambda::Function');
const triggers = resourcesOfType(resources, 'AWS::Lambda::EventSourceMapping');

test('a failed record returns alone', () => {
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

test('the concurrency of lmtp is that of the context', () => {
  const other = resourcesOf(appStack({ maximumConcurrency: '7' }));
  const trigger = resource(other, 'AWS::Lambda::EventSourceMapping', 'TriggersActive');
  assert.deepEqual(trigger['ScalingConfig'], { MaximumConcurrency: 7 });
});

test('recursive loop detection does not stop a mail after sixteen attempts', () => {
  assert.equal(Object.keys(functions).length, functionNames.length);
  for (const { Properties } of Object.values(functions)) assert.equal(Properties['RecursiveLoop'], 'Allow');
});

test('a queue keeps a message for two weeks', () => {
  for (const { Properties } of Object.values(queues)) {
    assert.equal(Properties['MessageRetentionPeriod'], 14 * 24 * 3600);
  }
});

test('a paced destination has its own group in active, and does not slow down others', () => {
  assert.partialDeepStrictEqual(resource(resources, 'AWS::SQS::Queue', 'QueuesActive9'), {
    FifoQueue: true,
    DeduplicationScope: 'messageGroup',
    FifoThroughputLimit: 'perMessageGroupId',
  });
});

test('a message that is received too often goes to dead letters of the same kind', () => {
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

test('a message is not received again while its function still works on it', () => {
  for (const { Properties } of Object.values(triggers)) {
    const queue = queues[target(Properties['EventSourceArn'])]?.Properties ?? {};
    const seconds = functions[target(Properties['FunctionName'])]?.Properties['Timeout'] as number;
    // See queues.ts: only a message of active may return a little after the function's time-out.
    const factor = target(Properties['EventSourceArn']).startsWith('DeliveryQueuesActive9') ? 1 : 6;
    assert.ok((queue['VisibilityTimeout'] as number) >= factor * seconds);
  }
});

test('a dead worker does not block the slot of its destination for long', () => {
  const { VisibilityTimeout } = resource(resources, 'AWS::SQS::Queue', 'QueuesActive9');
  const { Timeout } = resource(resources, 'AWS::Lambda::Function', 'FunctionsLmtp');
  assert.ok((VisibilityTimeout as number) <= (Timeout as number) + 60);
});

test('a visibility time-out that Lambda would refuse at deployment fails at synth', (context) => {
  context.mock.method(process.stderr, 'write', () => true);
  const broken = appStack({}, {});
  (broken.delivery.queues.active.node.defaultChild as CfnQueue).visibilityTimeout = 10;
  assert.throws(() => Template.fromStack(broken), /[Vv]alidation/);
});

test('every queue with a consumer has dead letters, except those of active, which are drained until they are empty', () => {
  for (const { Properties } of Object.values(triggers)) {
    const id = target(Properties['EventSourceArn']);
    const { RedrivePolicy } = queues[id]?.Properties ?? {};
    assert.equal(RedrivePolicy === undefined, id.includes('ActiveDeadLetters'), id);
  }
});

test('qmgr receives the dead letters of active in order, ten at a time, by two at once', () => {
  const id = Object.keys(queues).find((one) => one.includes('ActiveDeadLetters')) ?? '';
  assert.equal(queues[id]?.Properties['FifoQueue'], true);
  const [trigger] = Object.values(triggers).filter(({ Properties }) => target(Properties['EventSourceArn']) === id);
  assert.partialDeepStrictEqual(trigger?.Properties, { BatchSize: 10, ScalingConfig: { MaximumConcurrency: 2 } });
  assert.match(target(trigger?.Properties['FunctionName']), /FunctionsQmgr/);
});

test('no trigger waits to fill a batch, because a FIFO queue does not support that and mail should not wait', () => {
  for (const { Properties } of Object.values(triggers)) {
    assert.equal(Properties['MaximumBatchingWindowInSeconds'], undefined);
  }
});

test('only our own functions send to corrupt: no trigger, topic, rule or redrive does', () => {
  const corrupt = Object.keys(queues).find((id) => id.includes('QueuesCorrupt')) ?? '';
  const pointing = Object.entries(resources)
    .filter(([id, { Properties }]) => id !== corrupt && JSON.stringify(Properties ?? {}).includes(corrupt))
    .map(([, { Type }]) => Type);
  const harmless = ['AWS::Lambda::Function', 'AWS::IAM::Role', 'AWS::SQS::QueuePolicy', 'AWS::CloudWatch::Alarm'];
  for (const type of pointing) assert.ok([...harmless, 'AWS::CloudWatch::Dashboard'].includes(type), type);
});

test('the lmtp function may run five minutes, and every function has a time-out', () => {
  assert.equal(resource(resources, 'AWS::Lambda::Function', 'FunctionsLmtp')['Timeout'], 300);
  for (const { Properties } of Object.values(functions)) assert.ok((Properties['Timeout'] as number) <= 900);
});

test('a setting that Lambda would refuse at deployment is refused at synth: the rule is on in cdk.json', () => {
  const { context } = JSON.parse(readFileSync(join(projectFolder, 'cdk.json'), 'utf8')) as {
    context: Record<string, unknown>;
  };
  assert.equal(context['@aws-cdk/core:validateAgainstDefaultRules'], true);
});
