/** The outcome of the steps of a check. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  type CheckReport,
  outcomeOf,
  type Progress,
  progressOf,
  type ServerStep,
  stepsOf,
} from '../../functions/check/report.ts';
import { outcomeText, progressText } from '../../functions/texts/check-text.ts';

const fine: ServerStep = { step: 'greeting', result: 'ok', text: '220 hello' };
const odd: ServerStep = { step: 'AUTH', result: 'warning', text: 'none', finding: 'no password', next: 'Look.' };
const bad = (status: 'deferred' | 'bounced'): ServerStep => ({
  step: 'RCPT',
  recipient: 'a@x',
  result: 'failed',
  text: 'no',
  finding: 'recipient refused',
  next: 'Look.',
  verdict: { status, dsn: status === 'bounced' ? '5.1.1' : '4.2.2', text: `${status} words` },
});

test('a step that bounces outweighs all that defer, and a warning does not count', () => {
  assert.equal(outcomeOf([]), 'well');
  assert.equal(outcomeOf([fine, odd]), 'well');
  assert.equal(outcomeOf([fine, bad('deferred'), odd]), 'deferred');
  assert.equal(outcomeOf([bad('deferred'), bad('bounced'), bad('deferred')]), 'bounced');
});

const report = (steps: readonly ServerStep[]): CheckReport => ({
  destination: 'x',
  checked: '2026-11-22T08:00:00.000Z',
  outcome: outcomeOf(steps),
  hops: [{ hop: 'inet:x', servers: steps.map((step) => ({ relay: 'x[10.0.0.1]:24', steps: [step] })) }],
});

test('a finished report yields the progress of a running check', () => {
  const told = progressOf(report([fine, odd]));
  assert.deepEqual(
    told.map(({ kind }) => kind),
    ['hop', 'server', 'step', 'server', 'step'],
  );
  assert.deepEqual(
    told.flatMap((progress: Progress) => (progress.kind === 'step' ? [progress.step] : [])),
    stepsOf(report([fine, odd]).hops),
  );
});

test('the last line has the verdict on mail, and the number of addresses that work', () => {
  assert.match(outcomeText(report([fine])), /^\nAll is well\. /);
  assert.match(outcomeText(report([fine, odd])), /All is well, but see what is marked with !\./);
  const mixed = outcomeText(report([fine, bad('deferred'), bad('bounced')]));
  assert.equal(mixed, '\n1 of 3 addresses are well. Mail would be bounced (5.1.1): bounced words\n');
});

test('any text is written line by line, without control characters', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (text, next) => {
      const step = { step: 'AUTH', result: 'warning', finding: 'no password', text, next } as const;
      const written = progressText({ kind: 'step', step });
      assert.ok(written.endsWith('\n'));
      assert.doesNotMatch(written.replaceAll('\n', ''), /\p{Cc}/u);
      assert.equal(written.split('\n').length - 1, text.split('\n').length + next.split('\n').length);
      for (const line of written.split('\n').slice(1, -1)) assert.match(line, /^ {15}/);
    }),
  );
});
