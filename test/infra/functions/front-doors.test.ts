/** Which services may send to the incoming queue, and what other transports and maps outside the stack permit. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Bucket, type IBucket } from 'aws-cdk-lib/aws-s3';
import { ReceiptRuleSet } from 'aws-cdk-lib/aws-ses';
import { S3 } from 'aws-cdk-lib/aws-ses-actions';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { PropsError } from '../../../infra/properties/props-error.ts';
import {
  appStack,
  asText,
  construct,
  type Resource,
  resource,
  resourcesOf,
  resourcesOfType,
  statementsOf,
  target,
} from '../synthesize.ts';

const destination = 'inet:lmtp.example.com:24';

interface QueueStatement {
  readonly Effect: string;
  readonly Action: string;
  readonly Principal: { readonly Service?: string };
  readonly Condition?: Record<string, Record<string, unknown>>;
}

/** The permissions of services in the policy of a queue. */
function letIn(resources: Record<string, Resource>, queue: string): readonly QueueStatement[] {
  const policies = Object.values(resourcesOfType(resources, 'AWS::SQS::QueuePolicy'));
  return policies
    .filter(({ Properties }) => (Properties['Queues'] as unknown[]).some((one) => target(one).includes(queue)))
    .flatMap(({ Properties }) => (Properties['PolicyDocument'] as { Statement: QueueStatement[] }).Statement)
    .filter(({ Effect, Principal }) => Effect === 'Allow' && Principal.Service !== undefined);
}

test('by default no service may send to the incoming queue', () => {
  const resources = resourcesOf(construct(() => ({ destination })).stack);
  assert.deepEqual(letIn(resources, 'QueuesIncoming'), []);
});

