/**
 * The commands that docs/operating.md and the alarms give to the operator on call: the command line
 * understands each of them.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { alarmNames, alarmTable, describeAlarm } from '../../infra/watching/alarms/catalogue.ts';
import type { AlarmRow } from '../../infra/watching/alarms/row.ts';
import { runCommand } from '../support/lambda-lmtp.ts';
import { nowhere } from '../support/nowhere.ts';

const placeholders = { ID: 'm1', NAME: 'check', 'NEXT-HOP': 'inet:imap1:24' } as const;

/** The commands of a text: in backquotes, on lines of their own, or at the end of a line. */
function commandsOf(text: string): readonly string[] {
  const found = [...text.matchAll(/(?:`|^ {4}(?:\$ )?|: )lambda-lmtp ([^`\n(]+)/gm)].map(([, words = '']) =>
    words.trim(),
  );
  return found.map((words) => words.replace(/ ?--stack \S+/, ''));
}

const texts = alarmNames.map((name) => {
  const row: AlarmRow = alarmTable[name];
  const facts = {
    ...{ transport: 'lmtp', lifetime: '5 days', expiringHours: 114, threshold: 1, over: '5 minutes', subject: 'lmtp' },
    command: (words: string) => `lambda-lmtp ${words} --stack Mail`,
  };
  return describeAlarm(row, facts, 'docs/operating.md');
});
const manual = readFileSync(new URL('../../docs/operating.md', import.meta.url), 'utf8');
const commands = [...new Set([...commandsOf(manual), ...texts.flatMap(commandsOf)])];

test('there are such commands', () => {
  assert.ok(commands.length > 30, commands.join('\n'));
  assert.ok(commands.includes('hold --older 114h --reason alarm'));
});

describe('is understood, and reaches AWS', { concurrency: 3 }, () => {
  for (const command of commands) {
    test(command, async () => {
      const words = [...command.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, word = '']) => quoted ?? word);
      const args = words.map((word) => (word in placeholders ? placeholders[word as keyof typeof placeholders] : word));
      // There is no terminal for a question here.
      const all = args[0] === 'delete' ? [...args, '--what-if'] : args;
      const { code, stdout, stderr } = await runCommand(all, { env: nowhere });
      assert.equal(code, 75, `${stdout}${stderr}`);
      assert.match(stderr, /ECONNREFUSED/);
    });
  }
});
