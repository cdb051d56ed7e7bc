import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Envelope } from '../../functions/lmtp/commands.ts';
import { type Answer, type Dialogue, Interrupted } from '../../functions/lmtp/dialogue.ts';
import { postfixRules } from '../../functions/lmtp/postfix-reading.ts';
import { carefulRules } from '../../functions/lmtp/reading.ts';
import { type TransactionOptions, transaction, windowOctets } from '../../functions/lmtp/transaction.ts';
import type { TransactionOutcome } from '../../functions/lmtp/transaction-record.ts';
import { ReplyAssembler } from '../../functions/smtp/reply.ts';
import { converse } from '../support/converse.ts';
import { offers } from '../support/offers.ts';

const mailTo = (...addresses: readonly string[]): Envelope => ({
  sender: 'alice@x',
  recipients: addresses.map((address) => ({ address })),
  smtputf8: false,
});

/** The line of a transcript that ends without RSET. */
const noReset = '(no RSET)';

/** Appends the closing RSET to a transcript, unless it says that there is none, or contains its own. */
function closed(transcript: string): string {
  if (transcript.includes('C: RSET')) return transcript;
  return transcript.includes(noReset)
    ? transcript.replace(noReset, '')
    : `${transcript}\n C: RSET\n S: 250 2.0.0 reset`;
}

/** One transaction with a server that offers PIPELINING. */
function pipelined(addresses: readonly string[], transcript: string, options?: TransactionOptions) {
  return converse(transaction(mailTo(...addresses), offers('PIPELINING'), options), closed(transcript));
}

/** One transaction with a server that needs one command at a time. */
function oneByOne(addresses: readonly string[], transcript: string, options?: TransactionOptions) {
  return converse(transaction(mailTo(...addresses), offers(), options), closed(transcript));
}

/**
 * Returns an answer in a few words: `dot 250`, `RCPT 550 unconfirmed`, `lost at MAIL`, `dot 150 out of step
 * in doubt`.
 */
function short(answer: Answer): string {
  if (answer.kind === 'interrupted') {
    return `${answer.reason} at ${answer.stage}${answer.inDoubt ? ' in doubt' : ''}`;
  }
  if (answer.kind === 'unsettled') {
    return `${answer.stage} ${answer.reply.code} ${answer.why}${answer.inDoubt ? ' in doubt' : ''}`;
  }
  return answer.kind === 'reply' ? `${answer.stage} ${answer.reply.code}` : `excess ${answer.reply.code}`;
}

const answers = ({ result }: { readonly result: TransactionOutcome }) => result.answers.map(short);

describe('a successful transaction', () => {
  test('sends MAIL to DATA together with PIPELINING, before anything is read', () => {
    const { result } = pipelined(
      ['a@x', 'b@x'],
      `
      C: MAIL FROM:<alice@x>
      C: RCPT TO:<a@x>
      C: RCPT TO:<b@x>
      C: DATA
      S: 250 2.1.0 ok
      S: 250 2.1.5 ok
      S: 250 2.1.5 ok
      S: 354 go ahead
      C: <content>
      C: .
      S: 250 2.0.0 <a@x> saved
      S: 250 2.0.0 <b@x> saved
    `,
    );
    assert.deepEqual(result.answers.map(short), ['dot 250', 'dot 250']);
    assert.equal(result.completed, true);
    assert.equal(result.retire, undefined);
  });

  test('waits for the reply to each command without PIPELINING', () => {
    const { result } = oneByOne(
      ['a@x', 'b@x'],
      `
      C: MAIL FROM:<alice@x>
      S: 250 ok
      C: RCPT TO:<a@x>
      S: 250 ok
      C: RCPT TO:<b@x>
      S: 250 ok
      C: DATA
      S: 354 go ahead
      C: <content>
      C: .
      S: 250 saved
      S: 250 saved
    `,
    );
    assert.deepEqual(result.answers.map(short), ['dot 250', 'dot 250']);
    assert.equal(result.completed, true);
    assert.equal(result.retire, undefined);
  });

  test('accepts a recipient with 250, 251 or 252, and reads any other 2xx as a final success', () => {
    const outcome = oneByOne(
      ['a@x', 'b@x'],
      `
      C: MAIL FROM:<alice@x>
      S: 251 ok
      C: RCPT TO:<a@x>
      S: 251 2.1.5 will forward
      C: RCPT TO:<b@x>
      S: 252 2.1.5 will try
      C: DATA
      S: 354 go ahead
      C: <content>
      C: .
      S: 254 saved
      S: 250 saved
    `,
    );
    assert.deepEqual(answers(outcome), ['dot 254', 'dot 250']);
  });

  test('reports a recipient as sent when the next final reply is a 2xx too', () => {
    const { told } = pipelined(
      ['a@x', 'b@x', 'c@x'],
      `
      C: MAIL FROM:<alice@x>
      C: RCPT TO:<a@x>
      C: RCPT TO:<b@x>
      C: RCPT TO:<c@x>
      C: DATA
      S: 250 ok
      S: 250 ok
      S: 250 ok
      S: 250 ok
      S: 354 go ahead
      C: <content>
      C: .
      S: 250 saved
      S: 251 saved
      S: 452 4.2.2 full
    `,
    );
    assert.deepEqual(told, [{ index: 0, code: 250, replies: 7 }]);
  });
});

