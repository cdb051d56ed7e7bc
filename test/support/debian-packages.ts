/**
 * Debian packages that tests need: real LMTP servers.
 *
 * They are installed only where that is plainly allowed: on a Debian system, by root. No service is started by it, and no
 * package is removed for it: what is in the way stays, and the tests without their package are skipped.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';

/** The command that installs packages, for people to type. */
export function installLine(packages: readonly string[]): string {
  return `sudo apt-get install --no-install-recommends ${packages.join(' ')}`;
}

/** Those of the packages that are not installed; all of them on a system without dpkg. */
export function missingPackages(packages: readonly string[]): string[] {
  return packages.filter(
    (name) => !run('dpkg', ['--status', name]).stdout?.includes('\nStatus: install ok installed\n'),
  );
}

/** Packages that could not be had. */
export interface Lack {
  readonly packages: readonly string[];
  /** Why, as a statement without a full stop. */
  readonly reason: string;
  /** The command after which they are there. */
  readonly remedy: string;
}

/** How much trouble to take. */
export interface Effort {
  /** Seconds that the download may take. Default: as many as it takes, and the lists of packages are brought up to date. */
  readonly downloadWithin?: number;
  /** Whether packages may be installed. Default: root may. */
  readonly mayInstall?: boolean;
  /** Asked by Debian's maintainer scripts before they start a service; 101 means no. */
  readonly policy?: string;
}

/**
 * Installs what is missing and can be installed.
 *
 * @returns what is still missing; empty if all packages are there
 */
export function installPackages(packages: readonly string[], effort: Effort = {}): readonly Lack[] {
  const { downloadWithin, mayInstall = process.getuid?.() === 0, policy = '/usr/sbin/policy-rc.d' } = effort;
  const missing = missingPackages(packages);
  if (missing.length === 0) return [];
  if (run('apt-get', ['--version']).status !== 0) {
    return [lackOf(missing, 'this is no Debian system (there is no apt-get)')];
  }
  let { possible, lacks } = sortOut(missing);
  if (!mayInstall) return [...lacks, ...lackOfAll(possible, 'only root may install packages')];
  return withoutServices(policy, () => {
    if (downloadWithin !== undefined) {
      return [...lacks, ...lackOfAll(possible, download(possible, downloadWithin) ?? install(possible))];
    }
    if (lacks.length === 0 && install(possible) === undefined) return [];
    // The lists of packages are absent, or older than what the mirror still has.
    run('apt-get', ['update', '--quiet']);
    ({ possible, lacks } = sortOut(missing));
    return [...lacks, ...lackOfAll(possible, install(possible))];
  });
}

/** Tells packages that can be installed, together and with what is there, from those that something is in the way of. */
function sortOut(packages: readonly string[]): { possible: readonly string[]; lacks: readonly Lack[] } {
  if (obstacleOf(packages, []) === undefined) return { possible: packages, lacks: [] };
  const possible: string[] = [];
  const lacks: Lack[] = [];
  for (const name of packages) {
    const lack = obstacleOf([name], possible);
    if (lack === undefined) possible.push(name);
    else lacks.push(lack);
  }
  return { possible, lacks };
}

/** Returns why packages cannot be installed together with others; undefined if they can. Nothing is changed. */
function obstacleOf(packages: readonly string[], others: readonly string[]): Lack | undefined {
  const { status, stdout, stderr } = run('apt-get', ['--simulate', ...installCommand, ...others, ...packages]);
  if (status === 0) return undefined;
  const removed =
    /^The following packages will be REMOVED:\n((?: .*\n)+)/m.exec(stdout)?.[1]?.trim().split(/\s+/) ?? [];
  const names = removed.map((name) => name.replace(/\*$/, ''));
  if (names.length === 0) return lackOf(packages, `apt-get cannot install: ${errorIn(stderr)}`);
  return {
    packages,
    reason: `${names.join(' and ')} would be removed by it, and the tests remove nothing`,
    remedy: `sudo apt-get remove ${names.join(' ')} && ${installLine(packages)}`,
  };
}

function lackOf(packages: readonly string[], reason: string): Lack {
  return { packages, reason, remedy: installLine(packages) };
}

function lackOfAll(packages: readonly string[], reason: string | undefined): readonly Lack[] {
  return reason === undefined || packages.length === 0 ? [] : [lackOf(packages, reason)];
}

/** Nothing that is there already may have to go: another mail system stays, and then there is no Postfix. */
const installCommand = ['install', '--yes', '--quiet', '--no-install-recommends', '--no-remove'] as const;

function install(packages: readonly string[]): string | undefined {
  if (packages.length === 0) return undefined;
  const { status, stderr } = run('apt-get', [...installCommand, ...forTestsOnly, ...packages]);
  return status === 0 ? undefined : `apt-get cannot install: ${errorIn(stderr)}`;
}

/**
 * What a power failure would do to packages of tests does not matter, and the tests read no manual pages, which it may take
 * minutes to index.
 */
const forTestsOnly = ['force-unsafe-io', 'path-exclude=/usr/share/man/*'].flatMap((option) => [
  '-o',
  `Dpkg::Options::=--${option}`,
]);

/** Downloading may be broken off, installing should not. */
function download(packages: readonly string[], seconds: number): string | undefined {
  if (packages.length === 0) return undefined;
  const { status, stderr } = run('apt-get', [...installCommand, '--download-only', ...packages], seconds);
  if (status === 0) return undefined;
  return status === null ? `not downloaded in ${seconds} s` : `apt-get cannot download: ${errorIn(stderr)}`;
}

/** Does the work while a policy forbids that services are started; one that is there already is left alone. */
function withoutServices<T>(policy: string, work: () => T): T {
  if (existsSync(policy)) return work();
  writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    return work();
  } finally {
    rmSync(policy);
  }
}

/** The errors of apt-get in one line. */
function errorIn(stderr: string): string {
  const errors = stderr.split('\n').filter((line) => line.startsWith('E: '));
  return errors.map((line) => line.slice('E: '.length)).join('; ') || stderr.trim();
}

function run(command: string, args: readonly string[], seconds?: number) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' };
  const timeout = seconds === undefined ? undefined : seconds * 1000;
  return spawnSync(command, args, { env, timeout, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}
