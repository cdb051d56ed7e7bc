/** Several transports in one stack, like the lines of master.cf, and mail between them. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Template } from 'aws-cdk-lib/assertions';
import { parseTransportMap } from '../../../functions/request/transport-map.ts';
import { LmtpDelivery } from '../../../infra/construct/lmtp-delivery.ts';
import { outputPrefix } from '../../../infra/construct/outputs.ts';
import { readTransports } from '../../../infra/context/transports.ts';
import { stackName } from '../../../infra/lmtp-stack.ts';
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
  stubCode,
  target,
} from '../synthesize.ts';

function variablesOf(resources: Record<string, Resource>, qmgr: string): Record<string, string> {
  const { Environment } = resource(resources, 'AWS::Lambda::Function', qmgr) as {
    Environment: { Variables: Record<string, unknown> };
  };
  return Object.fromEntries(Object.entries(Environment.Variables).map(([name, value]) => [name, asText(value)]));
}

/** The permissions of a role, as lines of text. */
function lines(resources: Record<string, Resource>, role: string): readonly string[] {
  return statementsOf(resources, role).flatMap(({ actions, resources: on }) =>
    actions.flatMap((action) => on.map((one) => `${action} ${one.replace(/([0-9A-F]{8})(?=$|\/)/, '')}`)),
  );
}

