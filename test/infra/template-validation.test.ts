/** The CDK's own validation of templates (`@aws-cdk/core:validateAgainstDefaultRules`), over all that we ship. */
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
import { readTransports } from '../../infra/context/transports.ts';
import { LmtpStack } from '../../infra/lmtp-stack.ts';
import { loadExamples } from '../support/examples.ts';
import { projectFolder, stubCode } from './synthesize.ts';

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

/** Synthesizes an app into a folder of its own; what its templates were found to have, as lines. */
function findings(build: (app: App) => void, values: Record<string, unknown> = {}): readonly string[] {
  const outdir = mkdtempSync(join(scratch, 'app-'));
  const app = new App({ outdir, autoSynth: false, context: { ...context, ...values } });
  build(app);
  const { exitCode } = process;
  try {
    app.synth();
  } catch (error) {
    // It says so and points to the report; anything else is none of its business.
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

/** Everything that the construct can be given. */
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
  'a stack with everything': fullest,
  'the example of a Dovecot in a VPC': (app) => void new SingleDovecot(app, 'Mail'),
  'the example of SES and Dovecot': (app) => void new SesToDovecot(app, 'Mail'),
  'the example of SES and Cyrus': (app) => void new SesToCyrus(app, 'Mail'),
  'the example of ten customers': (app) => void new TenCustomers(app, 'Mail'),
};

test('the flag that makes findings errors is on', () => {
  assert.equal(context['@aws-cdk/core:validateAgainstDefaultRules'], true);
});

for (const [name, build] of Object.entries(apps)) {
  // Examples have settings of their own in place of those of cdk.json.
  const values = name === 'the stack of cdk.json' ? {} : { destination: undefined };
  test(`${name} has no finding`, () => {
    assert.deepEqual(findings(build, values), []);
  });
}

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
