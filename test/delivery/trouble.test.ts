import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ownJudge, postfixJudge } from '../../functions/delivery/judge.ts';
import {
  answerTrouble,
  consequenceOf,
  handshakeTrouble,
  interruptionTrouble,
  type Scope,
  type Trouble,
} from '../../functions/delivery/trouble.ts';
import type { InterruptionCause, Stage } from '../../functions/lmtp/dialogue.ts';
import { type Reply, ReplyAssembler } from '../../functions/smtp/reply.ts';

const peer = { name: 'mail.example[10.0.0.1]', host: 'mail.example' };

function reply(...lines: readonly string[]): Reply {
  const assembler = new ReplyAssembler();
  const [first] = lines.flatMap((line) => assembler.take(line) ?? []);
  assert.ok(first);
  return first;
}

const answered = (stage: Stage, line: string, judge = ownJudge): Trouble | undefined =>
  answerTrouble({ kind: 'reply', stage, reply: reply(...line.split('\n')) }, peer, judge);

describe('the policy, row by row: temporary, temporary on the last host, permanent', () => {
  const table: readonly (readonly [Scope, string, string, string])[] = [
    ['recipient', 'leftover', 'deferred', 'bounced'],
    ['message', 'leftover', 'deferred', 'bounced'],
    ['site', 'leftover', 'deferred, blamed', 'bounced'],
    ['stream', 'leftover', 'deferred, blamed', 'bounced'],
    ['self', 'deferred', 'deferred', 'bounced'],
  ];
  for (const [scope, elsewhere, last, hard] of table) {
    const concluded = (status: '4.2.2' | '5.1.1', isLastHost: boolean) => {
      const judgement = consequenceOf({ scope, status, text: '' }, { isLastHost, softBounce: false, judge: ownJudge });
      assert.equal(judgement.status, status);
      return judgement.blames ? `${judgement.outcome}, blamed` : judgement.outcome;
    };
    test(`trouble with ${scope}`, () => {
      assert.deepEqual([concluded('4.2.2', false), concluded('4.2.2', true)], [elsewhere, last]);
      // A permanent refusal is final at once: no other host is tried.
      assert.deepEqual([concluded('5.1.1', false), concluded('5.1.1', true)], [hard, hard]);
    });
  }
});

describe('every circumstance', () => {
  const scopes: readonly Scope[] = ['recipient', 'message', 'site', 'stream', 'self'];
  const both = [false, true];
  for (const scope of scopes) {
    for (const status of ['4.2.2', '5.1.1'] as const) {
      for (const isLastHost of both) {
        for (const softBounce of both) {
          for (const inDoubt of both) {
            for (const judge of [ownJudge, postfixJudge]) {
              const trouble: Trouble = { scope, status, text: '', ...(inDoubt ? { inDoubt } : {}) };
              const judgement = consequenceOf(trouble, { isLastHost, softBounce, judge });
              const what = JSON.stringify({ ...trouble, isLastHost, softBounce, judge });
              test(what, () => {
                const isHard = status === '5.1.1' && !softBounce;
                assert.equal(judgement.outcome === 'bounced', isHard, 'permanent trouble bounces, and no other');
                assert.equal(judgement.status, status === '5.1.1' && softBounce ? '4.1.1' : status);
                if (!isHard && isLastHost) assert.equal(judgement.outcome, 'deferred');
                if (!isHard && inDoubt && judge === ownJudge) {
                  assert.equal(judgement.outcome, 'deferred', 'a recipient in doubt is offered to no other host');
                }
                if (judgement.blames) {
                  assert.ok(scope === 'site' || scope === 'stream');
                  assert.equal(judgement.outcome, 'deferred');
                }
                if ((scope === 'site' || scope === 'stream') && judgement.outcome === 'deferred') {
                  assert.ok(judgement.blames, 'a destination to which no mail could be delivered is to blame');
                }
              });
            }
          }
        }
      }
    }
  }
});

describe('a refusal in words', () => {
  for (const [stage, line, scope, status, words] of [
    ['MAIL', '451 4.3.0 later', 'message', '4.3.0', 'said: 451 4.3.0 later (in reply to MAIL FROM command)'],
    ['MAIL', '550 5.7.1 no', 'message', '5.7.1', 'said: 550 5.7.1 no (in reply to MAIL FROM command)'],
    ['RCPT', '550 5.1.1 unknown', 'recipient', '5.1.1', 'said: 550 5.1.1 unknown (in reply to RCPT TO command)'],
    ['RCPT', '452 4.2.2 full', 'recipient', '4.2.2', 'said: 452 4.2.2 full (in reply to RCPT TO command)'],
    ['DATA', '451 4.3.1 disk', 'message', '4.3.1', 'said: 451 4.3.1 disk (in reply to DATA command)'],
    ['dot', '552 5.2.2 quota', 'recipient', '5.2.2', 'said: 552 5.2.2 quota (in reply to end of DATA command)'],
    [
      'dot',
      '452-4.2.2 a\n452 4.2.2 b',
      'recipient',
      '4.2.2',
      'said: 452-4.2.2 a 452 4.2.2 b (in reply to end of DATA command)',
    ],
  ] as const) {
    test(`${line} to ${stage}`, () => {
      assert.deepEqual(answered(stage, line), {
        scope,
        status,
        text: `host mail.example[10.0.0.1] ${words}`,
        remoteMta: 'mail.example',
      });
    });
  }
});

test('a 2xx after the dot is not trouble', () => {
  for (const line of ['250 2.0.0 saved', '250', '252 hm']) assert.equal(answered('dot', line), undefined, line);
});

