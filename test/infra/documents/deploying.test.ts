/** docs/deploying.md: its commands and options exist. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { runCommand } from '../../support/lambda-lmtp.ts';
import { projectFolder } from '../synthesize.ts';

const text = readFileSync(join(projectFolder, 'docs/deploying.md'), 'utf8');

/** Commands of a program as words, from examples and from text between backticks. */
function commandsOf(program: string): readonly (readonly string[])[] {
  const joined = text.replaceAll(/\\\n\s*/g, ' ').replaceAll(/\$\(out \w+\)/g, 'OUT');
  const found = joined.matchAll(new RegExp(`(?<![\\w/-])${program} [a-z][^\`\\n|]*`, 'g'));
  // A quoted argument is not an option of the command.
  return [...found].map(([line]) =>
    line
      .replaceAll(/'[^']*'|"[^"]*"/g, 'X')
      .trim()
      .split(/\s+/),
  );
}

function optionsOf(words: readonly string[]): readonly string[] {
  return words.filter((word) => /^--[a-z]/.test(word)).map((word) => word.replace(/[)=].*$/, ''));
}

/** Packages of the SDK, by the service name of the AWS command line. */
const clients: Readonly<Record<string, string>> = {
  cloudformation: '@aws-sdk/client-cloudformation',
  dynamodb: '@aws-sdk/client-dynamodb',
  lambda: '@aws-sdk/client-lambda',
  logs: '@aws-sdk/client-cloudwatch-logs',
  s3api: '@aws-sdk/client-s3',
  sns: '@aws-sdk/client-sns',
  sqs: '@aws-sdk/client-sqs',
  sts: '@aws-sdk/client-sts',
};

/** Operations that the SDK does not have, or names differently, from the reference of the AWS command line. */
const others: Readonly<Record<string, readonly string[]>> = {
  'cloudwatch describe-alarms': ['--alarm-name-prefix'],
  'cloudwatch list-metrics': ['--namespace'],
  'cloudwatch set-alarm-state': ['--alarm-name', '--state-value', '--state-reason'],
  'service-quotas get-service-quota': ['--service-code', '--quota-code'],
  // Its Endpoint has another name there, since --endpoint-url is a global option.
  'sns subscribe': ['--topic-arn', '--protocol', '--notification-endpoint'],
  'ssm get-parameter': ['--name'],
};

/** Options of the AWS command line itself. */
const common = ['--query', '--output', '--max-items'];

type Schema = readonly [number, string, string, unknown, ...unknown[]];

/** Options of an operation according to its input in the SDK; undefined: there is no such operation. */
async function awsOptions(service: string, operation: string): Promise<readonly string[] | undefined> {
  const known = others[`${service} ${operation}`];
  if (known !== undefined) return known;
  const client = clients[service];
  if (client === undefined) return undefined;
  const sdk = (await import(client)) as Record<string, unknown>;
  const name = operation.replaceAll(/(?:^|-)([a-z])/g, (_, letter: string) => letter.toUpperCase());
  if (sdk[`${name}Command`] === undefined) return undefined;
  const input = (sdk[`${name}Request$`] ?? sdk[`${name}Input$`]) as Schema | undefined;
  const members = (input?.[4] ?? []) as readonly string[];
  const kebab = (member: string) =>
    member.replaceAll(/(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])/g, '-').toLowerCase();
  return members.flatMap((member) => [`--${kebab(member)}`, `--no-${kebab(member)}`]);
}

test('every operation and option of AWS that it names exists', async () => {
  const commands = commandsOf('aws');
  assert.ok(commands.length > 20, `${commands.length} commands`);
  for (const [, service = '', operation = '', ...rest] of commands) {
    const options = await awsOptions(service, operation.replace(/[).,;]+$/, ''));
    assert.ok(options !== undefined, `aws ${service} ${operation}`);
    for (const option of optionsOf(rest)) {
      assert.ok([...options, ...common].includes(option), `aws ${service} ${operation} ${option}`);
    }
  }
});

test('every command and option of lambda-lmtp that it names exists', async () => {
  const commands = commandsOf('lambda-lmtp');
  assert.ok(commands.length > 10, `${commands.length} commands`);
  const help = new Map<string, string>();
  for (const [, command = '', ...rest] of commands) {
    if (!help.has(command)) {
      const { code, stdout } = await runCommand([command, '--help']);
      assert.equal(code, 0, command);
      help.set(command, stdout);
    }
    for (const option of optionsOf(rest)) assert.match(help.get(command) ?? '', new RegExp(`${option}\\b`), command);
  }
});

test('every command and option of the CDK that it names exists', async () => {
  const commands = commandsOf('cdk');
  assert.ok(commands.length > 5, `${commands.length} commands`);
  const cdk = join(projectFolder, 'node_modules/.bin/cdk');
  const { stdout } = await promisify(execFile)(cdk, ['--help']);
  for (const command of new Set(commands.map(([, name = '']) => name.replace(/[).,;:]+$/, '')))) {
    assert.match(stdout, new RegExp(`cdk ${command}\\b`), command);
  }
});

test('its statements about links and outputs are true', () => {
  const anchors = [...text.matchAll(/^## (.*)$/gm)].map(([, title = '']) => title.toLowerCase().replaceAll(' ', '-'));
  for (const [, anchor = ''] of text.matchAll(/\]\(#([\w-]+)\)/g)) assert.ok(anchors.includes(anchor), anchor);
  const outputs = readFileSync(join(projectFolder, 'infra/construct/outputs.ts'), 'utf8');
  for (const [, output = ''] of text.matchAll(/\bout ([A-Z]\w+)/g)) {
    if (output !== 'DashboardUrl') assert.ok(outputs.includes(`${output}:`), output);
  }
});
