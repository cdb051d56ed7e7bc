/** The CDK's own validation of templates (`@aws-cdk/core:validateAgainstDefaultRules`), over all our stacks. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { App, Duration, Stack } from 'aws-cdk-lib';
import { Vpc } from 'aws-cdk-lib/aws-ec2';
import { Key } from 'aws-cdk-lib/aws-kms';
import { type CfnQueue, Queue } from 'aws-cdk-lib/aws-sqs';
import { LmtpDelivery } from '../../infra/construct/lmtp-delivery.ts';
import { contextNames } from '../../infra/context/context.ts';
import { readTransports } from '../../infra/context/transports.ts';
import { LmtpStack } from '../../infra/lmtp-stack.ts';
import { loadExamples } from '../support/examples.ts';
import { ownContext, projectFolder, stubCode } from './synthesize.ts';

const scratch = mkdtempSync(join(tmpdir(), 'validation-'));
after(() => rmSync(scratch, { recursive: true, force: true }));

const { context } = JSON.parse(readFileSync(join(projectFolder, 'cdk.json'), 'utf8')) as {
  context: Record<string, unknown>;
};
const code = stubCode;
const { SesToCyrus, SesToDovecot, SingleDovecot, TenCustomers } = await loadExamples(code);

interface Report {
  readonly pluginReports: readonly {
    readonly pluginName: string;
    readonly violations: readonly {
      readonly ruleName: string;
      readonly severity: string;
      readonly description: string;
      readonly violatingConstructs: readonly { readonly constructPath: string }[];
    }[];
  }[];
}

/** Synthesizes an app into its own folder; returns the findings of its templates, as lines. */
function findings(build: (app: App) => void, values: Record<string, unknown> = {}): readonly string[] {
  const outdir = mkdtempSync(join(scratch, 'app-'));
  const app = new App({ outdir, autoSynth: false, context: { ...context, ...ownContext, ...values } });
  build(app);
  const { exitCode } = process;
  try {
    app.synth();
  } catch (error) {
    // It reports findings with a path to the report; any other error is thrown.
    if (!(error instanceof Error) || !/Validation failed/.test(error.message)) throw error;
  }
  process.exitCode = exitCode;
  const { pluginReports } = JSON.parse(readFileSync(join(outdir, 'validation-report.json'), 'utf8')) as Report;
  return pluginReports
    .filter(({ pluginName }) => pluginName === 'CloudFormation Validate')
    .flatMap(({ violations }) => violations)
    .map(({ ruleName, severity, description, violatingConstructs }) => {
      const places = violatingConstructs.map(({ constructPath }) => constructPath).join(', ');
      return `${severity} ${ruleName} ${places}: ${description}`;
    });
}

const account = '123456789012';

/** Context values that together set every option, each to a value that changes the template. */
const settings: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  'several transports with a map and other transports': {
    destination: '',
    parameters: { myhostname: 'mx.example.com', max_use: 50 },
    sesTopics: `arn:aws:sns:eu-west-1:${account}:mail`,
    objectPrefix: 'drop/',
    transportMapObject: 's3://configuration/transport',
    otherTransports: `archive=arn:aws:sqs:eu-west-1:${account}:archive-incoming`,
    transports: {
      mailman: { destination: 'inet:mailman.internal:8024', parameters: { lmtp_destination_concurrency_limit: 2 } },
      lmtp: {
        destination: 'inet:dovecot.internal:24',
        transportMap: 'lists.example.com mailman:; old.example.com archive:',
      },
      'old-lists': { destination: 'inet:majordomo.internal:8024', messageBucket: 'old-mail' },
    },
  },
  'a network of its own, endpoints that exist, and IPv6': {
    vpc: 'vpc-0123456789abcdef0',
    subnets: 'subnet-00000001=rtb-00000001 subnet-00000002=rtb-00000002',
    securityGroup: 'sg-0123456789abcdef0',
    vpcEndpoints: 'yes',
    ipv6: 'yes',
    mailPorts: '24 2400',
  },
  'prefix lists, and no security group': {
    vpc: 'vpc-0123456789abcdef0',
    subnets: 'subnet-00000001=rtb-00000001 subnet-00000002=rtb-00000002',
    vpcEndpoints: 'existing',
    prefixLists: 'pl-00000001 pl-00000002',
  },
  'buckets, keys and secrets of others': {
    transport: 'lists',
    messageBucket: 'mail',
    allowedBuckets: 'archive',
    bodyPrefixes: 'in/ ses/',
    bucketOwners: `mail=${account} archive=${account}`,
    encryptionKey: `arn:aws:kms:eu-west-1:${account}:key/01234567-89ab-cdef-0123-456789abcdef`,
    secrets: 'sasl/a',
    transportMap: 'example.com lists:inet:b.internal:24',
    allowedDestinations: 'inet:a.internal:24',
    watchedDestinations: 'inet:a.internal:24 inet:b.internal:24',
  },
  'bodies that are deleted, alarms that are told, and other sizes': {
    bodyRetention: '90d',
    alarms: { lateMail: { threshold: 2 } },
    alarmTopic: `arn:aws:sns:eu-west-1:${account}:alarms`,
    operatingManual: 'https://wiki.example/operating',
    prices: { lambdaTime: 1 },
    logRetention: 90,
    functionTimeout: '600s',
    memorySize: 512,
    maximumConcurrency: 40,
    sessionBudget: 320,
  },
};

