/** What the test command does about Debian packages that it needs, on a system that is made up of two scripts. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { installPackages, missingPackages } from './debian-packages.ts';

let directory: string;
let path: string | undefined;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'debian-'));
  path = process.env['PATH'];
});
afterEach(async () => {
  process.env['PATH'] = path;
  await rm(directory, { recursive: true, force: true });
});

/** Installed packages are files in a folder. */
const dpkg = `#!/bin/sh
[ -e "$(dirname "$0")/installed-$2" ] && printf 'Package: %s\\nStatus: install ok installed\\n' "$2"
`;

/** Cannot install cyrus-imapd beside dovecot-imapd, does not know phantom, and writes down what it is called with. */
const aptGet = `#!/bin/sh
here=$(dirname "$0")
echo "$*" >> "$here/calls"
case "$*" in *cyrus-imapd*)
  if [ -e "$here/installed-dovecot-imapd" ]; then
    printf 'Reading package lists...\\nThe following packages will be REMOVED:\\n  dovecot-imapd\\n'
    printf 'The following NEW packages will be installed:\\n  cyrus-imapd\\n'
    echo 'E: Packages need to be removed but remove is disabled.' >&2
    exit 100
  fi
esac
case "$*" in *phantom*) echo 'E: Unable to locate package phantom' >&2; exit 100; esac
case "$*" in --simulate*|update*|--version|*--download-only*) exit 0; esac
for word; do case "$word" in -*|*::*|install) ;; *) touch "$here/installed-$word";; esac; done
`;

/** A Debian system with these packages. */
async function debianWith(...packages: readonly string[]): Promise<void> {
  await writeFile(join(directory, 'dpkg'), dpkg, { mode: 0o755 });
  await writeFile(join(directory, 'apt-get'), aptGet, { mode: 0o755 });
  for (const name of packages) await writeFile(join(directory, `installed-${name}`), '');
  process.env['PATH'] = `${directory}:/usr/bin:/bin`;
}

const effort = () => ({ mayInstall: true, policy: join(directory, 'policy') });

/** How apt-get was called to install something. */
function installations(): readonly string[] {
  const calls = readFileSync(join(directory, 'calls'), 'utf8').split('\n');
  return calls.filter((call) => call.startsWith('install ')).map((call) => call.split(' ').slice(-1).join());
}

describe('a Debian system', () => {
  test('gets the packages that are missing, from root', async () => {
    await debianWith('postfix');
    assert.deepEqual(installPackages(['postfix', 'dovecot-lmtpd'], effort()), []);
    assert.deepEqual(missingPackages(['postfix', 'dovecot-lmtpd']), []);
    assert.deepEqual(installations(), ['dovecot-lmtpd']);
    assert.ok(!existsSync(join(directory, 'policy')), 'services may be started again');
  });

  test('keeps a package that excludes one of the tests, and the others are installed', async () => {
    await debianWith('dovecot-imapd');
    const lacks = installPackages(['dovecot-lmtpd', 'cyrus-imapd', 'postfix'], effort());
    assert.deepEqual(lacks, [
      {
        packages: ['cyrus-imapd'],
        reason: 'dovecot-imapd would be removed by it, and the tests remove nothing',
        remedy: 'sudo apt-get remove dovecot-imapd && sudo apt-get install --no-install-recommends cyrus-imapd',
      },
    ]);
    assert.deepEqual(missingPackages(['dovecot-imapd', 'dovecot-lmtpd', 'cyrus-imapd', 'postfix']), ['cyrus-imapd']);
  });

  test('says to others than root what is in the way, and what only root may install', async () => {
    await debianWith('dovecot-imapd');
    const lacks = installPackages(['cyrus-imapd', 'postfix'], { ...effort(), mayInstall: false });
    assert.deepEqual(
      lacks.map(({ packages, reason }) => `${packages}: ${reason}`),
      [
        'cyrus-imapd: dovecot-imapd would be removed by it, and the tests remove nothing',
        'postfix: only root may install packages',
      ],
    );
    assert.deepEqual(missingPackages(['cyrus-imapd', 'postfix']), ['cyrus-imapd', 'postfix']);
  });

  test('that does not know a package is asked again when its lists are up to date', async () => {
    await debianWith();
    const lacks = installPackages(['phantom', 'postfix'], effort());
    assert.deepEqual(
      lacks.map(({ packages, reason }) => `${packages}: ${reason}`),
      ['phantom: apt-get cannot install: Unable to locate package phantom'],
    );
    assert.match(readFileSync(join(directory, 'calls'), 'utf8'), /^update --quiet$/m);
    assert.deepEqual(missingPackages(['postfix']), []);
  });

  test('gives up a package that can be done without when its download takes too long', async () => {
    await debianWith();
    const slow = aptGet.replace('case "$*" in --simulate*', 'case "$*" in *--download-only*) exec sleep 60; esac\n$&');
    await writeFile(join(directory, 'apt-get'), slow, { mode: 0o755 });
    const [lack] = installPackages(['mailutils'], { ...effort(), downloadWithin: 0.2 });
    assert.equal(lack?.reason, 'not downloaded in 0.2 s');
  });
});

test('another system lacks all packages, and is told so', async () => {
  process.env['PATH'] = directory;
  const [lack, ...others] = installPackages(['postfix', 'dovecot-lmtpd'], effort());
  assert.deepEqual(others, []);
  assert.deepEqual(lack?.packages, ['postfix', 'dovecot-lmtpd']);
  assert.equal(lack?.reason, 'this is no Debian system (there is no apt-get)');
});
