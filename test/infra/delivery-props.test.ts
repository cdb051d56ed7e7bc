import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Duration } from 'aws-cdk-lib';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import type { LmtpDeliveryProps } from '../../infra/delivery-props.ts';
import { settingsOf } from '../../infra/delivery-settings.ts';
import { PropsError } from '../../infra/props-error.ts';
import { asText, construct, resource, resourcesOf } from './synthesize.ts';

const destination = 'inet:lmtp.example.com:24';

/** Properties, and what the error about them has to say. */
const wrong: readonly [string, LmtpDeliveryProps, RegExp][] = [
  [
    'a timeout longer than Lambda has',
    { functionTimeout: Duration.minutes(16) },
    /functionTimeout: "960 s".*30 to 900/,
  ],
  ['a timeout too short for a dialogue', { functionTimeout: Duration.seconds(5) }, /functionTimeout: "5 s"/],
  ['a fraction of a second', { functionTimeout: Duration.millis(45_500) }, /functionTimeout: "45.5 s".*whole number/],
  ['little memory', { memorySize: 64 }, /memorySize: 64 .*128 to 10240/],
  ['half a megabyte', { memorySize: 512.5 }, /memorySize: 512.5/],
  ['one function at a time', { maximumConcurrency: 1 }, /maximumConcurrency: 1 .*2 to 1000/],
  ['a transport with a blank', { transport: 'my lmtp' }, /transport: "my lmtp" .*small letters/],
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
  ['an unclosed address', { allowedDestinations: ['[::1'] }, /allowedDestinations: "\[::1": host, host:port/],
  ['two destinations as one', { allowedDestinations: ['a,b'] }, /allowedDestinations: "a,b" .*list of single/],
  ['the port of SMTP', { destination: 'mx.example.com:25' }, /destination: "mx.example.com:25": .*port 25/],
  ['a loopback address', { destination: '[127.0.0.1]:24' }, /destination: .*127.0.0.1 is one of its own machine/],
  ['a link-local address', { transportMap: 'a lmtp:[fe80::1]:24' }, /transportMap: .*fe80::1 is one of its own/],
  ['a map entry of one word', { transportMap: 'example.com' }, /transportMap: "example.com": a pattern, blanks and/],
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
      () => settingsOf({ destination, ...props }),
      (error: unknown) => error instanceof PropsError && sentence.test(error.message),
    );
  });
}

test('a stack that could deliver nothing is refused', () => {
  assert.throws(() => settingsOf({}), /destination: none is given.*inet:host:24/);
});

test('a socket file is refused, with the lines that make the mail store listen on TCP', () => {
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

test('the destination takes what the transport map does not name', () => {
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

test('an entry may go on in the next line, as in every Postfix table', () => {
  const transportMap = 'example.com\n   lmtp:inet:lmtp.example.com:24';
  assert.equal(settingsOf({ transportMap }).transportMap, transportMap);
});

test('what is not given has its default', () => {
  const settings = settingsOf({ destination });
  assert.equal(settings.functionTimeout.toSeconds(), 300);
  assert.equal(settings.memorySize, 512);
  assert.equal(settings.maximumConcurrency, 40);
  assert.equal(settings.transport, 'lmtp');
  assert.deepEqual(settings.parameters, {});
});

test('a map too large for the environment of a function is refused before it is deployed', () => {
  const entries = Array.from({ length: 100 }, (_, n) => `domain${n}.example.com lmtp:inet:store${n}.example.com:24`);
  assert.throws(() => construct(() => ({ transportMap: entries.join('\n') })), /transportMap.*take \d+ octets.*3072/);
});

test('a destination may be one that the stack makes itself', () => {
  const { stack } = construct((own) => {
    const { queueName } = new Queue(own, 'StandsForALoadBalancer');
    return { destination: `inet:${queueName}:24`, parameters: { myhostname: queueName } };
  });
  const { Environment } = resource(resourcesOf(stack), 'AWS::Lambda::Function', 'Lmtp');
  const { Variables } = Environment as { Variables: Record<string, unknown> };
  assert.match(asText(Variables['TRANSPORT_MAP']), /^\* lmtp:inet:StandsForALoadBalancer\w+:24$/);
  assert.match(asText(Variables['MYHOSTNAME']), /^StandsFor/);
});

test('a number that is known only when deployed cannot be checked, and is refused', () => {
  assert.throws(
    () => construct((own) => ({ destination, parameters: { max_use: new Queue(own, 'Q').queueName } })),
    /parameters: max_use: "known-when-deployed" is not a whole number/,
  );
});

test('a secret never gets into the environment of a function', () => {
  assert.throws(
    () =>
      construct((stack) => {
        const password = Secret.fromSecretNameV2(stack, 'Sasl', 'sasl/lmtp').secretValue.unsafeUnwrap();
        return { destination, parameters: { myhostname: password } };
      }),
    /the value of a secret is not allowed in MYHOSTNAME: the name of the secret is wanted/,
  );
});