describe('recipients get different replies', () => {
  test('the dot yields one reply for each accepted recipient, in the order of their RCPTs', () => {
    const outcome = pipelined(
      ['a@x', 'b@x', 'c@x', 'd@x', 'e@x'],
      `
      C: MAIL FROM:<alice@x>
      C: RCPT TO:<a@x>
      C: RCPT TO:<b@x>
      C: RCPT TO:<c@x>
      C: RCPT TO:<d@x>
      C: RCPT TO:<e@x>
      C: DATA
      S: 250 ok
      S: 550 5.1.1 unknown
      S: 250 ok
      S: 452 4.2.2 full
      S: 250 ok
      S: 250 ok
      S: 354 go ahead
      C: <content>
      C: .
      S: 250 saved
      S: 552 5.2.2 over quota
      S: 451 4.3.0 sieve is broken
    `,
    );
    assert.deepEqual(answers(outcome), ['RCPT 550', 'dot 250', 'RCPT 452', 'dot 552', 'dot 451']);
    assert.equal(outcome.result.completed, true);
    assert.equal(outcome.result.retire, undefined);
  });

  test('an address given twice is sent twice and answered twice', () => {
    const outcome = pipelined(
      ['a@x', 'a@x'],
      `
      C: MAIL FROM:<alice@x>
      C: RCPT TO:<a@x>
      C: RCPT TO:<a@x>
      C: DATA
      S: 250 ok
      S: 250 ok
      S: 250 ok
      S: 354 go ahead
      C: <content>
      C: .
      S: 250 saved
      S: 452 4.2.2 full by now
    `,
    );
    assert.deepEqual(answers(outcome), ['dot 250', 'dot 452']);
  });

  test('a final reply of several lines is one reply', () => {
    const outcome = pipelined(
      ['a@x', 'b@x'],
      `
      C: MAIL FROM:<alice@x>
      C: RCPT TO:<a@x>
      C: RCPT TO:<b@x>
      C: DATA
      S: 250 ok
      S: 250 ok
      S: 250 ok
      S: 354 go ahead
      C: <content>
      C: .
      S: 550-5.7.1 spam
      S: 550 5.7.1 very much so
      S: 250 saved
    `,
    );
    assert.deepEqual(answers(outcome), ['dot 550', 'dot 250']);
  });

  test('a RCPT answered with 354 puts the transaction out of step: nothing more is sent', () => {
    const outcome = pipelined(
      ['a@x', 'b@x'],
      `
      C: MAIL FROM:<alice@x>
      C: RCPT TO:<a@x>
      C: RCPT TO:<b@x>
      C: DATA
      S: 250 ok
      S: 354 what?
      (no RSET)
    `,
    );
    assert.deepEqual(answers(outcome), ['RCPT 354 out of step', 'RCPT 354 out of step']);
    assert.equal(outcome.result.retire, 'out of step');
  });
});

describe('MAIL is refused', () => {
  test('with RCPTs and DATA already sent: their replies are read and ignored', () => {
    const outcome = pipelined(
      ['a@x', 'b@x'],
      `
      C: MAIL FROM:<alice@x>
      C: RCPT TO:<a@x>
      C: RCPT TO:<b@x>
      C: DATA
      S: 451 4.3.0 not now
      S: 503 5.5.1 MAIL first
      S: 503 5.5.1 MAIL first
      S: 503 5.5.1 MAIL first
    `,
    );
    assert.deepEqual(answers(outcome), ['MAIL 451', 'MAIL 451']);
    // Replies to commands without a transaction do not show a server out of step.
    assert.equal(outcome.result.retire, undefined);
    assert.equal(outcome.result.completed, false);
  });

  test('and RCPTs are still accepted: no recipient is', () => {
    const outcome = pipelined(
      ['a@x'],
      `
      C: MAIL FROM:<alice@x>
      C: RCPT TO:<a@x>
      C: DATA
      S: 550 5.7.1 not from you
      S: 250 ok
      S: 503 5.5.1 no
    `,
    );
    assert.deepEqual(answers(outcome), ['MAIL 550']);
  });

  test('and DATA is answered with 354: no content is sent, and the session is retired', () => {
    const outcome = pipelined(
      ['a@x'],
      `
      C: MAIL FROM:<alice@x>
      C: RCPT TO:<a@x>
      C: DATA
      S: 550 5.7.1 not from you
      S: 250 ok
      S: 354 go ahead
      (no RSET)
    `,
    );
    // A server that refuses MAIL and then accepts RCPT and DATA contradicts itself.
    assert.deepEqual(answers(outcome), ['MAIL 550 out of step']);
    assert.equal(outcome.result.retire, 'out of step');
  });

  test('without PIPELINING, nothing more is sent', () => {
    const outcome = oneByOne(
      ['a@x', 'b@x'],
      `
      C: MAIL FROM:<alice@x>
      S: 450 4.7.1 later
    `,
    );
    assert.deepEqual(answers(outcome), ['MAIL 450', 'MAIL 450']);
    assert.equal(outcome.result.retire, undefined);
  });

  test('with 354, which is no reply to MAIL: all recipients are deferred with that line', () => {
    const outcome = oneByOne(['a@x'], 'C: MAIL FROM:<alice@x>\n S: 354 what?\n (no RSET)');
    assert.deepEqual(answers(outcome), ['MAIL 354 out of step']);
  });
});

