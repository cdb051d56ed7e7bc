import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { samples } from '../../infra/local/samples/samples.ts';

const start = fileURLToPath(new URL('../../infra/local/start.ts', import.meta.url));
// Everything that a run leaves goes into this folder, which is deleted.
const folder = mkdtempSync(join(tmpdir(), 'start-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const file = join(folder, 'my.eml');
writeFileSync(file, 'Subject: hello\n\nhello\n');

function run(...args: string[]): { child: ChildProcess; ended: Promise<{ code: number; output: string }> } {
  const child = spawn(process.execPath, [start, ...args], { env: { ...process.env, TMPDIR: folder } });
  const chunks: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (text) => chunks.push(text));
  const ended = once(child, 'close').then(([code]) => ({ code, output: chunks.join('') }));
  return { child, ended };
}

test('every sample passes through the product and ends as declared', async () => {
  const { code, output } = await run().ended;
  assert.equal(code, 0, output);
  for (const { name } of samples) assert.match(output, new RegExp(`^✓ ${name} `, 'm'), output);
  const table = output.split('\n').filter((line) => /^[✓✗ ] \S+ {2,}/.test(line));
  assert.equal(table.length, samples.length + 1);
  for (const line of table) assert.ok(line.length <= 80, `${line.length} columns: ${line}`);
  assert.match(output, /^✓ newsletter {2,}40 recipients at once {2,}40 recipients: sent$/m);
  const letters = output.split('\n').filter((line) => line.startsWith('newsletter: to='));
  assert.equal(letters.length, 1, letters.join('\n'));
  assert.match(letters[0] ?? '', /^newsletter: to=<reader-01@example\.com> and 39 more, relay=.*status=sent \(250 /);
  assert.match(output, /^plain: to=<bob@example\.com>, relay=127\.0\.0\.1\[127\.0\.0\.1\]:\d+, .*status=sent \(250 /m);
  assert.match(output, /^bounce topic: unknown-user: <nobody@example\.com> 5\.1\.1 /m);
  assert.match(output, /^corrupt: malformed-request: recipient: /m);
  const [, report] = /^report: unknown-user: to <alice@example\.org>, as (\w+)$/m.exec(output) ?? assert.fail(output);
  assert.match(output, new RegExp(`^${report}: to=<alice@example\\.org>.*status=sent`, 'm'));
  const mail = /The mail is in (.*)\/RECIPIENT\/Maildir\/new$/m.exec(output)?.[1] ?? assert.fail(output);
  const reports = readdirSync(join(mail, 'alice@example.org/Maildir/new'));
  assert.equal(reports.length, samples.filter(({ expected }) => 'reportTo' in expected).length);
});

test('a message that does not end as declared is reported; a stack that is kept accepts more until it is interrupted', async () => {
  const { child, ended } = run(file, '--recipient', 'nobody@example.com', '--keep');
  let output = '';
  const seen = async (pattern: RegExp) => {
    while (!pattern.test(output)) output += (await once(child.stdout ?? child, 'data'))[0];
    return pattern.exec(output);
  };
  const environmentFile = (await seen(/^→ \. (.*\/environment)$/m))?.[1] ?? '';
  const screens =
    (await seen(/^The screens of the dashboard, in a browser:\n→ (http:\/\/127\.0\.0\.1:\d+\/)$/m))?.[1] ?? '';
  assert.match(await (await fetch(screens)).text(), /<main id="widget">/);
  const program = fileURLToPath(new URL('../../functions/lambda-lmtp.mjs', import.meta.url));
  const command = `. "$1" && exec "$2" "$3" submit --sender alice@example.org --recipient zoe@example.com "$4"`;
  const submitted = spawn('sh', ['-c', command, 'sh', environmentFile, process.execPath, program, file], {
    stdio: 'inherit',
  });
  assert.deepEqual(await once(submitted, 'close'), [0, null]);
  await seen(/to=<zoe@example\.com>.*status=sent/);
  child.kill('SIGINT');
  assert.equal((await ended).code, 1);
  assert.match(output, /^my\.eml: nobody@example\.com: should be sent and is bounced$/m);
  assert.equal(readdirSync(join(environmentFile, '../mail/zoe@example.com/Maildir/new')).length, 1);
});

for (const args of [
  ['--nonsense'],
  [file],
  ['--recipient', 'a@x'],
  ['--trouble', file],
  ['--trouble', '--from', 'cdk.out'],
  [join(folder, 'absent.eml'), '--recipient', 'a@x'],
]) {
  test(`a usage error: ${args.join(' ').replaceAll(folder, '...')}`, async () => {
    const { code, output } = await run(...args).ended;
    assert.equal(code, 64);
    assert.match(output, /^error: /);
  });
}
