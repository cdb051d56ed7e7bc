/** Completion: the shells offer what the commands accept. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, test } from 'node:test';
import { runCommand } from '../support/lambda-lmtp.ts';

async function scriptOf(shell: string): Promise<string> {
  const { code, stdout, stderr } = await runCommand(['completion', shell]);
  assert.deepEqual([code, stderr], [0, '']);
  return stdout;
}

/** Returns what bash offers for the last of these words. */
function offered(script: string, ...words: readonly string[]): readonly string[] {
  const list = words.map((word) => `'${word}'`).join(' ');
  const asked = `COMP_WORDS=(lambda-lmtp ${list}); COMP_CWORD=${words.length}; _lambda_lmtp; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { status, stdout, stderr } = spawnSync('bash', ['-c', `${script}\n${asked}`], { encoding: 'utf8' });
  assert.deepEqual([status, stderr], [0, '']);
  return stdout.split('\n').filter((line) => line !== '');
}

describe('bash completes', () => {
  test('commands, their old names too', async () => {
    const script = await scriptOf('bash');
    assert.deepEqual(offered(script, 're'), ['release', 'requeue', 'revert']);
    assert.deepEqual(offered(script, 'mail'), ['mailq']);
  });

  test('the options of a command, and fixed values', async () => {
    const script = await scriptOf('bash');
    assert.deepEqual(offered(script, 'flush', '--a'), ['--all']);
    assert.deepEqual(offered(script, 'flush', 'id', '--ra'), ['--ramp']);
    assert.deepEqual(offered(script, 'shape', '--by', ''), ['destination', 'sender']);
    assert.deepEqual(offered(script, 'completion', 'f'), ['fish']);
  });
});

for (const [shell, check] of [
  ['zsh', ['-n']],
  ['fish', ['--no-execute']],
] as const) {
  const isThere = spawnSync(shell, ['-c', 'true']).status === 0;
  test(`${shell} can parse its script`, { skip: isThere ? false : `no ${shell} here` }, async () => {
    const { status, stderr } = spawnSync(shell, [...check], { input: await scriptOf(shell), encoding: 'utf8' });
    assert.deepEqual([status, stderr], [0, '']);
  });
}

test('fish gets a description of each command and option', async () => {
  const script = await scriptOf('fish');
  assert.match(script, /^complete -c lambda-lmtp -n __fish_use_subcommand -f -a flush -d 'Try waiting messages now/m);
  assert.match(
    script,
    /^complete -c lambda-lmtp -n '__fish_seen_subcommand_from shape qshape' -l by -x -a 'destination sender' /m,
  );
});

test('an unknown shell is refused, and the error lists the known ones', async () => {
  const { code, stderr } = await runCommand(['completion', 'csh']);
  assert.equal(code, 64);
  assert.match(stderr, /Allowed choices are bash, zsh, fish/);
});
