import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { readAssembly, type TemplateResource } from '../../../../infra/local/template/assembly.ts';
import { readBlueprint } from '../../../../infra/local/template/blueprint.ts';
import type { Blueprint } from '../../../../infra/local/template/plans.ts';

const scratch = mkdtempSync(join(tmpdir(), 'assembly-'));
after(() => rmSync(scratch, { recursive: true, force: true }));

/** A synthesized app with these stacks, beside an asset `code.zip`. */
function app(stacks: Readonly<Record<string, Readonly<Record<string, TemplateResource>>>>): string {
  const folder = mkdtempSync(join(scratch, 'app-'));
  mkdirSync(join(folder, 'asset.code'));
  writeFileSync(join(folder, 'asset.code/index.cjs'), '');
  const files = { code: { source: { path: 'asset.code' }, destinations: { here: { objectKey: 'code.zip' } } } };
  writeFileSync(join(folder, 'assets.json'), JSON.stringify({ files }));
  const artifacts: Record<string, object> = {
    assets: { type: 'cdk:asset-manifest', properties: { file: 'assets.json' } },
  };
  for (const [name, Resources] of Object.entries(stacks)) {
    const properties = { templateFile: `${name}.json` };
    artifacts[name] = { type: 'aws:cloudformation:stack', properties, dependencies: ['assets'] };
    writeFileSync(join(folder, `${name}.json`), JSON.stringify({ Resources }));
  }
  writeFileSync(join(folder, 'manifest.json'), JSON.stringify({ artifacts }));
  return folder;
}

const place = {
  account: '000000000000',
  region: 'us-east-1',
  stackName: 'S',
  queueEndpoint: 'http://127.0.0.1:1',
};

function blueprint(resources: Readonly<Record<string, TemplateResource>>): Blueprint {
  return readBlueprint(readAssembly(app({ S: resources })), place);
}

const role: TemplateResource = { Type: 'AWS::IAM::Role', Properties: {} };
const program: TemplateResource = {
  Type: 'AWS::Lambda::Function',
  Properties: {
    Runtime: 'nodejs24.x',
    Handler: 'index.handler',
    Code: { S3Bucket: { 'Fn::Sub': 'bucket' }, S3Key: 'code.zip' },
    Role: { 'Fn::GetAtt': ['Role', 'Arn'] },
    Timeout: 7,
    MemorySize: 512,
    Environment: { Variables: { QUEUE: { Ref: 'Queue' }, REGION: { Ref: 'AWS::Region' } } },
  },
  Metadata: { 'aws:cdk:path': 'S/Delivery/Functions/Qmgr/Resource' },
};
const queue: TemplateResource = {
  Type: 'AWS::SQS::Queue',
  Properties: {
    FifoQueue: true,
    VisibilityTimeout: 30,
    RedrivePolicy: { deadLetterTargetArn: 'x', maxReceiveCount: 3 },
  },
};

test('a queue and a function are read with their names, their variables and their code', () => {
  const { queues, functions } = blueprint({ Queue: queue, Role: role, Program: program });
  const url = 'http://127.0.0.1:1/000000000000/S-Queue-LOCALLOCALLO.fifo';
  assert.partialDeepStrictEqual(queues, [
    {
      url,
      arn: 'arn:aws:sqs:us-east-1:000000000000:S-Queue-LOCALLOCALLO.fifo',
      attributes: {
        FifoQueue: 'true',
        VisibilityTimeout: '30',
        RedrivePolicy: '{"deadLetterTargetArn":"x","maxReceiveCount":3}',
      },
    },
  ]);
  assert.partialDeepStrictEqual(functions, [
    {
      path: 'Delivery/Functions/Qmgr',
      environment: { QUEUE: url, REGION: 'us-east-1' },
      timeout: 7000,
      memory: 512,
      role: 'Role',
      exportName: 'handler',
    },
  ]);
  assert.match(functions[0]?.file ?? '', /asset\.code\/index\.cjs$/);
});

