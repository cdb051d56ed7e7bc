import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Duration, Lazy, Stack } from 'aws-cdk-lib';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import type { LmtpDeliveryProps } from '../../../infra/construct/delivery-props.ts';
import { settingsOf } from '../../../infra/construct/delivery-settings.ts';
import { propNames } from '../../../infra/construct/prop-values.ts';
import { PropsError } from '../../../infra/properties/props-error.ts';
import { asText, construct, resource, resourcesOf } from '../synthesize.ts';

const destination = 'inet:lmtp.example.com:24';

/** Property values that an app in JavaScript may pass. */
const unlike = <T>(value: unknown) => value as T;

/** A network, as far as its properties are read. */
const vpc = unlike<NonNullable<LmtpDeliveryProps['vpc']>>({});

/** Properties, and what the error must say about them. */
const wrong: readonly [string, LmtpDeliveryProps, RegExp][] = [
  ['a misspelt name', unlike({ functionTimout: 7 }), /^functionTimout is not known: allowed are .*functionTimeout/],
  ['a destination that is not a string', unlike({ destination: 24 }), /^destination: 24 is not allowed: expected text/],
  [
    'a map that is not a string',
    unlike({ transportMap: { 'example.com': 'lmtp:a' } }),
    /^transportMap: \{"example.com".* expected text/,
  ],
  [
    'a map object by its URL',
    unlike({ transportMapObject: 's3://b/k' }),
    /^transportMapObject: "s3:\/\/b\/k" .*an object/,
  ],
  [
    'our own name as another transport',
    { otherTransports: { lmtp: unlike({}) } },
    /^otherTransports: "lmtp" .*another transport/,
  ],
  [
    'another transport called retry',
    { otherTransports: { retry: unlike({}) } },
    /^otherTransports: "retry" .*a name of up/,
  ],
  ['a list as one text', unlike({ allowedDestinations: 'a b' }), /^allowedDestinations: "a b" .*a list of texts/],
  [
    'more watched destinations than allowed',
    { watchedDestinations: Array.from({ length: 21 }, (_, index) => `a${index}`) },
    /^watchedDestinations: "21 destinations" .*at most 20/,
  ],
  ['nothing watched', { watchedDestinations: [' '] }, /^watchedDestinations: " " .*inet:host:24/],
  [
    'a socket watched',
    { watchedDestinations: ['unix:/run/lmtp'] },
    /^watchedDestinations: unix:\/run\/lmtp is not allowed/,
  ],
  ['a parameter that is a number', unlike({ parameters: { max_use: 7 } }), /^parameters: 7 .*text for max_use/],
  ['a bucket by its name', unlike({ messageBucket: 'mail' }), /^messageBucket: "mail" .*an object/],
  ['one bucket for a list', unlike({ allowedBuckets: { bucketName: 'mail' } }), /^allowedBuckets: .*a list/],
  ['a prefix with a wildcard', { bodyPrefixes: ['in/*'] }, /^bodyPrefixes: "in\/\*" .*beginning of a key/],
  ['an invalid account', { bucketOwners: { mail: '1234' } }, /^bucketOwners.mail: "1234" .*twelve digits/],
  [
    'bodies kept for hours',
    { bodyRetention: Duration.hours(30) },
    /^bodyRetention: "1.25 days" .*whole number of days/,
  ],
  ['bodies kept for a number', unlike({ bodyRetention: 30 }), /^bodyRetention: 30 .*a Duration/],
  ['a secret by its name', unlike({ secrets: 'mail/sasl' }), /^secrets: "mail\/sasl" .*a list/],
  ['a timeout as text', unlike({ functionTimeout: '5m' }), /^functionTimeout: "5m" .*a Duration/],
  [
    'a timeout that is known only at deployment',
    { functionTimeout: Duration.seconds(Lazy.number({ produce: () => 300 })) },
    /^functionTimeout: "a time known only at deployment" .*30 to 900/,
  ],
  [
    'memory that is known only at deployment',
    { memorySize: Lazy.number({ produce: () => 512 }) },
    /^memorySize: "a number known only at deployment" .*128 to 10240/,
  ],
  ['no session', { sessionBudget: 0 }, /^sessionBudget: 0 .*2 to 1000000/],
  ['a VPC by its id', unlike({ vpc: 'vpc-0123' }), /^vpc: "vpc-0123" .*an object/],
  ['subnets without a VPC', { vpcSubnets: {} }, /^vpcSubnets: .*vpc too/],
  ['a security group without a VPC', { securityGroup: unlike({}) }, /^securityGroup: .*vpc too/],
  ['an endpoint of no service', { vpc, vpcEndpoints: unlike(['s3', 'ec2']) }, /^vpcEndpoints: "ec2" .*secretsmanager/],
  ['prefix lists without a VPC', { prefixLists: ['pl-1'] }, /^prefixLists: .*vpc too/],
  ['port 25', { vpc, mailPorts: [25] }, /^mailPorts: 25 .*except 25/],
  ['IPv6 as text', unlike({ vpc, ipv6: 'yes' }), /^ipv6: "yes" .*true or false/],
  ['a key by its ARN', unlike({ encryptionKey: 'arn:aws:kms:x' }), /^encryptionKey: "arn:aws:kms:x" .*an object/],
  ['a topic by its ARN', unlike({ alarmTopic: 'arn:aws:sns:x' }), /^alarmTopic: "arn:aws:sns:x" .*an object/],
  [
    'an alarm that does not exist',
    { alarms: unlike({ tooLate: false }) },
    /^alarms.tooLate is not known: allowed are .*late/,
  ],
  [
    'a threshold as text',
    { alarms: unlike({ lateMail: { threshold: 'x' } }) },
    /^alarms.lateMail.threshold: "x" .*number/,
  ],
  ['a price as text', { prices: unlike({ lambdaTime: '1' }) }, /^prices.lambdaTime: "1" .*dollars/],
  ['a manual that is not a string', unlike({ operatingManual: 7 }), /^operatingManual: 7 .*text/],
  ['a retention that CloudWatch does not support', unlike({ logRetention: 91 }), /^logRetention: 91 .*RetentionDays/],
  ['code that is synthesized already', unlike({ code: {} }), /^code: \{\} .*a function/],
  ['a construct for a text', unlike({ transport: new Stack() }), /^transport: "an object of some class" .*text/],
  [
    'a timeout longer than the maximum of Lambda',
    { functionTimeout: Duration.minutes(16) },
    /functionTimeout: "960 s".*30 to 900/,
  ],
  ['a timeout too short for a dialogue', { functionTimeout: Duration.seconds(5) }, /functionTimeout: "5 s"/],
  ['a fraction of a second', { functionTimeout: Duration.millis(45_500) }, /functionTimeout: "45.5 s".*whole number/],
  ['little memory', { memorySize: 64 }, /memorySize: 64 .*128 to 10240/],
  ['half a megabyte', { memorySize: 512.5 }, /memorySize: 512.5/],
  ['one function at a time', { maximumConcurrency: 1 }, /maximumConcurrency: 1 .*2 to 1000/],
  ['a transport with a blank', { transport: 'my lmtp' }, /transport: "my lmtp" .*lower-case letters/],
  [
    'an unknown parameter',
    { parameters: { smtp_mail_timeout: '2s' } },
    /parameters: smtp_mail_timeout: is not a param/,
  ],
  ['a wrong value', { parameters: { soft_bounce: 'maybe' } }, /parameters: soft_bounce: "maybe" is neither yes nor no/],
  [
    'a destination with a blank',
    { destination: 'lmtp.example.com 24' },
    /destination: .*not a host|destination: .*"24"/,
  ],
  ['an unclosed address', { allowedDestinations: ['[::1'] }, /allowedDestinations: "\[::1": expected host, host:port/],
  ['two destinations as one', { allowedDestinations: ['a,b'] }, /allowedDestinations: "a,b" .*list of single/],
  ['the port of SMTP', { destination: 'mx.example.com:25' }, /destination: "mx.example.com:25": .*port 25/],
  ['a loopback address', { destination: '[127.0.0.1]:24' }, /destination: .*127.0.0.1 is a loopback/],
  [
    'a link-local address',
    { transportMap: 'a lmtp:[fe80::1]:24' },
    /transportMap: .*fe80::1 is a loopback or link-local/,
  ],
  [
    'a map entry of one word',
    { transportMap: 'example.com' },
    /transportMap: "example.com": expected a pattern, blanks and/,
  ],
  [
    'another transport',
    { transportMap: 'example.com smtp:mx.example.com' },
    /transportMap: "example.com smtp:.*must begin with lmtp:/,
  ],
  ['two destinations for all', { transportMap: '* lmtp:other.example.com' }, /destination: .*entry \* already/],
];

for (const [what, props, sentence] of wrong) {
  test(`${what} is refused by name`, () => {
    assert.throws(
      () => {
        settingsOf({ destination, ...props });
        // A fault that is not found there is found where the value is used.
        construct(() => ({ destination, ...props }));
      },
      (error: unknown) => error instanceof PropsError && assert.match(error.message, sentence) === undefined,
    );
  });
}

test('every property has such a check', () => {
  const seen = new Set(wrong.flatMap(([, props]) => Object.keys(props)));
  assert.deepEqual(
    propNames.filter((name) => !seen.has(name)),
    [],
  );
});

test('a stack that could deliver nothing is refused', () => {
  assert.throws(
    () => settingsOf({}),
    /destination: neither destination nor transportMap is set.*-c destination=inet:lmtp/,
  );
});

test('a socket file is refused, with the configuration that makes the mail store listen on TCP', () => {
  const unix = [
    { destination: 'unix:/run/dovecot/lmtp' },
    { transportMap: 'example.com lmtp:unix:/run/cyrus/socket/lmtp' },
    { destination, allowedDestinations: ['unix:private/lmtp'] },
  ];
  for (const props of unix) {
    assert.throws(
      () => settingsOf(props),
      /unix:\S+ is not allowed: a Lambda function[\s\S]*Dovecot[\s\S]*inet_listener lmtp \{\s+port = 24[\s\S]*Cyrus/,
    );
  }
});

test('the destination gets mail that the transport map does not name', () => {
  const transportMap =
    '# ours\nexample.com lmtp:[10.0.0.7]:24\n\nlists.example.com lmtp:inet:mailman.example.com:8024\n';
  assert.equal(
    settingsOf({ destination, transportMap }).transportMap,
    'example.com lmtp:[10.0.0.7]:24\n' +
      'lists.example.com lmtp:inet:mailman.example.com:8024\n' +
      '* lmtp:inet:lmtp.example.com:24',
  );
});

test('a transport of another name has its own entries', () => {
  const transportMap = 'lists.example.com mailman:inet:mailman.example.com:8024';
  assert.equal(
    settingsOf({ transport: 'mailman', transportMap, destination }).transportMap,
    `${transportMap}\n* mailman:inet:lmtp.example.com:24`,
  );
});

test('an entry may continue on the next line, as in every Postfix table', () => {
  const transportMap = 'example.com\n   lmtp:inet:lmtp.example.com:24';
  assert.equal(settingsOf({ transportMap }).transportMap, transportMap);
});

test('a missing property has its default', () => {
  const settings = settingsOf({ destination });
  assert.equal(settings.functionTimeout.toSeconds(), 300);
  assert.equal(settings.memorySize, 512);
  assert.equal(settings.maximumConcurrency, 40);
  assert.equal(settings.transport, 'lmtp');
  assert.deepEqual(settings.parameters, {});
});

test('a map too large for the environment of a function is refused at synth', () => {
  const entries = Array.from({ length: 100 }, (_, n) => `domain${n}.example.com lmtp:inet:store${n}.example.com:24`);
  assert.throws(() => construct(() => ({ transportMap: entries.join('\n') })), /transportMap.*have \d+ octets.*3072/);
});

test('a destination may be one that the stack itself creates', () => {
  const { stack } = construct((own) => {
    const { queueName } = new Queue(own, 'StandsForALoadBalancer');
    return { destination: `inet:${queueName}:24`, parameters: { myhostname: queueName } };
  });
  const { Environment } = resource(resourcesOf(stack), 'AWS::Lambda::Function', 'Lmtp');
  const { Variables } = Environment as { Variables: Record<string, unknown> };
  assert.match(asText(Variables['TRANSPORT_MAP']), /^\* lmtp:inet:StandsForALoadBalancer\w+:24$/);
  assert.match(asText(Variables['MYHOSTNAME']), /^StandsFor/);
});

test('a number that is known only at deployment cannot be checked, and is refused', () => {
  assert.throws(
    () => construct((own) => ({ destination, parameters: { max_use: new Queue(own, 'Q').queueName } })),
    /parameters: max_use: "known-when-deployed" is not a whole number/,
  );
});

test('a secret never enters the environment of a function', () => {
  assert.throws(
    () =>
      construct((stack) => {
        const password = Secret.fromSecretNameV2(stack, 'Sasl', 'sasl/lmtp').secretValue.unsafeUnwrap();
        return { destination, parameters: { myhostname: password } };
      }),
    /the value of a secret is not allowed in MYHOSTNAME: set the name of the secret/,
  );
});

describe('a value that is known only at deployment is accepted, or refused with a sentence:', () => {
  /** Every property that accepts a token, with the value that makes one. */
  const text = () => Lazy.string({ produce: () => 'inet:a:24' });
  const tokens: Readonly<Record<string, LmtpDeliveryProps>> = {
    destination: { destination: text() },
    'a port in destination': { destination: `inet:a:${text()}` },
    transportMap: { transportMap: text() },
    'a pattern in transportMap': { transportMap: `${text()} lmtp:a` },
    'a next-hop in transportMap': { transportMap: `a.example lmtp:${text()}` },
    allowedDestinations: { allowedDestinations: Lazy.list({ produce: () => ['inet:a:24'] }) },
    'one of allowedDestinations': { allowedDestinations: [text()] },
    watchedDestinations: { watchedDestinations: Lazy.list({ produce: () => ['inet:a:24'] }) },
    'one of watchedDestinations': { watchedDestinations: [text()] },
    transport: { transport: text() },
    parameters: { parameters: { myhostname: text(), lmtp_connect_timeout: text() } },
    bodyPrefixes: { bodyPrefixes: [text()] },
    bucketOwners: { bucketOwners: { mail: text() } },
    bodyRetention: { bodyRetention: Duration.days(Lazy.number({ produce: () => 30 })) },
    prefixLists: { vpc, prefixLists: [text()] },
    mailPorts: { vpc, mailPorts: [Lazy.number({ produce: () => 24 })] },
    operatingManual: { operatingManual: text() },
    sessionBudget: { sessionBudget: Lazy.number({ produce: () => 500 }) },
    memorySize: { memorySize: Lazy.number({ produce: () => 500 }) },
    maximumConcurrency: { maximumConcurrency: Lazy.number({ produce: () => 50 }) },
    logRetention: { logRetention: Lazy.number({ produce: () => 30 }) },
    alarms: { alarms: { lateMail: { threshold: Lazy.number({ produce: () => 3 }) } } },
  };

  for (const [what, props] of Object.entries(tokens)) {
    test(what, () => {
      const name = Object.keys(props).find((one) => what.includes(one)) ?? what;
      try {
        const { vpc: network, ...others } = props;
        settingsOf({ destination, ...props });
        if (network === undefined) resourcesOf(construct(() => ({ destination, ...others })).stack);
      } catch (error) {
        assert.ok(error instanceof PropsError, `${error}`);
        assert.ok(error.message.includes(name), error.message);
      }
    });
  }
});