describe('by context', () => {
  const stack = appStack({
    destination: '',
    parameters: { myhostname: 'mx.example.com', max_use: 50 },
    sesTopics: 'arn:aws:sns:eu-west-1:123456789012:mail',
    objectPrefix: 'drop/',
    transports: {
      mailman: {
        destination: 'inet:mailman.internal:8024',
        parameters: { lmtp_destination_concurrency_limit: 2, max_use: '5' },
      },
      lmtp: {
        destination: 'inet:dovecot.internal:24',
        transportMap: 'lists.example.com mailman:; old.example.com mailman:inet:old.internal:8024',
      },
      'old-lists': { destination: 'inet:majordomo.internal:8024', messageBucket: 'old-mail' },
    },
  });
  const template = Template.fromStack(stack).toJSON() as {
    Resources: Record<string, Resource>;
    Outputs: Record<string, { Value: unknown }>;
  };
  const resources = template.Resources;
  const lmtp = variablesOf(resources, 'DeliveryFunctionsQmgr');
  const mailman = variablesOf(resources, 'DeliverymailmanFunctionsQmgr');
  const oldLists = variablesOf(resources, 'DeliveryoldlistsFunctionsQmgr');

  test('each has its own destination and name', () => {
    assert.deepEqual(
      [lmtp, mailman, oldLists].map(({ TRANSPORT, TRANSPORT_MAP = '' }) => [
        TRANSPORT,
        TRANSPORT_MAP.split('\n').at(-1),
      ]),
      [
        ['lmtp', '* lmtp:inet:dovecot.internal:24'],
        ['mailman', '* mailman:inet:mailman.internal:8024'],
        ['old-lists', '* old-lists:inet:majordomo.internal:8024'],
      ],
    );
  });

  test('the values at top level are the defaults of all, parameter by parameter', () => {
    assert.deepEqual(
      [lmtp, mailman, oldLists].map(({ MYHOSTNAME, MAX_USE, LMTP_DESTINATION_CONCURRENCY_LIMIT: limit }) => [
        MYHOSTNAME,
        MAX_USE,
        limit,
      ]),
      [
        ['mx.example.com', '50', undefined],
        ['mx.example.com', '5', '2'],
        ['mx.example.com', '50', undefined],
      ],
    );
  });

  test('mail that the map assigns to another transport goes there: its queue is known, writable, and accepts the next-hop', () => {
    const queues = Object.fromEntries((lmtp['OTHER_TRANSPORTS'] ?? '').split(' ').map((word) => word.split('=')));
    assert.deepEqual(queues, { mailman: mailman['INCOMING_QUEUE_URL'], 'old-lists': oldLists['INCOMING_QUEUE_URL'] });
    for (const queue of ['DeliverymailmanQueuesIncoming', 'DeliveryoldlistsQueuesIncoming']) {
      assert.ok(lines(resources, 'DeliveryFunctionsQmgrRole').includes(`sqs:SendMessage ${queue}`), queue);
    }
    // The function of lmtp parses its map, and that of mailman the result.
    const map = parseTransportMap(lmtp['TRANSPORT_MAP'] ?? '', 'lmtp', 24, {
      otherTransports: new Set(Object.keys(queues)),
    });
    assert.equal(map.find('a@lists.example.com'), 'mailman:');
    assert.equal(map.find('a@old.example.com'), 'mailman:inet:old.internal:8024');
    assert.equal(mailman['ALLOWED_DESTINATIONS'], 'inet:old.internal:8024');
  });

  test('they share the bucket of the first; a separate bucket is readable by all', () => {
    assert.equal(Object.keys(resourcesOfType(resources, 'AWS::S3::Bucket')).length, 1);
    assert.equal(mailman['MESSAGE_BUCKET'], lmtp['MESSAGE_BUCKET']);
    assert.equal(oldLists['MESSAGE_BUCKET'], 'old-mail');
    assert.equal(oldLists['ALLOWED_BUCKETS'], lmtp['MESSAGE_BUCKET']);
    for (const { ALLOWED_BUCKETS } of [lmtp, mailman]) assert.equal(ALLOWED_BUCKETS, 'old-mail');
    const reads = lines(resources, 'DeliverymailmanFunctionsLmtpRole').filter((line) =>
      line.startsWith('s3:GetObject '),
    );
    assert.equal(reads.length, 2);
  });

  test('each works on its own queues and table', () => {
    const others = /Deliverymailman|Deliveryoldlists/;
    for (const role of ['Lmtp', 'Sweep', 'Bounce', 'Check']) {
      for (const line of lines(resources, `DeliveryFunctions${role}Role`)) assert.doesNotMatch(line, others, role);
    }
    assert.notEqual(mailman['QUEUE_TABLE'], lmtp['QUEUE_TABLE']);
    assert.notEqual(mailman['METRICS_NAMESPACE'], lmtp['METRICS_NAMESPACE']);
  });

  test('the front doors are those of the first, or each mail would arrive three times', () => {
    const subscriptions = Object.values(resourcesOfType(resources, 'AWS::SNS::Subscription'));
    const fromSes = subscriptions.filter(({ Properties }) => typeof Properties['TopicArn'] === 'string');
    assert.deepEqual(
      fromSes.map(({ Properties }) => target(Properties['Endpoint']).replace(/[0-9A-F]{8}$/, '')),
      ['DeliveryQueuesIncoming'],
    );
    const rules = Object.values(resourcesOfType(resources, 'AWS::Events::Rule'));
    assert.equal(rules.filter(({ Properties }) => 'EventPattern' in Properties).length, 1);
  });

  test('alarms of all go to one topic', () => {
    const topics = Object.keys(resourcesOfType(resources, 'AWS::SNS::Topic')).filter((id) => id.includes('Alarm'));
    assert.equal(topics.length, 1);
    for (const { Properties } of Object.values(resourcesOfType(resources, 'AWS::CloudWatch::Alarm'))) {
      assert.equal(target(Properties['AlarmActions']), topics[0]);
    }
  });

  test('the outputs of the first keep their names, the others have their transport name as prefix', () => {
    const names = Object.keys(template.Outputs);
    const plain = names.filter((name) => !/^(?:Mailman|OldLists)/.test(name));
    assert.deepEqual(
      new Set(names),
      new Set(['', 'Mailman', 'OldLists'].flatMap((p) => plain.map((name) => `${p}${name}`))),
    );
    assert.equal(asText(template.Outputs['QueueTableName']?.Value), lmtp['QUEUE_TABLE']);
    assert.equal(asText(template.Outputs['MailmanQueueTableName']?.Value), mailman['QUEUE_TABLE']);
    const settings = JSON.parse(asText(template.Outputs['OldListsOperatorSettings']?.Value)) as { transport: string };
    assert.equal(settings.transport, 'old-lists');
  });

  test('the stateful resources of the first keep their logical ids when a second one is added', () => {
    const stateful = (all: Record<string, Resource>) =>
      Object.keys(resourcesOfType(all, 'AWS::DynamoDB::GlobalTable', 'AWS::S3::Bucket', 'AWS::SQS::Queue'));
    const ids = new Set(stateful(resources));
    for (const id of stateful(resourcesOf(appStack()))) assert.ok(ids.has(id), id);
  });
});

