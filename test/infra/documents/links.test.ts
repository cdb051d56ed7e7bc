/** Links and pictures of the documents. The suite `package` follows them in the packed package too. */
import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { brokenLinks, linksOf } from '../../support/document-links.ts';
import { projectFolder } from '../synthesize.ts';

const paths = globSync(['*.md', 'docs/**/*.md', 'examples/*/README.md'], { cwd: projectFolder });
const documents = new Map(paths.map((path) => [path, readFileSync(join(projectFolder, path), 'utf8')]));
const links = [...documents].flatMap(([path, text]) => linksOf(path, text));

function read(file: string): string | undefined {
  const path = join(projectFolder, file);
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}

test('a link to a missing file and one to a missing heading are found', () => {
  const broken = new Map([['docs/a.md', '# A\n[x](b.md) [y](#a) [z](#c) ![p](p.png) `[not](a-link)`\n']]);
  const nowhere = (file: string) => broken.get(file);
  assert.deepEqual(brokenLinks(broken, nowhere), [
    'docs/a.md: there is no docs/b.md',
    'docs/a.md: docs/a.md has no heading #c',
    'docs/a.md: there is no docs/p.png',
  ]);
});

test('every link and picture of the documents leads to a file and a heading', () => {
  assert.ok(links.length > 60);
  assert.deepEqual(brokenLinks(documents, read), []);
});

test('every link leads to a file that the package contains', () => {
  const manifest: unknown = JSON.parse(readFileSync(join(projectFolder, 'package.json'), 'utf8'));
  assert.ok(typeof manifest === 'object' && manifest !== null && 'files' in manifest && Array.isArray(manifest.files));
  const patterns = manifest.files.map((pattern) => String(pattern).replace(/^\//, ''));
  const packed = new Set([...globSync(patterns, { cwd: projectFolder }), 'LICENSE']);
  assert.deepEqual(
    links.filter(({ file }) => !packed.has(file)),
    [],
  );
});

test('the README leads to every document, directly or through documents that it leads to', () => {
  const reached = new Set(['README.md']);
  for (const path of reached) for (const { from, file } of links) if (from === path) reached.add(file);
  assert.deepEqual(
    paths.filter((path) => !reached.has(path)),
    [],
  );
  const pictures = globSync('docs/pictures/*', { cwd: projectFolder });
  assert.deepEqual(
    pictures.filter((path) => !reached.has(path)),
    [],
  );
});

test('the README has at most 150 lines, and the architecture at most 250', () => {
  const lines = (path: string) => documents.get(path)?.trimEnd().split('\n').length ?? Number.NaN;
  assert.ok(lines('README.md') <= 150, `${lines('README.md')} lines`);
  assert.ok(lines('docs/architecture.md') <= 250, `${lines('docs/architecture.md')} lines`);
});

test('the prices of the comparison are those of the cost document', () => {
  const rowsOf = (path: string) =>
    [...(documents.get(path) ?? '').matchAll(/^\| ([^|]+?) \| (\d+ \| \d+ \| \d+ \| \d+) \|$/gm)].map(
      ([, name = '', figures = '']) => ({ name, figures }),
    );
  const costs = rowsOf('docs/cost.md').map(({ figures }) => figures);
  const compared = rowsOf('docs/comparison.md');
  assert.equal(compared.length, 4);
  for (const { name, figures } of compared) assert.ok(costs.includes(figures), `${name}: ${figures}`);
});
