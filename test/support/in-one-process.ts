/**
 * Runs test files in this process, one after another, each as a group that has the path of the file as its name.
 *
 *     node --import light-hooks.ts --test-reporter=result-reporter.ts in-one-process.ts RESULTS FILE.test.ts...
 *
 * A file is loaded when the one before it is done. Hooks of a file are hooks of its group. What a file changed for the whole
 * process (variables, working folder, mocks) is as before when the next one begins.
 */
import { describe, mock } from 'node:test';
// X509Certificate.toLegacyObject of Node 24 loads a part of node:tls. Where that part comes first, tls.connect fails ever after.
import 'node:tls';
import { pathToFileURL } from 'node:url';
import { resultWritten } from './result-reporter.ts';

/** Milliseconds that a test file may take, so that nothing hangs for ever. */
const fileTimeout = 600_000;

/** Milliseconds in which what the tests have opened must be closed after the last one. */
const closingTime = 20_000;

async function runFile(file: string): Promise<void> {
  const variables = { ...process.env };
  const folder = process.cwd();
  await describe(file, { timeout: fileTimeout }, async () => {
    await import(pathToFileURL(file).href);
  });
  await resultWritten(file);
  mock.reset();
  process.chdir(folder);
  for (const name of Object.keys(process.env)) if (!Object.hasOwn(variables, name)) delete process.env[name];
  Object.assign(process.env, variables);
}

// A test that waits for something that never comes must not end the process: it has its timeout.
const alive = setInterval(() => {}, fileTimeout);
for (const file of process.argv.slice(3)) await runFile(file);
clearInterval(alive);

setTimeout(() => {
  process.stderr.write(`still open after the last test: ${process.getActiveResourcesInfo().join(', ')}\n`);
  process.exit(1);
}, closingTime).unref();
