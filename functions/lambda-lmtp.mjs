#!/usr/bin/env node
// Starts the command line: in the package as JavaScript, on any Node that the package allows; in a clone from its sources, on
// a Node that can run them: this one if it is new enough, else the project's own.

import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, statSync } from 'node:fs';
import module from 'node:module';
import { constants, userInfo } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const source = new URL('./command/program/main.ts', import.meta.url);
const built = new URL('../dist/command/main.js', import.meta.url);
const isClone = existsSync(source);
const main = isClone ? source : built;
const oldest = isClone ? '24.0' : '22.15';

if (isNewEnough(process.versions.node)) {
  keepCompiledCode();
  await import(main.href);
} else {
  const node = fileURLToPath(new URL('../node_modules/.bin/node', import.meta.url));
  if (!isClone || !existsSync(node)) {
    const help = isClone ? ' "npm ci" installs one beside it.' : '';
    console.error(`lambda-lmtp wants Node ${oldest} or newer; this is ${process.version}.${help}`);
    process.exit(69);
  }
  const child = spawn(node, [fileURLToPath(main), ...process.argv.slice(2)], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
}

function isNewEnough(version) {
  const [major, minor] = version.split('.').map(Number);
  const [wantedMajor, wantedMinor] = oldest.split('.').map(Number);
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
}

// Compiled code is kept from one run to the next, which saves most of the time of a start. It is code that will be run, so it
// is kept in the home of the user, and only where no other user can write. Without such a folder there is none.
function keepCompiledCode() {
  const { NODE_COMPILE_CACHE: ofUser, NODE_DISABLE_COMPILE_CACHE: isOff } = process.env;
  if (isOff !== undefined || ofUser !== undefined || process.getuid === undefined) return;
  try {
    const folder = join(userInfo().homedir, '.cache', 'lambda-lmtp');
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const { uid, mode } = statSync(folder);
    if (uid === process.getuid() && (mode & 0o022) === 0) module.enableCompileCache(folder);
  } catch {
    // The home cannot be written, or there is none.
  }
}
