/**
 * Bundles a function into one file with esbuild (no Docker, no network).
 *
 * The CDK app and the local stack both call `bundleFunction`, so the deployed code is byte for byte the code that ran locally. The
 * output depends on the sources only: not on their folder, the output folder, or the time.
 *
 * Format: CommonJS, from the ES modules of each dependency. With five SDK clients on Node 24 it loads in 69 ms; an ES module takes
 * 92 ms, and CommonJS from the packages' default entries 122 ms (and has 829 kB instead of 536 kB). Top-level await and import.meta
 * are not possible in a function: both fail the build.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join, resolve, sep } from 'node:path';
import type { OutputFile } from 'esbuild';

/** The functions of a stack, by the name of their entry file in `functions/handlers/`. */
export const functionNames = ['qmgr', 'lmtp', 'sweep', 'bounce', 'check', 'showq', 'postsuper'] as const;
export type FunctionName = (typeof functionNames)[number];

/** Name of the bundle in its folder. `.cjs` means CommonJS independently of any package.json. */
export const bundleFile = 'index.cjs';

/** Name of the source map beside it. */
export const sourceMapFile = `${bundleFile}.map`;

/** Name of the exported function. */
export const handlerExport = 'handler';

/** The handler in Lambda's format: file without suffix, dot, export. */
export const lambdaHandler = `index.${handlerExport}`;

/**
 * The most octets of a bundle, without its source map. Loading is billed at every cold start, so growth must be a decision: raise
 * this only with a reason. The first version of the functions had 630 to 670 kB.
 */
export const bundleSizeBudget = 1_000_000;

/** What `bundleFunction` wrote. */
export interface Bundle {
  readonly name: FunctionName;
  /** Absolute path of the folder, which contains only the bundle and its source map. */
  readonly folder: string;
  /** Absolute path of the bundle. */
  readonly file: string;
  /** Octets of the bundle. */
  readonly size: number;
  /** SHA-256 of the bundle, hexadecimal. */
  readonly hash: string;
}

/** A function cannot be bundled, or its bundle is too large. */
export class BundleError extends Error {
  override readonly name = 'BundleError';
}

/** Where the package has its functions, bundled already, beside the file that this code is in. A clone has none. */
export const prebuiltFolder = 'bundles';

const projectFolder = resolve(import.meta.dirname, '../..');

/**
 * Returns the folder with a function's bundle: prebuilt, as in the package, or bundled now.
 *
 * @param outdir the folder for a new bundle
 * @throws BundleError see {@link bundleFunction}
 */
export function functionFolder(name: FunctionName, outdir: string): string {
  const prebuilt = join(import.meta.dirname, prebuiltFolder, name);
  return existsSync(prebuilt) ? prebuilt : bundleFunction(name, outdir).folder;
}

/**
 * Bundles `functions/handlers/<name>.ts` into `<outdir>/<name>/`.
 *
 * @param entry another entry file in place of `functions/handlers/<name>.ts` (tests use it)
 * @throws BundleError if the sources do not bundle, or the bundle is over `bundleSizeBudget`
 */
export function bundleFunction(name: FunctionName, outdir: string, entry = entryOf(name)): Bundle {
  const files = build(name, entry);
  const folder = resolve(outdir, name);
  mkdirSync(folder, { recursive: true });
  for (const { path, contents } of files) writeFileSync(join(folder, basename(path)), contents);
  const { contents } = fileNamed(files, bundleFile);
  const hash = createHash('sha256').update(contents).digest('hex');
  return { name, folder, file: join(folder, bundleFile), size: contents.length, hash };
}

/** Returns the absolute path of a function's source. */
export function entryOf(name: FunctionName): string {
  return join(projectFolder, 'functions/handlers', `${name}.ts`);
}

function build(name: FunctionName, entry: string): readonly OutputFile[] {
  const files = runEsbuild(name, entry);
  const size = fileNamed(files, bundleFile).contents.length;
  if (size > bundleSizeBudget) {
    throw new BundleError(
      `the bundle of function ${name} has ${size} octets, more than the ${bundleSizeBudget} of bundleSizeBudget`,
    );
  }
  return files;
}

function runEsbuild(name: FunctionName, entry: string): readonly OutputFile[] {
  // Loaded here: the package has prebuilt bundles and does not depend on esbuild.
  const { buildSync } = createRequire(import.meta.url)('esbuild') as typeof import('esbuild');
  try {
    return buildSync({
      entryPoints: [resolve(entry)],
      // esbuild does not write: paths in the map are relative to this virtual file, independently of the output folder.
      // On Lambda they resolve to /var/task/functions/...
      write: false,
      outfile: join(dirnameOfSources(entry), bundleFile),
      absWorkingDir: projectFolder,
      bundle: true,
      platform: 'node',
      target: 'node24',
      format: 'cjs',
      mainFields: ['module', 'main'],
      minify: true,
      // The names of error classes appear in logs.
      keepNames: true,
      legalComments: 'none',
      sourcemap: 'linked',
      sourcesContent: false,
      logLevel: 'silent',
      logOverride: { 'empty-import-meta': 'error' },
    }).outputFiles;
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message : String(cause);
    throw new BundleError(`function ${name} does not bundle: ${detail}`, { cause });
  }
}

/** The base folder of paths in the source map: the project's, or that of an entry outside the project. */
function dirnameOfSources(entry: string): string {
  const folder = dirname(resolve(entry));
  return `${folder}${sep}`.startsWith(projectFolder + sep) ? projectFolder : folder;
}

function fileNamed(files: readonly OutputFile[], name: string): OutputFile {
  const found = files.find(({ path }) => basename(path) === name);
  if (found === undefined) throw new BundleError(`esbuild wrote no ${name}`);
  return found;
}
