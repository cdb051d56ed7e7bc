import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Interrupted } from '../../functions/lmtp/dialogue.ts';
import type { Login } from '../../functions/lmtp/login.ts';
import { type OpeningOutcome, type OpeningTerms, opening } from '../../functions/lmtp/opening.ts';
import { type Circumstances, converse } from '../support/converse.ts';

const introduction = { name: 'client.example' };
const lhlo = 'C: LHLO client.example\n';

/** TLS settings of the levels. */
const may = { isWrapped: false, isRequired: false, mustMatch: false };
const encrypt = { ...may, isRequired: true };
const verify = { ...encrypt, mustMatch: true };

const login: Login = {
  credentials: { user: 'joe', secret: 'x', kind: 'password' },
  required: () => new Set(),
  insistsOnProof: false,
  allows: () => true,
  isRequired: true,
  names: { host: 'mail.example', port: 24, ownName: 'client.example' },
};
const plain = `C: AUTH PLAIN ${Buffer.from('\0joe\0x').toString('base64')}\n`;

/** The server's lines up to LHLO; offers STARTTLS and AUTH. */
const begun = `S: 220 mail.example\n ${lhlo} S: 250-mail.example\n S: 250-STARTTLS\n S: 250 AUTH PLAIN\n`;
const overTls = `${begun} C: STARTTLS\n S: 220 go\n C: <TLS>\n ${lhlo} S: 250-mail.example\n S: 250 AUTH PLAIN\n`;

type Terms = Omit<OpeningTerms, 'introduction'>;
const asPostfix = { looksForStrays: false };

const open = (transcript: string, terms: Terms = {}, circumstances: Circumstances = {}): OpeningOutcome =>
  converse(opening({ introduction, ...terms }), transcript, circumstances).result;

/** `out of step at LHLO: 250 what?`, `ready`. */
function short(outcome: OpeningOutcome): string {
  if (!('reply' in outcome)) return outcome.kind;
  return `${outcome.kind}${'stage' in outcome ? ` at ${outcome.stage}` : ''}: ${outcome.reply.text}`;
}

describe('an opening', () => {
  test('sends LHLO after the greeting, and the reply lists what the server offers', () => {
    const outcome = open(`
      S: 220 mail.example LMTP ready
      C: LHLO client.example
      S: 250-mail.example
      S: 250-PIPELINING
      S: 250 SIZE 1000
    `);
    assert.ok(outcome.kind === 'ready');
    assert.deepEqual(outcome.capabilities.keywords, ['PIPELINING', 'SIZE']);
    assert.deepEqual(outcome.security, {});
  });

  test('goes on to STARTTLS, a second LHLO and AUTH, and only the offers under TLS count', () => {
    const transcript = `
      S: 220 mail.example
      C: LHLO client.example
      S: 250-mail.example
      S: 250-STARTTLS
      S: 250 DSN
      C: STARTTLS
      S: 220 2.0.0 go
      C: <TLS>
      C: LHLO client.example
      S: 250-mail.example
      S: 250 AUTH PLAIN
      ${plain} S: 235 2.7.0 welcome
    `;
    const { result, opened } = converse(opening({ introduction, tls: verify, login }), transcript);
    assert.ok(result.kind === 'ready');
    assert.deepEqual(result.capabilities.keywords, ['AUTH']);
    assert.deepEqual([result.security.tls?.matched, result.security.mechanism], [true, 'PLAIN']);
    const parts = opened.map(({ part }) => part);
    assert.deepEqual(parts, ['connected', 'greeted', 'secured', 'introduced']);
  });

  test('begins with TLS in wrapper mode, without STARTTLS', () => {
    const transcript = `C: <TLS>\n ${begun} ${plain} S: 235 welcome`;
    const terms = { introduction, tls: { ...verify, isWrapped: true }, login };
    const { result, opened } = converse(opening(terms), transcript);
    assert.ok(result.kind === 'ready');
    assert.equal(result.security.tls?.matched, true);
    assert.deepEqual(
      opened.map(({ part }) => part),
      ['connected', 'secured', 'greeted', 'introduced'],
    );
  });

  test('discards the keywords of the parameters', () => {
    const discarding = { name: 'client.example', discard: new Set(['pipelining']) };
    const transcript = `S: 220 x\n ${lhlo} S: 250-x\n S: 250-PIPELINING\n S: 250 8BITMIME`;
    const { result } = converse(opening({ introduction: discarding }), transcript);
    assert.ok(result.kind === 'ready');
    assert.deepEqual([result.capabilities.pipelining, result.capabilities.eightBitMime], [false, true]);
  });

  test('sends nothing before the greeting has arrived', () => {
    assert.throws(() => open(lhlo), /waits for a reply to greeting/);
  });
});

