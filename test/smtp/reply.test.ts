import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { LineReader } from '../../functions/session/line-reader.ts';
import {
  isIntermediate,
  isPositive,
  isProtocolError,
  type Reply,
  ReplyAssembler,
  replyLineLimit,
  replyTextLimit,
} from '../../functions/smtp/reply.ts';

/** Returns the replies in these lines. */
function assemble(...lines: readonly string[]): readonly Reply[] {
  const assembler = new ReplyAssembler();
  return lines.flatMap((line) => assembler.take(line) ?? []);
}

/** Returns the replies in these octets, in the chunks of their arrival. */
function read(chunks: readonly Buffer[]): readonly Reply[] {
  const reader = new LineReader();
  const assembler = new ReplyAssembler();
  const replies: Reply[] = [];
  for (const chunk of chunks) {
    reader.push(chunk);
    for (let line = reader.shift(); line !== undefined; line = reader.shift()) {
      const reply = assembler.take(line);
      if (reply !== undefined) replies.push(reply);
    }
  }
  return replies;
}

/** Splits octets at the given places, in any order. */
function cutAt(octets: Buffer, places: readonly number[]): readonly Buffer[] {
  const cuts = [0, ...places.map((place) => place % (octets.length + 1)), octets.length].sort((a, b) => a - b);
  return cuts.slice(1).map((to, index) => octets.subarray(cuts[index], to));
}

describe('a line ends a reply if three digits are followed by a blank, or by nothing', () => {
  for (const [line, code, status] of [
    ['250 2.1.5 ok', 250, '2.1.5'],
    ['250 ok', 250, '2.0.0'],
    ['250', 250, '2.0.0'],
    ['250 ', 250, '2.0.0'],
    ['250  2.1.5 two blanks', 250, '2.1.5'],
    ['250 \t2.1.5 a tab', 250, '2.1.5'],
    ['354 go ahead', 354, '5.5.0'],
    ['354 3.0.0 go ahead', 354, '5.5.0'],
    ['421 4.3.2 going down', 421, '4.3.2'],
    ['450 4.2.0', 450, '4.2.0'],
    ['452 4.2.2 over quota', 452, '4.2.2'],
    ['550 5.1.1 unknown', 550, '5.1.1'],
    ['554 5.7.1234 too many digits', 554, '5.0.0'],
    ['554 5.7 too few numbers', 554, '5.0.0'],
    ['554 5.7.1: with a colon', 554, '5.0.0'],
    ['600 6.0.0 never heard of', 600, '5.5.0'],
    ['199 1.0.0 hm', 199, '5.5.0'],
    ['000 zero', 0, '5.5.0'],
  ] as const) {
    test(JSON.stringify(line), () => {
      assert.deepEqual(assemble(line), [{ code, status, text: line, lines: [line], garbled: false }]);
    });
  }
});

describe('a line of any other form is skipped, stays in the text, and leaves the reply garbled', () => {
  for (const line of [
    '',
    ' 250 indented',
    '25 two digits',
    '2500 four digits',
    '250ok',
    '250\tok',
    '250_ok',
    'ok 250',
    '-250 ok',
    '２５０ wide digits',
    '* BYE',
  ]) {
    test(JSON.stringify(line), () => {
      const [reply, ...others] = assemble(line, '250 2.0.0 ok');
      assert.deepEqual(others, []);
      assert.equal(reply?.garbled, true);
      assert.equal(reply?.code, 250);
      // An empty line leaves no trace, as in Postfix.
      assert.equal(reply?.text, line === '' ? '250 2.0.0 ok' : `${line} 250 2.0.0 ok`);
    });
  }
});

test('a status that does not fit the reply code is ignored', () => {
  const statuses = ['250 5.1.1 what', '250 4.2.2 what', '450 5.2.2 full', '550 4.1.1 perhaps', '550 2.0.0 fine'].map(
    (line) => assemble(line)[0]?.status,
  );
  assert.deepEqual(statuses, ['2.0.0', '2.0.0', '4.0.0', '5.0.0', '5.0.0']);
});

test('a status later in the text does not count', () => {
  assert.equal(assemble('550 user unknown 5.1.1')[0]?.status, '5.0.0');
});

test('in a multi-line reply the last line gives code and status, whatever the others say', () => {
  const [reply] = assemble('250-2.1.5 first', '550-5.1.1 second', '452 4.2.2 last');
  assert.equal(reply?.code, 452);
  assert.equal(reply?.status, '4.2.2');
  assert.equal(reply?.text, '250-2.1.5 first 550-5.1.1 second 452 4.2.2 last');
  assert.equal(reply?.garbled, false);
});

test('a status in an earlier line only does not count', () => {
  assert.equal(assemble('550-5.1.1 unknown', '550 see our page')[0]?.status, '5.0.0');
});

test('one reply ends where the next begins', () => {
  const replies = assemble('250-a', '250 b', 'garbage', '354 c', '250 d');
  assert.deepEqual(
    replies.map(({ text, garbled }) => [text, garbled]),
    [
      ['250-a 250 b', false],
      ['garbage 354 c', true],
      ['250 d', false],
    ],
  );
});

test('a reply is partial until its last line has arrived', () => {
  const assembler = new ReplyAssembler();
  assert.equal(assembler.isPartial, false);
  assert.equal(assembler.take('250-first'), undefined);
  assert.equal(assembler.isPartial, true);
  assert.ok(assembler.take('250 last'));
  assert.equal(assembler.isPartial, false);
});

