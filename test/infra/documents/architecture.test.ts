/** docs/architecture.md: the spine names existing files and functions. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { projectFolder } from '../synthesize.ts';

const text = readFileSync(join(projectFolder, 'docs/architecture.md'), 'utf8');

test('each step of the spine is a function, class or value that its file exports', () => {
  const steps = [...text.matchAll(/^\| [\w ]+ \| `(functions\/[\w/.-]+\.ts)` \| `(\w+)` \|/gm)];
  assert.ok(steps.length > 15);
  for (const [, file = '', name = ''] of steps) {
    const source = readFileSync(join(projectFolder, file), 'utf8');
    assert.match(source, new RegExp(`^export (?:async )?(?:function\\*?|class|const) ${name}\\b`, 'm'), file);
  }
});

test('each file and folder of the repository that the internal documents name exists', () => {
  for (const document of ['docs/architecture.md', 'docs/queue.md', 'docs/decisions.md', 'CONTRIBUTING.md']) {
    const prose = readFileSync(join(projectFolder, document), 'utf8');
    for (const [, path = ''] of prose.matchAll(/`((?:functions|infra|test)\/[\w/-]+(?:\/|\.\w+))`/g)) {
      assert.ok(existsSync(join(projectFolder, path)), `${document}: ${path}`);
    }
  }
});
