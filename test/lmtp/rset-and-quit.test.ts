import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Interrupted } from '../../functions/lmtp/dialogue.ts';
import { probe, quit } from '../../functions/lmtp/rset-and-quit.ts';
import { converse } from '../support/converse.ts';

describe('an idle session is usable if and only if its server answers RSET with 250', () => {
  for (const [line, probed] of [
    ['250 2.0.0 reset', 'alive'],
    ['250-2.0.0 first\n S: 250 2.0.0 reset', 'alive'],
    ['220 ready', 'out of step'],
    ['421 4.3.2 closing', 'dead'],
    ['450 4.0.0 not now', 'dead'],
    ['500 5.5.1 what?', 'dead'],
    ['354 go ahead', 'out of step'],
    ['250 2.0.0 reset\n S+: 250 2.0.0 reset', 'out of step'],
    ['250 2.0.0 reset\n S+: 421 4.3.2 closing', 'dead'],
  ] as const) {
    test(line, () => assert.equal(converse(probe(), `C: RSET\n S: ${line}`).result, probed));
  }
  test('a strict Postfix accepts any 2xx', () => {
    assert.equal(converse(probe(true), 'C: RSET\n S: 220 ready').result, 'alive');
  });
  test('silence', () => {
    assert.throws(() => converse(probe(), 'C: RSET\n S: (timeout)'), Interrupted);
  });
});

test('the reply to QUIT does not change anything', () => {
  for (const line of ['221 2.0.0 bye', '421 4.3.2 bye', '500 5.5.1 what?']) {
    converse(quit({ skipReply: false }), `C: QUIT\n S: ${line}`);
  }
});

test('the reply to QUIT need not be read', () => {
  converse(quit({ skipReply: true }), 'C: QUIT');
});
