/**
 * Debian packages that tests need: real LMTP servers.
 *
 * They are installed only where that is plainly allowed: on a Debian system, by root. No service is started by it.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';

/** Asked by Debian's maintainer scripts before they start a service; 101 means no. */
const policy = '/usr/sbin/policy-rc.d';

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

/** How much trouble to take. */
export interface Effort {
  /** Seconds that the download may take. Default: as many as it takes, and the lists of packages are brought up to date. */
  readonly downloadWithin?: number;
}

/**
 * Installs what is missing.
 *
 * @returns undefined when all is there, else the reason why it is not
 */
export function installPackages(packages: readonly string[], { downloadWithin }: Effort = {}): string | undefined {
  const missing = missingPackages(packages);
  if (missing.length === 0) return undefined;
  if (!existsSync('/usr/bin/apt-get')) return 'this is no Debian system (there is no apt-get)';
  if (process.getuid?.() !== 0) return 'only root may install packages';
  return withoutServices(() => {
    if (downloadWithin !== undefined) return download(missing, downloadWithin) ?? install(missing);
    if (install(missing) === undefined) return undefined;
    // The lists of packages are absent, or older than what the mirror still has.
    run('apt-get', ['update', '--quiet']);
    return install(missing);
  });
}

/** Nothing that is there already may have to go: another mail system stays, and then there is no Postfix. */
const installCommand = ['install', '--yes', '--quiet', '--no-install-recommends', '--no-remove'] as const;

function install(packages: readonly string[]): string | undefined {
  const { status, stderr } = run('apt-get', [...installCommand, ...forTestsOnly, ...packages]);
  return status === 0 ? undefined : `apt-get install failed: ${stderr.trim()}`;
}

/**
 * Options that save minutes: packages of tests need not survive a power failure, and their manual pages, which take long to
 * index, are not read.
 */
const forTestsOnly = ['force-unsafe-io', 'path-exclude=/usr/share/man/*'].flatMap((option) => [
  '-o',
  `Dpkg::Options::=--${option}`,
]);

/** Downloading may be broken off, installing should not. */
function download(packages: readonly string[], seconds: number): string | undefined {
  const { status, stderr } = run('apt-get', [...installCommand, '--download-only', ...packages], seconds);
  if (status === 0) return undefined;
  return status === null ? `not downloaded in ${seconds} s` : `apt-get could not download: ${stderr.trim()}`;
}

/** Does the work while a policy forbids that services are started; one that is there already is left alone. */
function withoutServices<T>(work: () => T): T {
  if (existsSync(policy)) return work();
  writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    return work();
  } finally {
    rmSync(policy);
  }
}

function run(command: string, args: readonly string[], seconds?: number) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' };
  const timeout = seconds === undefined ? undefined : seconds * 1000;
  return spawnSync(command, args, { env, timeout, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}
