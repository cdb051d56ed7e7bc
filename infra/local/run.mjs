/**
 * Runs a TypeScript file of this project under its own Node 24, whatever Node the machine has (20 or later).
 *
 *     node infra/local/run.mjs FILE.ts [ARGUMENT]...
 *
 * Installs the dependencies first if they are missing or are not those of package-lock.json. Signals go to the program, its exit
 * code comes back; a program that dies of a signal gives 128 plus the number of the signal, as a shell does.
 *
 * This file must stay plain JavaScript without dependencies: it is what runs before there are any.
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
 * Whether what lies in node_modules is what package-lock.json asks for. npm keeps a lock file of its own there, written at the
 * end of an installation, so one that was cut short counts as absent. Optional packages may be those of another platform.
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

/** Runs a program to its end; resolves to its exit code and what it wrote, or passes its output through. */
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
