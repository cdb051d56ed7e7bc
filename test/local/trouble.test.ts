/** A stack in trouble, as `npm start -- --trouble` leaves it: each trouble is there, and each command that it prints works. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { troubles } from '../../infra/local/trouble/troubles.ts';
import type { Ran } from '../support/run-commands.ts';
import { waitUntil } from '../support/wait-until.ts';

const start = fileURLToPath(new URL('../../infra/local/start.ts', import.meta.url));
const runner = fileURLToPath(new URL('../support/run-commands.ts', import.meta.url));

/** All of it is up after a quarter of a minute by itself, and later beside other tests. */
const patience = { within: 120_000, every: 50 };

describe('a stack in trouble', () => {
  const folder = mkdtempSync(join(tmpdir(), 'trouble-'));
  let child: ChildProcess;
  let output = '';
  let directory = '';
  let screens = '';
  let ran: ReadonlyMap<string, Ran>;

  before(async () => {
    child = spawn(process.execPath, [start, '--trouble'], { env: { ...process.env, TMPDIR: folder } });
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    }
    await waitUntil('trouble is up', () => /^→ http:\S+\/$/m.test(output) || child.exitCode !== null, patience);
    directory = /^→ \. (.*)\/environment$/m.exec(output)?.[1] ?? assert.fail(output);
    screens = /^→ (http:\S+)\/$/m.exec(output)?.[1] ?? assert.fail(output);
  });
  after(async () => {
    if (child.exitCode === null) {
      child.kill('SIGKILL');
      await once(child, 'close');
    }
    rmSync(folder, { recursive: true, force: true });
  });

  /** The commands as they are printed, with what a shell makes of each. */
  const printed = (shell: string): readonly (readonly [string, readonly string[]])[] => {
    const lines = [...output.matchAll(/^→ (npx lambda-lmtp .*)$/gm)].map(([, line]) => line ?? '');
    const script = `. '${directory}/environment'\nnpx() { printf '%s\\0' "$@"; echo; }\n${lines.join('\n')}`;
    const { stdout, stderr, status } = spawnSync(shell, ['-c', script], { encoding: 'utf8' });
    assert.deepEqual([status, stderr], [0, '']);
    const words = stdout.split('\0\n').filter((one) => one !== '');
    assert.equal(words.length, lines.length);
    return lines.map((line, index) => {
      const [program, ...args] = (words[index] ?? '').split('\0');
      assert.equal(program, 'lambda-lmtp');
      return [line.replace('npx lambda-lmtp ', ''), args];
    });
  };

  /** Runs commands on the stack, as from a terminal that has read its environment. */
  const run = (commands: readonly (readonly string[])[]): readonly Ran[] => {
    const script = '. "$1" && exec "$2" "$3" "$4"';
    const file = join(directory, 'environment');
    const args = ['-c', script, 'sh', file, process.execPath, runner, JSON.stringify(commands)];
    const { stdout, stderr, status } = spawnSync('sh', args, { encoding: 'utf8', timeout: patience.within });
    assert.equal(status, 0, stderr);
    return JSON.parse(stdout) as readonly Ran[];
  };

  /**
   * Returns what a command prints. One that only reads is run again a few times: mail that is tried again every few seconds is
   * sometimes just then in a function's hands.
   */
  const settled = async (args: readonly string[], first: string, wanted: RegExp): Promise<string> => {
    let output = first;
    const reads = ['explain', 'queue', 'status', 'shape', 'log'].includes(args[0] ?? '');
    for (let again = 0; reads && again < 10 && !wanted.test(output); again += 1) {
      await setTimeout(1000);
      output = run([args])[0]?.output ?? '';
    }
    return output;
  };

  test('names each trouble with its message, in lines that fit a terminal', () => {
    for (const { ids, words } of troubles) assert.match(output, new RegExp(`^${ids.join(', ')}: `, 'm'), words);
    assert.doesNotMatch(output, /not yet/);
    const wide = output.split('\n').filter((line) => line.length > 80 && !line.includes(directory));
    assert.deepEqual(wide, []);
  });

  test('prints commands that bash takes as they are, and that show every trouble', async () => {
    const commands = printed('bash');
    const results = run(commands.map(([, args]) => args));
    ran = new Map(commands.map(([line], index) => [line, results[index] ?? assert.fail(line)]));
    const codes = [...ran].map(([line, { code }]) => [line, code]);
    assert.deepEqual(
      codes.filter(([, code]) => code !== 0),
      [['status', 75]],
      JSON.stringify([...ran]),
    );
    const shown: Readonly<Record<string, RegExp>> = {
      "explain 'inet:[127.0.0.1]:1'":
        /is suspended\n.*after \d+ failures? in a row: 4\.4\.1 connect to .*Connection refused/,
      'queue full': /deferred .*\n.* 4\.2\.2 host .* said: 452 4\.2\.2 <full@example\.com> Mailbox full/,
      'explain doubt':
        /IN DOUBT: may have been delivered; .*\n.*4\.4\.2 lost connection with .* may be sent more than once/,
      'explain malformed': /\(sent with the id malformed\) is corrupt.*\n.*recipient: is not a field; allowed are/,
      'explain altered': /corrupt: message\.key: object "in\/altered\.eml" was altered/,
      'explain held': /held, 1 attempt; until it is released\n.*held \(INC-4711\) by local\//s,
      'explain bounced': /bounced, attempt 1, .*550 5\.1\.1 <unknown@example\.com> User unknown/s,
      'explain sent': /: done, 1 attempt\n.*: sent, attempt 1/,
      status:
        /^Action required\. No mail has been lost\. .*^Corrupt: 2 .*^In doubt: [12] .*^Suspended: .*^Held: inet:.*CHG-88/ms,
      'queue --state corrupt': /^-- 2 in total$/m,
      'queue --in-doubt': /^doubt /m,
      shape: /^ *inet:\[127\.0\.0\.1\]:1 +3 +3 /m,
      'log --since 10m': /^.* full: to=<full@example\.com>, .* status=deferred \(.*452 4\.2\.2 .* Mailbox full/m,
      'requeue malformed --unset recipient': /it will be accepted within seconds, as malformed$/m,
      'requeue altered': /altered\/0000: /,
      'release held': /held\/0000: released/,
    };
    for (const [line, wanted] of Object.entries(shown)) {
      const args = commands.find(([command]) => command === line)?.[1] ?? assert.fail(`${line} is not printed`);
      assert.match(await settled(args, ran.get(line)?.output ?? '', wanted), wanted, line);
    }
    assert.match(ran.get('explain slow')?.output ?? '', /(?:451 4\.3\.2|being delivered|attempts?)/);
  });

  test('delivers what an operator put right and released, and leaves the rest in trouble', async () => {
    const copies = (...path: readonly string[]) => {
      const place = join(directory, ...path, 'Maildir/new');
      return readdirSync(place, { withFileTypes: true }).length;
    };
    const counts = () => {
      try {
        return [copies('mail/bob@example.com'), copies('mail/busy@example.com'), copies('archive/zoe@archive.example')];
      } catch {
        return [];
      }
    };
    await waitUntil('they are delivered', () => counts().join() === '2,1,1', patience);
    const [status, dead] = run([['status'], ['queue', '--state', 'deferred', '--json']]);
    assert.match(status?.output ?? '', /^Action required|^Mail is late|^Some mail may be delivered twice/);
    for (const id of ['dead-1', 'full']) assert.match(dead?.output ?? '', new RegExp(`"id":"${id}"`));
  });

  test('has its screens, and ends with Ctrl-C', async () => {
    const headers = { origin: screens, 'content-type': 'application/json' };
    const draw = async (event: object) => {
      const answer = await fetch(`${screens}/call`, {
        method: 'POST',
        headers,
        body: JSON.stringify({ endpoint: 'showq', event }),
      });
      return String(await answer.json());
    };
    assert.match(await (await fetch(`${screens}/`)).text(), /<main id="widget">/);
    const all = await draw({ screen: 'all', widgetContext: { theme: 'dark' } });
    assert.match(all, /^<div class="lmtp-theme-dark">/);
    assert.match(all, /1 recipient in doubt/);
    assert.match(all, /4\.4\.1 connect to 127\.0\.0\.1\[127\.0\.0\.1\]:1: Connection refused/);
    assert.match(all, /<span class="lmtp-state lmtp-state-suspended">suspended<\/span>/);
    assert.match(await draw({ screen: 'explain', id: 'full' }), /The story of full<.*452 4\.2\.2/s);
    child.kill('SIGINT');
    assert.deepEqual(await once(child, 'close'), [0, null]);
  });
});
