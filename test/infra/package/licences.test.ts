/** The packages that ours may contain, and their licence texts. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { thirdPartyLicences } from '../../../infra/package/licences.ts';

const scratch = mkdtempSync(join(tmpdir(), 'licences-'));
after(() => rmSync(scratch, { recursive: true, force: true }));

/** A project with these files. */
function project(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(scratch, 'project-'));
  for (const [name, text] of Object.entries({ LICENSE: 'Apache License, as published\n', ...files })) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

function manifest(name: string, license?: string): string {
  return JSON.stringify({ name, version: '1.2.3', license });
}

const mit = {
  'node_modules/one/package.json': manifest('one', 'MIT'),
  'node_modules/one/LICENSE': 'Copyright One.\r\nPermission is hereby granted\r\n',
};

test('packages with the same text are listed above it, once each, and our own sources are not listed', () => {
  const folder = project({
    ...mit,
    'node_modules/@scope/two/package.json': manifest('@scope/two', 'MIT'),
    'node_modules/@scope/two/LICENSE.md': 'Copyright One.\nPermission is hereby granted',
    'node_modules/one/node_modules/three/package.json': manifest('three', 'ISC'),
    'node_modules/one/node_modules/three/COPYING': 'Copyright Three.',
    'node_modules/one/node_modules/three/NOTICE': 'Contains work of Four.',
  });
  const sources = ['functions/lmtp.ts', 'node_modules/one/a.js', 'node_modules/one/lib/b.js'];
  const nested = ['node_modules/@scope/two/c.js', 'node_modules/one/node_modules/three/d.js'];
  const text = thirdPartyLicences(folder, [...sources, ...nested]);
  assert.deepEqual(text.split(/-{80}/).slice(1), [
    '\n\n@scope/two 1.2.3 (MIT)\none 1.2.3 (MIT)\n\nCopyright One.\nPermission is hereby granted\n\n',
    '\n\nthree 1.2.3 (ISC)\n\nCopyright Three.\n\nContains work of Four.\n',
  ]);
});

test('a package under Apache-2.0 or MIT-0 without a text gets the standard text', () => {
  const folder = project({
    'node_modules/apache/package.json': manifest('apache', 'Apache-2.0'),
    'node_modules/free/package.json': manifest('free', 'MIT-0'),
  });
  const text = thirdPartyLicences(folder, ['node_modules/apache/a.js', 'node_modules/free/b.js']);
  assert.match(text, /apache 1\.2\.3 \(Apache-2\.0\)\n\nApache License, as published\n/);
  assert.match(text, /free 1\.2\.3 \(MIT-0\)\n\nMIT No Attribution\n/);
});

const refused: Readonly<Record<string, readonly [Readonly<Record<string, string>>, RegExp]>> = {
  'a licence that is not accepted': [
    { 'node_modules/one/package.json': manifest('one', 'GPL-3.0-only'), 'node_modules/one/LICENSE': 'GPL' },
    /^one 1\.2\.3 has the licence GPL-3\.0-only, which is not accepted$/,
  ],
  'no licence': [{ 'node_modules/one/package.json': manifest('one') }, /^one 1\.2\.3 has the licence \(none\)/],
  'no text of a licence that names its authors': [
    { 'node_modules/one/package.json': manifest('one', 'MIT') },
    /^one \(MIT\) comes without the text of its licence$/,
  ],
};
for (const [what, [files, message]] of Object.entries(refused)) {
  test(`a package with ${what} cannot be contained`, () => {
    assert.throws(() => thirdPartyLicences(project(files), ['node_modules/one/a.js']), {
      name: 'LicenceError',
      message,
    });
  });
}