describe('every RCPT is refused', () => {
  test('and DATA, already sent, too: each keeps its own refusal, the session remains usable', () => {
    const outcome = pipelined(
      ['a@x', 'b@x'],
      `
      C: MAIL FROM:<alice@x>
      C: RCPT TO:<a@x>
      C: RCPT TO:<b@x>
      C: DATA
      S: 250 ok
      S: 550 5.1.1 unknown
      S: 452 4.2.2 full
      S: 503 5.5.1 no valid recipients
    `,
    );
    assert.deepEqual(answers(outcome), ['RCPT 550', 'RCPT 452']);
    assert.equal(outcome.result.retire, undefined);
    assert.equal(outcome.result.completed, false);
  });

  test('but DATA is answered with 354: no content is sent, and the session is retired', () => {
    const outcome = pipelined(
      ['a@x'],
      `
      C: MAIL FROM:<alice@x>
      C: RCPT TO:<a@x>
      C: DATA
      S: 250 ok
      S: 550 5.1.1 unknown
      S: 354 go ahead
      (no RSET)
    `,
    );
    assert.deepEqual(answers(outcome), ['RCPT 550']);
    assert.equal(outcome.result.retire, 'out of step');
    assert.equal(outcome.result.completed, false);
  });

  test('but DATA is answered with 354: a strict Postfix sends a lone dot, and does not reuse the session', () => {
    const outcome = pipelined(
      ['a@x'],
      `
      C: MAIL FROM:<alice@x>
      C: RCPT TO:<a@x>
      C: DATA
      S: 250 ok
      S: 550 5.1.1 unknown
      S: 354 go ahead
      C: .
      (no RSET)
    `,
      { rules: postfixRules },
    );
    assert.deepEqual(answers(outcome), ['RCPT 550']);
    assert.equal(outcome.result.retire, 'protocol error');
  });

  test('without PIPELINING, DATA is never sent', () => {
    const outcome = oneByOne(
      ['a@x', 'b@x'],
      `
      C: MAIL FROM:<alice@x>
      S: 250 ok
      C: RCPT TO:<a@x>
      S: 550 5.1.1 unknown
      C: RCPT TO:<b@x>
      S: 550 5.1.1 unknown
    `,
    );
    assert.deepEqual(answers(outcome), ['RCPT 550', 'RCPT 550']);
    assert.equal(outcome.result.retire, undefined);
    assert.equal(outcome.result.completed, false);
  });
});

describe('DATA is refused', () => {
  const refused = (line: string, then = '') =>
    pipelined(
      ['a@x', 'b@x'],
      `
      C: MAIL FROM:<alice@x>
      C: RCPT TO:<a@x>
      C: RCPT TO:<b@x>
      C: DATA
      S: 250 ok
      S: 250 ok
      S: 550 5.1.1 unknown
      S: ${line}
      ${then}
    `,
    );

  test('for all accepted recipients; a recipient that was refused before keeps its refusal', () => {
    const outcome = refused('451 4.3.1 disk full');
    assert.deepEqual(answers(outcome), ['DATA 451', 'RCPT 550']);
    assert.equal(outcome.result.retire, undefined);
    assert.equal(outcome.result.completed, false);
  });

  test('with 250: the server is out of step, and its session is retired', () => {
    const outcome = refused('250 2.0.0 ok', noReset);
    assert.deepEqual(answers(outcome), ['DATA 250 out of step', 'RCPT 550 out of step']);
    assert.equal(outcome.result.retire, 'out of step');
  });

  test('with 503 although a recipient was accepted: a protocol error retires the session', () => {
    assert.equal(refused('503 5.5.1 no').result.retire, 'protocol error');
  });
});

