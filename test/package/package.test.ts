/**
 * The package as others have it: packed, installed into empty CDK apps with a Node that knows nothing of this project, and used.
 */
import assert from 'node:assert/strict';
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, type TestContext, test } from 'node:test';
import { bundleFile, bundleFunction, functionNames, sourceMapFile } from '../../infra/functions/bundle.ts';
import { brokenLinks } from '../support/document-links.ts';
import { startScriptedServer } from '../support/scripted-server.ts';
import { EmptyApp } from './empty-app.ts';
import { mailApp, type Template } from './mail-app.ts';
import { filesOf, importedPackages, packInto } from './packed.ts';
import { installNode, node24, type PlainNode, project, RegistryError } from './plain-node.ts';

/** Most octets that the archive may have: growth should be noticed by whoever causes it. */
const sizeBudget = 5_000_000;

const manifest = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8')) as {
  readonly name: string;
  readonly engines: { readonly node: string };
  readonly dependencies: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
};
const { devDependencies } = manifest;
/** The first that the package is said to run on. */
const oldestNode = manifest.engines.node.replace('>=', '');
const cdk = ['aws-cdk-lib', 'constructs'].map((name) => `${name}@${devDependencies[name]}`);

const scratch = mkdtempSync(join(tmpdir(), 'package-'));
after(() => rmSync(scratch, { recursive: true, force: true }));
const packed = await packInto(scratch);
const files = filesOf(packed, scratch);

test('the package holds what its users need, and nothing of how it is made', (t) => {
  const wanted =
    /^(?:package\.json|LICENSE|[A-Z]+\.md|docs\/[\w-]+\.md|docs\/pictures\/[\w-]+\.png|functions\/lambda-lmtp\.mjs|dist\/(?:(?:functions|infra)\/.*\.js|.*\.d\.ts|examples\/[\w-]+\.ts|bundles\/\w+\/index\.cjs(?:\.map)?))$/;
  assert.deepEqual(
    [...files.keys()].filter((name) => !wanted.test(name)),
    [],
  );
  for (const name of ['README.md', 'LICENSE', 'dist/infra/index.js', 'dist/infra/index.d.ts'])
    assert.ok(files.has(name));
  assert.deepEqual(
    [...files.keys()].filter((name) => /^dist\/infra\/(?:local|package)\b/.test(name)),
    [],
  );
  t.diagnostic(`${(packed.size / 1e6).toFixed(1)} MB packed, ${files.size} files`);
  assert.ok(packed.size < sizeBudget, `${packed.size} octets`);
});

test('every link and picture of its documents leads to a file of the package', () => {
  const documents = new Map([...files].filter(([name]) => name.endsWith('.md')));
  assert.ok(documents.size > 15);
  assert.deepEqual(
    brokenLinks(documents, (name) => files.get(name)),
    [],
  );
});

test('no path of the machine that packed it is in it', () => {
  const places = [project, scratch, homedir()].filter((place) => place.length > 1);
  const telling = [...files].flatMap(([name, text]) =>
    places.filter((place) => text.includes(`${place}/`)).map((place) => `${name}: ${place}`),
  );
  assert.deepEqual(telling, []);
});

test('what its modules import is what it depends on: no less, and no more', () => {
  const modules = [...files].filter(([name]) => /^dist\/(?:functions|infra)\/.*\.(?:js|d\.ts)$/.test(name));
  const imported = new Set(modules.flatMap(([, text]) => importedPackages(text)));
  imported.delete(manifest.name);
  const allowed = new Set([...Object.keys(manifest.dependencies), ...Object.keys(manifest.peerDependencies)]);
  assert.deepEqual([...imported].sort(), [...allowed].sort());
});

test('its functions are, octet for octet, those that the sources give', () => {
  for (const name of functionNames) {
    const { folder } = bundleFunction(name, join(scratch, 'bundles'));
    for (const file of [bundleFile, sourceMapFile]) {
      const [there, here] = [files.get(`dist/bundles/${name}/${file}`), readFileSync(join(folder, file), 'utf8')];
      assert.ok(there === here, `${name}/${file}: ${there?.length} and ${here.length} characters`);
    }
  }
});

/** Compilers that users have: that of `cdk init`, and this project's own. */
const compilers = { 5: 'typescript@5.9.3', 7: `typescript@${devDependencies['typescript']}` };

