/**
 * Bundles a function into one file, with esbuild alone (no Docker, no network).
 *
 * The CDK app and the local stack both call `bundleFunction`, so the code that is deployed is, octet for octet, the code
 * that ran locally. To keep that promise the output depends on the sources only: not on the folder they lie in, the folder
 * that the bundle goes to, or the time.
 *
 * Format: CommonJS made from the module sources of each dependency. Measured with five SDK clients on Node 24 it loads in
 * 69 ms, where an ES module takes 92 ms and CommonJS made from the packages' default entries 122 ms (and 829 kB for 536 kB).
 * The price: no top-level await and no import.meta in a function, both of which fail the build.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join, resolve, sep } from 'node:path';
import type { OutputFile } from 'esbuild';

/** The functions of a stack, by the name of their entry file in `functions/handlers/`. */
export const functionNames = ['qmgr', 'lmtp', 'sweep', 'bounce', 'check', 'showq', 'postsuper'] as const;
export type FunctionName = (typeof functionNames)[number];

/** Name of the bundle in its folder. `.cjs` says CommonJS whatever package.json lies above, on Lambda and locally. */
export const bundleFile = 'index.cjs';

/** Name of the source map beside it. */
export const sourceMapFile = `${bundleFile}.map`;

/** Name of the exported function. */
export const handlerExport = 'handler';

/** The handler as Lambda wants it: file without suffix, dot, export. */
export const lambdaHandler = `index.${handlerExport}`;

/**
 * Most octets that a bundle may have, its source map not counted. Loading is billed at every cold start, so growth should
 * be noticed by whoever causes it: raise this only with a reason. The first version of the functions took 630 to 670 kB.
 */
export const bundleSizeBudget = 1_000_000;

/** What `bundleFunction` wrote. */
export interface Bundle {
  readonly name: FunctionName;
  /** Absolute path of the folder, which holds the bundle and its source map and nothing else. */
  readonly folder: string;
  /** Absolute path of the bundle. */
  readonly file: string;
  /** Octets of the bundle. */
  readonly size: number;
  /** SHA-256 of the bundle, hexadecimal. */
  readonly hash: string;
}

/** A bundle could not be made, or must not be. */
export class BundleError extends Error {
  override readonly name = 'BundleError';
}

/** Where the package has its functions, bundled already, beside the file that this code is in. A clone has none. */
export const prebuiltFolder = 'bundles';

const projectFolder = resolve(import.meta.dirname, '../..');

/**
 * The folder with a function's code: bundled already, as in the package, or bundled now.
 *
 * @param outdir where to, if it must be bundled
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
 * @throws BundleError when the sources do not bundle, or the bundle is over `bundleSizeBudget`
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

/** Absolute path of a function's source. */
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
  // Loaded here: whoever has the functions bundled already has no esbuild, and needs none.
  const { buildSync } = createRequire(import.meta.url)('esbuild') as typeof import('esbuild');
  try {
    return buildSync({
      entryPoints: [resolve(entry)],
      // Nothing is written by esbuild: paths in the map are relative to this made-up place, wherever the folder will lie.
      // On Lambda they come out as /var/task/functions/...
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

/** The folder that paths in the source map start from: the project's, or that of an entry from elsewhere. */
function dirnameOfSources(entry: string): string {
  const folder = dirname(resolve(entry));
  return `${folder}${sep}`.startsWith(projectFolder + sep) ? projectFolder : folder;
}

function fileNamed(files: readonly OutputFile[], name: string): OutputFile {
  const found = files.find(({ path }) => basename(path) === name);
  if (found === undefined) throw new BundleError(`esbuild wrote no ${name}`);
  return found;
}
