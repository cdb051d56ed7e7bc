/**
 * Builds what is published into `dist/`: the construct and the command line as JavaScript, the declarations of the construct,
 * the functions as they are deployed, and the examples as their readers would write them.
 *
 * Node does not strip types below node_modules, so the package contains no TypeScript to run. Its users need no esbuild, since the
 * functions are bundled. `npm pack` and `npm publish` run this first.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { bundleFunction, functionNames, prebuiltFolder } from '../functions/bundle.ts';
import { settleDeclarations } from './declarations.ts';

const project = resolve(import.meta.dirname, '../..');
const output = join(project, 'dist');

/** @returns the exit code: 0, or 1 if the sources do not compile */
function main(): number {
  rmSync(output, { recursive: true, force: true });
  if (!compile()) return 1;
  settleDeclarations(output, 'infra/index.d.ts');
  for (const name of functionNames) bundleFunction(name, join(output, prebuiltFolder));
  copyExamples();
  return 0;
}

/** Compiles the sources. Messages go to standard error: npm uses standard output. */
function compile(): boolean {
  const compiler = join(project, 'node_modules/.bin/tsc');
  const args = ['--project', join(import.meta.dirname, 'tsconfig.json')];
  const { status, stdout, error } = spawnSync(compiler, args, { encoding: 'utf8' });
  if (error !== undefined) throw error;
  process.stderr.write(stdout);
  return status === 0;
}

/** In the examples, the sources of the construct become the package. */
function copyExamples(): void {
  const examples = join(project, 'infra/examples');
  if (!existsSync(examples)) return;
  mkdirSync(join(output, 'examples'), { recursive: true });
  for (const name of globSync('*.ts', { cwd: examples })) {
    const text = readFileSync(join(examples, name), 'utf8');
    writeFileSync(join(output, 'examples', name), text.replaceAll(/(?<=from ')\.\.\/[\w-]+\.ts(?=')/g, 'lambda-lmtp'));
  }
}

process.exitCode = main();
