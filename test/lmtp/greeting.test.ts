import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Dialogue, Interrupted } from '../../functions/lmtp/dialogue.ts';
import { awaitBanner, type Greeted, introduce } from '../../functions/lmtp/greeting.ts';
import { converse } from '../support/converse.ts';

/** Banner and LHLO, as a session is opened. */
function* greet(discard: readonly string[]): Dialogue<Greeted> {
  const welcome = yield* awaitBanner();
  if (welcome.kind === 'refused') return welcome;
  return yield* introduce({ name: 'client.example', discard: new Set(discard) });
}

const open = (transcript: string, ...discard: readonly string[]): Greeted =>
  converse(greet(discard), transcript).result;

test('after the greeting LHLO is said, and its reply is what the server offers', () => {
  const greeted = open(`
    S: 220 mail.example LMTP ready
    C: LHLO client.example
    S: 250-mail.example
    S: 250-PIPELINING
    S: 250 SIZE 1000
  `);
  assert.equal(greeted.kind, 'ready');
  assert.ok(greeted.kind === 'ready');
  assert.deepEqual(greeted.capabilities.keywords, ['PIPELINING', 'SIZE']);
});

test('a greeting may have several lines, and any 2xx is one', () => {
  for (const greeting of ['S: 220-mail.example\n S: 220-no advertisements\n S: 220 ready', 'S: 250 hello', 'S: 220']) {
    assert.equal(open(`${greeting}\n C: LHLO client.example\n S: 250 mail.example`).kind, 'ready');
  }
});

test('nothing is said before the greeting has come', () => {
  assert.throws(() => open('C: LHLO client.example'), /waits for a reply to greeting/);
});

test('keywords to be discarded are not offered', () => {
  const greeted = open(
    `
    S: 220 mail.example
    C: LHLO client.example
    S: 250-mail.example
    S: 250-PIPELINING
    S: 250 8BITMIME
  `,
    'pipelining',
  );
  assert.ok(greeted.kind === 'ready');
  assert.deepEqual([greeted.capabilities.pipelining, greeted.capabilities.eightBitMime], [false, true]);
});

describe('a server that greets with anything but a 2xx does not want to talk to us, and is told nothing', () => {
  for (const line of ['421 4.3.2 too busy', '554 5.7.1 go away', '354 what?', '100 hm', '600 hm']) {
    test(line, () => {
      const greeted = open(`S: ${line}`);
      assert.ok(greeted.kind === 'refused');
      assert.deepEqual([greeted.stage, greeted.reply.text], ['greeting', line]);
    });
  }
});

describe('LHLO that is refused is not followed by HELO or EHLO: this is LMTP', () => {
  for (const line of ['450 4.3.0 later', '500 5.5.1 what is LHLO?', '550 5.7.1 no', '354 what?', '421 4.3.2 bye']) {
    test(line, () => {
      const greeted = open(`
        S: 220 mail.example
        C: LHLO client.example
        S: ${line}
      `);
      assert.ok(greeted.kind === 'refused');
      assert.deepEqual([greeted.stage, greeted.reply.text], ['LHLO', line]);
    });
  }
});

describe('an interruption passes through, with the stage it came at', () => {
  for (const [transcript, stage, reason] of [
    ['S: (lost)', 'greeting', 'lost'],
    ['S: (timeout)', 'greeting', 'timeout'],
    ['S: 220-half a greeting\n S: (lost)', 'greeting', 'lost'],
    ['S: 220 x\n C: LHLO client.example\n S: (lost)', 'LHLO', 'lost'],
    ['S: 220 x\n C: LHLO client.example\n S: 250-x\n S: (timeout)', 'LHLO', 'timeout'],
    ['S: 220 x\n C: LHLO client.example\n S: (flood)', 'LHLO', 'flood'],
    ['S: 220 x\n C: LHLO client.example\n S: (deadline)', 'LHLO', 'deadline'],
  ] as const) {
    test(`${reason} at ${stage}: ${transcript.split('\n').length} lines`, () => {
      assert.throws(
        () => open(transcript),
        (error) => error instanceof Interrupted && error.stage === stage && error.reason === reason,
      );
    });
  }
});
