/** Any content of cdk.json or -c gives a stack that synthesizes, or a sentence that names the value. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type ContextName, contextNames } from '../../../infra/context/context.ts';
import { readTransports } from '../../../infra/context/transports.ts';
import { PropsError } from '../../../infra/properties/props-error.ts';
import { appStack, resourcesOf } from '../synthesize.ts';

const account = '123456789012';
const names = Object.keys(contextNames) as ContextName[];

/** Plausible values, right and nearly right: random JSON alone would hardly ever pass the first check. */
const plausible: Readonly<Record<ContextName, readonly unknown[]>> = {
  destination: ['inet:a:24', 'a', '[::1]', '[2001:db8::1]:24', 'a:25', 'a,b', 'unix:/run/lmtp', `\${Token[X.1]}`, ':'],
  transportMap: [
    'example.com lmtp:a',
    '* lmtp:',
    'x lists:b',
    'x lmtp:a; x lmtp:b',
    'x',
    'x error:5.1.1 no',
    'x retry:',
  ],
  transportMapObject: ['s3://mail/map', 's3://mail/a b', 's3://mail'],
  allowedDestinations: ['a b', ['inet:a:24'], 'a:', '[127.0.0.1]'],
  watchedDestinations: ['a b', Array.from({ length: 30 }, (_, index) => `a${index}`), 'a,b', ['']],
  parameters: [
    { max_use: 5 },
    'soft_bounce=yes',
    { lmtp_connect_timeout: 0 },
    'lmtp_destination_concurrency_limit=100',
    '{"__proto__": "x"}',
    { lmtp_sasl_password_maps: 'secretsmanager:a b' },
    { lmtp_sasl_password_maps: 'secretsmanager:arn:aws:secretsmanager:x' },
    { maximal_queue_lifetime: '90d' },
    { bounce_report_routes: 'ses' },
    { lmtp_tls_policy_maps: 'texthash:/etc/policy' },
  ],
  secrets: ['sasl/a', `arn:aws:secretsmanager:eu-west-1:${account}:secret:a-AbCdEf`, 'arn:', ['a', 'a']],
  transport: ['lmtp', 'mailman', 'Lists', 'retry', 'a'.repeat(32)],
  transports: [
    { lmtp: {}, mailman: { destination: 'inet:m:8024' } },
    '{"mailman": {"memorySize": 256}}',
    { lmtp: { transports: {} } },
    { lmtp: null },
    { __proto__x: {} },
  ],
  otherTransports: [`mailman=arn:aws:sqs:eu-west-1:${account}:in`, `lmtp=arn:aws:sqs:eu-west-1:${account}:in`, 'a=b'],
  messageBucket: ['mail', 'a..b', 'Mail', '-mail'],
  allowedBuckets: ['mail other', ['mail', 'mail'], ''],
  bodyPrefixes: ['in/', '/', 'a*', ['in/', 'ses/']],
  bucketOwners: [`mail=${account}`, { mail: account }, { mail: 1 }, 'mail'],
  bodyRetention: ['30d', '1h', 0, '4w', '9999d', '18d'],
  sesTopics: [`arn:aws:sns:eu-west-1:${account}:mail`, `arn:aws:sns:eu-west-1:${account}:mail.fifo`],
  objectPrefix: ['drop/', 'in/', '*', ' '],
  vpc: ['vpc-0123456789abcdef0', 'vpc-1'],
  subnets: ['subnet-00000001=rtb-00000001', 'subnet-00000001 subnet-00000002', ['subnet-00000001', 'subnet-00000001']],
  securityGroup: ['sg-0123456789abcdef0', 'sg'],
  vpcEndpoints: ['yes', 'existing', 's3 dynamodb', ['sqs', 'sqs'], [], false],
  prefixLists: ['pl-00000001', 'pl-00000001 pl-00000002', 'pl'],
  mailPorts: ['24', [24, 24], 25, [0], []],
  ipv6: ['yes', false, 'no'],
  encryptionKey: [`arn:aws:kms:eu-west-1:${account}:key/01234567-89ab-cdef-0123-456789abcdef`, 'alias/a'],
  alarms: [
    { lateMail: false },
    { lateMail: { threshold: -1 } },
    { lateMail: { over: '1s' } },
    { x: 1 },
    { lateMail: null },
  ],
  prices: [{ lambdaTime: 1 }, { lambdaTime: '1' }, { x: 1 }, '{"lambdaTime": null}'],
  operatingManual: ['https://wiki.example/operating', 'x'.repeat(2000)],
  alarmTopic: [`arn:aws:sns:eu-west-1:${account}:alarms`, 'arn'],
  logRetention: [90, '9999', 91],
  functionTimeout: ['300s', 37, 30, '1h', '0', 1.5],
  memorySize: [128, '512', 1e300, -1, 0.5],
  maximumConcurrency: [40, 2, '1000', 1, 1e9],
  sessionBudget: [320, 100, 1, '5000'],
};

const anything = fc.oneof(
  { weight: 3, arbitrary: fc.jsonValue({ maxDepth: 2 }) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary' }) },
  { weight: 1, arbitrary: fc.array(fc.stringMatching(/^[a-z:.\-/=[\]0-9 ]{0,20}$/)) },
);

function anyOf(name: ContextName) {
  return fc.oneof({ weight: 5, arbitrary: fc.constantFrom(...plausible[name]) }, { weight: 1, arbitrary: anything });
}

/** Some of the values. */
function contexts(most: number): fc.Arbitrary<Readonly<Record<string, unknown>>> {
  return fc
    .uniqueArray(fc.constantFrom(...names), { minLength: 1, maxLength: most })
    .chain((some) => fc.record(Object.fromEntries(some.map((name) => [name, anyOf(name)]))));
}

/** What a sentence may name beside the given values: what they contradict, or what is made of them. */
function isNamedIn(error: PropsError, context: Readonly<Record<string, unknown>>): boolean {
  return Object.keys(context).some((name) => error.message.includes(name));
}

function tried(context: Readonly<Record<string, unknown>>, attempt: () => void): void {
  try {
    attempt();
  } catch (error) {
    if (!(error instanceof PropsError)) throw error;
    assert.ok(isNamedIn(error, context), `none of ${Object.keys(context)} is named: ${error.message}`);
  }
}

test('random values are read, or refused by name', () => {
  fc.assert(
    fc.property(fc.record(Object.fromEntries(names.map((name) => [name, anything])), { requiredKeys: [] }), (context) =>
      tried(context, () => readTransports(context)),
    ),
    { numRuns: 2000 },
  );
});

test('values of every kind give a stack that synthesizes, or are refused by name', (context) => {
  context.mock.method(process.stderr, 'write', () => true);
  fc.assert(
    fc.property(contexts(4), (values) => tried(values, () => resourcesOf(appStack(values, {})))),
    { numRuns: 40 },
  );
});