describe('a greeting', () => {
  test('may have several lines and any 2xx code', () => {
    for (const greeting of [
      'S: 220-mail.example\n S: 220-no advertisements\n S: 220 ready',
      'S: 250 hello',
      'S: 220',
    ]) {
      assert.equal(open(`${greeting}\n ${lhlo} S: 250 mail.example`).kind, 'ready');
    }
  });

  for (const line of ['421 4.3.2 too busy', '554 5.7.1 go away', '354 what?', '100 hm', '600 hm']) {
    test(`of ${line} refuses the session, and nothing is sent`, () => {
      assert.equal(short(open(`S: ${line}`)), `refused at greeting: ${line}`);
    });
  }

  test('of 221 closes the session', () => {
    assert.equal(short(open('S: 221 bye')), 'goodbye at greeting: 221 bye');
  });
});

describe('the reply to LHLO', () => {
  const answered = (line: string, terms: Terms = {}) => short(open(`S: 220 x\n ${lhlo} S: ${line}`, terms));

  for (const line of ['450 4.3.0 later', '500 5.5.1 what is LHLO?', '550 5.7.1 no', '421 4.3.2 bye']) {
    test(`${line} refuses; neither HELO nor EHLO follows, since this is LMTP`, () => {
      assert.equal(answered(line), `refused at LHLO: ${line}`);
    });
  }
  for (const line of ['251 hm', '220 mail.example', '235 hm', '350 what?', '354 what?', '600 hm', '150 hm']) {
    test(`${line} is out of step`, () => {
      assert.equal(answered(line), `out of step at LHLO: ${line}`);
    });
  }
  test('221 closes the session', () => {
    assert.equal(answered('221 bye'), 'goodbye at LHLO: 221 bye');
  });

  test('of any 2xx accepts for a strict Postfix, and everything else refuses', () => {
    for (const line of ['220 x', '251 x', '221 x']) assert.equal(answered(line, asPostfix), 'ready');
    for (const line of ['350 x', '600 x', '550 x']) assert.equal(answered(line, asPostfix), `refused at LHLO: ${line}`);
  });

  test('counts under TLS as in plain text', () => {
    const secured = `${begun} C: STARTTLS\n S: 220 go\n C: <TLS>\n ${lhlo}`;
    assert.equal(short(open(`${secured} S: 451 no`, { tls: encrypt })), 'refused at LHLO: 451 no');
    assert.equal(short(open(`${secured} S: 251 hm`, { tls: encrypt })), 'out of step at LHLO: 251 hm');
  });
});

/** Each point at which no unread input may be present: the conversation before, and its continuation. */
const syncPoints: readonly {
  readonly name: string;
  readonly before: string;
  readonly next: string;
  readonly rest: string;
  readonly terms: Terms;
}[] = [
  { name: 'the greeting', before: 'S: 220 x', next: 'LHLO', rest: `${lhlo} S: 250 x`, terms: {} },
  { name: 'LHLO', before: `S: 220 x\n ${lhlo} S: 250 x`, next: 'MAIL', rest: '', terms: {} },
  { name: 'LHLO, before AUTH', before: begun, next: 'AUTH', rest: `${plain} S: 235 ok`, terms: { login } },
  {
    name: 'LHLO, before STARTTLS',
    before: begun,
    next: 'STARTTLS',
    rest: `C: STARTTLS\n S: 454 no`,
    terms: { tls: may },
  },
  {
    name: 'the 220 to STARTTLS',
    before: `${begun} C: STARTTLS\n S: 220 go`,
    next: 'STARTTLS',
    rest: `C: <TLS>\n ${lhlo} S: 250 x`,
    terms: { tls: may },
  },
  {
    name: 'a STARTTLS that is refused',
    before: `${begun} C: STARTTLS\n S: 454 no`,
    next: 'MAIL',
    rest: '',
    terms: { tls: may },
  },
  { name: 'LHLO under TLS', before: overTls, next: 'AUTH', rest: `${plain} S: 235 ok`, terms: { tls: may, login } },
  {
    name: 'the 235 to AUTH',
    before: `${overTls} ${plain} S: 235 ok`,
    next: 'MAIL',
    rest: '',
    terms: { tls: may, login },
  },
];

