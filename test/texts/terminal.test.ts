/** Output to a terminal: lines of its width, colour where it wants some, and commands that can be pasted. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import fc from 'fast-check';
import { commandLine, programName, shellQuoted } from '../../functions/texts/next-command.ts';
import { forTerminal, terminalColumns, truncated } from '../../functions/texts/terminal.ts';
import { makeTemporaryFolder } from '../support/temporary-folder.ts';

describe('a line', () => {
  const long = `    <busy@example.com>: 4.2.2 host 10.0.1.7[10.0.1.7] said: 452 4.2.2 Quota exceeded (in reply to end of DATA command)`;

  test('is whole if the output is not a terminal', () => {
    assert.equal(terminalColumns({ isTTY: false, columns: 40 }), undefined);
    assert.equal(forTerminal(long, undefined), long);
  });

  test('is wrapped at blanks to the columns of a terminal, its rest indented', () => {
    const lines = forTerminal(long, 100).split('\n');
    assert.deepEqual(lines, [
      '    <busy@example.com>: 4.2.2 host 10.0.1.7[10.0.1.7] said: 452 4.2.2 Quota exceeded (in reply to',
      '      end of DATA command)',
    ]);
  });

  test('keeps every word, and fits unless one word alone does not', () => {
    fc.assert(
      fc.property(fc.array(fc.stringMatching(/^[a-z]{1,30}$/), { minLength: 1 }), fc.nat(4), (words, indent) => {
        const text = `${' '.repeat(indent)}${words.join(' ')}`;
        const shown = stripVTControlCharacters(forTerminal(text, 40)).split('\n');
        assert.deepEqual(shown.join(' ').trim().split(/ +/), words);
        assert.ok(shown.every((line) => line.length <= 40));
      }),
    );
  });

  test('with a command is never wrapped', () => {
    const command = `→ lambda-lmtp release --destination ${'x'.repeat(200)} --ramp 5m`;
    assert.equal(stripVTControlCharacters(forTerminal(command, 100)), command);
  });

  test('of a table is truncated with an ellipsis', () => {
    assert.deepEqual(
      [truncated('abcdef', 4), truncated('abcd', 4), truncated('abcdef', undefined)],
      ['abc…', 'abcd', 'abcdef'],
    );
  });
});

test('colour is used where the terminal wants it, and NO_COLOR prevents it', () => {
  const script = `
    import { forTerminal } from ${JSON.stringify(import.meta.resolve('../../functions/texts/terminal.ts'))};
    process.stdout.write(forTerminal('Late: 1 delivery waits', 100));`;
  const run = (env: Readonly<Record<string, string>>) => {
    const { FORCE_COLOR: _, NO_COLOR: __, ...usual } = process.env;
    const args = ['--input-type=module', '-e', script];
    return spawnSync(process.execPath, args, { env: { ...usual, ...env }, encoding: 'utf8' }).stdout;
  };
  assert.equal(run({ FORCE_COLOR: '1' }), '\u001b[33mLate: 1 delivery waits\u001b[39m');
  assert.equal(run({ NO_COLOR: '1' }), 'Late: 1 delivery waits');
  assert.equal(run({}), 'Late: 1 delivery waits', 'a pipe');
});

describe('a command that is proposed', () => {
  const words = ['inet:[127.0.0.1]:24', "it's", '*', '$HOME', '!x', 'a b', '', '~', '=x', 'plain-1'];
  for (const shell of ['bash', 'zsh']) {
    const isThere = spawnSync(shell, ['-c', 'true']).status === 0;
    test(`is accepted by ${shell} when pasted`, { skip: isThere ? false : `no ${shell} here` }, () => {
      const line = `printf '%s\\n' ${words.map(shellQuoted).join(' ')}`;
      assert.equal(execFileSync(shell, ['-c', line], { encoding: 'utf8' }), `${words.join('\n')}\n`);
    });
  }

  test('addresses the same stack', () => {
    const line = commandLine(['release', '--destination', 'inet:[::1]:24'], { stack: 'My Mail' });
    assert.match(line, /lambda-lmtp release --destination 'inet:\[::1\]:24' --stack 'My Mail'$/);
  });

  test('is run by npx unless a shell finds it: what npm alone puts on the path does not count', () => {
    using folder = makeTemporaryFolder();
    const program = join(folder.path, 'lambda-lmtp');
    writeFileSync(program, '');
    chmodSync(program, 0o755);
    assert.equal(programName({ PATH: `/nowhere:${folder.path}` }), 'lambda-lmtp');
    assert.equal(programName({ PATH: `/app/node_modules/.bin:/nowhere` }), 'npx lambda-lmtp');
    assert.equal(programName({}), 'npx lambda-lmtp');
  });
});
