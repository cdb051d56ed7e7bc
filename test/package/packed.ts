/** What `npm pack` gives, as those who install it find it. */
import { spawnSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { node24, project } from './plain-node.ts';

/** A package file. */
export interface Packed {
  /** Absolute path of the archive. */
  readonly archive: string;
  /** Octets of the archive. */
  readonly size: number;
  /** Octets of its files. */
  readonly unpackedSize: number;
}

/** Packs this project into a folder. */
export async function packInto(folder: string): Promise<Packed> {
  const stdout = await node24.npm(project, 'pack', '--json', '--pack-destination', folder);
  const [packed] = JSON.parse(stdout.slice(stdout.indexOf('['))) as [
    { readonly filename: string; readonly size: number; readonly unpackedSize: number },
  ];
  return { ...packed, archive: join(folder, packed.filename) };
}

/** Unpacks an archive into a folder; returns the folder with its files. */
export function unpack({ archive }: Packed, folder: string): string {
  const { status, stderr } = spawnSync('tar', ['-xzf', archive, '-C', folder], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return join(folder, 'package');
}

/** The files of a folder and those below it, by path, as text. */
export function filesOf(root: string): ReadonlyMap<string, string> {
  const names = globSync('**/*', { cwd: root, withFileTypes: true }).filter((entry) => entry.isFile());
  return new Map(
    names.map(({ parentPath, name }) => {
      const file = join(parentPath, name);
      return [file.slice(root.length + 1), readFileSync(file, 'utf8')];
    }),
  );
}

/**
 * The packages that modules import, at once or by `import()`, and those that the modules import which they lead to. Node's own
 * are left out.
 *
 * @param modules paths in the folder
 */
export function importedPackages(root: string, modules: readonly string[]): readonly string[] {
  const { metafile } = buildSync({
    absWorkingDir: root,
    entryPoints: [...modules],
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    outdir: 'out',
    write: false,
    metafile: true,
    logLevel: 'silent',
  });
  const imports = Object.values(metafile.outputs).flatMap((output) => output.imports);
  return namesOf(imports.flatMap(({ path, external }) => (external === true ? [path] : [])));
}

/** The packages that declarations import. */
export function packagesOfDeclarations(declarations: Iterable<string>): readonly string[] {
  const specifier = /(?:\bfrom\s*|\bimport\s*\(?\s*)(?<quote>['"])(?<name>[^'".][^'"]*)\k<quote>/g;
  return namesOf(
    [...declarations].flatMap((text) => [...text.matchAll(specifier)].map(({ groups }) => groups?.['name'] ?? '')),
  );
}

/** `aws-cdk-lib` of `aws-cdk-lib/aws-s3`, each once, in order. */
function namesOf(specifiers: readonly string[]): readonly string[] {
  const names = specifiers
    .filter((specifier) => !isBuiltin(specifier))
    .map((specifier) => specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/'));
  return [...new Set(names)].sort();
}
