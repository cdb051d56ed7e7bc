import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { chmod, cp, mkdir, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const project = fileURLToPath(new URL('../../', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'run-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function program(name: string, source: string): string {
  const file = join(folder, name);
  writeFileSync(file, source);
  return file;
}

function start(args: readonly string[], root = project, environment: Record<string, string> = {}): ChildProcess {
  const script = join(root, 'infra/local/run.mjs');
  return spawn(process.execPath, [script, ...args], { env: { ...process.env, npm_execpath: '', ...environment } });
}

async function finish(child: ChildProcess) {
  let output = '';
  let errors = '';
  child.stdout?.on('data', (chunk) => {
    output += chunk;
  });
  child.stderr?.on('data', (chunk) => {
    errors += chunk;
  });
  const [code, signal] = await once(child, 'close');
  return { code, signal, output, errors };
}

test("the program runs under the project's own Node, with its arguments, and its exit code is returned", async () => {
  const file = program(
    'report.ts',
    `const version: string = process.version;
     console.log(version.split('.')[0], process.argv.slice(2).join(), process.env.PATH?.split(':')[0]);
     process.exitCode = 75;`,
  );
  const { code, output, errors } = await finish(start([file, 'a b', '--json']));
  assert.equal(code, 75, errors);
  assert.equal(output, `v24 a b,--json ${join(project, 'node_modules/.bin')}\n`);
});

test('a signal is passed to the program, which may exit cleanly', async () => {
  const file = program(
    'wait.ts',
    `process.on('SIGTERM', () => { console.log('closing'); process.exit(7); });
     console.log('ready');
     setInterval(() => {}, 1000);`,
  );
  const child = start([file]);
  child.stdout?.once('data', () => child.kill('SIGTERM'));
  const { code, output } = await finish(child);
  assert.deepEqual([code, output], [7, 'ready\nclosing\n']);
});

test('a program that a signal kills gives 128 plus its number', async () => {
  const { code } = await finish(start([program('die.ts', `process.kill(process.pid, 'SIGKILL')`)]));
  assert.equal(code, 137);
});

test('a missing program is a usage error', async () => {
  const { code, errors } = await finish(start([]));
  assert.equal(code, 64);
  assert.match(errors, /^usage: /);
});

/** A project without installed packages, and a scripted npm. */
async function projectWith(name: string, npm: string): Promise<{ root: string; environment: Record<string, string> }> {
  const root = join(folder, name);
  await cp(join(project, 'infra/local/run.mjs'), join(root, 'infra/local/run.mjs'), { recursive: true });
  const packages = {
    '': {},
    'node_modules/a': { version: '1.0.0' },
    'node_modules/b': { version: '1.0.0', optional: true },
  };
  await writeFile(join(root, 'package-lock.json'), JSON.stringify({ packages }));
  await mkdir(join(root, 'bin'));
  await writeFile(join(root, 'bin/npm'), `#!/bin/sh\n${npm}\n`);
  await chmod(join(root, 'bin/npm'), 0o755);
  return { root, environment: { PATH: `${join(root, 'bin')}:${process.env['PATH']}`, NODE: process.execPath } };
}

async function install(root: string, version: string): Promise<void> {
  await mkdir(join(root, 'node_modules/.bin'), { recursive: true });
  await symlink(process.execPath, join(root, 'node_modules/.bin/node'));
  const packages = { 'node_modules/a': { version } };
  await writeFile(join(root, 'node_modules/.package-lock.json'), JSON.stringify({ packages }));
}

test('missing dependencies are installed first, with one short line', async () => {
  const npm = 'echo chatter; mkdir -p node_modules/.bin && ln -s "$NODE" node_modules/.bin/node';
  const { root, environment } = await projectWith('missing', npm);
  const { code, output, errors } = await finish(start([program('ok.ts', `console.log('ok')`)], root, environment));
  assert.deepEqual([code, output], [0, 'ok\n']);
  assert.match(errors, /^Installing the dependencies \(npm ci\) \.\.\. done after \d+\.\d s\n$/);
});

test('installed packages are not installed again, other platforms ignored; another version is', async () => {
  const { root, environment } = await projectWith('present', 'exit 0');
  await install(root, '1.0.0');
  const ok = program('ok.ts', `console.log('ok')`);
  assert.equal((await finish(start([ok], root, environment))).errors, '');
  const other = await projectWith('other', 'exit 0');
  await install(other.root, '0.9.0');
  assert.match((await finish(start([ok], other.root, other.environment))).errors, /^Installing/);
});

test('when the installation fails, the output of npm is shown and its exit code is returned', async () => {
  const { root, environment } = await projectWith('failing', 'echo no network >&2; exit 3');
  const { code, errors } = await finish(start([program('ok.ts', '')], root, environment));
  assert.equal(code, 3);
  assert.match(errors, /failed after .* s\nno network\n$/);
});
