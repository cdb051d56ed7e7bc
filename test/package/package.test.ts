/**
 * The package as others have it: packed, installed into empty CDK apps with a Node that knows nothing of this project, and used.
 */
import assert from 'node:assert/strict';
import { existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, type TestContext, test } from 'node:test';
import { bundleFile, bundleFunction, functionNames, sourceMapFile } from '../../infra/functions/bundle.ts';
import { brokenLinks } from '../support/document-links.ts';
import { exampleFolders } from '../support/examples.ts';
import { mailApp, type Template } from './mail-app.ts';
import { filesOf, importedPackages, packagesOfDeclarations, packInto, unpack } from './packed.ts';
import { installNode, node24, type PlainNode, project, RegistryError } from './plain-node.ts';
import { usesCommandLine } from './use-command-line.ts';
import { CopiedExample, EmptyApp } from './user-app.ts';

/** Most octets that the archive may have, and its files: growth is noticed where it is caused. */
const sizeBudget = 5_500_000;
const unpackedSizeBudget = 20_000_000;

const manifest = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8')) as {
  readonly name: string;
  readonly engines: { readonly node: string };
  readonly dependencies?: Readonly<Record<string, string>>;
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
const root = unpack(packed, scratch);
const files = filesOf(root);
/** The names of the files that match. */
const named = (pattern: RegExp) => [...files.keys()].filter((name) => pattern.test(name));
const examples = exampleFolders().map(({ name }) => name);

test('the package holds what its users need, and nothing of how it is made', (t) => {
  const wanted = [
    /^(?:package\.json|LICENSE|[A-Z]+\.md|docs\/[\w-]+\.md|docs\/pictures\/[\w-]+\.png|functions\/lambda-lmtp\.mjs)$/,
    /^dist\/(?:index\.js|command\/[\w-]+\.js|types\/(?:functions|infra)\/.*\.d\.ts|THIRD-PARTY-LICENSES\.txt)$/,
    /^dist\/bundles\/\w+\/index\.cjs(?:\.map)?$/,
    /^examples\/[\w-]+\/(?:[\w-]+\.ts|README\.md|(?:cdk|package|tsconfig)\.json)$/,
  ];
  assert.deepEqual(
    [...files.keys()].filter((name) => !wanted.some((pattern) => pattern.test(name))),
    [],
  );
  const needed = ['README.md', 'LICENSE', 'dist/index.js', 'dist/types/infra/index.d.ts', 'dist/command/main.js'];
  for (const name of needed) assert.ok(files.has(name), name);
  assert.ok(files.size < 250, `${files.size} files`);
  const megabytes = [packed.size, packed.unpackedSize].map((size) => (size / 1e6).toFixed(1));
  t.diagnostic(`${megabytes[0]} MB packed, ${megabytes[1]} MB unpacked, ${files.size} files`);
  assert.ok(packed.size < sizeBudget, `${packed.size} octets`);
  assert.ok(packed.unpackedSize < unpackedSizeBudget, `${packed.unpackedSize} octets`);
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

test('nothing is installed with it but the CDK: its modules and declarations import no other package', () => {
  assert.deepEqual(manifest.dependencies ?? {}, {});
  const peers = Object.keys(manifest.peerDependencies).sort();
  assert.deepEqual(importedPackages(root, ['dist/index.js']), peers);
  assert.deepEqual(importedPackages(root, named(/^dist\/command\/.*\.js$/)), []);
  const declarations = named(/\.d\.ts$/).map((name) => files.get(name) ?? '');
  assert.ok(declarations.length > 20);
  // A comment shows how to import the package itself.
  const others = packagesOfDeclarations(declarations).filter((name) => name !== manifest.name);
  assert.deepEqual(others, peers);
});

test('each package whose code it contains is listed with its version, and with a licence that allows that', () => {
  const modules = named(/^dist\/(?:index|command\/.*)\.js$/).map((name) => files.get(name) ?? '');
  const maps = named(/\.cjs\.map$/).map((name) => JSON.parse(files.get(name) ?? '{}') as { sources: string[] });
  const sources = [
    ...modules.flatMap((text) => [...text.matchAll(/^ *\/\/ (node_modules\/\S+)$/gm)].map(([, source = '']) => source)),
    ...maps.flatMap((map) => map.sources.filter((source) => source.startsWith('node_modules/'))),
  ];
  const folders = new Set(sources.map((source) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(source)?.[0] ?? source));
  assert.ok(folders.size > 30, `${folders.size} packages`);
  const licences = files.get('dist/THIRD-PARTY-LICENSES.txt') ?? '';
  for (const folder of folders) {
    const { name, version, license } = JSON.parse(readFileSync(join(project, folder, 'package.json'), 'utf8'));
    assert.ok(licences.includes(`\n${name} ${version} (${license})\n`), `${name} ${version}`);
  }
  for (const words of ['Apache License', 'Permission is hereby granted']) assert.ok(licences.includes(words), words);
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
      const others = named(/^examples\/.*\.ts$/);
      for (const name of others) app.write(name, files.get(name) ?? '');
      const options = { module: 'nodenext', skipLibCheck: false, rewriteRelativeImportExtensions: true };
      assert.equal(await app.compile(options, ['app.ts', 'common.cts', ...others]), '');
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
    await t.test('synthesizes, and the CDK finds nothing', () => synthesizes(app, 'out/app.js', []));
    await usesCommandLine(t, app);
  });

  test('each example, copied into an empty folder, type-checks and synthesizes with its own tools', async (t) => {
    // One is installed. The others have the same dependencies (test/infra/examples.test.ts), so they get its node_modules.
    let installed: CopiedExample | undefined;
    for (const name of examples) {
      const app = new CopiedExample(join(scratch, 'copied', name), node24, join(root, 'examples', name));
      if (installed === undefined) {
        if (!(await hasInstalled(t, () => app.install(packed.archive)))) return;
      } else {
        renameSync(join(installed.folder, 'node_modules'), join(app.folder, 'node_modules'));
      }
      installed = app;
      await t.test(`${name} type-checks`, async () => {
        const { code, stdout, stderr } = await app.run('npm', 'run', '--silent', 'check');
        assert.equal(code, 0, stdout + stderr);
      });
      await t.test(`${name} synthesizes`, () => synthesizesByItself(app));
    }
  });
});