// Side by side: much of it is waiting for disk and network.
describe('in an empty app', { concurrency: true }, () => {
  test('on the oldest Node 22 with TypeScript 5 it type-checks, synthesizes and delivers', async (t) => {
    const app = await appWith(
      t,
      'node22',
      () => installNode(join(scratch, 'node'), oldestNode),
      compilers[5],
      '@types/node@22.20.5',
    );
    if (app === undefined) return;
    await t.test('type-checks as an ES module and as CommonJS, and so do the examples', async () => {
      const examples = [...files].filter(([name]) => name.startsWith('dist/examples/'));
      for (const [name, text] of examples) app.write(name.replace('dist/', ''), text);
      const others = examples.map(([name]) => name.replace('dist/', ''));
      assert.equal(
        await app.compile({ module: 'nodenext', skipLibCheck: false }, ['app.ts', 'common.cts', ...others]),
        '',
      );
    });
    await t.test('synthesizes', () => synthesizes(app, 'out/app.js'));
    await t.test('synthesizes the examples', () => synthesizesExamples(app));
    await t.test('synthesizes from CommonJS', () => synthesizes(app, 'out/common.cjs'));
    await usesCommandLine(t, app);
  });

  test('on Node 24 with TypeScript 7 it type-checks, synthesizes and delivers', async (t) => {
    const app = await appWith(t, 'node24', () => node24, compilers[7]);
    if (app === undefined) return;
    await t.test('type-checks without declarations of Node, for a bundler', async () => {
      const options = {
        module: 'esnext',
        moduleResolution: 'bundler',
        lib: ['esnext', 'dom'],
        skipLibCheck: false,
        types: [],
      };
      assert.equal(await app.compile({ ...options, noEmit: true }, ['app.ts']), '');
    });
    await t.test('type-checks as strictly as can be', async () => {
      // The declarations of the CDK itself do not stand these two.
      const options = {
        exactOptionalPropertyTypes: true,
        noUncheckedIndexedAccess: true,
        skipLibCheck: true,
        types: [],
      };
      const lib = ['esnext', 'dom'];
      assert.equal(await app.compile({ ...options, lib, module: 'nodenext' }, ['app.ts', 'common.cts']), '');
    });
    await t.test('synthesizes', () => synthesizes(app, 'out/app.js'));
    await usesCommandLine(t, app);
  });
});

/** An app with the package in it; undefined where that cannot be had, which with CI=true is a failure. */
async function appWith(
  t: TestContext,
  name: string,
  node: () => PlainNode | Promise<PlainNode>,
  ...packages: readonly string[]
): Promise<EmptyApp | undefined> {
  try {
    const folder = join(scratch, name);
    mkdirSync(folder);
    const app = new EmptyApp(folder, await node());
    app.write('app.ts', mailApp);
    app.write('common.cts', mailApp);
    await app.install(packed.archive, ...cdk, ...packages);
    return app;
  } catch (error) {
    if (!(error instanceof RegistryError) || process.env['CI'] === 'true') throw error;
    t.diagnostic(`skipped, since the registry cannot be asked: ${error.message.trim().split('\n')[0]}`);
    t.skip('the registry cannot be asked');
    return undefined;
  }
}

async function synthesizes(app: EmptyApp, program: string): Promise<void> {
  const output = join(app.folder, 'cdk.out');
  rmSync(output, { recursive: true, force: true });
  const { code, stdout, stderr } = await app.run('node', program);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^memorySize: 1 is not allowed: a whole number from 128 to 10240/);

  const template = JSON.parse(readFileSync(join(output, 'Mail.template.json'), 'utf8')) as Template;
  assert.ok(Object.hasOwn(template.Outputs, 'QueueTableName'));
  const functions = Object.values(template.Resources).flatMap(({ Type, Properties }) =>
    Type === 'AWS::Lambda::Function' && Properties?.Handler === 'index.handler' ? [Properties] : [],
  );
  const deployed = functions.map(({ Code }) => {
    const folder = join(output, `asset.${Code?.S3Key?.replace('.zip', '')}`);
    assert.deepEqual(globSync('**/*', { cwd: folder }).sort(), [bundleFile, sourceMapFile]);
    return readFileSync(join(folder, bundleFile), 'utf8');
  });
  const bundles = functionNames.map((name) => files.get(`dist/bundles/${name}/${bundleFile}`));
  assert.equal(deployed.length, bundles.length);
  assert.ok(bundles.every((bundle) => bundle !== undefined && deployed.includes(bundle)));
  // Nothing had to be bundled, and there was nothing to bundle with.
  assert.deepEqual(globSync('node_modules/{esbuild,@esbuild}', { cwd: app.folder }), []);
}

async function synthesizesExamples(app: EmptyApp): Promise<void> {
  const programs = globSync('out/examples/*.js', { cwd: app.folder });
  assert.ok(programs.length > 0);
  for (const program of programs) {
    const output = join(app.folder, 'examples.out');
    rmSync(output, { recursive: true, force: true });
    const { code, stderr } = await app.run('env', `CDK_OUTDIR=${output}`, 'node', program);
    assert.equal(code, 0, stderr);
    assert.equal(globSync('*.template.json', { cwd: output }).length, 1, program);
  }
}

async function usesCommandLine(t: TestContext, app: EmptyApp): Promise<void> {
  await t.test('prints parameters', async () => {
    const { code, stdout, stderr } = await app.lambdaLmtp('parameters');
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^lmtp_destination_concurrency_limit = /m);
  });
  await t.test('checks a server', async () => {
    await using server = await startScriptedServer({});
    const { code, stdout, stderr } = await app.lambdaLmtp('check', `inet:127.0.0.1:${server.port}`);
    assert.equal(code, 0, stdout + stderr);
    assert.match(stdout, /port +open/);
  });
  await t.test('delivers a message', async () => {
    await using server = await startScriptedServer({ rcpt: { 'b@example.com': '250 2.1.5 ok' } });
    app.write('mail.eml', 'From: a@example.org\nTo: b@example.com\n\nHello.\n');
    const envelope = ['--sender', 'a@example.org', '--recipient', 'b@example.com', '--message', 'mail.eml'];
    const { code, stdout, stderr } = await app.lambdaLmtp(
      'deliver',
      ...envelope,
      '--destination',
      `inet:127.0.0.1:${server.port}`,
    );
    assert.equal(code, 0, stdout + stderr);
    assert.match(stdout, /to=<b@example\.com>.*status=sent/);
    assert.match(server.rawContents[0]?.toString() ?? '', /Hello\.\r\n$/);
  });
}
