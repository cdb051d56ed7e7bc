/**
 * Postfix's own programs, where they are installed: postconf(1) for values, postmap(1) for look-ups.
 */

import { spawnSync } from 'node:child_process';
import { delimiter, join } from 'node:path';
import type { Ask } from '../import/routing.ts';
import { isExecutable } from '../texts/next-command.ts';

/** Postfix on this machine. */
export interface PostfixPrograms {
  /** Returns the expanded values of parameters by name. */
  values(names: readonly string[]): ReadonlyMap<string, string>;
  /** Looks up a key. */
  readonly ask: Ask;
  /** Looks up many keys at once, so that {@link ask} has them. */
  prepare(keys: ReadonlyMap<string, ReadonlySet<string>>): void;
  /** Tables that postmap could not ask. */
  readonly failed: ReadonlySet<string>;
  /** What the programs complained about. */
  readonly complaints: ReadonlySet<string>;
}

/** Milliseconds that a program may take: a table may ask a database. */
const patience = 60_000;

/** Returns the programs for a configuration; `undefined` where Postfix is not installed. */
export function findPostfix(
  folder: string,
  env: Readonly<Record<string, string | undefined>>,
): PostfixPrograms | undefined {
  const postconf = findProgram('postconf', env);
  const postmap = findProgram('postmap', env);
  return postconf === undefined || postmap === undefined ? undefined : makePrograms(folder, postconf, postmap);
}

function findProgram(name: string, { PATH = '' }: Readonly<Record<string, string | undefined>>): string | undefined {
  const folders = [...PATH.split(delimiter).filter((one) => one !== ''), '/usr/sbin', '/usr/local/sbin'];
  return folders.map((one) => join(one, name)).find(isExecutable);
}

function makePrograms(folder: string, postconf: string, postmap: string): PostfixPrograms {
  const known = new Map<string, Map<string, string>>();
  const complaints = new Set<string>();
  const failed = new Set<string>();
  const run = (program: string, args: readonly string[], input = ''): { stdout: string; isFaulty: boolean } => {
    const { stdout, stderr } = spawnSync(program, ['-c', folder, ...args], {
      input,
      encoding: 'utf8',
      timeout: patience,
      maxBuffer: 100_000_000,
    });
    const faults = (stderr ?? '').split('\n').filter((line) => /: fatal: |: error: /.test(line));
    for (const line of faults) complaints.add(line);
    return { stdout: stdout ?? '', isFaulty: faults.length > 0 };
  };
  const lookUp = (specification: string, keys: readonly string[]): void => {
    const found = known.get(specification) ?? new Map<string, string>();
    known.set(specification, found);
    const input = keys.map((key) => `${key}\n`).join('');
    const { stdout, isFaulty } = run(postmap, ['-q', '-', specification], input);
    if (isFaulty) failed.add(specification);
    for (const key of keys) found.set(key, '');
    for (const line of stdout.split('\n')) {
      const [, key, value] = /^([^\t]*)\t(.*)$/s.exec(line) ?? [];
      if (key !== undefined && value !== undefined) found.set(key, value);
    }
  };
  return {
    complaints,
    failed,
    values: (names) => valuesIn(run(postconf, ['-x', ...names]).stdout),
    prepare: (keys) => {
      for (const [specification, some] of keys) lookUp(specification, [...some].filter(isOneLine));
    },
    ask: (specification, key) => {
      if (!isOneLine(key) || !/^[a-z]+:/.test(specification)) return undefined;
      if (known.get(specification)?.has(key) !== true) lookUp(specification, [key]);
      return known.get(specification)?.get(key) || undefined;
    },
  };
}

function isOneLine(key: string): boolean {
  return key !== '' && !/[\n\t]/.test(key);
}

/** Parses what postconf prints. */
function valuesIn(output: string): ReadonlyMap<string, string> {
  const pairs = output.split('\n').flatMap((line): readonly (readonly [string, string])[] => {
    const [, name, value] = /^(\S+) =(.*)$/.exec(line) ?? [];
    return name === undefined || value === undefined ? [] : [[name, value.trim()]];
  });
  return new Map(pairs);
}
