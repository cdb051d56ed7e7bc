/** docs/troubleshooting.md: the texts that it explains are texts of the code. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { projectFolder } from '../synthesize.ts';

const text = readFileSync(join(projectFolder, 'docs/troubleshooting.md'), 'utf8');

/** Replies of servers, which no file of ours contains. */
const ofServers = ['Quota exceeded', 'User unknown', 'Too many concurrent deliveries'];

/** The explained texts: the code of the first cell of each row, without statuses and placeholders. */
const shown = [...text.matchAll(/^\| (`.*?) \| /gm)].flatMap(([, cell = '']) =>
  [...cell.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code),
);

test('each explained text is one of the code', () => {
  assert.ok(shown.length > 45, `${shown.length} texts`);
  const files = globSync('{functions,infra}/**/*.{ts,mjs}', { cwd: projectFolder });
  const sources = files.map((file) => readFileSync(join(projectFolder, file), 'utf8')).join('\n');
  const unknown = shown.filter((code) => {
    if (ofServers.some((words) => code.includes(words))) return false;
    // A text contains the step in progress, and placeholders such as NAME.
    const plain = code.replaceAll(
      /\bwhile receiving\b|\b(?:NAME|VALUE|DESTINATION|ACTION|RESOURCE|SERVICE|REGION)\b/g,
      '…',
    );
    const fragments = plain.match(/[A-Za-z][A-Za-z ,'-]+[a-z]/g) ?? [];
    const [longest = ''] = fragments.toSorted((one, other) => other.length - one.length);
    return !sources.includes(longest.trim());
  });
  assert.deepEqual(unknown, []);
});