test('a 221 after the dot announces the close and is not a delivery; Postfix reads it as one', () => {
  const goodbye = {
    kind: 'unsettled',
    stage: 'dot',
    reply: reply('221 2.0.0 bye'),
    why: 'goodbye',
    inDoubt: true,
  } as const;
  assert.partialDeepStrictEqual(answerTrouble(goodbye, peer, ownJudge), { status: '4.0.0', inDoubt: true });
  assert.equal(answered('dot', '221 2.0.0 bye', postfixJudge), undefined);
});

describe('a reply that neither accepts nor refuses comes from a server that is out of step', () => {
  for (const [stage, line] of [
    ['MAIL', '354 what?'],
    ['RCPT', '354 what?'],
    ['RCPT', '600 what?'],
    ['RCPT', '199 what?'],
    ['DATA', '250 2.0.0 ok'],
    ['dot', '354 what?'],
  ] as const) {
    test(`${line} to ${stage} is temporary; Postfix bounces`, () => {
      assert.equal(answered(stage, line)?.status, '4.5.0');
      assert.equal(answered(stage, line, postfixJudge)?.status, '5.5.0');
    });
  }
  test('a 2xx or 3xx in the wrong place is a protocol error', () => {
    assert.match(
      answered('DATA', '250 ok')?.text ?? '',
      /^Protocol error: host mail\.example\[10\.0\.0\.1\] said: 250 ok/,
    );
    assert.match(answered('RCPT', '354 ok')?.text ?? '', /^host mail\.example/);
  });
});

test('too many recipients for one transaction is temporary', () => {
  const trouble = answerTrouble({ kind: 'excess', reply: reply('452 4.5.3 too many') }, peer, ownJudge);
  assert.deepEqual([trouble?.scope, trouble?.status], ['recipient', '4.5.3']);
  const hard = answerTrouble({ kind: 'excess', reply: reply('552 5.5.3 too many') }, peer, ownJudge);
  assert.deepEqual([hard?.scope, hard?.status], ['recipient', '4.5.3']);
});

describe('a server that refuses the session', () => {
  const refused = (stage: Stage, line: string, skip5xxGreeting = true, judge = ownJudge) =>
    handshakeTrouble({ stage, reply: reply(line) }, peer, { skip5xxGreeting, judge });
  test('is trouble with the site, in its own words', () => {
    assert.deepEqual(refused('greeting', '421 4.3.2 busy'), {
      scope: 'site',
      status: '4.3.2',
      text: 'host mail.example[10.0.0.1] refused to talk to me: 421 4.3.2 busy',
      remoteMta: 'mail.example',
    });
  });
  test('is temporary at the greeting, unless lmtp_skip_5xx_greeting=no', () => {
    assert.equal(refused('greeting', '554 5.7.1 no').status, '4.7.1');
    assert.equal(refused('greeting', '554 5.7.1 no', false).status, '5.7.1');
    assert.equal(refused('greeting', '554 5.7.1 no', true, postfixJudge).status, '4.7.1');
  });
  test('is temporary at LHLO, because a wrong port is no reason to bounce; Postfix bounces', () => {
    assert.equal(refused('LHLO', '500 5.5.1 what?').status, '4.5.1');
    assert.equal(refused('LHLO', '500 5.5.1 what?', true, postfixJudge).status, '5.5.1');
    assert.equal(refused('LHLO', '450 4.3.0 later', true, postfixJudge).status, '4.3.0');
  });
  test('may be out of step already', () => {
    assert.equal(refused('greeting', '354 what?').status, '4.5.0');
    assert.equal(refused('greeting', '354 what?', true, postfixJudge).status, '5.5.0');
  });
});

describe("a conversation that ended early, in Postfix's words", () => {
  const doing: Readonly<Record<Stage, string>> = {
    greeting: 'receiving the initial server greeting',
    LHLO: 'performing the LHLO handshake',
    STARTTLS: 'receiving the STARTTLS response',
    AUTH: 'performing the LHLO handshake',
    MAIL: 'sending MAIL FROM',
    RCPT: 'sending RCPT TO',
    DATA: 'sending DATA command',
    content: 'sending message body',
    dot: 'sending end of data -- message may be sent more than once',
    RSET: 'sending RSET',
    QUIT: 'sending QUIT',
  };
  for (const [stage, words] of Object.entries(doing) as [Stage, string][]) {
    test(stage, () => {
      assert.deepEqual(interruptionTrouble({ stage, reason: 'lost' }, peer), {
        scope: 'stream',
        status: '4.4.2',
        text: `lost connection with mail.example[10.0.0.1] while ${words}`,
      });
      assert.equal(
        interruptionTrouble({ stage, reason: 'timeout' }, peer).text,
        `conversation with mail.example[10.0.0.1] timed out while ${words}`,
      );
    });
  }
  for (const [reason, scope, status] of [
    ['lost', 'stream', '4.4.2'],
    ['timeout', 'stream', '4.4.2'],
    ['flood', 'stream', '4.4.2'],
    ['deadline', 'self', '4.4.2'],
    ['body', 'self', '4.3.0'],
  ] as const satisfies readonly (readonly [InterruptionCause, Scope, string])[]) {
    test(`${reason} is trouble with ${scope}`, () => {
      const trouble = interruptionTrouble({ stage: 'content', reason }, peer);
      assert.deepEqual([trouble.scope, trouble.status, trouble.inDoubt], [scope, status, undefined]);
    });
  }
  test('after the dot, a recipient without a reply is in doubt', () => {
    assert.equal(interruptionTrouble({ stage: 'dot', reason: 'lost', inDoubt: true }, peer).inDoubt, true);
    const answer = { kind: 'interrupted', stage: 'dot', reason: 'timeout', inDoubt: true } as const;
    assert.equal(answerTrouble(answer, peer, ownJudge)?.inDoubt, true);
  });
});
