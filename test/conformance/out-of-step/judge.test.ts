/** The judge itself: it names each fault, and finds none where there is none. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { excuseFor, excuses } from './excuses.ts';
import { type Case, type Finding, judge } from './judge.ts';
import type { Decision, Fault, Scenario } from './scenario.ts';
import type { Fate } from './server.ts';

const untouched: Fate = { kept: 0, junk: 0, isRefused: false, isUnanswered: false };
const kept = { ...untouched, kept: 1 };
const refused = { ...untouched, isRefused: true };
const doubt = { status: 'deferred', inDoubt: true } as const;

function judged(verdict: Case['verdict'], fate: Fate, rest: Partial<Case> = {}): Finding | undefined {
  return judge({ verdict, fate, decision: 'K', isInStep: false, isExact: false, ...rest });
}

describe('the judge', () => {
  test('finds mail lost that is reported sent and was not stored', () => {
    assert.equal(judged({ status: 'sent' }, untouched), 'lost');
    assert.equal(judged({ status: 'sent' }, refused), 'lost');
    assert.equal(judged({ status: 'sent' }, kept), undefined);
  });

  test('finds a bounce wrong where the mail was stored, was refused temporarily, or was not refused', () => {
    assert.equal(judged({ status: 'bounced' }, kept), 'bounced wrongly');
    assert.equal(judged({ status: 'bounced' }, untouched), 'bounced wrongly');
    assert.equal(judged({ status: 'bounced' }, refused), undefined);
  });

  test('accepts a retry of stored mail only where it is in doubt', () => {
    assert.equal(judged({ status: 'deferred' }, kept), 'doubled unnamed');
    assert.equal(judged(doubt, kept), 'in doubt');
    assert.equal(judged({ status: 'deferred' }, untouched), undefined);
    assert.equal(judged({ status: 'sent' }, { ...kept, kept: 2 }), 'doubled unnamed');
  });

  test('finds a doubt needless where every reply was in its place and this recipient had one', () => {
    assert.equal(judged(doubt, kept, { isInStep: true }), 'doubted needlessly');
    assert.equal(judged(doubt, { ...kept, isUnanswered: true }, { isInStep: true }), 'in doubt');
  });

  test('finds junk where something other than the message was stored', () => {
    assert.equal(judged({ status: 'sent' }, { ...kept, junk: 1 }), 'junk');
  });

  test('requires the decision of the server as verdict where the client can know it', () => {
    assert.equal(judged({ status: 'deferred' }, untouched, { isExact: true, decision: 'R' }), 'untrue');
    assert.equal(judged({ status: 'deferred' }, untouched, { isExact: true, decision: 'F' }), undefined);
  });
});

describe('an excuse', () => {
  const missing: Fault = { at: { place: 'final', nth: 0 }, slip: { kind: 'missing' } };
  const closing: Fault = { ...missing, ending: { what: 'close', when: 'behind the finals' } };
  const excused = (
    fault: Fault,
    decisions: readonly Decision[],
    recipient: number,
    finding: Finding,
    isNaming?: true,
  ) => {
    const scenario: Scenario = { name: '', decisions, pipelining: true, messages: 1, fault };
    return excuseFor(isNaming ? { ...scenario, isNaming } : scenario, decisions, recipient, finding);
  };

  test('covers the recipient that gets the reply of the next one, and no other finding', () => {
    assert.equal(excused(closing, ['K', 'R'], 0, 'bounced wrongly'), excuses[0]);
    assert.equal(excused(closing, ['R', 'K'], 0, 'lost'), excuses[0]);
    assert.equal(excused(closing, ['K', 'F'], 0, 'doubled unnamed'), excuses[0]);
    assert.equal(excused(closing, ['K', 'R'], 0, 'lost'), undefined);
    assert.equal(excused(closing, ['K', 'R'], 1, 'lost'), undefined);
  });

  test('covers a waiting server only where all replies accept', () => {
    assert.equal(excused(missing, ['K', 'R'], 0, 'bounced wrongly'), undefined);
    assert.equal(excused(missing, ['R', 'K'], 0, 'lost'), excuses[1]);
  });

  test('does not cover a reply that names another recipient', () => {
    assert.equal(excused(closing, ['K', 'R'], 0, 'bounced wrongly', true), undefined);
  });

  test('does not cover one reply too many', () => {
    const extra: Fault = { ...closing, slip: { kind: 'twice', gap: 'at once' } };
    assert.equal(excused(extra, ['K', 'R'], 1, 'lost'), undefined);
    const waiting: Fault = { ...missing, slip: { kind: 'twice', gap: 'at once' } };
    assert.equal(excused(waiting, ['K', 'R'], 1, 'lost'), undefined);
  });
});
