/**
 * Runs a TypeScript file of this project with its pinned Node 24; the machine's Node may be 20 or later.
 *
 *     node infra/local/run.mjs FILE.ts [ARGUMENT]...
 *
 * Installs the dependencies first if they are missing or differ from package-lock.json. Signals are forwarded to the program, and its
 * exit code is returned; for a program killed by a signal it is 128 plus the signal number, as in a shell.
 *
 * This file must stay plain JavaScript without dependencies, since it runs before they are installed.
 */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const project = resolve(fileURLToPath(import.meta.url), '../../..');
const binaries = join(project, 'node_modules/.bin');

/** The packages that a lock file names, by their place below the project; undefined if the file cannot be read. */
function lockedPackages(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages;
  } catch {
    return undefined;
  }
}

/**
 * Whether node_modules matches package-lock.json. npm writes a lock file there at the end of an installation, so an interrupted
 * installation counts as absent. Optional packages may be for another platform.
 */
function isInstalled() {
  const wanted = lockedPackages(join(project, 'package-lock.json'));
  const present = lockedPackages(join(project, 'node_modules/.package-lock.json'));
  if (wanted === undefined || present === undefined || !existsSync(join(binaries, 'node'))) return false;
  return Object.entries(wanted).every(([place, { version, optional }]) => {
    if (place === '') return true;
    const found = present[place];
    return found === undefined ? optional === true : found.version === version;
  });
}

/** Runs a program; resolves to its exit code and its output, or passes the output through. */
function run(command, args, options = {}) {
  return new Promise((settle, fail) => {
    const child = spawn(command, args, { stdio: 'inherit', ...options });
    const output = [];
    child.stdout?.on('data', (chunk) => output.push(chunk));
    child.stderr?.on('data', (chunk) => output.push(chunk));
    const forward = (signal) => child.kill(signal);
    process.on('SIGINT', forward).on('SIGTERM', forward);
    child.on('error', fail);
    child.on('close', (code, signal) => {
      process.off('SIGINT', forward).off('SIGTERM', forward);
      settle({ code: code ?? 128 + constants.signals[signal], output: Buffer.concat(output).toString() });
    });
  });
}

/** Installs what package-lock.json names; shows npm's own words only when it fails. */
async function install() {
  const start = performance.now();
  process.stderr.write('Installing the dependencies (npm ci) ... ');
  const npm = process.env.npm_execpath;
  const [command, args] = npm?.endsWith('js') ? [process.execPath, [npm]] : ['npm', []];
  const stdio = ['ignore', 'pipe', 'pipe'];
  const { code, output } = await run(command, [...args, 'ci', '--no-audit', '--no-fund'], { cwd: project, stdio });
  process.stderr.write(
    `${code === 0 ? 'done' : 'failed'} after ${((performance.now() - start) / 1000).toFixed(1)} s\n`,
  );
  if (code !== 0) process.stderr.write(output);
  return code;
}

async function main([file, ...args]) {
  if (file === undefined) {
    process.stderr.write('usage: node infra/local/run.mjs FILE.ts [ARGUMENT]...\n');
    return 64;
  }
  if (!isInstalled()) {
    const code = await install();
    if (code !== 0) return code;
  }
  const environment = { ...process.env, PATH: `${binaries}${delimiter}${process.env.PATH ?? ''}` };
  const { code } = await run(join(binaries, 'node'), [file, ...args], { env: environment });
  return code;
}

process.exitCode = await main(process.argv.slice(2));
