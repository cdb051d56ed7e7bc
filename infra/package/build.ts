/**
 * Builds what is published into `dist/`: the construct and the command line as JavaScript, the declarations of the construct,
 * the functions as they are deployed, and the licences of the packages that are contained.
 *
 * Node strips no types below node_modules, so the package contains no TypeScript that must run. An app that uses it needs no
 * esbuild, because the functions are bundled already. `npm pack` and `npm publish` build first.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { bundleFunction, functionNames, prebuiltFolder, sourceMapFile } from '../functions/bundle.ts';
import { settleDeclarations } from './declarations.ts';
import { bundleCommandLine, bundleConstruct } from './javascript.ts';
import { thirdPartyLicences } from './licences.ts';

const project = resolve(import.meta.dirname, '../..');
const output = join(project, 'dist');

/** @returns the exit code: 0, or 1 if the sources do not compile */
function main(): number {
  rmSync(output, { recursive: true, force: true });
  if (!compile()) return 1;
  settleDeclarations(join(output, 'types'), 'infra/index.d.ts');
  mkdirSync(output, { recursive: true });
  const sources = [
    ...bundleConstruct(project, output, peers()),
    ...bundleCommandLine(project, output),
    ...bundleFunctions(),
  ];
  writeFileSync(join(output, 'THIRD-PARTY-LICENSES.txt'), thirdPartyLicences(project, sources));
  return 0;
}

/** Writes the declarations. The messages of the compiler go to standard error: npm writes its own to standard output. */
function compile(): boolean {
  const compiler = join(project, 'node_modules/.bin/tsc');
  const args = ['--project', join(import.meta.dirname, 'tsconfig.json')];
  const { status, stdout, error } = spawnSync(compiler, args, { encoding: 'utf8' });
  if (error !== undefined) throw error;
  process.stderr.write(stdout);
  return status === 0;
}

/** The packages that the user's app has. */
function peers(): readonly string[] {
  const { peerDependencies } = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8')) as {
    readonly peerDependencies: Readonly<Record<string, string>>;
  };
  return Object.keys(peerDependencies);
}

/** Bundles the functions; returns the sources that are in them, by their path in the project, as the source maps have them. */
function bundleFunctions(): readonly string[] {
  return functionNames.flatMap((name) => {
    const { folder } = bundleFunction(name, join(output, prebuiltFolder));
    const map = JSON.parse(readFileSync(join(folder, sourceMapFile), 'utf8')) as {
      readonly sources: readonly string[];
    };
    return map.sources;
  });
}

process.exitCode = main();
