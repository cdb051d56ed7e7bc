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

/**
 * Installs what is missing.
 *
 * @returns undefined when all is there, else the reason why it is not
 */
export function installPackages(packages: readonly string[]): string | undefined {
  const missing = missingPackages(packages);
  if (missing.length === 0) return undefined;
  if (!existsSync('/usr/bin/apt-get')) return 'this is no Debian system (there is no apt-get)';
  if (process.getuid?.() !== 0) return 'only root may install packages';
  return withoutServices(() => {
    if (install(missing) === undefined) return undefined;
    // The lists of packages are absent, or older than what the mirror still has.
    run('apt-get', ['update', '--quiet']);
    return install(missing);
  });
}

function install(packages: readonly string[]): string | undefined {
  const { status, stderr } = run('apt-get', ['install', '--yes', '--quiet', '--no-install-recommends', ...packages]);
  return status === 0 ? undefined : `apt-get install failed: ${stderr.trim()}`;
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

function run(command: string, args: readonly string[]) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' };
  return spawnSync(command, args, { env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}