/** Every option of the construct. */
function fullest(app: App): void {
  const stack = new Stack(app, 'Fullest');
  const delivery = new LmtpDelivery(stack, 'Mail', {
    destination: 'inet:lmtp.example.com:24',
    parameters: {
      lmtp_sasl_password_maps: 'secretsmanager:lmtp/passwords',
      bounce_report_routes: 'incoming, ses',
      bounce_report_ses_sender: 'bounce@example.com',
    },
    vpc: new Vpc(stack, 'Vpc', { maxAzs: 2, natGateways: 0 }),
    vpcEndpoints: true,
    encryptionKey: new Key(stack, 'Own', { enableKeyRotation: true }),
    bodyPrefixes: ['in/', 'drop/'],
    bodyRetention: Duration.days(90),
    otherTransports: { mailman: new Queue(stack, 'Mailman') },
    code,
  });
  delivery.receiveObjects(delivery.stores.messageBucket, 'drop/');
}

const apps: Readonly<Record<string, (app: App) => void>> = {
  'the stack of cdk.json': (app) => {
    const settings = readTransports(app.node.getAllContext() as Record<string, unknown>);
    new LmtpStack(app, 'LambdaLmtp', { settings, code });
  },
  'a stack with every option': fullest,
  'the example of a Dovecot in a VPC': (app) => void new SingleDovecot(app, 'Mail'),
  'the example of SES and Dovecot': (app) => void new SesToDovecot(app, 'Mail'),
  'the example of SES and Cyrus': (app) => void new SesToCyrus(app, 'Mail'),
  'the example of ten customers': (app) => void new TenCustomers(app, 'Mail'),
};

test('the flag that makes findings errors is on', () => {
  assert.equal(context['@aws-cdk/core:validateAgainstDefaultRules'], true);
});

for (const [name, build] of Object.entries(apps)) {
  // Examples have their own settings instead of those of cdk.json.
  const values = name === 'the stack of cdk.json' ? {} : { destination: undefined };
  test(`${name} has no finding`, () => {
    assert.deepEqual(findings(build, values), []);
  });
}

for (const [name, values] of Object.entries(settings)) {
  test(`${name}: the template has no finding`, () => {
    const build = (app: App) => {
      const transports = readTransports(app.node.getAllContext() as Record<string, unknown>);
      new LmtpStack(app, 'LambdaLmtp', { settings: transports, code });
    };
    assert.deepEqual(findings(build, values), []);
  });
}

test('nothing that the context can set is left out', () => {
  const set = new Set(Object.values(settings).flatMap((values) => Object.keys(values)));
  assert.deepEqual(
    Object.keys(contextNames).filter((name) => !set.has(name)),
    [],
  );
});

test('a queue that shows messages again while its function still runs is found', () => {
  const found = findings((app) => {
    const stack = new Stack(app, 'Wrong');
    const delivery = new LmtpDelivery(stack, 'Mail', { destination: 'inet:lmtp.example.com:24', code });
    const active = delivery.queues.active.node.defaultChild as CfnQueue;
    active.addPropertyOverride('VisibilityTimeout', 10);
  });
  assert.match(
    found.join('\n'),
    /^error E3505 Wrong\/Mail\/Queues\/Active\/Resource: .*\(10\) is less than Function timeout \(300\)/m,
  );
});