function changed(resource: TemplateResource, properties: Readonly<Record<string, unknown>>): TemplateResource {
  return { ...resource, Properties: { ...resource.Properties, ...properties } };
}

const wrong: Readonly<Record<string, readonly [Readonly<Record<string, TemplateResource>>, RegExp]>> = {
  'a type of resource': [
    { Odd: { Type: 'AWS::Odd::Thing' } },
    /^resource Odd: the local stack does not support its type AWS::Odd::Thing/,
  ],
  'a property': [
    { Queue: changed(queue, { Colour: 'red' }) },
    /^Queue: the local stack does not support its property Colour/,
  ],
  'a schedule': [
    { Rule: { Type: 'AWS::Events::Rule', Properties: { ScheduleExpression: 'cron(0 12 * * ? *)', Targets: [] } } },
    /^Rule: the schedule cron\(0 12 \* \* \? \*\) is not supported/,
  ],
  'a filter of events': [
    {
      Mapping: {
        Type: 'AWS::Lambda::EventSourceMapping',
        Properties: { EventSourceArn: 'a', FunctionName: 'f', FilterCriteria: {} },
      },
    },
    /^Mapping: the local stack does not support its property FilterCriteria/,
  ],
  'code that is not an asset': [
    { Role: role, Queue: queue, Program: changed(program, { Code: { ZipFile: 'x' } }) },
    /^Program: its code is not an asset of the app/,
  ],
  'a missing asset': [
    { Role: role, Queue: queue, Program: changed(program, { Code: { S3Key: 'other.zip' } }) },
    /contains no folder of the asset other\.zip$/,
  ],
  'another runtime': [
    { Role: role, Program: changed(program, { Runtime: 'python3.14' }) },
    /^Program: the runtime python3\.14 is not supported here/,
  ],
  'more variables than Lambda accepts': [
    { Role: role, Program: changed(program, { Environment: { Variables: { A: 'x'.repeat(4096) } } }) },
    /^Program: its variables have 4097 octets; Lambda allows 4096/,
  ],
  'a reference to nothing': [
    { Role: role, Program: changed(program, { Environment: { Variables: { A: { Ref: 'Nothing' } } } }) },
    /^Ref of Nothing: there is no such resource/,
  ],
};
for (const [name, [resources, message]] of Object.entries(wrong)) {
  test(`${name} is refused`, () => {
    assert.throws(() => blueprint(resources), { name: 'TemplateError', message });
  });
}

test('a VPC is skipped, with the function by which the CDK closes its default security group', () => {
  const { functions, unlike } = blueprint({
    Vpc: { Type: 'AWS::EC2::VPC' },
    Closing: {
      Type: 'Custom::VpcRestrictDefaultSG',
      Properties: {
        ServiceToken: { 'Fn::GetAtt': ['Closer', 'Arn'] },
        DefaultSecurityGroupId: { 'Fn::GetAtt': ['Vpc', 'DefaultSecurityGroup'] },
      },
    },
    Closer: changed(program, { Role: { 'Fn::GetAtt': ['CloserRole', 'Arn'] } }),
    CloserRole: { Type: 'AWS::IAM::Role', Properties: { ManagedPolicyArns: ['arn:aws:iam::aws:policy/a'] } },
    Queue: queue,
    Role: role,
    Program: program,
  });
  assert.deepEqual(
    functions.map(({ logicalId }) => logicalId),
    ['Program'],
  );
  assert.deepEqual(unlike, ['there is no VPC: the functions use the network of this machine']);
});

test('a folder without an app, without such a stack, or with several is refused with its content', () => {
  assert.throws(() => readAssembly(scratch), { name: 'TemplateError', message: /is not a synthesized app/ });
  const two = app({ One: {}, Two: {} });
  assert.throws(() => readAssembly(two), { message: /contains 2 stacks \(One, Two\): select one with --stack NAME$/ });
  assert.throws(() => readAssembly(two, 'Three'), { message: /contains no stack Three; it contains One, Two$/ });
  assert.equal(readAssembly(two, 'Two').name, 'Two');
});
