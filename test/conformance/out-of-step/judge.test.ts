/** The judge itself: it sees each fault for what it is, and no fault where there is none. */
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
  test('mail that is reported sent and was not kept is lost', () => {
    assert.equal(judged({ status: 'sent' }, untouched), 'lost');
    assert.equal(judged({ status: 'sent' }, refused), 'lost');
    assert.equal(judged({ status: 'sent' }, kept), undefined);
  });

  test('a bounce is wrong where the mail was kept, or was refused for now or not at all', () => {
    assert.equal(judged({ status: 'bounced' }, kept), 'bounced wrongly');
    assert.equal(judged({ status: 'bounced' }, untouched), 'bounced wrongly');
    assert.equal(judged({ status: 'bounced' }, refused), undefined);
  });

  test('mail that was kept may be sent again only where it is in doubt', () => {
    assert.equal(judged({ status: 'deferred' }, kept), 'doubled unnamed');
    assert.equal(judged(doubt, kept), 'in doubt');
    assert.equal(judged({ status: 'deferred' }, untouched), undefined);
    assert.equal(judged({ status: 'sent' }, { ...kept, kept: 2 }), 'doubled unnamed');
  });

  test('a doubt is needless where every reply was in its place and this recipient had one', () => {
    assert.equal(judged(doubt, kept, { isInStep: true }), 'doubted needlessly');
    assert.equal(judged(doubt, { ...kept, isUnanswered: true }, { isInStep: true }), 'in doubt');
  });

  test('something else that was stored in the place of the message is junk', () => {
    assert.equal(judged({ status: 'sent' }, { ...kept, junk: 1 }), 'junk');
  });

  test('where the client can know, its verdict is the decision of the server', () => {
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

  test('holds for the recipient that gets the reply of the next one, and for no other finding', () => {
    assert.equal(excused(closing, ['K', 'R'], 0, 'bounced wrongly'), excuses[0]);
    assert.equal(excused(closing, ['R', 'K'], 0, 'lost'), excuses[0]);
    assert.equal(excused(closing, ['K', 'F'], 0, 'doubled unnamed'), excuses[0]);
    assert.equal(excused(closing, ['K', 'R'], 0, 'lost'), undefined);
    assert.equal(excused(closing, ['K', 'R'], 1, 'lost'), undefined);
  });

  test('does not hold where the server waits, but for replies that all accept', () => {
    assert.equal(excused(missing, ['K', 'R'], 0, 'bounced wrongly'), undefined);
    assert.equal(excused(missing, ['R', 'K'], 0, 'lost'), excuses[1]);
  });

  test('does not hold where the reply names another recipient', () => {
    assert.equal(excused(closing, ['K', 'R'], 0, 'bounced wrongly', true), undefined);
  });

  test('does not hold where there is one reply too many', () => {
    const extra: Fault = { ...closing, slip: { kind: 'twice', gap: 'at once' } };
    assert.equal(excused(extra, ['K', 'R'], 1, 'lost'), undefined);
    const waiting: Fault = { ...missing, slip: { kind: 'twice', gap: 'at once' } };
    assert.equal(excused(waiting, ['K', 'R'], 1, 'lost'), undefined);
  });
});
