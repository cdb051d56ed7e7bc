import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import type { Duration } from 'aws-cdk-lib';
import { contextNames, readContext } from '../../../infra/context/context.ts';
import { PropsError } from '../../../infra/properties/props-error.ts';
import { makeTemporaryFolder } from '../../support/temporary-folder.ts';

test('text from the command line is parsed by its meaning', () => {
  const settings = readContext({
    transportMap: 'example.com lmtp:a.example.com:24; example.net lmtp:b.example.com:24',
    allowedDestinations: 'inet:a:24, inet:b:24',
    parameters: 'lmtp_mail_timeout = 2s; soft_bounce=yes',
    functionTimeout: '5m',
    memorySize: '256',
    maximumConcurrency: '4',
    secrets: 'sasl/a sasl/b',
  });
  assert.equal(settings.transportMap, 'example.com lmtp:a.example.com:24\nexample.net lmtp:b.example.com:24');
  assert.deepEqual(settings.allowedDestinations, ['inet:a:24', 'inet:b:24']);
  assert.deepEqual(settings.parameters, { lmtp_mail_timeout: '2s', soft_bounce: 'yes' });
  assert.equal(settings.functionTimeout?.toSeconds(), 300);
  assert.equal(settings.memorySize, 256);
  assert.equal(settings.maximumConcurrency, 4);
  assert.deepEqual(settings.secrets, ['sasl/a', 'sasl/b']);
});

test('values from cdk.json may be numbers, lists and objects', () => {
  const settings = readContext({
    allowedDestinations: ['inet:a:24'],
    parameters: { lmtp_destination_concurrency_limit: 5 },
    functionTimeout: 120,
    memorySize: 1024,
  });
  assert.deepEqual(settings.allowedDestinations, ['inet:a:24']);
  assert.deepEqual(settings.parameters, { lmtp_destination_concurrency_limit: '5' });
  assert.equal(settings.functionTimeout?.toSeconds(), 120);
  assert.equal(settings.memorySize, 1024);
});

test('parameters may be JSON on the command line too', () => {
  assert.deepEqual(readContext({ parameters: '{"myhostname":"mail.example.com"}' }).parameters, {
    myhostname: 'mail.example.com',
  });
});

describe('a file stands for a value', () => {
  const folder = makeTemporaryFolder();
  after(() => folder[Symbol.dispose]());

  test('so that every line of a transport map arrives, which the CDK cuts off on its command line', () => {
    const map = folder.write('transport', '# stores\na.example lmtp:a; b\n\nb.example lmtp:b\n');
    assert.equal(
      readContext({ transportMap: `@${map}` }).transportMap,
      '# stores\na.example lmtp:a; b\n\nb.example lmtp:b\n',
    );
  });

  test('for parameters as in main.cf, with comments and continuation lines, or as JSON', () => {
    const main = folder.write('main.cf', '# ours\nlmtp_reply_filter = regexp:{\n  /a;b/ x }\nmax_use=7\n');
    assert.deepEqual(readContext({ parameters: `@${main}` }).parameters, {
      lmtp_reply_filter: 'regexp:{  /a;b/ x }',
      max_use: '7',
    });
    const json = folder.write('parameters.json', '{ "max_use": 7 }');
    assert.deepEqual(readContext({ parameters: `@${json}` }).parameters, { max_use: '7' });
  });

  test('for lists, objects and single texts', () => {
    const list = folder.write('list', 'inet:a:24\ninet:b:24\n');
    const settings = readContext({
      allowedDestinations: `@${list}`,
      watchedDestinations: `@${list}`,
      destination: `@${folder.write('one', 'inet:a:24\n')}`,
      ipv6: `@${folder.write('yes', 'yes\n')}`,
      memorySize: `@${folder.write('size', '512\n')}`,
      functionTimeout: `@${folder.write('time', '5m\n')}`,
      vpc: `@${folder.write('vpc', 'vpc-0123456789abcdef0\n')}`,
      alarms: `@${folder.write('alarms.json', '{"lateMail": {"threshold": 4}}')}`,
    });
    assert.deepEqual(settings.allowedDestinations, ['inet:a:24', 'inet:b:24']);
    assert.deepEqual(settings.watchedDestinations, ['inet:a:24', 'inet:b:24']);
    assert.equal(settings.destination, 'inet:a:24');
    assert.deepEqual(settings.alarms, { lateMail: { threshold: 4 } });
    assert.deepEqual([settings.ipv6, settings.memorySize, settings.vpc], [true, 512, 'vpc-0123456789abcdef0']);
    assert.equal(settings.functionTimeout?.toSeconds(), 300);
  });

  test('and one that is empty or no text is refused', () => {
    const [empty, utf16, latin1] = [
      folder.write('empty', '\n'),
      folder.write('utf16', 'a\0 \0'),
      folder.write('latin1', Buffer.from([0x23, 0xe4])),
    ];
    assert.throws(
      () => readContext({ transportMap: `@${empty}` }),
      /transportMap: "@.*empty" .*a file that is not empty/,
    );
    for (const file of [utf16, latin1]) {
      assert.throws(() => readContext({ parameters: `@${file}` }), /parameters: "@.*" .*a text file in UTF-8/);
    }
  });

  test('and one that cannot be read is named', () => {
    assert.throws(
      () => readContext({ transportMap: '@no/such/file' }),
      /context transportMap: "@no\/such\/file" is not allowed: expected a value, or @FILE with a file that can be read \(ENOENT\)/,
    );
  });
});

