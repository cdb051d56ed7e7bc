/** Format, lint and types of the whole project, as in `npm run check`. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { test } from 'node:test';

const project = resolve(import.meta.dirname, '..');

/** The complaints of a tool of the project; empty if there are none. */
function complaints(tool: string, ...args: string[]): string {
  const program = join(project, 'node_modules/.bin', tool);
  const { status, stdout, stderr, error } = spawnSync(program, args, { cwd: project, encoding: 'utf8' });
  if (error !== undefined) throw error;
  return status === 0 ? '' : stdout + stderr;
}

test('every file is formatted and passes the linter', () => {
  assert.equal(complaints('biome', 'check', '--colors=off', '--error-on-warnings', '.'), '');
});

test('the types check', () => {
  assert.equal(complaints('tsc', '--pretty', 'false'), '');
});
