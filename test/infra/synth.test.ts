/** The app as its users start it: `npx cdk synth`, the real functions bundled, no Docker, no account. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { bundleFile, bundleFunction, type FunctionName, functionNames } from '../../infra/functions/bundle.ts';
import { samples } from '../../infra/local/samples/samples.ts';
import { asText, projectFolder, type Resource, resource, resourcesOfType } from './synthesize.ts';

const scratch = mkdtempSync(join(tmpdir(), 'lambda-lmtp-synth-'));
const output = join(scratch, 'cdk.out');
after(() => rmSync(scratch, { recursive: true, force: true }));

/** Runs `npx cdk synth` to its end. */
async function synth(...options: string[]): Promise<{ readonly code: number | null; readonly said: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<number | null>();
  const child = spawn('npx', ['--no-install', 'cdk', 'synth', '--quiet', ...options], {
    cwd: projectFolder,
    env: { ...process.env, DOCKER_HOST: 'tcp://127.0.0.1:1', AWS_EC2_METADATA_DISABLED: 'true' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
  }
  child.once('error', reject).once('close', resolve);
  return { code: await promise, said };
}

function readJson<T>(...path: string[]): T {
  return JSON.parse(readFileSync(join(output, ...path), 'utf8')) as T;
}

/** Returns the folder in the output from which a function would be deployed. */
function assetFolder(resources: Record<string, Resource>, id: string): string {
  const { S3Key } = resource(resources, 'AWS::Lambda::Function', id)['Code'] as { S3Key: string };
  const { files } = readJson<{ files: Record<string, { source: { path: string } }> }>('LambdaLmtp.assets.json');
  const found = files[S3Key.replace(/\.zip$/, '')];
  assert.ok(found, `no asset ${S3Key}`);
  return join(output, found.source.path);
}

let resources: Record<string, Resource> = {};
/** Bundled as in the local stack. */
const bundles = functionNames.map((name) => bundleFunction(name, join(scratch, 'local')));

before(async () => {
  const { code, said } = await synth('--output', output, '-c', 'destination=inet:lmtp.internal:24');
  assert.equal(code, 0, said);
  resources = readJson<{ Resources: typeof resources }>('LambdaLmtp.template.json').Resources;
});

test('npx cdk synth makes a stack with seven functions', () => {
  assert.equal(Object.keys(resourcesOfType(resources, 'AWS::Lambda::Function')).length, 7);
});

test('the deployed code is that of the local stack, octet for octet', () => {
  for (const local of bundles) {
    const deployed = assetFolder(resources, logicalName(local.name));
    assert.deepEqual(readdirSync(deployed), readdirSync(local.folder));
    for (const file of readdirSync(deployed)) {
      assert.equal(hash(join(deployed, file)), hash(join(local.folder, file)), `${local.name}/${file}`);
    }
    assert.equal(hash(join(deployed, bundleFile)), local.hash);
  }
});

function logicalName(name: FunctionName): string {
  return `Functions${name.charAt(0).toUpperCase()}${name.slice(1)}`;
}

function hash(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}

test('every function starts with the environment of the stack, and has a handler', async () => {
  // Lambda sets it, and the SDK reads it when a client is made.
  process.env['AWS_REGION'] ??= 'eu-central-1';
  for (const { name, file } of bundles) {
    const { Environment } = resource(resources, 'AWS::Lambda::Function', logicalName(name));
    const { Variables } = Environment as { Variables: Record<string, unknown> };
    for (const [variable, value] of Object.entries(Variables)) process.env[variable] = asText(value);
    assert.equal(typeof ((await import(file)) as { handler: unknown }).handler, 'function', name);
  }
});

test('the synthesized stack runs here, from its template and its bundles, and every sample ends as declared', async () => {
  const program = join(projectFolder, 'infra/local/start.ts');
  const child = spawn(process.execPath, [program, '--from', output], { env: { ...process.env, TMPDIR: scratch } });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
  }
  const [code] = await once(child, 'close');
  assert.equal(code, 0, said);
  assert.match(said, /^Stack LambdaLmtp: \d+ queues, \d+ functions from their bundles, \d+ event sources$/m);
  assert.match(said, /^Replaced: TRANSPORT_MAP is "\* lmtp:inet:127\.0\.0\.1:\d+" here, and ".*" in the template$/m);
  for (const { name } of samples) assert.match(said, new RegExp(`^✓ ${name} `, 'm'), said);
});

test('neither bundle nor source map has a path of this machine', () => {
  for (const { name, folder } of bundles) {
    for (const file of readdirSync(folder)) {
      assert.ok(!readFileSync(join(folder, file), 'utf8').includes(projectFolder), `${name}/${file}`);
    }
  }
});

test('without a destination it fails, and says how to set one', async () => {
  const { code, said } = await synth('--output', join(scratch, 'nowhere'));
  assert.equal(code, 1, said);
  assert.match(said, /^destination: neither .*npx cdk deploy -c destination=inet:lmtp\.example\.com:24\)$/m);
});

test('a wrong context value fails with a sentence, not a stack trace', async () => {
  const { code, said } = await synth('--output', join(scratch, 'wrong'), '-c', 'destination=unix:/run/dovecot/lmtp');
  assert.equal(code, 1);
  assert.match(said, /destination: unix:\/run\/dovecot\/lmtp is not allowed: a Lambda function/);
  assert.doesNotMatch(said, /\n\s+at /);
});