test('the entries of a transport map may be a list', () => {
  assert.equal(readContext({ transportMap: ['a lmtp:a', 'b lmtp:b'] }).transportMap, 'a lmtp:a\nb lmtp:b');
});

test('an empty value removes the one of cdk.json', () => {
  assert.equal(readContext({ destination: '' }).destination, undefined);
});

test('a parameter that is given twice is refused, in text and in a file', () => {
  const twice = /context parameters: "max_use" is not allowed: expected each parameter once/;
  assert.throws(() => readContext({ parameters: 'max_use=3; max_idle=5s; max_use=4' }), twice);
  using folder = makeTemporaryFolder();
  const main = folder.write('main.cf', 'max_use = 3\nmax_use = 4\n');
  assert.throws(() => readContext({ parameters: `@${main}` }), twice);
});

const account = '123456789012';

const wrong: readonly [Record<string, unknown>, RegExp][] = [
  [{ transportMap: 7 }, /context transportMap: 7 .*text/],
  [{ transportMapObject: 'transport.txt' }, /context transportMapObject: "transport.txt" .*s3:\/\/bucket\/key/],
  [{ transportMapObject: 's3://Bucket/key' }, /context transportMapObject: .*s3:\/\/bucket\/key/],
  [{ otherTransports: 'mailman' }, /context otherTransports: "mailman" .*name=ARN/],
  [{ otherTransports: `a=arn:aws:sqs:eu-west-1:${account}:q.fifo` }, /context otherTransports: .*an ARN of sqs/],
  [
    { otherTransports: ['q', 'r'].map((name) => `a=arn:aws:sqs:eu-west-1:${account}:${name}`) },
    /context otherTransports: "a" .*each name once/,
  ],
  [{ watchedDestinations: 7 }, /context watchedDestinations: 7 .*list/],
  [{ transport: ['lmtp'] }, /context transport: \["lmtp"\] .*text/],
  [{ transports: true }, /context transports: true .*JSON object/],
  [{ secrets: 'arn:aws:secretsmanager:x' }, /context secrets: "arn:aws:secretsmanager:x" .*a name or an ARN/],
  [{ secrets: 'sasl:lmtp' }, /context secrets: "sasl:lmtp" .*a name or an ARN/],
  [{ messageBucket: 'My_Bucket' }, /context messageBucket: "My_Bucket" .*name of a bucket/],
  [{ allowedBuckets: 'a' }, /context allowedBuckets: "a" .*name of a bucket/],
  [{ bodyPrefixes: 7 }, /context bodyPrefixes: 7 .*list/],
  [{ bucketOwners: 'mail=12' }, /context bucketOwners: "mail=12" .*account of twelve digits/],
  [{ bucketOwners: { mail: 12 } }, /context bucketOwners: "mail=12" .*account of twelve digits/],
  [{ bodyRetention: 'for ever' }, /context bodyRetention: "for ever" .*90d/],
  [{ sesTopics: 'mail' }, /context sesTopics: "mail" .*an ARN of sns \(arn:aws:sns:REGION:ACCOUNT:NAME\)/],
  [{ sesTopics: `arn:aws:sqs:eu-west-1:${account}:mail` }, /context sesTopics: .*an ARN of sns/],
  [{ objectPrefix: {} }, /context objectPrefix: \{\} .*text/],
  [{ vpc: 'my-vpc' }, /context vpc: "my-vpc" .*vpc-0123456789abcdef0/],
  [{ subnets: 'subnet-1' }, /context subnets: "subnet-1" .*subnet-ID=rtb-ID/],
  [{ securityGroup: 'default' }, /context securityGroup: "default" .*sg-0123456789abcdef0/],
  [{ vpcEndpoints: 's3 ec2' }, /context vpcEndpoints: "s3 ec2" .*secretsmanager/],
  [{ prefixLists: 'com.amazonaws.s3' }, /context prefixLists: "com.amazonaws.s3" .*pl-0123456789abcdef0/],
  [{ mailPorts: 'lmtp' }, /context mailPorts: "lmtp" .*whole number/],
  [{ ipv6: 'perhaps' }, /context ipv6: "perhaps" .*yes or no/],
  [{ encryptionKey: 'alias/mail' }, /context encryptionKey: "alias\/mail" .*arn:aws:kms:REGION:ACCOUNT:key\/ID/],
  [{ alarms: 'none' }, /context alarms: "none" .*JSON object/],
  [{ alarms: { lateMail: { over: 'long' } } }, /context alarms.lateMail.over: "long" .*a time/],
  [{ prices: 'list' }, /context prices: "list" .*JSON object/],
  [{ operatingManual: 7 }, /context operatingManual: 7 .*text/],
  [{ alarmTopic: 'ann@example.com' }, /context alarmTopic: "ann@example.com" .*an ARN of sns/],
  [{ logRetention: 91 }, /context logRetention: 91 .*one of 1, 3, 5,/],
  [{ maximumConcurrency: '1e3' }, /context maximumConcurrency: "1e3" .*whole number/],
  [{ sessionBudget: 'many' }, /context sessionBudget: "many" .*whole number/],
  [
    { functionTimeout: 'abc' },
    /context functionTimeout: "abc" is not allowed: expected a time such as 300, 300s, 5m or 90d/,
  ],
  [{ memorySize: 'much' }, /context memorySize: "much" .*whole number/],
  [{ destination: ['inet:a:24'] }, /context destination: \["inet:a:24"\] .*text/],
  [{ allowedDestinations: 7 }, /context allowedDestinations: 7 .*list/],
  [{ parameters: 'lmtp_mail_timeout' }, /context parameters: "lmtp_mail_timeout" .*name=value/],
  [{ parameters: '{"lmtp_mail_timeout":' }, /context parameters: .*JSON object/],
  [
    { parameters: '{"max_use":"1",\n "max_use":"2"}' },
    /context parameters: .*: expected "max_use" once; line 2 column 2/,
  ],
  [{ parameters: { soft_bounce: true } }, /context parameters: true .*text for soft_bounce/],
  [{ parameters: ['soft_bounce=yes'] }, /context parameters: \["soft_bounce=yes"\]/],
];

