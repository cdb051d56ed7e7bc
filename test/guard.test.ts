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

/** A word for a vague person, or *he* for a person or program, at a word boundary of ASCII. Not `nobody@...` and the like, which are addresses. */
const vaguePerson = /\b(?:whoever|whomever|nobody|somebody|everybody|whom|he|him|his|himself)\b(?![-\w.[\]${}]*@)/gi;

/** Vague persons that stay: the files that may contain a word, with the reason. An exception that no file needs is an error. */
const vagueExceptions: readonly { readonly file: string; readonly word: string; readonly why: string }[] = [
  { file: 'test/guard.test.ts', word: '', why: 'it contains the words that it searches for' },
  { file: 'test/support/server-process.ts', word: 'nobody', why: 'a system user, which servers of tests run as' },
  { file: 'test/support/dovecot.ts', word: 'nobody', why: 'a system user, which servers of tests run as' },
  { file: 'infra/package/licences.ts', word: 'whom', why: 'the text of the MIT licence' },
  { file: 'test/support/mailutils.ts', word: 'nobody', why: 'a system user, which has an mbox' },
];

/** Returns `file:line: word` of each vague person in a text, without the exceptions; notes each exception that is used. */
function vaguePersons(file: string, text: string, used: Set<unknown>): string[] {
  const found: string[] = [];
  for (const { 0: word, index } of text.matchAll(vaguePerson)) {
    // Letters beyond ASCII are no boundary of a word.
    if (/\p{L}/u.test(`${text[index - 1] ?? ''}${text[index + word.length] ?? ''}`)) continue;
    const exception = vagueExceptions.find(
      (each) => each.file === file && ['', word.toLowerCase()].includes(each.word),
    );
    if (exception === undefined) found.push(`${file}:${text.slice(0, index).split('\n').length}: ${word}`);
    used.add(exception);
  }
  return found;
}

test('no comment, message or document uses nobody, somebody, everybody, whoever, whom, he or his', () => {
  const search = (text: string) => vaguePersons('a.ts', text, new Set());
  assert.deepEqual(search('// Somebody is needed,\n// and it is his.'), ['a.ts:1: Somebody', 'a.ts:2: his']);
  assert.deepEqual(search('to=<nobody@example.com>, nobody-1@x, /^nobody[-@]/, this history, N\u00e4he'), []);
  const used = new Set<unknown>();
  const files = projectFiles('{functions,infra,test,examples}/**/*.{ts,mjs,md}', '*.md', 'docs/**/*.md');
  assert.deepEqual(
    files.flatMap((file) => vaguePersons(file, readFileSync(resolve(project, file), 'utf8'), used)),
    [],
  );
  assert.deepEqual(
    vagueExceptions.filter((exception) => !used.has(exception)),
    [],
  );
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

test('one place makes the clients of AWS, so that each has limits and errors in words', () => {
  const made = /new [A-Z]\w*(?:Client|Handler)\(/;
  assert.match('const s3 = new S3Client({})', made);
  const others = projectFiles('functions/**/*.ts').filter((file) => file !== 'functions/aws/make-client.ts');
  assert.deepEqual(linesLike(others, made), []);
});
