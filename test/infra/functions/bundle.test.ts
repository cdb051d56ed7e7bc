import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { BundleError, bundleFile, bundleFunction, sourceMapFile } from '../../../infra/functions/bundle.ts';

const scratch = mkdtempSync(join(tmpdir(), 'lambda-lmtp-bundle-'));
after(() => rmSync(scratch, { recursive: true, force: true }));

/** Writes an entry file into its own folder, named as a function's would be. */
function entry(folder: string, source: string): string {
  const path = join(mkdtempSync(join(scratch, folder)), 'lmtp.ts');
  writeFileSync(path, source);
  return path;
}

const small = `
  export class MailboxFull extends Error {}
  export async function handler(event: string): Promise<string> { return event + MailboxFull.name }
`;

test('a bundle is a folder with one file to load and its source map', () => {
  const { folder, file, size } = bundleFunction('lmtp', join(scratch, 'one'), entry('a', small));
  assert.deepEqual(readdirSync(folder).sort(), [bundleFile, sourceMapFile]);
  assert.equal(readFileSync(file).length, size);
  assert.match(readFileSync(file, 'utf8'), /\/\/# sourceMappingURL=index\.cjs\.map\n$/);
});

test('the handler of a bundle runs, and its errors keep their names', async () => {
  const { file } = bundleFunction('lmtp', join(scratch, 'runs'), entry('b', small));
  const loaded = (await import(file)) as { handler(event: string): Promise<string> };
  assert.equal(await loaded.handler('452 '), '452 MailboxFull');
});

test('the same sources make the same bundle, in any folder', () => {
  const here = bundleFunction('lmtp', join(scratch, 'here'), entry('c', small));
  const there = bundleFunction('lmtp', join(scratch, 'far', 'down', 'there'), entry('d', small));
  assert.equal(here.hash, there.hash);
  for (const file of [bundleFile, sourceMapFile]) {
    assert.deepEqual(readFileSync(join(here.folder, file)), readFileSync(join(there.folder, file)));
  }
});

test('neither bundle nor source map reveals the machine that made it', () => {
  const { folder } = bundleFunction('lmtp', join(scratch, 'machine'), entry('e', small));
  const map: unknown = JSON.parse(readFileSync(join(folder, sourceMapFile), 'utf8'));
  assert.partialDeepStrictEqual(map, { sources: ['lmtp.ts'] });
  assert.ok(!Object.hasOwn(map as object, 'sourcesContent'), 'the source map repeats the sources');
  assert.ok(!readFileSync(join(folder, bundleFile), 'utf8').includes(scratch));
});

test('other sources make another bundle', () => {
  const one = bundleFunction('lmtp', join(scratch, 'x'), entry('f', small));
  const other = bundleFunction('lmtp', join(scratch, 'y'), entry('g', small.replace('event +', '"2.0.0" +')));
  assert.notEqual(one.hash, other.hash);
});

test('a bundle over its budget is an error', () => {
  const large = `export const mail = ${JSON.stringify('x'.repeat(2_000_000))}; export async function handler() {}`;
  assert.throws(
    () => bundleFunction('sweep', join(scratch, 'large'), entry('h', large)),
    (error: unknown) => error instanceof BundleError && /function sweep has 2\d{6} octets/.test(error.message),
  );
});

test('a source that does not bundle is reported with its function and place', () => {
  assert.throws(
    () =>
      bundleFunction('qmgr', join(scratch, 'broken'), entry('i', "import '../nowhere.ts'; export const handler = 1")),
    /function qmgr does not bundle: .*[\s\S]*nowhere\.ts/,
  );
});

test('a feature that CommonJS lacks fails at bundling, not when mail arrives', () => {
  const meta = 'export const handler = () => import.meta.url';
  assert.throws(() => bundleFunction('qmgr', join(scratch, 'meta'), entry('j', meta)), /import\.meta/);
});