for (const [context, sentence] of wrong) {
  test(`context ${JSON.stringify(context)} is refused by name`, () => {
    assert.throws(
      () => readContext(context),
      (error: unknown) => error instanceof PropsError && sentence.test(error.message),
    );
  });
}

test('every value has such a check', () => {
  const seen = new Set(wrong.flatMap(([context]) => Object.keys(context)));
  assert.deepEqual(
    Object.keys(contextNames).filter((name) => !seen.has(name)),
    [],
  );
});

test('a list names each value once', () => {
  assert.deepEqual(readContext({ allowedBuckets: 'mail other, mail' }).allowedBuckets, ['mail', 'other']);
});

test('a network can be given on the command line', () => {
  const settings = readContext({
    vpc: 'vpc-0123456789abcdef0',
    subnets: 'subnet-00000001=rtb-00000001, subnet-00000002',
    vpcEndpoints: 'sqs sns',
    mailPorts: '24 2400',
    ipv6: 'yes',
  });
  assert.deepEqual(settings.subnets, [
    { subnetId: 'subnet-00000001', routeTableId: 'rtb-00000001' },
    { subnetId: 'subnet-00000002' },
  ]);
  assert.deepEqual([settings.vpcEndpoints, settings.mailPorts, settings.ipv6], [['sqs', 'sns'], [24, 2400], true]);
  for (const [written, meant] of [
    ['yes', true],
    ['no', false],
    ['existing', 'existing'],
    [true, true],
  ] as const) {
    assert.equal(readContext({ vpcEndpoints: written }).vpcEndpoints, meant);
  }
});

test('alarms, accounts and times can be given on the command line', () => {
  const settings = readContext({
    alarms: '{"lateMail": {"threshold": 4, "over": "30m"}, "deadlineClamped": false}',
    bucketOwners: `mail=${account}`,
    bodyRetention: '4w',
    logRetention: '90',
  });
  const { lateMail } = settings.alarms as { lateMail: { threshold: number; over: Duration } };
  assert.deepEqual([lateMail.threshold, lateMail.over.toMinutes()], [4, 30]);
  assert.deepEqual(settings.bucketOwners, { mail: account });
  assert.deepEqual([settings.bodyRetention?.toDays(), settings.logRetention], [28, 90]);
});

test('a misspelt name is refused with the known names', () => {
  assert.throws(
    () => readContext({ functionTimout: '300s' }),
    (error: unknown) =>
      error instanceof PropsError &&
      /context functionTimout is not known/.test(error.message) &&
      Object.keys(contextNames).every((name) => error.message.includes(name)),
  );
});

test("the CDK's own context is ignored", () => {
  assert.doesNotThrow(() =>
    readContext({ '@aws-cdk/core:x': true, 'aws:cdk:y': 1, 'availability-zones:z': [], 'cli-telemetry': false }),
  );
});

test('a password in a malformed value is not shown', () => {
  for (const parameters of [
    'soft_bounce=yes; lmtp_sasl_password_maps: static:joe:hunter2',
    '{"lmtp_sasl_password_maps": "static:joe:hunter2"',
  ]) {
    assert.throws(
      () => readContext({ parameters }),
      (error) =>
        error instanceof PropsError &&
        /_password_maps \(hidden\)/.test(error.message) &&
        !/hunter2/.test(error.message),
    );
  }
});
