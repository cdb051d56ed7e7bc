/** The examples, as their users would synthesize them. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { App } from 'aws-cdk-lib';
import { parseParameters } from '../../functions/parameters/parameters.ts';
import { tlsPolicy } from '../../functions/tls/policy.ts';
import { type Example, exampleFolders, loadExamples } from '../support/examples.ts';
import {
  asText,
  projectFolder,
  type Resource,
  resource,
  resourcesOf,
  resourcesOfType,
  statementsOf,
  stubCode,
  target,
} from './synthesize.ts';

// The CDK's own validation takes most of the time of synth; template-validation.test.ts has it for all examples.
process.env['CDK_VALIDATION'] = 'false';

const { SesToCyrus, SesToDovecot, SingleDovecot, TenCustomers } = await loadExamples(stubCode);

function variablesOf(resources: Record<string, Resource>, name: string): Record<string, unknown> {
  const { Environment } = resource(resources, 'AWS::Lambda::Function', `MailFunctions${name}`);
  return (Environment as { Variables: Record<string, unknown> }).Variables;
}

/** Returns the concurrency of the lmtp function. */
function concurrencyOf(resources: Record<string, Resource>): number {
  const triggers = Object.values(resourcesOfType(resources, 'AWS::Lambda::EventSourceMapping'));
  const [ours] = triggers.filter(({ Properties }) =>
    target(Properties['FunctionName']).startsWith('MailFunctionsLmtp'),
  );
  assert.ok(ours !== undefined);
  return (ours.Properties['ScalingConfig'] as { MaximumConcurrency: number }).MaximumConcurrency;
}

describe('a single Dovecot in a VPC', () => {
  const resources = resourcesOf(new SingleDovecot(new App(), 'Mail'));

  test('only lmtp and check, which connect to it, are in the VPC', () => {
    for (const [id, { Properties }] of Object.entries(resourcesOfType(resources, 'AWS::Lambda::Function'))) {
      if (!id.startsWith('MailFunctions')) continue;
      assert.equal('VpcConfig' in Properties, /Functions(?:Lmtp|Check)/.test(id), id);
    }
  });

  test('they may connect to port 24 and to AWS, and Dovecot accepts them', () => {
    const groups = Object.entries(resourcesOfType(resources, 'AWS::EC2::SecurityGroup'));
    const [ours] = groups.filter(([id]) => id.startsWith('MailNetworkSecurityGroup'));
    const rules = ours?.[1].Properties['SecurityGroupEgress'] as { FromPort: number }[];
    assert.deepEqual(rules.map(({ FromPort }) => FromPort).sort(), [24, 443]);
    const ingress = Object.values(resourcesOfType(resources, 'AWS::EC2::SecurityGroupIngress')).find(
      ({ Properties }) => Properties['GroupId'] === 'sg-0123456789abcdef0',
    );
    assert.equal(ingress?.Properties['FromPort'], 24);
    assert.equal(target(ingress?.Properties['SourceSecurityGroupId']), ours?.[0]);
  });

  test('without a route to the internet, AWS is reached by endpoints', () => {
    assert.deepEqual(resourcesOfType(resources, 'AWS::EC2::NatGateway', 'AWS::EC2::InternetGateway'), {});
    const endpoints = Object.values(resourcesOfType(resources, 'AWS::EC2::VPCEndpoint'));
    const services = endpoints.map(({ Properties }) => asText(Properties['ServiceName']).replace(/.*\./, ''));
    assert.deepEqual(services.sort(), ['dynamodb', 's3', 'sns', 'sqs']);
  });

  test('the functions know it, and at most as many of them run as it has processes', () => {
    assert.partialDeepStrictEqual(variablesOf(resources, 'Lmtp'), {
      TRANSPORT_MAP: '* lmtp:inet:dovecot.mail.internal:24',
      LMTP_DESTINATION_CONCURRENCY_LIMIT: '10',
      MYHOSTNAME: 'mx.example.com',
    });
    assert.equal(concurrencyOf(resources), 12);
  });

  test('the MX may write bodies below in/ and send requests, and nothing else', () => {
    const policy = resource(resources, 'AWS::IAM::Policy', 'Mx');
    const { Statement } = policy['PolicyDocument'] as { Statement: { Action: unknown; Resource: unknown }[] };
    assert.deepEqual(
      Statement.map(({ Action, Resource: on }) => [Action, asText(on).replace(/[0-9A-F]{8}/, '')]),
      [
        ['sqs:SendMessage', 'MailQueuesIncoming'],
        ['s3:PutObject', 'MailStoresMessageBucket/in/*'],
      ],
    );
  });
});

