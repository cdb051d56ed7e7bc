import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { FileSource } from '../../functions/maps/file-source.ts';
import { makeTemporaryFolder } from '../support/temporary-folder.ts';

test('a file is read, and read again only after it changed', async () => {
  using folder = makeTemporaryFolder();
  const path = folder.write('transport', 'x lmtp:one\n');
  const source = new FileSource(path);
  const first = await source.read(undefined);
  assert.ok(first !== 'unchanged');
  assert.equal(first.text, 'x lmtp:one\n');
  assert.equal(await source.read(first.version), 'unchanged');
  folder.write('transport', 'x lmtp:two\n');
  assert.partialDeepStrictEqual(await source.read(first.version), { text: 'x lmtp:two\n' });
});

test('a missing file is a system error', async () => {
  using folder = makeTemporaryFolder();
  const source = new FileSource(join(folder.path, 'none'));
  await assert.rejects(source.read(undefined), { code: 'ENOENT' });
});