/** An app with the package in it; undefined where that cannot be had, which with CI=true is a failure. */
async function appWith(
  t: TestContext,
  name: string,
  node: () => PlainNode | Promise<PlainNode>,
  ...packages: readonly string[]
): Promise<EmptyApp | undefined> {
  let app: EmptyApp | undefined;
  const folder = join(scratch, name);
  mkdirSync(folder);
  const isThere = await hasInstalled(t, async () => {
    app = new EmptyApp(folder, await node());
    app.write('app.ts', mailApp);
    app.write('common.cts', mailApp);
    await app.install(packed.archive, ...cdk, ...packages);
  });
  return isThere ? app : undefined;
}

/** Whether an installation was made. Where the registry cannot be asked the test is skipped, or fails with CI=true. */
async function hasInstalled(t: TestContext, install: () => Promise<void>): Promise<boolean> {
  try {
    await install();
    return true;
  } catch (error) {
    if (!(error instanceof RegistryError) || process.env['CI'] === 'true') throw error;
    t.diagnostic(`skipped, since the registry cannot be asked: ${error.message.trim().split('\n')[0]}`);
    t.skip('the registry cannot be asked');
    return false;
  }
}

/** @param variables of the program: `NAME=VALUE` */
async function synthesizes(app: EmptyApp, program: string, variables: readonly string[] = unvalidated): Promise<void> {
  const output = join(app.folder, 'cdk.out');
  rmSync(output, { recursive: true, force: true });
  const { code, stdout, stderr } = await app.run('env', ...variables, 'node', program);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^memorySize: 1 is not allowed: expected a whole number from 128 to 10240/);

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
  assert.deepEqual(globSync('node_modules/{esbuild,@esbuild,@aws-sdk,@smithy}', { cwd: app.folder }), []);
}

/** The CDK's own validation takes most of the time of synth; test/infra/template-validation.test.ts has it for all examples. */
const unvalidated = ['CDK_VALIDATION=false'];

/** Synthesizes an example with its own CDK, by the command in its cdk.json. */
async function synthesizesByItself(app: CopiedExample): Promise<void> {
  const synth = ['npm', 'run', '--silent', 'synth', '--', '--no-notices'];
  const { code, stdout, stderr } = await app.run('env', ...unvalidated, ...synth);
  assert.equal(code, 0, stdout + stderr);
  const template = JSON.parse(readFileSync(join(app.folder, 'cdk.out/Mail.template.json'), 'utf8')) as Template;
  const handlers = Object.values(template.Resources).filter(
    ({ Properties }) => Properties?.Handler === 'index.handler',
  );
  assert.ok(handlers.length >= functionNames.length);
  // Its README names files of the package that are there.
  const readme = readFileSync(join(app.folder, 'README.md'), 'utf8');
  const files = [...readme.matchAll(/node_modules\/lambda-lmtp\/[\w./-]*\w/g)].map(([file]) => file);
  assert.ok(files.length > 0);
  for (const file of files) assert.ok(existsSync(join(app.folder, file)), file);
}

async function synthesizesExamples(app: EmptyApp): Promise<void> {
  const programs = globSync('out/examples/*/app.js', { cwd: app.folder });
  assert.equal(programs.length, examples.length);
  for (const program of programs) {
    const output = join(app.folder, 'examples.out');
    rmSync(output, { recursive: true, force: true });
    const { code, stderr } = await app.run('env', ...unvalidated, `CDK_OUTDIR=${output}`, 'node', program);
    assert.equal(code, 0, stderr);
    assert.equal(globSync('*.template.json', { cwd: output }).length, 1, program);
  }
}
