/** House rules that neither the compiler nor the linter checks. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { longFiles, suites } from './support/suites.ts';
import { suiteFiles } from './support/test-plan.ts';

const project = resolve(import.meta.dirname, '..');

/** Returns the files of the project by their relative path, without installed and generated ones. */
function projectFiles(...patterns: string[]): string[] {
  const exclude = ['**/node_modules/**', 'cdk.out/**', '.git/**', '.local/**'];
  return patterns.flatMap((pattern) => globSync(pattern, { cwd: project, exclude })).sort();
}

const sources = () => projectFiles('{functions,infra,test,examples}/**/*.{ts,mjs,json}');
const documents = () => projectFiles('*.{md,json,jsonc}', '.npmrc', '.ci/*', '{docs,examples}/**/*.md');

/** Returns `file:line: text` of each line that matches. */
function linesLike(files: readonly string[], pattern: RegExp): string[] {
  return files.flatMap((file) =>
    readFileSync(resolve(project, file), 'utf8')
      .split('\n')
      .flatMap((line, index) => (pattern.test(line) ? [`${file}:${index + 1}: ${line.trim().slice(0, 120)}`] : [])),
  );
}

function readJson(file: string): unknown {
  return JSON.parse(readFileSync(resolve(project, file), 'utf8'));
}

test('there are sources to guard', () => {
  assert.ok(sources().length > 20);
});

test('no file contains a path of a developer machine', () => {
  const machinePath = /(?<![\w.~}-])\/(?:work|root|home|Users)\/\w/;
  assert.match(`see ${['', 'home', 'alice'].join('/')}`, machinePath);
  assert.deepEqual(linesLike([...sources(), ...documents()], machinePath), []);
});

test('no file names a package registry: npm uses the one of its own configuration', () => {
  const registry = /registry\.npmjs|registry\.yarnpkg|npm\.pkg\.|_authToken|^\s*registry\s*=/;
  const own = 'test/guard.test.ts';
  assert.deepEqual(
    linesLike(
      [...sources(), ...documents()].filter((file) => file !== own),
      registry,
    ),
    [],
  );
});

test('the lock file does not name the source of a package', () => {
  assert.deepEqual(linesLike(['package-lock.json'], /"resolved":/), []);
});

test('documents and examples name the actor: a person or program is never nobody, somebody, whoever, he or him', () => {
  const words =
    'nobody|somebody|anybody|everybody|no one|someone|anyone|everyone|whoever|whom|whomever|he|him|his|himself|she|her|hers|herself';
  // Not the local part of an address, such as <nobody@example.com>.
  const vague = new RegExp(`(?<![\\w@.-])(?:${words})(?![\\w@.-]*@|[\\w-])`, 'i');
  assert.match('Somebody is needed', vague);
  assert.match('it is his.', vague);
  assert.doesNotMatch('to=<nobody@example.com>, this history', vague);
  assert.deepEqual(linesLike(projectFiles('*.md', 'docs/**/*.md', 'examples/**/*.{md,ts}'), vague), []);
});

test('every dependency is pinned to one version', () => {
  const { dependencies, devDependencies } = readJson('package.json') as Record<string, Record<string, string>>;
  const loose = Object.entries({ ...dependencies, ...devDependencies }).filter(
    ([, version]) => !/^\d+\.\d+\.\d+$/.test(version),
  );
  assert.deepEqual(loose, []);
});

test('the compiler is never silenced, and no type is any', () => {
  const silenced = /@ts-(?:ignore|nocheck|expect-error)|\bas any\b|[:<|(]\s*any\b\s*[;,)=>[\]|{]|biome-ignore-all/;
  assert.match('const x: any = 1', silenced);
  assert.deepEqual(linesLike(projectFiles('{functions,infra,examples}/**/*.ts'), silenced), []);
});

test('the test files that begin first exist', () => {
  const run = suites.flatMap(suiteFiles);
  assert.deepEqual(
    longFiles.filter((file) => !run.includes(resolve(project, 'test', file))),
    [],
  );
});

test('every test file belongs to one suite', () => {
  const run = suites.flatMap(suiteFiles).sort();
  assert.deepEqual(
    run,
    projectFiles('test/**/*.test.ts').map((file) => resolve(project, file)),
  );
});