describe('after', () => {
  for (const { name, before, next, rest, terms } of syncPoints) {
    test(`${name}, an unexpected line is out of step, and nothing more is sent`, () => {
      for (const line of ['250 2.1.0 extra', '220 again', '550 no', '354 go', '150 hm']) {
        assert.equal(short(open(`${before}\n S+: ${line}`, terms)), `out of step at ${next}: ${line}`);
      }
    });
    test(`${name}, an unexpected 421 or 221 closes the session`, () => {
      for (const line of ['421 4.3.2 restarting', '221 bye']) {
        assert.equal(short(open(`${before}\n S+: ${line}`, terms)), `goodbye at ${next}: ${line}`);
      }
    });
    test(`${name}, a strict Postfix does not look for unread input`, () => {
      assert.equal(open(`${before}\n ${rest}`, { ...terms, ...asPostfix }).kind, 'ready');
    });
    test(`${name}, the session goes on if there is no unread input`, () => {
      assert.equal(open(`${before}\n ${rest}`, terms).kind, 'ready');
    });
  }
});

describe('STARTTLS', () => {
  const asked = `${begun} C: STARTTLS\n`;

  test('is followed by a handshake only if its 220 arrives alone: what comes after it may be injected', () => {
    const injected = `${asked} S: 220 go\n S+: 250-x\n S+: 250 SIZE 10`;
    assert.equal(short(open(injected, { tls: encrypt })), 'out of step at STARTTLS: 250-x 250 SIZE 10');
  });

  test('discards injected input where the parameters do not look for it', () => {
    const injected = `${asked} S: 220 go\n S+: 250 SIZE 10\n C: <TLS>\n ${lhlo} S: 250-x\n S: 250 DSN`;
    const outcome = open(injected, { tls: encrypt, ...asPostfix });
    assert.ok(outcome.kind === 'ready');
    assert.deepEqual(outcome.capabilities.keywords, ['DSN']);
  });

  test('is not sent if it is not offered', () => {
    const bare = `S: 220 x\n ${lhlo} S: 250 x`;
    assert.equal(short(open(bare, { tls: encrypt })), 'TLS not offered');
    const { result, opened } = converse(opening({ introduction, tls: may }), bare);
    assert.equal(result.kind, 'ready');
    assert.deepEqual(opened.at(-2), { part: 'plain text', isOffered: false });
  });

  test('that is refused ends the session where TLS is required, and is noted otherwise', () => {
    assert.equal(short(open(`${asked} S: 554 no`, { tls: encrypt })), 'TLS refused: 554 no');
    const { result, opened } = converse(opening({ introduction, tls: may }), `${asked} S: 454 no`);
    assert.ok(result.kind === 'ready');
    assert.deepEqual([result.security.tls, result.capabilities.startTls], [undefined, true]);
    const part = opened.at(-2);
    assert.ok(part?.part === 'plain text');
    assert.equal(part.refusal?.text, '454 no');
  });

  test('with the reply of another command is out of step, whether TLS is required or not', () => {
    for (const line of ['250 x', '354 x', '600 x']) {
      for (const tls of [may, encrypt]) {
        assert.equal(short(open(`${asked} S: ${line}`, { tls })), `out of step at STARTTLS: ${line}`);
      }
    }
    assert.equal(short(open(`${asked} S: 354 x`, { tls: encrypt, ...asPostfix })), 'TLS refused: 354 x');
  });

  test('answered by 421 ends the session even if TLS is optional', () => {
    assert.equal(short(open(`${asked} S: 421 bye`, { tls: may })), 'goodbye at STARTTLS: 421 bye');
    assert.equal(short(open(`${asked} S: 421 bye`, { tls: encrypt })), 'TLS refused: 421 bye');
  });

  test('with a failed handshake ends the session, whatever the level', () => {
    for (const tls of [may, verify]) {
      const outcome = open(`${asked} S: 220 go\n C: <TLS> (failed)`, { tls });
      assert.deepEqual(outcome, { kind: 'TLS failed', reason: 'wrong version number' });
    }
  });

  test('with a certificate that does not match ends the session only where it must match', () => {
    const unmatched = `${asked} S: 220 go\n C: <TLS> (unmatched)\n`;
    const outcome = open(unmatched, { tls: verify });
    assert.deepEqual(outcome, { kind: 'certificate not accepted', reason: 'Server certificate not trusted' });
    assert.equal(open(`${unmatched} ${lhlo} S: 250 x`, { tls: encrypt }).kind, 'ready');
  });
});