test('a topic of Amazon SES may send to incoming, and only that topic; undeliverable notifications go to the dead letters', () => {
  const { stack, delivery } = construct(() => ({ destination }));
  delivery.receiveFromSes(new Topic(stack, 'SesMail'));
  const resources = resourcesOf(stack);
  const statements = letIn(resources, 'MailQueuesIncoming');
  for (const { Action, Principal, Condition } of statements) {
    assert.deepEqual([Action, Principal.Service], ['sqs:SendMessage', 'sns.amazonaws.com']);
    assert.match(JSON.stringify(Condition), /"ArnEquals":\{"aws:SourceArn":\{"Ref":"SesMail/);
  }
  const toIncoming = Object.values(resourcesOfType(resources, 'AWS::SNS::Subscription')).filter(({ Properties }) =>
    JSON.stringify(Properties['Endpoint']).includes('QueuesIncoming'),
  );
  assert.equal(toIncoming.length, 1);
  assert.partialDeepStrictEqual(toIncoming[0]?.Properties, { RawMessageDelivery: true, Protocol: 'sqs' });
  assert.match(JSON.stringify(toIncoming[0]?.Properties['RedrivePolicy']), /IncomingDeadLetters/);
});

test('SES needs only a receipt rule that stores mail in the message bucket and names the topic', () => {
  const { stack, delivery } = construct(() => ({ destination }));
  const topic = new Topic(stack, 'Received');
  const bucket = delivery.stores.messageBucket as IBucket;
  new ReceiptRuleSet(stack, 'Rules').addRule('Mail', {
    recipients: ['example.com'],
    actions: [new S3({ bucket, objectKeyPrefix: 'ses/', topic })],
  });
  delivery.receiveFromSes(topic);
  const resources = resourcesOf(stack);
  const policies = JSON.stringify(resourcesOfType(resources, 'AWS::S3::BucketPolicy'));
  assert.match(policies, /"Action":"s3:PutObject".*"Principal":\{"Service":"ses\.amazonaws\.com"\}/);
  const { Rule } = resource(resources, 'AWS::SES::ReceiptRule', 'RulesMail') as {
    Rule: { Actions: { S3Action: object }[] };
  };
  assert.ok(!('KmsKeyArn' in (Rule.Actions[0]?.S3Action ?? {})));
});

test('a receipt rule alone is enough: it stores its mail in the message bucket and notifies a topic of the stack', () => {
  const { stack, delivery } = construct(() => ({ destination, bodyPrefixes: ['ses/'] }));
  const rules = new ReceiptRuleSet(stack, 'Rules');
  for (const domain of ['example.com', 'example.net']) {
    delivery.receiveFromSes(rules.addRule(domain, { recipients: [domain], scanEnabled: true }));
  }
  const resources = resourcesOf(stack);
  const topics = Object.values(resourcesOfType(resources, 'AWS::SES::ReceiptRule')).map(({ Properties }) => {
    const { Actions } = Properties['Rule'] as { Actions: { S3Action: Record<string, unknown> }[] };
    const [action, ...others] = Actions;
    assert.deepEqual(others, []);
    assert.partialDeepStrictEqual(action?.S3Action, { ObjectKeyPrefix: 'ses/' });
    assert.match(asText(action?.S3Action['BucketName']), /MessageBucket/);
    return asText(action?.S3Action['TopicArn']);
  });
  assert.equal(new Set(topics).size, 2);
  const policies = JSON.stringify(resourcesOfType(resources, 'AWS::SNS::TopicPolicy'));
  assert.equal(policies.match(/"Principal":\{"Service":"ses\.amazonaws\.com"\}/g)?.length, 2);
  assert.equal(
    letIn(resources, 'MailQueuesIncoming').length,
    4,
    'each topic may send to the queue and to its dead letters',
  );
});

test('new objects below a prefix arrive by EventBridge, from the one bucket and through the one rule', () => {
  const { stack, delivery } = construct(() => ({ destination }));
  delivery.receiveObjects(delivery.stores.messageBucket, 'drop/');
  const resources = resourcesOf(stack);
  const rule = resource(resources, 'AWS::Events::Rule', 'FrontDoors');
  assert.deepEqual(rule['EventPattern'], {
    source: ['aws.s3'],
    'detail-type': ['Object Created'],
    detail: {
      bucket: { name: [{ Ref: resourceId(resources, 'AWS::S3::Bucket') }] },
      object: { key: [{ prefix: 'drop/' }] },
    },
  });
  assert.match(
    JSON.stringify(rule['Targets']),
    /QueuesIncoming\w+","Arn"\]\},"DeadLetterConfig":.*IncomingDeadLetters/,
  );
  const [statement, ...others] = letIn(resources, 'MailQueuesIncoming').filter(({ Condition }) =>
    JSON.stringify(Condition).includes('FrontDoors'),
  );
  assert.ok(statement !== undefined);
  assert.equal(statement.Principal.Service, 'events.amazonaws.com');
  assert.ok(others.length <= 1, 'one for the queue and one for its dead letters');
  assert.deepEqual(resource(resources, 'AWS::S3::Bucket', 'MessageBucket')['NotificationConfiguration'], {
    EventBridgeConfiguration: { EventBridgeEnabled: true },
  });
  const functions = Object.keys(resourcesOfType(resources, 'AWS::Lambda::Function'));
  assert.ok(
    functions.every((id) => id.startsWith('MailFunctions')),
    `${functions}`,
  );
});

test('a bucket from elsewhere is not changed', () => {
  const { stack, delivery } = construct((theirs) => ({
    destination,
    allowedBuckets: [Bucket.fromBucketName(theirs, 'Elsewhere', 'their-mail')],
  }));
  delivery.receiveObjects(Bucket.fromBucketName(stack, 'Again', 'their-mail'), '');
  const resources = resourcesOf(stack);
  assert.partialDeepStrictEqual(resource(resources, 'AWS::Events::Rule', 'FrontDoors')['EventPattern'], {
    detail: { bucket: { name: ['their-mail'] }, object: { key: [{ prefix: '' }] } },
  });
  assert.equal(resource(resources, 'AWS::S3::Bucket', 'MessageBucket')['NotificationConfiguration'], undefined);
});

test('S3 itself may notify about a named bucket, and its account', () => {
  const { stack, delivery } = construct(() => ({ destination }));
  delivery.allowNotificationsFrom(delivery.stores.messageBucket);
  delivery.allowNotificationsFrom(delivery.stores.messageBucket, '123456789012');
  const statements = letIn(resourcesOf(stack), 'MailQueuesIncoming');
  assert.equal(statements.length, 2);
  for (const [index, account] of [{ Ref: 'AWS::AccountId' }, '123456789012'].entries()) {
    const { Action, Principal, Condition } = statements[index] ?? assert.fail();
    assert.deepEqual([Action, Principal.Service], ['sqs:SendMessage', 's3.amazonaws.com']);
    assert.deepEqual(Condition?.['StringEquals'], { 'aws:SourceAccount': account });
    assert.match(asText(Condition?.['ArnEquals']?.['aws:SourceArn']), /MessageBucket/);
  }
});

describe('a setting that would not work is refused', () => {
  test('a receipt rule whose mail the functions may not read', () => {
    const { stack, delivery } = construct(() => ({ destination, bodyPrefixes: ['in/'] }));
    const rule = new ReceiptRuleSet(stack, 'Rules').addRule('Mail', { recipients: ['example.com'] });
    assert.throws(() => delivery.receiveFromSes(rule), /prefix: "ses\/" .* one of bodyPrefixes \(in\/\)/);
  });

  test('a bucket that the functions may not read', () => {
    const { stack, delivery } = construct(() => ({ destination }));
    const other = Bucket.fromBucketName(stack, 'Other', 'payroll');
    for (const ask of [() => delivery.receiveObjects(other, 'in/'), () => delivery.allowNotificationsFrom(other)]) {
      assert.throws(
        ask,
        (error) => error instanceof PropsError && /bucket "payroll": it is neither/.test(error.message),
      );
    }
  });

  for (const prefix of ['', 'i', 'in/', 'in/special/', 'corrupt/', 'rep']) {
    test(`the prefix "${prefix}" of the message bucket, which contains bodies that are not new mail`, () => {
      const { delivery } = construct(() => ({ destination }));
      assert.throws(
        () => delivery.receiveObjects(delivery.stores.messageBucket, prefix),
        (error) => error instanceof PropsError && /^prefix: .* another prefix, such as drop\//.test(error.message),
      );
    });
  }

  for (const name of ['lmtp', 'error', 'My']) {
    test(`another transport called ${name}`, () => {
      assert.throws(
        () => construct((stack) => ({ destination, otherTransports: { [name]: new Queue(stack, 'Q') } })),
        (error) => error instanceof PropsError && /^otherTransports: /.test(error.message),
      );
    });
  }
});

test('other transports and a map outside the stack give qmgr permissions and variables', () => {
  const { stack } = construct((theirs) => ({
    transportMap: 'lists.example mailman:inet:mailman.example.com:8024',
    transportMapObject: {
      bucket: Bucket.fromBucketName(theirs, 'Configuration', 'configuration'),
      key: 'mail/transport',
    },
    otherTransports: { mailman: new Queue(theirs, 'MailmanIncoming') },
  }));
  const resources = resourcesOf(stack);
  const lines = (role: string) =>
    statementsOf(resources, role).flatMap(({ actions, resources: on }) => on.map((one) => `${actions} ${one}`));
  const mapGrant = /^s3:GetObject arn:AWS::Partition:s3:::configuration\/mail\/transport$/;
  assert.ok(lines('QmgrRole').some((line) => /^sqs:SendMessage MailmanIncoming/.test(line)));
  assert.ok(lines('QmgrRole').some((line) => mapGrant.test(line)));
  for (const role of ['BounceRole', 'CheckRole'])
    assert.ok(
      lines(role).some((line) => mapGrant.test(line)),
      role,
    );
  for (const role of ['LmtpRole', 'SweepRole']) {
    assert.ok(!lines(role).some((line) => mapGrant.test(line) || /MailmanIncoming/.test(line)), role);
  }
  const { Variables } = resource(resources, 'AWS::Lambda::Function', 'FunctionsQmgr')['Environment'] as {
    Variables: Record<string, unknown>;
  };
  assert.equal(Variables['TRANSPORT_MAP_SOURCE'], 's3://configuration/mail/transport');
  assert.match(asText(Variables['OTHER_TRANSPORTS']), /^mailman=MailmanIncoming/);
});

test('all of it can be set by context', () => {
  const resources = resourcesOf(
    appStack({
      destination: '',
      transportMap: 'lists.example mailman:',
      transportMapObject: 's3://configuration/transport',
      otherTransports: 'mailman=arn:aws:sqs:eu-west-1:123456789012:mailman-incoming',
      sesTopics: 'arn:aws:sns:eu-west-1:123456789012:mail',
      objectPrefix: 'drop/',
    }),
  );
  const { Variables } = resource(resources, 'AWS::Lambda::Function', 'FunctionsQmgr')['Environment'] as {
    Variables: Record<string, unknown>;
  };
  assert.equal(Variables['TRANSPORT_MAP_SOURCE'], 's3://configuration/transport');
  assert.match(
    JSON.stringify(Variables['OTHER_TRANSPORTS']),
    /mailman=https:\/\/sqs\.eu-west-1.*123456789012\/mailman-incoming/,
  );
  const services = letIn(resources, 'DeliveryQueuesIncoming').map(({ Principal }) => Principal.Service);
  assert.ok(services.includes('sns.amazonaws.com') && services.includes('events.amazonaws.com'), `${services}`);
});

for (const [name, value, words] of [
  ['transportMapObject', 'transport.txt', /s3:\/\/bucket\/key/],
  ['otherTransports', 'mailman', /name=ARN of a queue/],
  ['otherTransports', 'mailman=https://sqs', /an ARN of sqs/],
  ['sesTopics', 'mail', /an ARN of sns/],
] as const) {
  test(`context ${name}=${value} is refused`, () => {
    assert.throws(
      () => appStack({ [name]: value }),
      (error) =>
        error instanceof PropsError && error.message.startsWith(`context ${name}`) && words.test(error.message),
    );
  });
}

function resourceId(resources: Record<string, Resource>, type: string): string {
  return Object.keys(resourcesOfType(resources, type))[0] ?? '';
}
