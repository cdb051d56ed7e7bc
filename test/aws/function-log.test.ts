import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { findControl } from '../../functions/smtp/control-characters.ts';

const module = new URL('../../functions/aws/function-log.ts', import.meta.url).href;

/** Returns what the calls write to standard output and standard error. */
function written(calls: string): string {
  const script = `import { makeLog } from '${module}'; const log = makeLog('test'); ${calls}`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  return stdout + stderr;
}

const foreign = String.raw`'a\u001b[2J\u009b\u202e\u2028\u200f'`;

test('a delivery line has no control character, and is read as the same value', () => {
  const line = written(`log.delivery({ id: ${foreign} });`);
  assert.equal(findControl(line.trimEnd()), undefined);
  assert.deepEqual(JSON.parse(line), { id: 'a\u001b[2J\u009b\u202e\u2028\u200f' });
});

test('a diagnostic shows control characters escaped, in its message, its facts and its errors', () => {
  const line = written(
    `log.note('error', ${foreign}, { fact: ${foreign}, list: [${foreign}], error: new Error(${foreign}) });`,
  );
  assert.equal(findControl(line.replaceAll(/\n/g, '')), undefined);
  const { message, fact, list, error } = JSON.parse(line);
  const shown = 'a\\u001b[2J\\u009b\\u202e\\u2028\\u200f';
  assert.deepEqual([message, fact, list, error.message], [shown, shown, [shown], shown]);
});