describe('the connection ends', () => {
  const stages = [
    ['at MAIL', 'C: MAIL FROM:<alice@x>\n S: (lost)', ['lost at MAIL', 'lost at MAIL']],
    [
      'at the first RCPT',
      `C: MAIL FROM:<alice@x>
       S: 250 ok
       C: RCPT TO:<a@x>
       S: (lost)`,
      ['lost at RCPT', 'lost at RCPT'],
    ],
    [
      'at the second RCPT, the first refused',
      `C: MAIL FROM:<alice@x>
       S: 250 ok
       C: RCPT TO:<a@x>
       S: 550 5.1.1 unknown
       C: RCPT TO:<b@x>
       S: (timeout)`,
      ['RCPT 550 unconfirmed', 'timeout at RCPT'],
    ],
    [
      'at DATA, one refused',
      `C: MAIL FROM:<alice@x>
       S: 250 ok
       C: RCPT TO:<a@x>
       S: 250 ok
       C: RCPT TO:<b@x>
       S: 550 5.1.1 unknown
       C: DATA
       S: (lost)`,
      ['lost at DATA', 'RCPT 550 unconfirmed'],
    ],
    [
      'amid the content',
      `C: MAIL FROM:<alice@x>
       S: 250 ok
       C: RCPT TO:<a@x>
       S: 250 ok
       C: RCPT TO:<b@x>
       S: 250 ok
       C: DATA
       S: 354 go ahead
       C: <content> (lost)`,
      ['lost at content', 'lost at content'],
    ],
    [
      'with the dot',
      `C: MAIL FROM:<alice@x>
       S: 250 ok
       C: RCPT TO:<a@x>
       S: 250 ok
       C: RCPT TO:<b@x>
       S: 250 ok
       C: DATA
       S: 354 go ahead
       C: <content>
       C: . (lost)`,
      ['lost at dot in doubt', 'lost at dot in doubt'],
    ],
    [
      'after the dot',
      `C: MAIL FROM:<alice@x>
       S: 250 ok
       C: RCPT TO:<a@x>
       S: 250 ok
       C: RCPT TO:<b@x>
       S: 250 ok
       C: DATA
       S: 354 go ahead
       C: <content>
       C: .
       S: (timeout)`,
      ['timeout at dot in doubt', 'timeout at dot in doubt'],
    ],
    [
      'after the first final reply, which is final',
      `C: MAIL FROM:<alice@x>
       S: 250 ok
       C: RCPT TO:<a@x>
       S: 250 ok
       C: RCPT TO:<b@x>
       S: 250 ok
       C: DATA
       S: 354 go ahead
       C: <content>
       C: .
       S: 250 saved
       S: (lost)`,
      ['dot 250', 'lost at dot in doubt'],
    ],
    [
      'amid the second final reply',
      `C: MAIL FROM:<alice@x>
       S: 250 ok
       C: RCPT TO:<a@x>
       S: 250 ok
       C: RCPT TO:<b@x>
       S: 250 ok
       C: DATA
       S: 354 go ahead
       C: <content>
       C: .
       S: 452 4.2.2 full
       S: 250-half a reply
       S: (lost)`,
      ['dot 452', 'lost at dot in doubt'],
    ],
  ] as const;
  for (const [what, transcript, wanted] of stages) {
    test(what, () => {
      const outcome = oneByOne(['a@x', 'b@x'], `${transcript}\n${noReset}`);
      assert.deepEqual(answers(outcome), wanted);
      assert.equal(outcome.result.retire, 'interrupted');
      assert.equal(outcome.result.completed, false);
    });
  }

  test('at a RCPT after MAIL was refused: the refusal is not confirmed, and does not bounce', () => {
    const outcome = pipelined(
      ['a@x', 'b@x'],
      `
      C: MAIL FROM:<alice@x>
      C: RCPT TO:<a@x>
      C: RCPT TO:<b@x>
      C: DATA
      S: 550 5.7.1 not from you
      S: (lost)
      (no RSET)
    `,
    );
    assert.deepEqual(answers(outcome), ['MAIL 550 unconfirmed', 'MAIL 550 unconfirmed']);
    assert.equal(outcome.result.retire, 'interrupted');
  });

  test('at DATA after every RCPT was refused: a 4xx is final, a 5xx is not confirmed', () => {
    const outcome = pipelined(
      ['a@x', 'b@x'],
      `
      C: MAIL FROM:<alice@x>
      C: RCPT TO:<a@x>
      C: RCPT TO:<b@x>
      C: DATA
      S: 250 ok
      S: 550 5.1.1 unknown
      S: 451 4.3.0 later
      S: (lost)
      (no RSET)
    `,
    );
    assert.deepEqual(answers(outcome), ['RCPT 550 unconfirmed', 'RCPT 451']);
  });
});

