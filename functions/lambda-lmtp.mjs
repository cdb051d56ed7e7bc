#!/usr/bin/env node
// Starts the command line on a Node that can run it: this one if it is new enough, else the project's own.

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';

const main = new URL('./command/main.ts', import.meta.url);
const oldest = 24;

if (Number.parseInt(process.versions.node, 10) >= oldest) {
  await import(main.href);
} else {
  const node = fileURLToPath(new URL('../node_modules/.bin/node', import.meta.url));
  if (!existsSync(node)) {
    console.error(
      `lambda-lmtp wants Node ${oldest} or newer; this is ${process.version}. "npm ci" installs one beside it.`,
    );
    process.exit(69);
  }
  const child = spawn(node, [fileURLToPath(main), ...process.argv.slice(2)], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
}
