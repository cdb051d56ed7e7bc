/** House rules that neither the compiler nor the linter knows. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { suiteFiles } from './support/run-suite.ts';
import { suites } from './support/suites.ts';

const project = resolve(import.meta.dirname, '..');

/** Files of the project, by their path below it; what was installed or generated is none of it. */
function projectFiles(...patterns: string[]): string[] {
  const exclude = ['**/node_modules/**', 'cdk.out/**', '.git/**', '.local/**'];
  return patterns.flatMap((pattern) => globSync(pattern, { cwd: project, exclude })).sort();
}

const sources = () => projectFiles('{functions,infra,test,examples}/**/*.{ts,mjs,json}');
const documents = () => projectFiles('*.{md,json,jsonc}', '.npmrc', '.ci/*', '{docs,examples}/**/*.md');

/** `file:line: text` of each line that matches. */
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

test("no path of anybody's machine is written down", () => {
  const machinePath = /(?<![\w.~}-])\/(?:work|root|home|Users)\/\w/;
  assert.match(`see ${['', 'home', 'someone'].join('/')}`, machinePath);
  assert.deepEqual(linesLike([...sources(), ...documents()], machinePath), []);
});

test('no package registry is named: everybody has the one that npm is told', () => {
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

test('the lock file does not say where packages came from', () => {
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

test('the compiler is never silenced, and nothing is of any type', () => {
  const silenced = /@ts-(?:ignore|nocheck|expect-error)|\bas any\b|[:<|(]\s*any\b\s*[;,)=>[\]|{]|biome-ignore-all/;
  assert.match('const x: any = 1', silenced);
  assert.deepEqual(linesLike(projectFiles('{functions,infra,examples}/**/*.ts'), silenced), []);
});

test('every test file belongs to one suite, so that none is forgotten', () => {
  const run = suites.flatMap(suiteFiles).sort();
  assert.deepEqual(
    run,
    projectFiles('test/**/*.test.ts').map((file) => resolve(project, file)),
  );
});
