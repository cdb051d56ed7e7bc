/** What synth prints of a stack: that everything which was set has arrived. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Duration } from 'aws-cdk-lib';
import { Annotations, Match } from 'aws-cdk-lib/assertions';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { construct } from '../synthesize.ts';

function summaryOf(props: Parameters<typeof construct>[0]): readonly string[] {
  const found = Annotations.fromStack(construct(props).stack).findInfo('*', Match.stringLikeRegexp('In force:'));
  assert.equal(found.length, 1);
  return String(found[0]?.entry.data).split('\n');
}

test('the summary of a stack with defaults says so', () => {
  const lines = summaryOf(() => ({ destination: 'inet:lmtp.example.com:24', functionTimeout: Duration.seconds(900) }));
  assert.deepEqual(lines.slice(0, 7), [
    'In force:',
    '  destinations  all other mail → lmtp:inet:lmtp.example.com:24',
    '  transport     lmtp, at most 40 functions at once',
    '  TLS           none: mail goes in plain text',
    '  AUTH          none',
    '  parameters    none',
    `  time-outs     all of them end before the functions do [ack: lambda-lmtp:in-force]`,
  ]);
});

test('the summary shows destinations, other transports, TLS, AUTH and changed parameters, and no password', () => {
  const lines = summaryOf((stack) => ({
    transportMap: 'a.example lmtp:inet:a:24\nlists.example mailman:\n* lmtp:inet:b:24',
    transportMapObject: { bucket: Bucket.fromBucketName(stack, 'Maps', 'maps'), key: 'transport' },
    otherTransports: { mailman: new Queue(stack, 'Mailman') },
    allowedDestinations: ['inet:c:24'],
    parameters: {
      lmtp_tls_security_level: 'verify',
      lmtp_tls_policy_maps: 'inline:{ a=secure }',
      lmtp_sasl_auth_enable: 'yes',
      lmtp_sasl_password_maps: 'secretsmanager:mail/sasl',
      max_use: '100',
      minimal_backoff_time: '2m',
    },
  }));
  assert.deepEqual(lines.slice(1, 14), [
    '  destinations  first the map in s3://maps/transport',
    '                a.example → lmtp:inet:a:24',
    '                lists.example → mailman:',
    '                all other mail → lmtp:inet:b:24',
    '                requests may name inet:c:24',
    '  transport     lmtp, at most 40 functions at once, hands mail to mailman',
    '  TLS           verify: always, with a certificate for the name of the server; lmtp_tls_policy_maps names others for some servers',
    '  AUTH          with the passwords of secretsmanager:mail/sasl',
    '  parameters    lmtp_tls_security_level=verify (default: empty)',
    '                lmtp_tls_policy_maps=inline:{ a=secure } (default: empty)',
    '                lmtp_sasl_auth_enable=yes (default: no)',
    '                lmtp_sasl_password_maps=secretsmanager:mail/sasl (default: empty)',
    '                minimal_backoff_time=2m (default: 300s)',
  ]);
  assert.match(lines[14] ?? '', /^ {2}time-outs {5}functionTimeout: 300 s ends before these time-outs do: /);
});

test('a map of hundreds of entries is cut, with the number of the rest', () => {
  const transportMap = Array.from({ length: 60 }, (_, n) => `d${n} lmtp:a`).join('\n');
  const lines = summaryOf(() => ({ transportMap }));
  assert.equal(lines[20], '                d19 → lmtp:a');
  assert.equal(lines[21], '                and 40 more entries of transportMap');
});
