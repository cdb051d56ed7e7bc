import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TemplateError } from '../../../../infra/local/template/intrinsics.ts';
import { matches, permits, type Wish } from '../../../../infra/local/template/permits.ts';
import type { Statement } from '../../../../infra/local/template/statements.ts';
import { missingPermissions, unusedPermissions } from '../../../support/compare-permissions.ts';

function allow(action: string, resource: string, conditions: Statement['conditions'] = {}): Statement {
  return { effect: 'Allow', actions: [action], resources: [resource], conditions };
}

function wish(action: string, resource: string, context: Wish['context'] = {}): Wish {
  return { action, resource, context };
}

test('patterns match as in IAM: any characters, any one character, and nothing else is special', () => {
  assert.ok(matches('arn:aws:s3:::b/in/*', 'arn:aws:s3:::b/in/a/b'));
  assert.ok(!matches('arn:aws:s3:::b/in/*', 'arn:aws:s3:::b/out/a'));
  assert.ok(matches('secret:x-??????', 'secret:x-AbCdEf'));
  assert.ok(!matches('secret:x-??????', 'secret:x-y-AbCdEf'));
  assert.ok(!matches('a.c', 'abc'));
  assert.ok(!matches('abc', 'xabcx'));
});

test('an action is permitted only if a statement allows it and none denies it', () => {
  const send = allow('sqs:SendMessage', 'arn:q');
  assert.ok(permits([send], wish('SQS:sendmessage', 'arn:q')));
  assert.ok(!permits([send], wish('sqs:SendMessage', 'arn:other')));
  assert.ok(!permits([send], wish('sqs:ReceiveMessage', 'arn:q')));
  assert.ok(!permits([], wish('sqs:SendMessage', 'arn:q')));
  const deny: Statement = { ...allow('sqs:*', '*'), effect: 'Deny' };
  assert.ok(!permits([send, deny], wish('sqs:SendMessage', 'arn:q')));
});

test('conditions apply to the values of the request', () => {
  const list = allow('s3:ListBucket', 'arn:b', { StringLike: { 's3:prefix': ['in/*', 'corrupt/*'] } });
  assert.ok(permits([list], wish('s3:ListBucket', 'arn:b', { 's3:prefix': 'in/x' })));
  assert.ok(!permits([list], wish('s3:ListBucket', 'arn:b', { 's3:prefix': '' })));
  assert.ok(!permits([list], wish('s3:ListBucket', 'arn:b')));
  const notByCode = allow('ec2:X', '*', { Null: { 'lambda:SourceFunctionArn': ['true'] } });
  assert.ok(permits([notByCode], wish('ec2:X', 'y')));
  assert.ok(!permits([notByCode], wish('ec2:X', 'y', { 'lambda:SourceFunctionArn': 'arn:f' })));
  const strange = allow('a:b', '*', { DateLessThan: { 'aws:CurrentTime': ['x'] } });
  assert.throws(() => permits([strange], wish('a:b', 'c')), TemplateError);
});

test('missing and superfluous permissions are reported by caller, action and resource', () => {
  const callers = [{ name: 'lmtp', statements: [allow('sqs:SendMessage', 'arn:a'), allow('sns:Publish', 'arn:t')] }];
  const needed = [
    { caller: 'lmtp', wish: wish('sqs:SendMessage', 'arn:a') },
    { caller: 'lmtp', wish: wish('sqs:SendMessage', 'arn:b', { k: 'v' }) },
    { caller: 'stranger', wish: wish('sqs:SendMessage', 'arn:a') },
  ];
  assert.deepEqual(missingPermissions(callers, needed), [
    'lmtp: sqs:SendMessage on arn:b with k "v" was needed, and is not permitted',
    'stranger: sqs:SendMessage on arn:a was needed, and is not permitted',
  ]);
  assert.deepEqual(unusedPermissions(callers, needed), [
    'lmtp: sns:Publish on arn:t is permitted, and was never needed',
  ]);
  const exceptions = [
    { action: 'sns:*', reason: 'told by AWS' },
    { caller: 'qmgr', action: 'logs:*', reason: 'there is nothing like it' },
  ];
  assert.deepEqual(unusedPermissions(callers, needed, exceptions), ['the exception for qmgr: logs:* excuses nothing']);
});
