import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Authenticated, authenticate } from '../../functions/lmtp/authentication.ts';
import { Interrupted } from '../../functions/lmtp/dialogue.ts';
import { SaslError } from '../../functions/sasl/errors.ts';
import type { Exchange } from '../../functions/sasl/mechanism.ts';
import { converse } from '../support/converse.ts';

/** An exchange that answers every challenge with itself. */
const echo = (given: Partial<Exchange> = {}): Exchange => ({
  initial: undefined,
  respond: (challenge) => challenge,
  verifyServer: () => {},
  ...given,
});

const play = (exchange: Exchange, transcript: string, mechanism = 'ECHO'): Authenticated =>
  converse(authenticate(mechanism, exchange), transcript).result;

const base64 = (text: string) => Buffer.from(text).toString('base64');

/** So many rounds of challenge and response. */
const rounds = (count: number) => `S: 334 ${base64('more')}\n C: ${base64('more')}\n`.repeat(count);

describe('the initial response', () => {
  test('is sent with the command', () => {
    const outcome = play(echo({ initial: Buffer.from('hello') }), `C: AUTH ECHO ${base64('hello')}\n S: 235 ok`);
    assert.ok(outcome.kind === 'accepted');
    assert.equal(outcome.reply.code, 235);
  });

  test('is an equals sign if it is empty, because an absent one means that there is none', () => {
    assert.equal(play(echo({ initial: Buffer.alloc(0) }), 'C: AUTH ECHO =\n S: 235 ok').kind, 'accepted');
  });

  test('does not exist where the server sends the first message', () => {
    const transcript = `C: AUTH ECHO\n S: 334 ${base64('you?')}\n C: ${base64('you?')}\n S: 235 ok`;
    assert.equal(play(echo(), transcript).kind, 'accepted');
  });

  // AUTH ECHO and a blank are ten characters, the line end two: RFC 4954 section 4, as Postfix counts.
  const fits = Buffer.alloc(375, 'x');
  const exceeds = Buffer.alloc(376, 'x');

  test('waits for an empty challenge if the command would be longer than 512 octets', () => {
    const line = `AUTH ECHO ${fits.toString('base64')}`;
    assert.ok(line.length + 2 <= 512);
    assert.equal(play(echo({ initial: fits }), `C: ${line}\n S: 235 ok`).kind, 'accepted');
    const transcript = `C: AUTH ECHO\n S: 334 \n C: ${exceeds.toString('base64')}\n S: 235 ok`;
    assert.equal(play(echo({ initial: exceeds }), transcript).kind, 'accepted');
  });

  test('that waits is not sent to a server with another challenge first', () => {
    const transcript = `C: AUTH ECHO\n S: 334 ${base64('you?')}\n C: *\n S: 501 cancelled`;
    const outcome = play(echo({ initial: exceeds }), transcript);
    assert.ok(outcome.kind === 'failed');
    assert.match(outcome.error.message, /a challenge before the initial response/);
  });
});

describe('a server that sends challenges', () => {
  test('gets a response to each of a hundred', () => {
    assert.equal(play(echo(), `C: AUTH ECHO\n ${rounds(100)} S: 235 ok`).kind, 'accepted');
  });

  test('once more gets a cancellation', () => {
    const outcome = play(echo(), `C: AUTH ECHO\n ${rounds(100)} S: 334 \n C: *\n S: 501 cancelled`);
    assert.ok(outcome.kind === 'failed');
    assert.match(outcome.error.message, /more than 100 challenges/);
  });

  for (const [what, challenge] of [
    ['what is no base64', '334 what?'],
    ['base64 without its padding', '334 YQ'],
    ['base64 with a blank in it', '334 YWJj YWJj'],
    ['base64 for URLs', '334 _-8='],
  ] as const) {
    test(`gets a cancellation after ${what}`, () => {
      const outcome = play(echo(), `C: AUTH ECHO\n S: ${challenge}\n C: *\n S: 501 cancelled`);
      assert.ok(outcome.kind === 'failed');
      assert.equal(outcome.error.message, 'the challenge is not base64');
    });
  }

  test('gets a cancellation if the mechanism has no response, and its reply to that is ignored', () => {
    const respond = () => {
      throw new SaslError('what a question');
    };
    for (const ending of ['S: 501 cancelled', 'S: 235 welcome all the same', 'S: (lost)', 'S: (timeout)']) {
      const outcome = play(echo({ respond }), `C: AUTH ECHO\n S: 334 \n C: *\n ${ending}`);
      assert.ok(outcome.kind === 'failed');
      assert.equal(outcome.error.message, 'what a question');
    }
  });

  test('reveals a bug if the exchange throws one', () => {
    const respond = () => {
      throw new RangeError('a bug');
    };
    assert.throws(() => play(echo({ respond }), 'C: AUTH ECHO\n S: 334 '), RangeError);
  });
});

describe('at the end', () => {
  test('a refusal reports the number of challenges, and what the mechanism knows about it', () => {
    const outcome = play(echo({ serverError: 'expired' }), `C: AUTH ECHO\n ${rounds(2)} S: 535 5.7.8 no`);
    assert.ok(outcome.kind === 'refused');
    assert.deepEqual([outcome.reply.text, outcome.challenges, outcome.word], ['535 5.7.8 no', 2, 'expired']);
  });

  test('a yes is believed only if the mechanism believes it', () => {
    const verifyServer = () => {
      throw new SaslError('not proved');
    };
    const outcome = play(echo({ verifyServer }), 'C: AUTH ECHO\n S: 235 ok');
    assert.ok(outcome.kind === 'failed');
    assert.equal(outcome.error.message, 'not proved');
  });

  test('a reply that is neither 235 nor a challenge is a refusal', () => {
    for (const code of ['199', '421', '454', '504', '535', '600']) {
      assert.equal(play(echo(), `C: AUTH ECHO\n S: ${code} hm`).kind, 'refused');
    }
  });

  test('a lost connection throws an interruption', () => {
    assert.throws(
      () => play(echo(), 'C: AUTH ECHO\n S: (lost)'),
      (error) => error instanceof Interrupted && error.stage === 'AUTH',
    );
  });
});
