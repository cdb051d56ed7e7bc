#!/usr/bin/env node
// Starts the command line: in the package as JavaScript, on any Node that the package allows; in a clone from its sources, on
// a Node that can run them: this one if it is new enough, else the project's own.

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';

const source = new URL('./command/main.ts', import.meta.url);
const built = new URL('../dist/command/main.js', import.meta.url);
const isClone = existsSync(source);
const main = isClone ? source : built;
const oldest = isClone ? '24.0' : '22.15';

if (isNewEnough(process.versions.node)) {
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