describe('the server replies while content is being sent', () => {
  const cutShort = (rest: string) =>
    pipelined(
      ['a@x', 'b@x', 'c@x'],
      `
      C: MAIL FROM:<alice@x>
      C: RCPT TO:<a@x>
      C: RCPT TO:<b@x>
      C: RCPT TO:<c@x>
      C: DATA
      S: 250 ok
      S: 250 ok
      S: 550 5.1.1 unknown
      S: 250 ok
      S: 354 go ahead
      ${rest}
      (no RSET)
    `,
    );

  test('and closes: its words are the reason why all accepted recipients are deferred', () => {
    const outcome = cutShort('C: <content> (lost)\n S: 552 5.3.4 too big');
    assert.deepEqual(answers(outcome), ['content 552 early', 'RCPT 550', 'content 552 early']);
    assert.equal(outcome.result.retire, 'interrupted');
  });

  test('and keeps reading: the dot is not sent', () => {
    const outcome = cutShort('S~: 552 5.3.4 too big');
    assert.deepEqual(answers(outcome), ['content 552 early', 'RCPT 550', 'content 552 early']);
    assert.equal(outcome.result.retire, 'out of step');
  });

  test('a time-out of ours leaves nothing to be read', () => {
    assert.deepEqual(answers(cutShort('C: <content> (timeout)')), [
      'timeout at content',
      'RCPT 550',
      'timeout at content',
    ]);
  });

  test('a message that cannot be read to its end is delivered to no recipient', () => {
    assert.deepEqual(answers(cutShort('C: <content> (body)')), ['body at content', 'RCPT 550', 'body at content']);
  });

  test('our own deadline expires', () => {
    assert.deepEqual(answers(cutShort('C: <content> (deadline)')), [
      'deadline at content',
      'RCPT 550',
      'deadline at content',
    ]);
  });
});

describe('a server that is closing, or out of step, is not used again', () => {
  const good = { MAIL: '250 ok', RCPT: '250 ok', DATA: '354 go ahead', dot: '250 saved' };
  const withReplies = (replies: Partial<typeof good>) => {
    const { MAIL, RCPT, DATA, dot } = { ...good, ...replies };
    const isOdd = [MAIL, RCPT, DATA].findIndex((line) => line.startsWith('6'));
    const isContentSent = DATA.startsWith('3') && !MAIL.startsWith('4') && isOdd < 0;
    const isLeaving = [MAIL, RCPT, DATA].some((line) => line.startsWith('421')) && !isContentSent;
    // After a final reply that proves nothing, no further one is awaited.
    const isProof = !dot.startsWith('garbage');
    const finals = [...(RCPT.startsWith('2') ? [dot] : []), ...(isProof ? ['250 saved'] : [])];
    return pipelined(
      ['a@x', 'b@x'],
      `
      C: MAIL FROM:<alice@x>
      C: RCPT TO:<a@x>
      C: RCPT TO:<b@x>
      C: DATA
      S: ${MAIL}
      S: ${RCPT}
      ${isOdd === 1 ? '' : 'S: 250 ok'}
      ${isOdd === 1 ? '' : `S: ${DATA}`}
      ${isContentSent ? ['C: <content>', 'C: .', ...finals.map((line) => `S: ${line}`)].join('\n') : ''}
      ${isLeaving || isOdd >= 0 || !isProof ? noReset : ''}
    `,
    ).result;
  };
  test('a healthy one is', () => assert.equal(withReplies({}).retire, undefined));
  for (const [replies, reason] of [
    [{ MAIL: '421 4.3.2 closing', DATA: '503 5.5.1 no' }, 'closing (421)'],
    [{ RCPT: '421 4.3.2 closing' }, 'closing (421)'],
    [{ DATA: '421 4.3.2 closing' }, 'closing (421)'],
    [{ dot: '421 4.3.2 closing' }, 'closing (421)'],
    [{ RCPT: '501 5.1.3 syntax' }, 'protocol error'],
    [{ RCPT: '555 5.5.4 parameter' }, 'protocol error'],
    [{ RCPT: '600 what' }, 'out of step'],
    [{ DATA: '600 what' }, 'out of step'],
    [{ dot: '500 5.5.1 what' }, 'protocol error'],
    [{ MAIL: 'garbage\n S: 250 ok' }, 'protocol error'],
    [{ dot: 'garbage\n S: 250 saved' }, 'out of step'],
  ] as const) {
    test(JSON.stringify(replies), () => assert.equal(withReplies(replies).retire, reason));
  }
  for (const replies of [
    { RCPT: '550 5.1.1 unknown' },
    { RCPT: '452 4.2.2 full' },
    { dot: '554 5.7.1 spam' },
  ] as const) {
    test(`an ordinary refusal does not retire the session: ${JSON.stringify(replies)}`, () => {
      assert.equal(withReplies(replies).retire, undefined);
    });
  }
});

