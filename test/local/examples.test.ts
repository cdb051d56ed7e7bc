/** The examples, started from their templates: each delivers every sample as declared. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { App } from 'aws-cdk-lib';
import { Code } from 'aws-cdk-lib/aws-lambda';
import { bundleFunction, type FunctionName } from '../../infra/functions/bundle.ts';
import { exampleFolders, loadExamples } from '../support/examples.ts';

const start = fileURLToPath(new URL('../../infra/local/start.ts', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'examples-'));
after(() => rmSync(scratch, { recursive: true, force: true }));

// The CDK's own validation takes most of the time of synth; test/infra/template-validation.test.ts has it for all examples.
process.env['CDK_VALIDATION'] = 'false';

/** Bundled once for all of them. */
const folders = new Map<FunctionName, string>();
function code(name: FunctionName): Code {
  const folder = folders.get(name) ?? bundleFunction(name, join(scratch, 'bundles')).folder;
  folders.set(name, folder);
  return Code.fromAsset(folder);
}

const { SesToCyrus, SesToDovecot, SingleDovecot, TenCustomers } = await loadExamples(code);

/** Synthesizes an example with the flags of its cdk.json, and with the paths that the CDK's command line puts into its template. */
function synthesize(name: string, build: (app: App) => void): string {
  const outdir = join(scratch, name);
  const flags = exampleFolders().find((example) => example.name === name)?.context ?? assert.fail(name);
  const app = new App({
    builtinCloudFormationValidation: false,
    outdir,
    context: { ...flags, 'aws:cdk:enable-path-metadata': true },
  });
  build(app);
  app.synth();
  return outdir;
}

const examples: Readonly<Record<string, readonly [(app: App) => void, readonly RegExp[]]>> = {
  'single-dovecot': [
    (app) => void new SingleDovecot(app, 'Mail'),
    [/^Not shown: there is no VPC: the functions use the network of this machine$/m],
  ],
  'ses-to-dovecot': [
    (app) => void new SesToDovecot(app, 'Mail'),
    [
      /^Not shown: there is no VPC: the functions use the network of this machine$/m,
      /^Not shown: Amazon SES does not receive mail here$/m,
      /^Replaced: LMTP_TLS_CAFILE is not set here, and "secretsmanager:mail\/ca" in the template$/m,
    ],
  ],
  'ses-to-cyrus': [
    (app) => void new SesToCyrus(app, 'Mail'),
    [
      /^Not shown: Amazon SES does not receive mail here$/m,
      /^Replaced: LMTP_SASL_AUTH_ENABLE is not set here, and "yes"/m,
    ],
  ],
  'ten-customers': [
    (app) => void new TenCustomers(app, 'Mail'),
    [/^Replaced: LMTP_TLS_SECURITY_LEVEL is not set here, and "verify" in the template$/m],
  ],
};

test('each example is started', () => {
  assert.deepEqual(
    Object.keys(examples).sort(),
    exampleFolders().map(({ name }) => name),
  );
});

for (const [name, [build, words]] of Object.entries(examples)) {
  test(`${name} delivers every sample as declared, and reports where it differs from its template`, async () => {
    const folder = synthesize(name, build);
    const child = spawn(process.execPath, [start, '--from', folder], { env: { ...process.env, TMPDIR: scratch } });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        said += text;
      });
    }
    const [status] = await once(child, 'close');
    assert.equal(status, 0, said);
    for (const line of words) assert.match(said, line);
  });
}
