import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Capabilities, parseCapabilities } from '../../functions/smtp/capabilities.ts';
import { ReplyAssembler } from '../../functions/smtp/reply.ts';

/** Returns the offers in the lines of an LHLO reply; the first line names the server. */
function offered(lines: readonly string[], ...discard: readonly string[]): Capabilities {
  const assembler = new ReplyAssembler();
  const [reply] = lines.flatMap((line) => assembler.take(line) ?? []);
  assert.ok(reply, 'the lines make no reply');
  return parseCapabilities(reply, new Set(discard));
}

test('a server that sends only its name offers nothing', () => {
  assert.deepEqual(offered(['250 mail.example']), {
    pipelining: false,
    size: false,
    sizeLimit: 0,
    eightBitMime: false,
    smtputf8: false,
    dsn: false,
    startTls: false,
    chunking: false,
    auth: [],
    limits: {},
    keywords: [],
  });
});

test('the offers of a modern server are understood', () => {
  const capabilities = offered([
    '250-mail.example',
    '250-8BITMIME',
    '250-ENHANCEDSTATUSCODES',
    '250-PIPELINING',
    '250-CHUNKING',
    '250-DSN',
    '250-SMTPUTF8',
    '250-STARTTLS',
    '250-AUTH PLAIN LOGIN',
    '250 SIZE 41943040',
  ]);
  assert.deepEqual(capabilities, {
    pipelining: true,
    size: true,
    sizeLimit: 41_943_040,
    eightBitMime: true,
    smtputf8: true,
    dsn: true,
    startTls: true,
    chunking: true,
    auth: ['PLAIN', 'LOGIN'],
    limits: {},
    keywords: [
      '8BITMIME',
      'ENHANCEDSTATUSCODES',
      'PIPELINING',
      'CHUNKING',
      'DSN',
      'SMTPUTF8',
      'STARTTLS',
      'AUTH',
      'SIZE',
    ],
  });
});

test('the first line is never a capability, whatever its content', () => {
  assert.deepEqual(offered(['250-PIPELINING', '250 DSN']).keywords, ['DSN']);
  assert.deepEqual(offered(['250 PIPELINING']).keywords, []);
});

test('keywords are accepted in any letter case, and with extra blanks', () => {
  const { pipelining, dsn } = offered(['250-x', '250-Pipelining ', '250-  dsn', '250 size']);
  assert.deepEqual([pipelining, dsn], [true, true]);
});

test('a keyword is a whole word', () => {
  const { pipelining, dsn } = offered(['250-x', '250-PIPELININGS', '250-XDSN', '250-NO DSN', '250 -PIPELINING']);
  assert.deepEqual([pipelining, dsn], [false, false]);
});

test('a line that is not part of a reply offers nothing', () => {
  const { keywords } = offered(['250-x', 'PIPELINING', '* 250-DSN', '250 8BITMIME']);
  assert.deepEqual(keywords, ['8BITMIME']);
});

test('several AUTH lines are one offer, with each mechanism once', () => {
  const { auth } = offered(['250-x', '250-AUTH PLAIN', '250-AUTH login CRAM-MD5', '250 AUTH=LOGIN PLAIN']);
  assert.deepEqual(auth, ['PLAIN', 'LOGIN', 'CRAM-MD5']);
});

test('the old form AUTH= is understood, an AUTH without mechanisms is an offer of none', () => {
  assert.deepEqual(offered(['250-x', '250 AUTH=LOGIN PLAIN']).auth, ['LOGIN', 'PLAIN']);
  const { auth, keywords } = offered(['250-x', '250 AUTH']);
  assert.deepEqual([auth, keywords], [[], ['AUTH']]);
});

test('SIZE gives a limit, or only says that sizes may be declared', () => {
  for (const [line, limit] of [
    ['SIZE 1000', 1000],
    ['SIZE=1000', 1000],
    ['SIZE', 0],
    ['SIZE ', 0],
    ['SIZE 0', 0],
    ['SIZE many', 0],
    ['SIZE -1', 0],
    ['SIZE 1e3', 0],
    ['SIZE 99999999999999999999', 0],
  ] as const) {
    const { size, sizeLimit } = offered(['250-x', `250 ${line}`]);
    assert.deepEqual([size, sizeLimit], [true, limit], line);
  }
});

test('SMTPUTF8 without 8BITMIME implies it', () => {
  const { eightBitMime, smtputf8 } = offered(['250-x', '250 SMTPUTF8']);
  assert.deepEqual([eightBitMime, smtputf8], [true, true]);
});

test('a discarded keyword was never offered', () => {
  const lines = ['250-x', '250-Pipelining', '250-SIZE 10', '250-AUTH PLAIN', '250 DSN'];
  const { pipelining, size, sizeLimit, auth, dsn, keywords } = offered(lines, 'pipelining', 'size', 'auth');
  assert.deepEqual(
    { pipelining, size, sizeLimit, auth, dsn },
    { pipelining: false, size: false, sizeLimit: 0, auth: [], dsn: true },
  );
  assert.deepEqual(keywords, ['DSN']);
});

test('no reply makes the parser of capabilities throw', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary' }), { maxLength: 30 }), (texts) => {
      const { keywords, sizeLimit } = offered([...texts.map((text) => `250-${text}`), '250 end']);
      assert.ok(Number.isSafeInteger(sizeLimit));
      assert.ok(keywords.every((keyword) => keyword !== '' && !/[\s=]/.test(keyword.replace(/[^ \t=]/g, ''))));
    }),
  );
});

test('announced limits are understood; unknown names and malformed values are skipped', () => {
  const limits = (words: string) => offered(['250-mail.example', `250 LIMITS ${words}`]).limits;
  assert.deepEqual(limits('MAILMAX=10 RCPTMAX=50 RCPTDOMAINMAX=1 FOO=2'), { mail: 10, rcpt: 50 });
  assert.deepEqual(limits('RCPTMAX=x MAILMAX=0'), {});
  assert.deepEqual(limits('rcptmax=3'), { rcpt: 3 });
});
