/**
 * The JavaScript that is published: the construct as one file, the command line as one file and the parts that it loads when a
 * command needs them. Each contains what it imports, except the packages that the user's app has anyway. So an app that uses the
 * construct installs no SDK client.
 *
 * Nothing is minified. Node prints the whole line of an error that is not caught, and a line of a minified file is the file.
 */
import { join } from 'node:path';
import { type BuildOptions, buildSync } from 'esbuild';

/**
 * Bundles the construct into one file.
 *
 * @param provided packages that the user's app has: they are imported, not contained
 * @returns the sources that are in it, by their path in the project
 */
export function bundleConstruct(project: string, output: string, provided: readonly string[]): readonly string[] {
  return bundle(project, {
    entryPoints: { index: 'infra/index.ts' },
    outdir: output,
    external: [...provided],
  });
}

/**
 * Bundles the command line into its entry and the chunks that it imports, at once or by `import()`.
 *
 * @returns the sources that are in it, by their path in the project
 */
export function bundleCommandLine(project: string, output: string): readonly string[] {
  return bundle(project, {
    entryPoints: { main: 'functions/command/program/main.ts' },
    outdir: join(output, 'command'),
    splitting: true,
    // Packages that are CommonJS call require for modules of Node; an ES module has none.
    banner: {
      js: "import { createRequire as requireFrom } from 'node:module';\nconst require = requireFrom(import.meta.url);",
    },
  });
}

function bundle(project: string, options: BuildOptions): readonly string[] {
  const { metafile } = buildSync({
    absWorkingDir: project,
    bundle: true,
    platform: 'node',
    target: 'node22.15',
    format: 'esm',
    mainFields: ['module', 'main'],
    // Errors are told apart by their names, which appear in messages.
    keepNames: true,
    // The texts of the licences are in a file of their own.
    legalComments: 'none',
    logLevel: 'warning',
    metafile: true,
    ...options,
  });
  return Object.values(metafile?.outputs ?? {}).flatMap(({ inputs }) =>
    Object.entries(inputs).flatMap(([path, { bytesInOutput }]) => (bytesInOutput > 0 ? [path] : [])),
  );
}