describe('AUTH', () => {
  const asked = `${begun} ${plain}`;
  const terms = { login };

  test('is not sent without a login, nor if it is not offered', () => {
    assert.equal(open(begun).kind, 'ready');
    const bare = `S: 220 x\n ${lhlo} S: 250 x`;
    assert.equal(short(open(bare, terms)), 'AUTH not offered');
    const outcome = open(bare, { login: { ...login, isRequired: false } });
    assert.ok(outcome.kind === 'ready');
    assert.equal(outcome.security.mechanism, undefined);
  });

  test('needs a mechanism that is offered, permitted and strong enough', () => {
    const refusing = { login: { ...login, allows: () => false } };
    assert.equal(short(open(begun, refusing)), 'no mechanism offered');
    const strict = { login: { ...login, required: () => new Set(['noplaintext' as const]) } };
    assert.equal(short(open(begun, strict)), 'no mechanism available');
  });

  test('that is refused reports the mechanism', () => {
    for (const line of ['535 5.7.8 no', '454 later', '421 bye']) {
      const outcome = open(`${asked} S: ${line}`, terms);
      assert.ok(outcome.kind === 'AUTH refused');
      assert.deepEqual([outcome.mechanism, outcome.reply.text], ['PLAIN', line]);
    }
  });

  test('is refused even if the server closes after the refusal', () => {
    assert.equal(short(open(`${asked} S: 535 no\n S+: 421 too many`, terms)), 'AUTH refused: 535 no');
  });

  test('answered by an extra line is not refused: its own reply follows', () => {
    const outcome = open(`${asked} S: 500 what?\n S+: 235 welcome`, terms);
    assert.equal(short(outcome), 'out of step at AUTH: 235 welcome');
    assert.equal(short(open(`${asked} S: 500 what?`, { ...terms, ...asPostfix })), 'AUTH refused: 500 what?');
  });

  test('with the 2xx of another command, or an impossible code, is out of step', () => {
    for (const line of ['250 x', '220 x', '199 x', '600 x']) {
      assert.equal(short(open(`${asked} S: ${line}`, terms)), `out of step at AUTH: ${line}`);
    }
    assert.equal(open(`${asked} S: 250 x`, { ...terms, ...asPostfix }).kind, 'ready');
    assert.equal(short(open(`${asked} S: 600 x`, { ...terms, ...asPostfix })), 'AUTH refused: 600 x');
  });

  test('of a -PLUS mechanism is tried with another binding if the server refuses the first', () => {
    const bindings = (['tls-unique', 'tls-exporter'] as const).map((type) => ({ type, data: Buffer.from(type) }));
    const greeted = `C: <TLS>\n S: 220 x\n ${lhlo} S: 250-x\n S: 250 AUTH SCRAM-SHA-256-PLUS\n`;
    const tried = 'C: AUTH SCRAM-SHA-256-PLUS …\n S: 535 no\n';
    const wrapped = { tls: { ...verify, isWrapped: true }, login };
    assert.equal(
      short(open(`${greeted} ${tried} ${tried}`, wrapped, { secured: { bindings } })),
      'AUTH refused: 535 no',
    );
  });
});

describe('an interruption is thrown to the caller, with its stage', () => {
  for (const [transcript, stage, reason] of [
    ['S: (lost)', 'greeting', 'lost'],
    ['S: (timeout)', 'greeting', 'timeout'],
    ['S: 220-half a greeting\n S: (lost)', 'greeting', 'lost'],
    [`S: 220 x\n ${lhlo} S: (lost)`, 'LHLO', 'lost'],
    [`S: 220 x\n ${lhlo} S: 250-x\n S: (timeout)`, 'LHLO', 'timeout'],
    [`S: 220 x\n ${lhlo} S: (flood)`, 'LHLO', 'flood'],
    [`S: 220 x\n ${lhlo} S: (deadline)`, 'LHLO', 'deadline'],
    [`${begun} C: STARTTLS\n S: (timeout)`, 'STARTTLS', 'timeout'],
    [`${begun} C: STARTTLS\n S: 220 go\n C: <TLS> (deadline)`, 'STARTTLS', 'deadline'],
    [`${overTls} ${plain} S: (lost)`, 'AUTH', 'lost'],
  ] as const) {
    test(`${reason} at ${stage}: ${transcript.split('\n').length} lines`, () => {
      assert.throws(
        () => open(transcript, { tls: may, login }),
        (error) => error instanceof Interrupted && error.stage === stage && error.reason === reason,
      );
    });
  }
});