describe('the window', () => {
  /**
   * Runs a transaction with a server that accepts everything; returns the most octets that were unanswered at
   * once.
   */
  function measure(envelope: Envelope): {
    readonly most: number;
    readonly groups: number;
    readonly result: TransactionOutcome;
  } {
    const dialogue: Dialogue<TransactionOutcome> = transaction(envelope, offers('PIPELINING'));
    let [underWay, most, groups] = [0, 0, 0];
    let next = dialogue.next();
    while (!next.done) {
      const step = next.value;
      if (step.step === 'send') {
        underWay += Buffer.byteLength(step.line) + 2;
        most = Math.max(most, underWay);
      } else if (step.step === 'receive' && underWay > 0) {
        groups += 1;
        underWay = 0;
      }
      const code = step.step === 'receive' && step.stage === 'DATA' ? '354' : '250';
      next = dialogue.next(step.step === 'receive' ? new ReplyAssembler().take(code) : undefined);
    }
    return { most, groups, result: next.value };
  }

  test('with a thousand recipients at most 4096 octets of commands are ahead of their replies', () => {
    const addresses = Array.from({ length: 1000 }, (_, n) => `recipient-number-${n}@example.com`);
    const { most, groups, result } = measure(mailTo(...addresses));
    assert.ok(most <= windowOctets, `${most} octets were under way`);
    assert.ok(groups > 5 && groups < 20, `${groups} groups`);
    assert.deepEqual(new Set(result.answers.map(short)), new Set(['dot 250']));
  });

  test('a command that is longer than the window is sent alone', () => {
    const { groups, result } = measure(mailTo('a@x', `${'ä'.repeat(3000)}@x`, 'b@x'));
    // The last group is the RSET.
    assert.equal(groups, 4);
    assert.equal(result.answers.length, 3);
  });

  test('a refusal of MAIL that is read at the end of a window saves the rest', () => {
    const long = `${'x'.repeat(2000)}@x`;
    const outcome = pipelined(
      [long, long, long],
      `
      C: MAIL FROM:<alice@x>
      C: RCPT TO:<${long}>
      C: RCPT TO:<${long}>
      S: 450 4.7.1 later
      S: 503 5.5.1 MAIL first
      S: 503 5.5.1 MAIL first
    `,
    );
    assert.deepEqual(answers(outcome), ['MAIL 450', 'MAIL 450', 'MAIL 450']);
  });
});

test('whatever a server replies and wherever it breaks off, each recipient has one answer', () => {
  const reply = fc.constantFrom(
    '250 ok',
    '250 ok',
    '354 go',
    '421 bye',
    '450 no',
    '503 no',
    '550 no',
    '600 ?',
    '(lost)',
    '(timeout)',
  );
  const line = fc.array(reply, { minLength: 0, maxLength: 12 });
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 4 }),
      fc.boolean(),
      fc.boolean(),
      line,
      (count, pipelining, isStrict, said) => {
        const addresses = Array.from({ length: count }, (_, n) => `r${n}@x`);
        const offered = pipelining ? offers('PIPELINING') : offers();
        const dialogue = transaction(mailTo(...addresses), offered, {
          rules: isStrict ? postfixRules : carefulRules,
        });
        const rest = [...said];
        const told: number[] = [];
        let sentDot = false;
        let next = dialogue.next();
        while (!next.done) {
          const step = next.value;
          if (step.step === 'progress') told.push(step.index);
          if (step.step === 'dot') sentDot = true;
          if (step.step !== 'receive') {
            next = dialogue.next();
            continue;
          }
          const text = rest.shift() ?? '(lost)';
          if (text.startsWith('(')) {
            next = dialogue.throw(new Interrupted(step.stage, text === '(lost)' ? 'lost' : 'timeout'));
          } else {
            next = dialogue.next(new ReplyAssembler().take(text));
          }
        }
        const { answers: given, completed, retire } = next.value;
        assert.equal(given.length, count);
        assert.equal(new Set(told).size, told.length, 'told twice');
        for (const index of told) assert.match(short(given[index] as Answer), /^dot 2/);
        assert.ok(given.every((answer) => !('inDoubt' in answer) || !answer.inDoubt || sentDot));
        assert.ok(!completed || retire === undefined);
        assert.ok(given.every((answer) => answer.kind !== 'interrupted') || retire === 'interrupted');
      },
    ),
    { numRuns: 2000 },
  );
});