test('the stack of several transports has the plain name', () => {
  assert.equal(stackName(readTransports({ transports: { mailman: {} } })), 'LambdaLmtp');
  assert.equal(stackName(readTransports({ transport: 'mailman' })), 'LambdaLmtp-mailman');
  assert.equal(stackName(readTransports({})), 'LambdaLmtp');
});

test('outputs consist of letters and digits', () => {
  for (const [transport, prefix] of [
    ['lmtp', 'Lmtp'],
    ['old-lists', 'OldLists'],
    ['a--b-', 'AB'],
    ['x-2', 'X2'],
  ] as const) {
    assert.equal(outputPrefix(transport), prefix);
  }
});

test('in code, two deliveries pass mail to each other, in either order of creation', () => {
  let mailman: LmtpDelivery | undefined;
  const { stack, delivery } = construct(() => ({
    destination: 'inet:dovecot.internal:24',
    transportMap: 'lists.example.com mailman:',
    otherTransports: { mailman: () => mailman?.queues.incoming ?? assert.fail('not made yet') },
  }));
  mailman = new LmtpDelivery(stack, 'Mailman', {
    transport: 'mailman',
    destination: 'inet:mailman.internal:8024',
    transportMap: 'example.com lmtp:',
    messageBucket: delivery.stores.messageBucket,
    otherTransports: { lmtp: delivery.queues.incoming },
    code: stubCode,
  });
  const resources = resourcesOf(stack);
  const [first, second] = ['MailFunctionsQmgr', 'MailmanFunctionsQmgr'].map((id) => variablesOf(resources, id));
  assert.equal(first?.['OTHER_TRANSPORTS'], `mailman=${second?.['INCOMING_QUEUE_URL']}`);
  assert.equal(second?.['OTHER_TRANSPORTS'], `lmtp=${first?.['INCOMING_QUEUE_URL']}`);
  assert.equal(second?.['MESSAGE_BUCKET'], first?.['MESSAGE_BUCKET']);
  assert.ok(lines(resources, 'MailFunctionsQmgrRole').includes('sqs:SendMessage MailmanQueuesIncoming'));
  assert.ok(lines(resources, 'MailmanFunctionsQmgrRole').includes('sqs:SendMessage MailQueuesIncoming'));
});

describe('in one VPC', () => {
  const vpc = {
    vpc: 'vpc-0123456789abcdef0',
    subnets: 'subnet-00000001=rtb-00000001 subnet-00000002=rtb-00000002',
    vpcEndpoints: 'yes',
    transports: { lmtp: {}, mailman: { destination: 'inet:mailman:8024', secrets: 'mailman/password' } },
  };

  test('endpoints are created once, for what any of them needs, and accept all of them', () => {
    const resources = resourcesOf(appStack(vpc));
    const endpoints = Object.keys(resourcesOfType(resources, 'AWS::EC2::VPCEndpoint'));
    assert.equal(endpoints.length, 5);
    assert.ok(endpoints.some((id) => id.includes('SecretsManager')));
    const group = resource(resources, 'AWS::EC2::SecurityGroup', 'EndpointsSecurityGroup');
    const ingress = JSON.stringify([
      group['SecurityGroupIngress'],
      ...Object.values(resourcesOfType(resources, 'AWS::EC2::SecurityGroupIngress')),
    ]);
    for (const id of ['DeliveryNetworkSecurityGroup', 'DeliverymailmanNetworkSecurityGroup']) {
      assert.ok(ingress.includes(`"${id}`), id);
    }
  });

  test('one that is not in the VPC is left out', () => {
    const alone = { ...vpc.transports.mailman, vpc: '', subnets: '', vpcEndpoints: '' };
    const resources = resourcesOf(appStack({ ...vpc, transports: { ...vpc.transports, mailman: alone } }));
    const { VpcConfig: inside } = resource(resources, 'AWS::Lambda::Function', 'DeliveryFunctionsLmtp');
    const { VpcConfig: outside } = resource(resources, 'AWS::Lambda::Function', 'DeliverymailmanFunctionsLmtp');
    assert.ok(inside !== undefined && outside === undefined);
  });
});

