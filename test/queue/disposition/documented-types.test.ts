/** The tables of types in docs/events.md agree with the code. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { bounceTypeOf } from '../../../functions/queue/disposition/bounce-type.ts';
import { delayTypeOf } from '../../../functions/queue/disposition/delay-type.ts';
import type { EnhancedStatus } from '../../../functions/smtp/enhanced-status.ts';

const events = readFileSync(new URL('../../../docs/events.md', import.meta.url), 'utf8');
const rows = events
  .split('\n')
  .filter((line) => /^\| (x\.|all others)/.test(line))
  .map((line) => line.slice(2, -2).split(' | '));
const [bounces, delays] = [rows.slice(0, 5), rows.slice(5)];

/** Returns the statuses that a row covers. */
function statuses(written: string): readonly EnhancedStatus[] {
  if (written === 'all others') return ['5.1.1', '5.2.1', '5.1.10'];
  return written.split(', ').map((each) => each.replace('x.', '5.').replace('\\*', '7') as EnhancedStatus);
}

test('bounces', () => {
  assert.equal(bounces.length, 5);
  for (const [written = '', bounceType, bounceSubType] of bounces) {
    for (const dsn of statuses(written)) {
      assert.deepEqual(bounceTypeOf({ status: 'bounced', dsn }), { bounceType, bounceSubType }, dsn);
      assert.deepEqual(bounceTypeOf({ status: 'expired', dsn }), { bounceType: 'Transient', bounceSubType }, dsn);
      const doubted = bounceTypeOf({ status: 'bounced', dsn, inDoubt: true });
      assert.deepEqual(doubted, { bounceType: 'Transient', bounceSubType }, dsn);
    }
  }
});

test('delays', () => {
  assert.equal(delays.length, 7);
  for (const [written = '', by, delayType] of delays) {
    for (const dsn of statuses(written)) {
      if (by !== 'us') assert.equal(delayTypeOf({ dsn, remoteMta: 'store.example' }), delayType, dsn);
      if (by !== 'a server') assert.equal(delayTypeOf({ dsn }), delayType, dsn);
    }
  }
});