describe('too many recipients', () => {
  const rest = 'S: 354 go ahead\nC: <content>\nC: .\nS: 250 saved';
  const ask = (replies: string, finals = '') =>
    answers(
      pipelined(
        ['a@x', 'b@x', 'c@x'],
        `C: MAIL FROM:<alice@x>\nC: RCPT TO:<a@x>\nC: RCPT TO:<b@x>\nC: RCPT TO:<c@x>\nC: DATA\nS: 250 ok\n${replies}\n${rest}${finals}`,
      ),
    );

  test('is the meaning of 4.5.3 and of 552 5.5.3, wherever they occur', () => {
    assert.deepEqual(ask('S: 250 ok\nS: 452 4.5.3 x\nS: 250 ok', '\nS: 250 saved'), [
      'dot 250',
      'excess 452',
      'dot 250',
    ]);
    assert.deepEqual(ask('S: 250 ok\nS: 552 5.5.3 x\nS: 550 5.1.1 x'), ['dot 250', 'excess 552', 'RCPT 550']);
  });

  test('is the meaning of 452 without a status, if a recipient was accepted and all later ones got it', () => {
    assert.deepEqual(ask('S: 250 ok\nS: 452 x\nS: 452 x'), ['dot 250', 'excess 452', 'excess 452']);
    assert.deepEqual(ask('S: 250 ok\nS: 452 x\nS: 550 x'), ['dot 250', 'RCPT 452', 'RCPT 550']);
    assert.deepEqual(ask('S: 250 ok\nS: 452 x\nS: 250 x', '\nS: 250 saved'), ['dot 250', 'RCPT 452', 'dot 250']);
  });

  test('is not the meaning of a full mailbox', () => {
    assert.deepEqual(ask('S: 250 ok\nS: 452 4.2.2 x\nS: 452 4.2.2 x'), ['dot 250', 'RCPT 452', 'RCPT 452']);
  });
});