test('the text of a reply is kept up to a limit, and its code is not lost', () => {
  const line = `550-${'x'.repeat(96)}`;
  const [reply] = assemble(...new Array<string>(500).fill(line), '452 4.3.1 the last line decides');
  assert.equal(reply?.code, 452);
  assert.equal(reply?.status, '4.3.1');
  assert.ok((reply?.text.length ?? 0) <= replyTextLimit + line.length);
  assert.ok((reply?.text.length ?? 0) >= replyTextLimit - line.length);
});

test('ten thousand lines without an end are a flood, and take no more memory than a few', () => {
  const assembler = new ReplyAssembler();
  for (let n = 0; n < replyLineLimit - 1; n++) assert.equal(assembler.take(`250-line ${n}`), undefined);
  assert.equal(assembler.isFlooding, false);
  assembler.take('still no end');
  assert.equal(assembler.isFlooding, true);
  const reply = assembler.take('250 at last');
  assert.ok((reply?.lines.length ?? 0) < 300);
});

test('the code alone gives the kind of a reply', () => {
  const kinds = [199, 200, 250, 299, 300, 354, 399, 400].map((code) => {
    const reply = assemble(`${code} x`)[0];
    assert.ok(reply);
    return [code, isPositive(reply), isIntermediate(reply)];
  });
  assert.deepEqual(kinds, [
    [199, false, false],
    [200, true, false],
    [250, true, false],
    [299, true, false],
    [300, false, true],
    [354, false, true],
    [399, false, true],
    [400, false, false],
  ]);
});

test('500 to 509, 555, odd codes and garbage show a server out of step; other refusals do not', () => {
  const isOutOfStep = (...lines: readonly string[]) => {
    const [reply] = assemble(...lines);
    assert.ok(reply);
    return isProtocolError(reply);
  };
  for (const code of [100, 199, 500, 503, 509, 555, 600, 999]) assert.equal(isOutOfStep(`${code} x`), true, `${code}`);
  for (const code of [200, 250, 354, 421, 450, 499, 510, 550, 554, 556, 599]) {
    assert.equal(isOutOfStep(`${code} x`), false, `${code}`);
  }
  assert.equal(isOutOfStep('what?', '250 ok'), true);
});

describe('replies of real servers', () => {
  test('Dovecot refuses one of many for its quota', () => {
    const [reply] = assemble('552 5.2.2 <bob@example.com> Quota exceeded (mailbox for user is full)');
    assert.equal(reply?.status, '5.2.2');
  });
  test('Cyrus reports over quota in two lines', () => {
    const [reply] = assemble('452-4.2.2 Over quota', '452 4.2.2 SESSIONID=<host-1234-1>');
    assert.equal(reply?.text, '452-4.2.2 Over quota 452 4.2.2 SESSIONID=<host-1234-1>');
    assert.equal(reply?.status, '4.2.2');
  });
  test('a server sends Latin-1', () => {
    const [reply] = read([Buffer.from('550 5.1.1 Empf\xe4nger unbekannt\r\n', 'latin1')]);
    assert.equal(reply?.text, '550 5.1.1 Empf?nger unbekannt');
  });
  test('a server sends UTF-8', () => {
    const [reply] = read([Buffer.from('550 5.1.1 Empfänger unbekannt\r\n')]);
    assert.equal(reply?.text, '550 5.1.1 Empfänger unbekannt');
  });
  test('line ends are LF, or have an extra CR', () => {
    assert.deepEqual(
      read([Buffer.from('250-a\n250 b\r\r\n')]).map(({ lines }) => lines),
      [['250-a', '250 b']],
    );
  });
  test('control characters appear as question marks', () => {
    assert.equal(read([Buffer.from('550 \u001b[2J\u009b\t\r!\r\n')])[0]?.text, '550 ?[2J???!');
  });
  test('a line longer than the limit is truncated, and the next one is whole', () => {
    const [long, next] = read([Buffer.from(`550 5.1.1 ${'x'.repeat(10_000)}\r\n250 2.0.0 ok\r\n`)]);
    assert.equal(long?.text.length, replyTextLimit);
    assert.equal(long?.status, '5.1.1');
    assert.equal(next?.text, '250 2.0.0 ok');
  });
});

/** Lines of servers, and lines that no server should send. */
const wireLine = fc.oneof(
  fc
    .tuple(fc.constantFrom('250', '354', '421', '550', '25', '2500'), fc.constantFrom(' ', '-', ''), fc.string())
    .map(([code, separator, text]) => `${code}${separator}${text.replace(/\n/g, '')}`),
  fc.string().map((text) => text.replace(/\n/g, '')),
  fc.constantFrom('250 ä€😀', '550 5.1.1 unknown', '250-continues'),
);
const wire = fc
  .array(fc.tuple(wireLine, fc.constantFrom('\r\n', '\n', '\r\r\n')), { maxLength: 20 })
  .map((lines) => Buffer.from(lines.map((line) => line.join('')).join('')));

test('however the network splits the octets of a server, the replies are the same', () => {
  fc.assert(
    fc.property(wire, fc.array(fc.nat(), { maxLength: 20 }), (octets, places) => {
      assert.deepEqual(read(cutAt(octets, places)), read([octets]));
    }),
    { numRuns: 500 },
  );
});

test('whatever octets a server sends, the parser throws nothing and keeps little', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 4000 }), { maxLength: 20 }), (chunks) => {
      for (const { text, code, status } of read(chunks.map((chunk) => Buffer.from(chunk)))) {
        assert.ok(text.length <= 2 * replyTextLimit + 1);
        assert.ok(code >= 0 && code <= 999);
        assert.match(status, /^[245]\.\d{1,3}\.\d{1,3}$/);
        assert.doesNotMatch(text, /\p{Cc}/u);
      }
    }),
    { numRuns: 200 },
  );
});
