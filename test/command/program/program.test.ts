/** The command line as a value: what its definitions load, and that runs in one process are independent. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { test } from 'node:test';
import { runCommand } from '../../support/lambda-lmtp.ts';

const functions = resolve(import.meta.dirname, '../../../functions');

/** Returns what is loaded with a file: our files by their paths in functions/, packages by their names. */
function loadedWith(file: string, found = new Set<string>()): ReadonlySet<string> {
  found.add(relative(functions, file));
  const text = readFileSync(file, 'utf8');
  for (const [, clause = '', from = ''] of text.matchAll(/^(?:im|ex)port ([^;]*?)from '([^']+)';/gms)) {
    const names = clause.replace(/[{}]/g, '').split(',');
    if (clause.startsWith('type ') || names.every((name) => /^\s*(?:type .*)?$/s.test(name))) continue;
    const next = from.startsWith('.') ? resolve(dirname(file), from) : undefined;
    if (next === undefined) found.add(from);
    else if (!found.has(relative(functions, next))) loadedWith(next, found);
  }
  return found;
}

test('help and completion load the definitions of the commands, and not their implementations', () => {
  const loaded = [...loadedWith(resolve(functions, 'command/program/program.ts'))];
  const packages = loaded.filter((name) => !name.endsWith('.ts') && !name.startsWith('node:'));
  assert.deepEqual(packages, ['commander']);
  const rooms = new Set(loaded.filter((name) => name.endsWith('.ts')).map((name) => name.split('/')[0]));
  assert.ok(!rooms.has('delivery') && !rooms.has('operator') && !rooms.has('aws'), [...rooms].join(', '));
  assert.ok(loaded.length < 45, loaded.join('\n'));
});

test('import loads no client of AWS', () => {
  const loaded = [...loadedWith(resolve(functions, 'command/import.ts'))];
  assert.deepEqual(
    loaded.filter((name) => name.startsWith('@aws-sdk/')),
    [],
  );
});

test('concurrent commands have their own environment, output and exit code', async () => {
  const door = { MESSAGE_BUCKET: 'bodies', INCOMING_QUEUE_URL: '' };
  const submit = ['submit', '--sender', '', '--recipient', 'a@x', 'absent.eml'];
  const runs = await Promise.all([
    runCommand(['parameters', 'lmtp_mail_timeout']),
    runCommand(submit, { env: door }),
    runCommand(submit, { env: { MESSAGE_BUCKET: '', INCOMING_QUEUE_URL: 'http://127.0.0.1:9/0/incoming' } }),
    runCommand(['deliver', '--nonsense']),
  ]);
  assert.deepEqual(
    runs.map(({ code }) => code),
    [0, 64, 64, 64],
  );
  const [parameters, noQueue, noBucket, nonsense] = runs;
  assert.match(parameters.stdout, /^lmtp_mail_timeout = /);
  assert.equal(parameters.stderr, '');
  assert.match(noQueue.stderr, /missing --queue-url/);
  assert.match(noBucket.stderr, /missing --bucket/);
  assert.match(nonsense.stderr, /unknown option/);
});