describe('replies out of step', () => {
  const commands = 'C: MAIL FROM:<alice@x>\nC: RCPT TO:<a@x>\nC: RCPT TO:<b@x>\nC: DATA\n';
  const accepted = `${commands}S: 250 ok\nS: 250 ok\nS: 250 ok\nS: 354 go ahead\n`;
  const sent = `${accepted}C: <content>\nC: .\n`;
  const two = ['a@x', 'b@x'];

  test('after an extra line behind the 354, nothing is sent, and the recipients are deferred with that line', () => {
    const outcome = pipelined(two, `${accepted}S+: 354 go ahead\n${noReset}`);
    assert.deepEqual(answers(outcome), ['content 354 out of step', 'content 354 out of step']);
    assert.equal(outcome.result.sent, 'nothing');
    assert.equal(outcome.result.retire, 'out of step');
  });

  test('a 421 behind the 354 closes the session and is not out of step', () => {
    const outcome = pipelined(two, `${accepted}S+: 421 4.3.2 shutting down\n${noReset}`);
    assert.deepEqual(answers(outcome), ['content 421 goodbye', 'content 421 goodbye']);
    assert.equal(outcome.result.retire, 'closing (421)');
    assert.equal(outcome.result.outOfStep, undefined);
  });

  test('a refusal read as the reply to DATA while the 354 is still under way bounces no recipient', () => {
    const outcome = pipelined(
      two,
      `${commands}S: 250 ok\nS: 250 ok\nS: 250 again\nS: 550 5.1.1 b\nC: RSET\nS: 354 go ahead`,
    );
    assert.deepEqual(answers(outcome), ['DATA 550 out of step', 'DATA 550 out of step']);
    assert.deepEqual(outcome.result.outOfStep?.reply.code, 354);
  });

  test('one final reply too many decides only where both assignments agree', () => {
    const outcome = pipelined(two, `${sent}S: 250 a\nS: 250 b\nS+: 550 5.7.1 c\n${noReset}`);
    assert.deepEqual(answers(outcome), ['dot 250', 'dot 250 out of step in doubt']);
    assert.deepEqual(outcome.result.miscount, { replies: 3, recipients: 2 });
  });

  test('the extra reply may arrive in the place of the reply to RSET', () => {
    const outcome = pipelined(two, `${sent}S: 250 a\nS: 452 4.2.2 b\nC: RSET\nS: 250 c\nS+: 250 reset`);
    assert.deepEqual(answers(outcome), ['dot 250 out of step in doubt', 'dot 452 out of step in doubt']);
  });

  test('a server that refuses RSET, and sends no more, has answered each recipient', () => {
    const outcome = pipelined(two, `${sent}S: 250 a\nS: 550 5.7.1 b\nC: RSET\nS: 502 5.5.1 what is RSET?`);
    assert.deepEqual(answers(outcome), ['dot 250', 'dot 550']);
    assert.equal(outcome.result.retire, 'protocol error');
  });

  for (const end of ['S: (timeout)', 'S: (lost)', 'S: 421 4.3.2 shutting down']) {
    test(`the final replies count where RSET gets ${end}`, () => {
      const outcome = pipelined(two, `${sent}S: 250 a\nS: 550 5.7.1 b\nC: RSET\n${end}`);
      assert.deepEqual(answers(outcome), ['dot 250', 'dot 550']);
      assert.equal(outcome.result.miscount, undefined);
      assert.notEqual(outcome.result.retire, undefined);
    });
  }

  test('a reply that is not final proves nothing, nor does any reply after it', () => {
    for (const line of ['150 filing', '354 go ahead', '221 bye', '600 what']) {
      const outcome = pipelined(two, `${sent}S: 250 a\nS: ${line}\n${noReset}`);
      const code = line.slice(0, 3);
      const why = code === '221' ? 'goodbye' : 'out of step';
      assert.deepEqual(answers(outcome), ['dot 250', `dot ${code} ${why} in doubt`]);
    }
  });

  test('with too few replies and then silence, only the leading 2xx replies count', () => {
    const three = ['a@x', 'b@x', 'c@x'];
    const begin = sent.replace('C: DATA', 'C: RCPT TO:<c@x>\nC: DATA').replace('S: 354', 'S: 250 ok\nS: 354');
    const outcome = pipelined(three, `${begin}S: 250 a\nS: 550 5.7.1 b\nS: (timeout)\n${noReset}`);
    assert.deepEqual(answers(outcome), ['dot 250', 'dot 550 out of step in doubt', 'timeout at dot in doubt']);
    assert.deepEqual(outcome.result.miscount, { replies: 2, recipients: 3 });
  });

  test('with too few replies and then a close, the replies count in their order', () => {
    const outcome = pipelined(two, `${sent}S: 550 5.7.1 a\nS: (lost)\n${noReset}`);
    assert.deepEqual(answers(outcome), ['dot 550', 'lost at dot in doubt']);
    assert.equal(outcome.result.miscount, undefined);
  });

  test('a reply that names another recipient does not count for this one', () => {
    const outcome = pipelined(two, `${sent}S: 250 2.0.0 <b@x> Saved\nS: 250 2.0.0 <b@x> Saved`);
    assert.deepEqual(answers(outcome), ['dot 250 out of step in doubt', 'dot 250']);
  });

  test('a reply that names its own recipient first may name others, with any punctuation', () => {
    const outcome = pipelined(
      two,
      `${sent}S: 250 2.0.0 a@x: copied to b@x\nS: 250 2.0.0 copy of mail to a@x for "b@x".`,
    );
    assert.deepEqual(answers(outcome), ['dot 250', 'dot 250']);
  });

  test('a 421 among the final replies does not show a server that lost count, whether it closes or not', () => {
    for (const goodbye of ['421 4.3.2 shutting down', '221 2.0.0 bye']) {
      const ending = goodbye.startsWith('4') ? 'S: (timeout)\n' : '';
      const three = ['a@x', 'b@x', 'c@x'];
      const begin = sent.replace('C: DATA', 'C: RCPT TO:<c@x>\nC: DATA').replace('S: 354', 'S: 250 ok\nS: 354');
      const outcome = pipelined(three, `${begin}S: 250 a\nS: ${goodbye}\n${ending}${noReset}`);
      assert.equal(answers(outcome)[0], 'dot 250');
      assert.match(answers(outcome).slice(1).join(), /^dot \d21 goodbye in doubt,.* in doubt$/);
      assert.equal(outcome.result.miscount, undefined);
      assert.equal(outcome.result.outOfStep, undefined);
    }
  });

  test('a 421 after the reply to RSET leaves a refusal unconfirmed, and is not out of step', () => {
    const outcome = oneByOne(
      ['a@x'],
      'C: MAIL FROM:<alice@x>\nS: 250 ok\nC: RCPT TO:<a@x>\nS: 550 5.1.1 a\nC: RSET\nS: 250 ok\nS+: 421 4.3.2 bye',
    );
    assert.deepEqual(answers(outcome), ['RCPT 550 unconfirmed']);
    assert.equal(outcome.result.outOfStep, undefined);
    assert.equal(outcome.result.retire, 'closing (421)');
  });

  test('a temporary refusal of DATA is final even if the server closes after it', () => {
    const refused = `${commands}S: 250 ok\nS: 250 ok\nS: 250 ok\nS: 451 4.3.0 later\nS+: 421 4.3.2 bye\n${noReset}`;
    const outcome = pipelined(two, refused);
    assert.deepEqual(answers(outcome), ['DATA 451', 'DATA 451']);
    assert.equal(outcome.result.retire, 'closing (421)');
  });

  test('an extra line after an unwanted 354 leaves the refusals unproven', () => {
    const refused = `${commands}S: 250 ok\nS: 550 5.1.1 a\nS: 550 5.1.1 b\nS: 354 go ahead\nS+: 250 what?\n${noReset}`;
    assert.deepEqual(answers(pipelined(two, refused)), ['RCPT 550 out of step', 'RCPT 550 out of step']);
  });
});
