/** Format, lint and types of the whole project, as `npm run check` has them. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { test } from 'node:test';

const project = resolve(import.meta.dirname, '..');

/** What a tool of the project complains of; empty if it is content. */
function complaints(tool: string, ...args: string[]): string {
  const program = join(project, 'node_modules/.bin', tool);
  const { status, stdout, stderr, error } = spawnSync(program, args, { cwd: project, encoding: 'utf8' });
  if (error !== undefined) throw error;
  return status === 0 ? '' : stdout + stderr;
}

test('every file is formatted and passes the linter', () => {
  assert.equal(complaints('biome', 'check', '--colors=off', '--error-on-warnings', '.'), '');
});

test('the types fit', () => {
  assert.equal(complaints('tsc', '--pretty', 'false'), '');
});