describe('Amazon SES receives, Cyrus stores', () => {
  const resources = resourcesOf(new SesToCyrus(new App(), 'Mail'));

  test('the receipt rule writes to the bucket and notifies the topic, which may send to incoming', () => {
    const { Rule } = resource(resources, 'AWS::SES::ReceiptRule', 'RulesMail') as {
      Rule: { Actions: { S3Action: Record<string, unknown> }[]; Recipients: string[] };
    };
    const [{ S3Action } = assert.fail()] = Rule.Actions;
    assert.deepEqual(Rule.Recipients, ['example.com']);
    assert.match(target(S3Action['BucketName']), /^MailStoresMessageBucket/);
    assert.equal(S3Action['ObjectKeyPrefix'], 'ses/');
    // Mail that SES itself encrypts is readable only by the owner of its key.
    assert.ok(!('KmsKeyArn' in S3Action));
    const topic = target(S3Action['TopicArn']);
    const subscription = Object.values(resourcesOfType(resources, 'AWS::SNS::Subscription')).find(
      ({ Properties }) => target(Properties['TopicArn']) === topic,
    );
    assert.match(target(subscription?.Properties['Endpoint']), /^MailQueuesIncoming/);
    const policies = Object.values(resourcesOfType(resources, 'AWS::SQS::QueuePolicy')).filter(({ Properties }) =>
      /MailQueuesIncoming(?!Dead)/.test(JSON.stringify(Properties['Queues'])),
    );
    const letIn = JSON.stringify(policies.map(({ Properties }) => Properties['PolicyDocument']));
    assert.match(letIn, /"Service":"sns\.amazonaws\.com"/);
    assert.ok(letIn.includes(topic), 'the topic is named in the policy of the queue');
  });

  test('SES may write to the bucket, and only to that prefix', () => {
    const policies = JSON.stringify(resourcesOfType(resources, 'AWS::S3::BucketPolicy'));
    assert.match(policies, /"Action":"s3:PutObject".*"Principal":\{"Service":"ses\.amazonaws\.com"\}.*\/ses\/\*/);
  });

  test('only lmtp and check read the password; its value is nowhere', () => {
    for (const [id] of Object.entries(resourcesOfType(resources, 'AWS::IAM::Role'))) {
      const role = /^MailFunctions(\w+Role)[0-9A-F]{8}$/.exec(id)?.[1];
      if (role === undefined) continue;
      const reads = statementsOf(resources, role).filter(({ actions }) =>
        actions.includes('secretsmanager:GetSecretValue'),
      );
      assert.deepEqual(
        reads.flatMap(({ resources: on }) => on.map((one) => one.replace(/^.*:secret:/, ''))),
        /^(?:Lmtp|Check)Role$/.test(role) ? ['mail/cyrus-??????'] : [],
        role,
      );
    }
    assert.doesNotMatch(JSON.stringify(resources), /\{\{resolve:/);
  });

  test('the password is sent over TLS only, to a verified server', () => {
    assert.partialDeepStrictEqual(variablesOf(resources, 'Lmtp'), {
      TRANSPORT_MAP: '* lmtp:inet:[lmtp.example.com]:24',
      LMTP_TLS_SECURITY_LEVEL: 'verify',
      LMTP_SASL_AUTH_ENABLE: 'yes',
      LMTP_SASL_PASSWORD_MAPS: 'secretsmanager:mail/cyrus',
    });
  });

  test('reports are sent through SES in the name of its verified sender', () => {
    const sends = statementsOf(resources, 'BounceRole').filter(({ actions }) => actions.includes('ses:SendBounce'));
    assert.match(sends.flatMap(({ resources: on }) => on).join(' '), /identity\/mailer-daemon@example\.com/);
  });
});

describe('Amazon SES in front of Dovecot', () => {
  const resources = resourcesOf(new SesToDovecot(new App(), 'Mail'));

  test('SES stores mail below ses/ of the message bucket, and its topic feeds incoming', () => {
    const { Rule } = resource(resources, 'AWS::SES::ReceiptRule', 'RulesMail') as {
      Rule: { Actions: { S3Action: Record<string, unknown> }[] };
    };
    const [{ S3Action } = assert.fail()] = Rule.Actions;
    assert.match(target(S3Action['BucketName']), /^DeliveryStoresMessageBucket/);
    assert.equal(S3Action['ObjectKeyPrefix'], 'ses/');
    assert.ok(!('KmsKeyArn' in S3Action));
    const subscription = Object.values(resourcesOfType(resources, 'AWS::SNS::Subscription')).find(
      ({ Properties }) => target(Properties['TopicArn']) === target(S3Action['TopicArn']),
    );
    assert.match(target(subscription?.Properties['Endpoint']), /^DeliveryQueuesIncoming/);
  });

  test('lmtp delivers only to a server with a certificate of the authority in the secret', () => {
    const { Environment } = resource(resources, 'AWS::Lambda::Function', 'DeliveryFunctionsLmtp');
    assert.partialDeepStrictEqual((Environment as { Variables: Record<string, unknown> }).Variables, {
      TRANSPORT_MAP: 'example.com lmtp:inet:dovecot.mail.internal:24',
      LMTP_TLS_SECURITY_LEVEL: 'verify',
      LMTP_TLS_CAFILE: 'secretsmanager:mail/ca',
    });
    const reads = statementsOf(resources, 'LmtpRole').filter(({ actions }) =>
      actions.includes('secretsmanager:GetSecretValue'),
    );
    assert.match(reads.flatMap(({ resources: on }) => on).join(' '), /:secret:mail\/ca/);
  });

  test('Dovecot, which has no AUTH for LMTP, admits the functions and no other host', () => {
    const rules = Object.values(resourcesOfType(resources, 'AWS::EC2::SecurityGroupIngress')).filter(
      ({ Properties }) => Properties['GroupId'] === 'sg-0123456789abcdef0',
    );
    assert.equal(rules.length, 1);
    assert.match(target(rules[0]?.Properties['SourceSecurityGroupId']), /^DeliveryNetworkSecurityGroup/);
  });
});

describe('ten customers over the internet', () => {
  const stack = new TenCustomers(new App(), 'Mail');
  const resources = resourcesOf(stack);
  const variables = variablesOf(resources, 'Lmtp');
  const map = String(variables['TRANSPORT_MAP']).split('\n');

  test('eleven domains go to ten servers, and no mail goes anywhere else', () => {
    assert.equal(map.length, 11);
    assert.equal(new Set(map.map((line) => line.split(' ')[1])).size, 10);
    assert.ok(!map.some((line) => line.startsWith('*')));
    assert.equal('VpcConfig' in resource(resources, 'AWS::Lambda::Function', 'MailFunctionsLmtp'), false);
  });

  test('each of the ten has its own metrics', () => {
    assert.equal(stack.delivery.watchedDestinations.length, 10);
    assert.equal(variables['WATCHED_DESTINATIONS'], stack.delivery.watchedDestinations.join(' '));
    const body = asText(resource(resources, 'AWS::CloudWatch::Dashboard', 'Customers')['DashboardBody']);
    for (const destination of stack.delivery.watchedDestinations) assert.ok(body.includes(destination), destination);
  });

  test('no destination can occupy every function, and all of them together cannot either', () => {
    const limit = Number(variables['LMTP_DESTINATION_CONCURRENCY_LIMIT']);
    assert.ok(limit * 10 < concurrencyOf(resources));
  });

  /** The policy that the functions will use. */
  const parameters = parseParameters({
    lmtp_tls_security_level: String(variables['LMTP_TLS_SECURITY_LEVEL']),
    lmtp_tls_mandatory_protocols: String(variables['LMTP_TLS_MANDATORY_PROTOCOLS']),
    lmtp_tls_policy_maps: String(variables['LMTP_TLS_POLICY_MAPS']),
  });

  function policyFor(host: string) {
    const found = tlsPolicy(parameters, { name: `${host}:2400`, host }, host);
    return found.kind === 'policy' ? found.policy : assert.fail(found.text);
  }

  test('certificates are verified, at TLS 1.3 unless another version is configured', () => {
    for (const line of map) {
      const host = line.replace(/^\S+ lmtp:inet:/, '').replace(/:2400$/, '');
      assert.ok(['verify', 'fingerprint'].includes(policyFor(host).level), host);
    }
    assert.partialDeepStrictEqual(policyFor('lmtp.amber.example'), {
      level: 'verify',
      minVersion: 'TLSv1.3',
      match: ['hostname'],
      servername: 'lmtp.amber.example',
    });
    assert.partialDeepStrictEqual(policyFor('mail.dahlia.example'), { match: ['.provider.example'] });
    assert.equal(policyFor('lmtp.fir.example').level, 'fingerprint');
    assert.equal(policyFor('lmtp.hazel.example').minVersion, 'TLSv1.2');
  });

  test('a deleted body can be restored for a month', () => {
    const { LifecycleConfiguration } = resource(resources, 'AWS::S3::Bucket', 'MessageBucket');
    assert.match(JSON.stringify(LifecycleConfiguration), /"NoncurrentDays":30/);
  });
});

describe('as folders that are copied', () => {
  const examples = exampleFolders();
  const { version, devDependencies } = JSON.parse(readFileSync(join(projectFolder, 'package.json'), 'utf8')) as {
    readonly version: string;
    readonly devDependencies: Readonly<Record<string, string>>;
  };

  test('there are four, and each has the files of an app', () => {
    assert.deepEqual(
      examples.map(({ name }) => name),
      ['ses-to-cyrus', 'ses-to-dovecot', 'single-dovecot', 'ten-customers'],
    );
    for (const { name, folder, manifest } of examples) {
      assert.equal(manifest.name, name);
      const files = readdirSync(folder).filter((file) => !/^(?:node_modules|cdk\.out|package-lock\.json)$/.test(file));
      assert.deepEqual(
        files.sort(),
        ['README.md', 'app.ts', 'cdk.json', 'package.json', `${name}.ts`, 'tsconfig.json'].sort(),
      );
    }
  });

  test('each depends on this version of the package, and on the versions that the tests run with', () => {
    for (const { manifest } of examples) {
      const pinned = (names: readonly string[]) =>
        Object.fromEntries(names.map((name) => [name, devDependencies[name] ?? assert.fail(name)]));
      assert.deepEqual(manifest.dependencies, { ...pinned(['aws-cdk-lib', 'constructs']), 'lambda-lmtp': version });
      assert.deepEqual(manifest.devDependencies, pinned(['@types/node', 'aws-cdk', 'typescript']));
    }
  });

  test('each has the flags of the repository, and the same compiler options', () => {
    const flagsOf = (context: Readonly<Record<string, unknown>>) =>
      Object.fromEntries(Object.entries(context).filter(([name]) => name.startsWith('@')));
    const { context } = JSON.parse(readFileSync(join(projectFolder, 'cdk.json'), 'utf8')) as Example;
    for (const example of examples) assert.deepEqual(example.context, flagsOf(context), example.name);
    const options = examples.map(({ folder }) => readFileSync(join(folder, 'tsconfig.json'), 'utf8'));
    assert.equal(new Set(options).size, 1);
  });
});