const map = 'lists.example.com mailman:inet:a:24,inet:b:24';
const mailman = { destination: 'inet:mailman:24' };

for (const [what, values, sentence] of [
  ['no transport', { transports: {} }, /^context transports: \{\} .*at least one/],
  ['a list of transports', { transports: ['lmtp'] }, /^context transports: \["lmtp"\] .*a JSON object/],
  ['text that is not JSON', { transports: 'lmtp mailman' }, /^context transports: "lmtp mailman" .*a JSON object/],
  [
    'a transport that is not an object',
    { transports: { lmtp: 'a:24' } },
    /^context transports\.lmtp: "a:24" .*an object/,
  ],
  ['an invalid name', { transports: { My: {} } }, /^context transports\.My: "My" .*lower-case letters/],
  ['a name that is reserved', { transports: { retry: {} } }, /^context transports\.retry: "retry" .*except inet/],
  [
    'a name too similar to another',
    { transports: { lmtp: {}, 'a-1': {}, a1: {} } },
    /^context transports: "a1" .*differs from the others .*\(A1\)/,
  ],
  [
    'a name beside names',
    { transport: 'a', transports: { lmtp: {} } },
    /^context transport: "a" .*no transport beside transports/,
  ],
  [
    'a name in a name',
    { transports: { lmtp: { transport: 'a' } } },
    /^context transports\.lmtp\.transport is not known/,
  ],
  [
    'transports in a transport',
    { transports: { lmtp: { transports: {} } } },
    /^context transports\.lmtp\.transports is not/,
  ],
  [
    'a misspelt value',
    { transports: { lmtp: { memory: 5 } } },
    /^context transports\.lmtp\.memory is not known: allowed are .*memorySize/,
  ],
  [
    'a wrong value',
    { transports: { lmtp: { memorySize: 'x' } } },
    /^context transports\.lmtp\.memorySize: "x" .*whole number/,
  ],
  ['a wrong default of all', { memorySize: 'x', transports: { lmtp: {} } }, /^context memorySize: "x" .*whole number/],
  [
    'a wrong property',
    { transports: { lmtp: {}, mailman: { memorySize: 5 } } },
    /^transports\.mailman: memorySize: 5 .*128 to/,
  ],
  [
    'a transport that the map does not know',
    { transports: { lmtp: { transportMap: 'a.example lists:' }, mailman } },
    /^transports\.lmtp: transportMap: "a.example lists:": the destination must begin with .*mailman:/,
  ],
  [
    'a next-hop that could not be allowed',
    { transports: { lmtp: { transportMap: map }, mailman } },
    /^transports\.mailman: transportMap: "mailman:inet:a:24,inet:b:24" .*mailman: alone/,
  ],
  [
    'the queue of a neighbour',
    { transports: { lmtp: { otherTransports: 'mailman=arn:aws:sqs:eu-west-1:123456789012:x' }, mailman } },
    /^transports\.lmtp: otherTransports: "mailman" .*a name that transports does not have/,
  ],
  [
    'more transports than a stack can contain',
    { transports: Object.fromEntries(['lmtp', 'a', 'b', 'c', 'd', 'e'].map((name) => [name, {}])) },
    /^transports: lmtp, a, b, c, d, e need \d{3} resources, but CloudFormation allows 500/,
  ],
] as const) {
  test(`${what} is refused`, () => {
    assert.throws(
      () => appStack(values),
      (error: unknown) => error instanceof PropsError && assert.match(error.message, sentence) === undefined,
    );
  });
}

test('a next-hop of several servers is allowed if it is the destination of the other transport', () => {
  const own = { destination: 'inet:a:24, inet:b:24' };
  assert.doesNotThrow(() => appStack({ transports: { lmtp: { transportMap: map }, mailman: own } }));
});
