import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import type { ParameterValues } from '../../../infra/properties/parameter-environment.ts';
import { makeTemporaryFolder } from '../../support/temporary-folder.ts';
import { asText, construct, resourcesOf, resourcesOfType, statementsOf } from '../synthesize.ts';

const folder = makeTemporaryFolder();
after(() => folder[Symbol.dispose]());
const replies = folder.write('replies', '/^450 (.*)/ 550 $1\n');
const domains = folder.write('domains', 'example.com\n');
const key = folder.write('key.pem', '-----BEGIN PRIVATE KEY-----\n');

const hash = /[0-9a-f]{64}\.\w+/;
const bucket = 'cdk-hnb659fds-assets-AWS::AccountId-AWS::Region';

function deploy(parameters: ParameterValues | ((maps: Bucket) => ParameterValues)) {
  const { stack, delivery } = construct((scope) => ({
    destination: 'inet:lmtp.example.com:24',
    parameters: typeof parameters === 'function' ? parameters(new Bucket(scope, 'Maps')) : parameters,
  }));
  const resources = resourcesOf(stack);
  const variables = Object.values(resourcesOfType(resources, 'AWS::Lambda::Function')).flatMap(({ Properties }) => {
    const { Environment } = Properties as { Environment?: { Variables: Record<string, unknown> } };
    return Environment === undefined ? [] : [Environment.Variables];
  });
  const objects = (role: string) =>
    statementsOf(resources, role)
      .filter(({ actions }) => actions.join() === 's3:GetObject')
      .flatMap(({ resources: on }) => on.map((one) => one.replace(hash, 'HASH')))
      .filter((one) => /HASH|maps\//.test(one));
  const value = (name: string) => asText(variables[0]?.[name]).replace(hash, 'HASH');
  return { value, objects, delivery };
}

describe('a file that a parameter names', () => {
  test('is packed with the deployment, where lmtp and check may read it', () => {
    const { value, objects, delivery } = deploy({ lmtp_reply_filter: `static:x regexp:${replies}` });
    assert.equal(value('LMTP_REPLY_FILTER'), `static:x regexp:s3://${bucket}/HASH`);
    for (const role of ['LmtpRole', 'CheckRole']) {
      assert.deepEqual(objects(role), [`arn:AWS::Partition:s3:::${bucket}/HASH`], role);
    }
    for (const role of ['QmgrRole', 'BounceRole', 'SweepRole', 'ShowqRole']) assert.deepEqual(objects(role), [], role);
    assert.match(delivery.operatorSettings.lmtp_reply_filter ?? '', /^static:x regexp:\$\{Token/);
  });

  test('is read by bounce too where reports use it', () => {
    const { value, objects } = deploy({ relay_domains: `example.net, ${domains}` });
    assert.equal(value('RELAY_DOMAINS'), `example.net, s3://${bucket}/HASH`);
    assert.deepEqual(objects('BounceRole'), [`arn:AWS::Partition:s3:::${bucket}/HASH`]);
  });

  test('may be an object in S3, whose bucket may be known only at deployment', () => {
    const { value, objects } = deploy((maps) => ({
      lmtp_tls_CAfile: 's3://certificates/maps/ca.pem',
      debug_peer_list: `s3://${maps.bucketName}/maps/peers`,
    }));
    assert.equal(value('LMTP_TLS_CAFILE'), 's3://certificates/maps/ca.pem');
    assert.match(value('DEBUG_PEER_LIST'), /^s3:\/\/Maps\w+\/maps\/peers$/);
    assert.deepEqual(
      objects('LmtpRole').map((one) => one.replace(/Maps\w+/, 'Maps')),
      ['arn:AWS::Partition:s3:::Maps/maps/peers', 'arn:AWS::Partition:s3:::certificates/maps/ca.pem'],
    );
  });

  test('may be in a layer or a file system of the functions', () => {
    const { value, objects } = deploy({ lmtp_reply_filter: 'regexp:/opt/replies', debug_peer_list: '/mnt/mail/peers' });
    assert.deepEqual([value('LMTP_REPLY_FILTER'), objects('LmtpRole')], ['regexp:/opt/replies', []]);
  });

  test('is checked at synth, where it is there to be checked', () => {
    const wrong = folder.write('wrong', 'no pattern\n');
    assert.throws(
      () => deploy({ lmtp_reply_filter: `regexp:${wrong}` }),
      /parameters: lmtp_reply_filter: .*wrong, line 1/,
    );
  });

  const refused: readonly (readonly [string, ParameterValues, RegExp])[] = [
    [
      'that no function can have',
      { lmtp_tls_CAfile: '/etc/postfix/no-such-ca.pem' },
      /parameters: lmtp_tls_CAfile: "\/etc\/postfix\/no-such-ca\.pem" does not exist here, and no function can have it: expected a file of this machine.*s3:\/\/BUCKET\/KEY.*\/opt\//,
    ],
    [
      'whose name contains a reference, and so is known to the functions only',
      { lmtp_tls_CAfile: 's3://maps/$(myhostname)/ca.pem' },
      /lmtp_tls_CAfile: "s3:\/\/maps\/\$\(myhostname\)\/ca\.pem" is not allowed: expected a file without references/,
    ],
    [
      'behind the name of another parameter',
      { lmtp_reply_filter: 'regexp:$myhostname', myhostname: replies, lmtp_lhlo_name: 'a' },
      /lmtp_reply_filter: "\$myhostname" is not allowed: expected a file without references/,
    ],
    ['that is a folder', { debug_peer_list: folder.path }, /debug_peer_list: ".*" is no file/],
    [
      'with passwords',
      { lmtp_sasl_auth_enable: 'yes', lmtp_sasl_password_maps: `texthash:${replies}` },
      /passwords\) must|passwords must be a secret/,
    ],
    [
      'with passwords in S3',
      { lmtp_sasl_password_maps: 'texthash:s3://maps/sasl_passwd' },
      /passwords must be a secret/,
    ],
    [
      'with a private key',
      { lmtp_tls_cert_file: key },
      /lmtp_tls_cert_file: ".*key\.pem" is not allowed: expected secretsmanager:NAME \(a private key/,
    ],
    [
      'with a private key in S3',
      { lmtp_tls_cert_file: 's3://maps/cert.pem', lmtp_tls_key_file: 's3://maps/key.pem' },
      /lmtp_tls_key_file: "s3:\/\/maps\/key\.pem" is not allowed: expected secretsmanager/,
    ],
    [
      'whose URL has no key',
      { debug_peer_list: 's3://maps' },
      /debug_peer_list: "s3:\/\/maps" is not allowed: expected s3:\/\/BUCKET\/KEY/,
    ],
  ];
  for (const [what, parameters, message] of refused) {
    test(`${what} stops synth, with what to do`, () => {
      assert.throws(() => deploy(parameters), { name: 'PropsError', message });
    });
  }
});
