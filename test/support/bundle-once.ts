/**
 * The functions' bundles for the tests of one run: each is made once, by the test that needs it first.
 *
 * Its place is the same in each run, so that what Node compiled of it serves the next run too.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import {
  bundleFile,
  bundleFunction,
  type FunctionName,
  functionNames,
  sourceMapFile,
} from '../../infra/functions/bundle.ts';

/** Names the folder in which a run keeps where its bundles are; without it, a test bundles for itself. */
export const bundlesVariable = 'TEST_BUNDLES';

const store = resolve(import.meta.dirname, '../../node_modules/.cache/bundles');

/** Returns the bundled files of this run by function, each made when it is asked for; nothing outside of a run. */
export function bundlesOfRun(): Partial<Readonly<Record<FunctionName, string>>> {
  const run = process.env[bundlesVariable];
  if (run === undefined) return {};
  const bundles = {};
  for (const name of functionNames) Object.defineProperty(bundles, name, { get: () => bundleOf(name, run) });
  return bundles;
}

function bundleOf(name: FunctionName, run: string): string {
  const note = join(run, name);
  if (!existsSync(note)) writeWhole(note, keep(name));
  return readFileSync(note, 'utf8');
}

/** Bundles a function; returns where the bundle is kept. Several processes may do so at the same time. */
function keep(name: FunctionName): string {
  const directory = mkdtempSync(join(tmpdir(), 'bundle-'));
  try {
    const { folder } = bundleFunction(name, directory);
    const kept = join(store, name);
    mkdirSync(kept, { recursive: true });
    for (const file of [sourceMapFile, bundleFile]) writeWhole(join(kept, file), readFileSync(join(folder, file)));
    return join(kept, bundleFile);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Writes a file so that it is never seen half written. */
function writeWhole(file: string, content: string | Uint8Array): void {
  const draft = join(dirname(file), `.${process.pid}-${Math.random()}`);
  writeFileSync(draft, content);
  renameSync(draft, file);
}
