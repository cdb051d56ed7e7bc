import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Dialogue, Interrupted, receive, secure, send } from '../../functions/lmtp/dialogue.ts';
import { converse, TranscriptError } from './converse.ts';

function* ask(question: string): Dialogue<number> {
  yield* send(question);
  return (yield* receive('MAIL')).code;
}

test('a transcript that fits is played to its end', () => {
  assert.equal(converse(ask('MAIL FROM:<>'), 'C: MAIL FROM:<>\n S: 250-a\n S: 250 b').result, 250);
});

test('if dialogue and transcript differ, both are shown side by side', () => {
  assert.throws(
    () => converse(ask('MAIL FROM:<bob@x>'), 'C: MAIL FROM:<>\n S: 250 ok'),
    (error) => {
      assert.ok(error instanceof TranscriptError);
      assert.match(error.message, /C: MAIL FROM:<> \|> C: MAIL FROM:<bob@x>/);
      return true;
    },
  );
});

test('a dialogue that waits for more, or ends too soon, does not fit', () => {
  assert.throws(() => converse(ask('NOOP'), 'C: NOOP'), /\(the end\) \|> \(waits for a reply to MAIL\)/);
  assert.throws(() => converse(ask('NOOP'), 'C: NOOP\n S: 250 ok\n S: 250 ok'), /S: 250 ok \|> \(the end\)/);
});

test('an interruption is thrown into the dialogue at the step that waits', () => {
  assert.throws(
    () => converse(ask('NOOP'), 'C: NOOP\n S: (timeout)'),
    (error) => error instanceof Interrupted && error.stage === 'MAIL' && error.reason === 'timeout',
  );
});

test('a line that is neither side of a conversation is a mistake of the test', () => {
  assert.throws(() => converse(ask('NOOP'), 'X: NOOP'), TypeError);
});

test('a line of ours may be given by its beginning', () => {
  assert.equal(converse(ask('NOOP 1234'), 'C: NOOP …\n S: 250 ok').result, 250);
  assert.throws(() => converse(ask('NOOP'), 'C: NOOP …\n S: 250 ok'), TranscriptError);
});

test('a handshake succeeds, fails or does not match as its line says, and discards the input before it', () => {
  const handshake = (line: string) => converse(secure(), line).result;
  assert.equal(handshake('C: <TLS> (failed)').kind, 'TLS failed');
  for (const [line, matched] of [
    ['C: <TLS>', true],
    ['C: <TLS> (unmatched)', false],
    ['S+: 250 injected\n C: <TLS>', true],
  ] as const) {
    const outcome = handshake(line);
    assert.ok(outcome.kind === 'secured');
    assert.equal(outcome.judgement.facts.matched, matched);
  }
  assert.throws(() => handshake('C: <TLS> (deadline)'), Interrupted);
  assert.throws(() => handshake('C: NOOP'), TranscriptError);
});
