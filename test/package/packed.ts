/** What `npm pack` gives, as those who install it find it. */
import { spawnSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { node24, project } from './plain-node.ts';

/** A package file. */
export interface Packed {
  /** Absolute path of the archive. */
  readonly archive: string;
  /** Octets of the archive. */
  readonly size: number;
}

/** Packs this project into a folder. */
export async function packInto(folder: string): Promise<Packed> {
  const stdout = await node24.npm(project, 'pack', '--json', '--pack-destination', folder);
  const [packed] = JSON.parse(stdout.slice(stdout.indexOf('['))) as [
    { readonly filename: string; readonly size: number },
  ];
  return { archive: join(folder, packed.filename), size: packed.size };
}

/** The files of an archive, by path, as text. */
export function filesOf({ archive }: Packed, folder: string): ReadonlyMap<string, string> {
  const { status, stderr } = spawnSync('tar', ['-xzf', archive, '-C', folder], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  const root = join(folder, 'package');
  const names = globSync('**/*', { cwd: root, withFileTypes: true }).filter((entry) => entry.isFile());
  return new Map(
    names.map(({ parentPath, name }) => {
      const file = join(parentPath, name);
      return [file.slice(root.length + 1), readFileSync(file, 'utf8')];
    }),
  );
}

/** Packages that a module imports, by name; Node's own are left out. */
export function importedPackages(source: string): string[] {
  const specifiers = source.matchAll(/(?:\bfrom\s*|\bimport\s*\(?\s*)'(?<name>[^'.][^']*)'/g);
  return [...specifiers]
    .map(({ groups }) => groups?.['name'] ?? '')
    .filter((name) => !name.startsWith('node:'))
    .map((name) =>
      name
        .split('/')
        .slice(0, name.startsWith('@') ? 2 : 1)
        .join('/'),
    );
}
