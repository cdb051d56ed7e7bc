/** Whole configurations in the manner of the servers' documentation, below `configurations/`, each with its recipients. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type Imported, importConfiguration } from '../../functions/import/import.ts';

const folder = join(import.meta.dirname, 'configurations');

/** A configuration. */
export interface SampleConfiguration {
  readonly name: string;
  /** The root of its machine. */
  readonly root: string;
  readonly main: string;
  readonly master: string;
  readonly recipients: readonly string[];
  read(path: string): string | undefined;
}

/** All of them, by name. */
export const configurations: readonly SampleConfiguration[] = globSync('*/recipients', { cwd: folder })
  .sort()
  .map((file) => sample(join(folder, dirname(file))));

function sample(root: string): SampleConfiguration {
  const read = (path: string) => (existsSync(join(root, path)) ? readFileSync(join(root, path), 'utf8') : undefined);
  return {
    name: basename(root),
    root,
    read,
    main: read('/etc/postfix/main.cf') ?? '',
    master: read('/etc/postfix/master.cf') ?? '',
    recipients: (read('/recipients') ?? '').split('\n').filter((line) => line !== '' && !line.startsWith('#')),
  };
}

/** Returns one by its name. */
export function configurationOf(name: string): SampleConfiguration {
  const found = configurations.find((one) => one.name === name);
  if (found === undefined) throw new Error(`there is no configuration ${name}`);
  return found;
}

/** Imports a configuration. */
export function imported(
  { main, master, read }: Pick<SampleConfiguration, 'main' | 'master' | 'read'>,
  replace: Readonly<Record<string, string>> = {},
): Imported {
  return importConfiguration(
    { main, master },
    {
      origin: { hostname: 'mx.example.com', folder: '/etc/postfix' },
      read,
      replace: new Map(Object.entries(replace)),
      secretPrefix: 'mail/',
    },
  );
}

/** Imports a main.cf without other files, with Debian's LMTP service. */
export function importedMain(main: string, files: Readonly<Record<string, string>> = {}): Imported {
  return imported({ main, master: configurationOf('dovecot-virtual').master, read: (path) => files[path] });
}
