import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Interrupted } from '../../functions/lmtp/dialogue.ts';
import { probe, quit } from '../../functions/lmtp/parting.ts';
import { converse } from '../support/converse.ts';

describe('a session that lay idle works if its server says 2xx to RSET, and only then', () => {
  for (const [line, works] of [
    ['250 2.0.0 reset', true],
    ['220 ready', true],
    ['421 4.3.2 closing', false],
    ['450 4.0.0 not now', false],
    ['500 5.5.1 what?', false],
    ['354 go ahead', false],
  ] as const) {
    test(line, () => assert.equal(converse(probe(), `C: RSET\n S: ${line}`).result, works));
  }
  test('silence', () => {
    assert.throws(() => converse(probe(), 'C: RSET\n S: (timeout)'), Interrupted);
  });
});

test('whatever is said to QUIT changes nothing', () => {
  for (const line of ['221 2.0.0 bye', '421 4.3.2 bye', '500 5.5.1 what?']) {
    converse(quit({ skipReply: false }), `C: QUIT\n S: ${line}`);
  }
});

test('the reply to QUIT need not be waited for', () => {
  converse(quit({ skipReply: true }), 'C: QUIT');
});
