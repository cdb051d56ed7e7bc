import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contextNames, readContext } from '../../infra/context.ts';
import { PropsError } from '../../infra/props-error.ts';

test('text from the command line means what it says', () => {
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

test('an empty value takes back what cdk.json says', () => {
  assert.equal(readContext({ destination: '' }).destination, undefined);
});

const wrong: readonly [Record<string, unknown>, RegExp][] = [
  [
    { functionTimeout: 'abc' },
    /context functionTimeout: "abc" is not allowed: a time such as 300, 300s, 5m or 90d is wanted/,
  ],
  [{ memorySize: 'much' }, /context memorySize: "much" .*whole number/],
  [{ destination: ['inet:a:24'] }, /context destination: \["inet:a:24"\] .*text/],
  [{ allowedDestinations: 7 }, /context allowedDestinations: 7 .*list/],
  [{ parameters: 'lmtp_mail_timeout' }, /context parameters: "lmtp_mail_timeout" .*name=value/],
  [{ parameters: '{"lmtp_mail_timeout":' }, /context parameters: .*JSON object/],
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

test('a misspelt name is refused with the names there are', () => {
  assert.throws(
    () => readContext({ functionTimout: '300s' }),
    (error: unknown) =>
      error instanceof PropsError &&
      /context functionTimout is not known/.test(error.message) &&
      Object.keys(contextNames).every((name) => error.message.includes(name)),
  );
});

test("the CDK's own context is none of ours", () => {
  assert.doesNotThrow(() =>
    readContext({ '@aws-cdk/core:x': true, 'aws:cdk:y': 1, 'availability-zones:z': [], 'cli-telemetry': false }),
  );
});

test('a password in what is malformed is not shown', () => {
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
