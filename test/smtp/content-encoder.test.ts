import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { ContentEncoder, canonicalSize, has8BitOctets } from '../../functions/smtp/content-encoder.ts';

type Options = ConstructorParameters<typeof ContentEncoder>[0];

/** The content on the wire, without the final dot. */
function encode(content: string | Buffer, options?: Options): string {
  return encodeChunks([Buffer.from(content as string, 'latin1')], options).toString('latin1');
}

function encodeChunks(chunks: readonly Buffer[], options?: Options): Buffer {
  const encoder = new ContentEncoder(options);
  return Buffer.concat([...chunks.map((chunk) => encoder.push(chunk)), encoder.end()]);
}

/** What a server files: the first of doubled dots removed (RFC 5321 section 4.5.2). */
function unstuff(wire: string): string {
  return wire.replace(/(^|\r\n)\./g, '$1');
}

/** A body with every line ended by CRLF, and blanks for CRs that end no line: the expected result. */
function normalised(body: string): string {
  if (body === '') return '';
  const lines = body.replace(/\r$/, '').split(/\r?\n/);
  // A body that ends in a line end has no line after it; a final CR alone ends its line.
  if (lines.at(-1) === '' && !body.endsWith('\r')) lines.pop();
  return lines.map((line) => `${line.replaceAll('\r', ' ')}\r\n`).join('');
}

describe('lines end in CRLF, dots are doubled, and nothing else changes', () => {
  for (const [what, body, wire] of [
    ['an empty body', '', ''],
    ['a line', 'one\r\n', 'one\r\n'],
    ['an empty line', '\r\n', '\r\n'],
    ['an empty line of LF', '\n', '\r\n'],
    ['lines of LF', 'one\ntwo\n', 'one\r\ntwo\r\n'],
    ['lines of both kinds', 'one\r\ntwo\nthree\r\n', 'one\r\ntwo\r\nthree\r\n'],
    ['a last line without an end', 'one\r\ntwo', 'one\r\ntwo\r\n'],
    ['a CR within a line', 'one\rtwo\r\n', 'one two\r\n'],
    ['a CR at the very end', 'one\r', 'one\r\n'],
    ['nothing but a CR', '\r', '\r\n'],
    ['two CRs before the LF', 'one\r\r\n', 'one \r\n'],
    ['two CRs at the very end', 'one\r\r', 'one \r\n'],
    ['LF before CR', 'one\n\rtwo\n', 'one\r\n two\r\n'],
    ['a dot at the start of a line', '.one\n..two\na.b\n', '..one\r\n...two\r\na.b\r\n'],
    ['a lone dot', '.', '..\r\n'],
    ['a lone dot on a line of CRLF', 'one\r\n.\r\ntwo\r\n', 'one\r\n..\r\ntwo\r\n'],
    ['a lone dot on a line of LF', 'one\n.\ntwo\n', 'one\r\n..\r\ntwo\r\n'],
    ['a lone dot between CRs', 'one\r.\rtwo', 'one . two\r\n'],
    ['a dot between CR and LF', 'one\r.\ntwo', 'one .\r\ntwo\r\n'],
    ['a second message smuggled in', 'one\n.\r\nMAIL FROM:<x>\r\n', 'one\r\n..\r\nMAIL FROM:<x>\r\n'],
    ['octets above 127', 'gr\xfc\xdfe \xf0\x9f\x98\x80\n', 'gr\xfc\xdfe \xf0\x9f\x98\x80\r\n'],
    ['NUL', 'a\0b\n', 'a\0b\r\n'],
    ['tabs, blanks, vertical tab, form feed', '\ta \v\f \n', '\ta \v\f \r\n'],
    ['other line ends of Unicode', 'a\x85b\xe2\x80\xa8c\n', 'a\x85b\xe2\x80\xa8c\r\n'],
  ] as const) {
    test(what, () => assert.equal(encode(body), wire));
  }
});

describe('a line is cut only if it is longer than the limit', () => {
  for (const [length, wanted] of [
    [997, [997]],
    [998, [998]],
    [999, [998, 1]],
    [1000, [998, 2]],
    [1995, [998, 997]],
    [1996, [998, 997, 1]],
  ] as const) {
    test(`${length} octets`, () => {
      const lines = encode(`${'x'.repeat(length)}\n`)
        .split('\r\n')
        .slice(0, -1);
      assert.deepEqual(
        lines.map((line) => line.trimStart().length),
        wanted,
      );
      // The continuation begins with a blank, so a cut header stays a header.
      assert.ok(lines.slice(1).every((line) => line.startsWith(' ')));
    });
  }
  test('a doubled dot does not count', () => {
    assert.equal(encode(`.${'x'.repeat(997)}\n`), `..${'x'.repeat(997)}\r\n`);
  });
  test('a dot after the blank of a cut line is not doubled', () => {
    assert.equal(encode('abcde.f\n', { lineLimit: 5 }), 'abcde\r\n .f\r\n');
  });
  test('a last line without an end is cut too', () => {
    assert.equal(encode('abcdefg', { lineLimit: 5 }), 'abcde\r\n fg\r\n');
  });
  test('0 means no limit', () => {
    const line = 'x'.repeat(100_000);
    assert.equal(encode(`${line}\n`, { lineLimit: 0 }), `${line}\r\n`);
  });
  test('a limit of 1 leaves no room after the blank and counts as 2', { timeout: 5000 }, () => {
    assert.equal(encode('abcd\n', { lineLimit: 1 }), 'ab\r\n c\r\n d\r\n');
  });
});

test('without stuffing, dots stay unchanged', () => {
  assert.equal(encode('.one\n.\n', { stuff: false }), '.one\r\n.\r\n');
});

test('a long line that needs no change is passed on without a copy', () => {
  const chunk = Buffer.alloc(5000, 'no line end here');
  assert.equal(new ContentEncoder({ lineLimit: 0 }).push(chunk).buffer, chunk.buffer);
});

test("the caller's octets are not changed", () => {
  const chunk = Buffer.from('a\rb\n.c');
  encodeChunks([chunk]);
  assert.equal(chunk.toString(), 'a\rb\n.c');
});

test('the declared size counts CRLF line ends, and no doubled dots', () => {
  for (const [body, size] of [
    ['', 0],
    ['one\r\n', 5],
    ['one\n', 5],
    ['one', 5],
    ['.one\n', 6],
    [`${'x'.repeat(2000)}\n`, 2002],
  ] as const) {
    assert.equal(canonicalSize(Buffer.from(body)), size, JSON.stringify(body.slice(0, 20)));
  }
});

test('the declared size of any body is the length of its encoding', () => {
  fc.assert(
    fc.property(body, (text) => {
      assert.equal(canonicalSize(Buffer.from(text, 'latin1')), encode(text, { lineLimit: 0, stuff: false }).length);
    }),
    { numRuns: 1000 },
  );
});

test('one octet above 127 makes a message an 8-bit one', () => {
  assert.equal(has8BitOctets(Buffer.from('plain \u007f')), false);
  assert.equal(has8BitOctets(Buffer.from('')), false);
  assert.equal(has8BitOctets(Buffer.from([0x41, 0x80])), true);
});

/** Bodies of the relevant elements: line ends, whole or broken, dots, and runs beyond any limit. */
const piece = fc.oneof(
  fc.constantFrom('\r', '\n', '\r\n', '.', '\r\n.\r\n', '\n.\n', '\r.\r', 'a', 'text', '\0', '\xff', ' '),
  fc.integer({ min: 1, max: 2100 }).map((length) => 'x'.repeat(length)),
);
const body = fc.array(piece, { maxLength: 25 }).map((pieces) => pieces.join(''));
const places = fc.array(fc.nat(), { maxLength: 15 });

function cutAt(octets: Buffer, where: readonly number[]): readonly Buffer[] {
  const cuts = [0, ...where.map((place) => place % (octets.length + 1)), octets.length].sort((a, b) => a - b);
  return cuts.slice(1).map((to, index) => octets.subarray(cuts[index], to));
}

test('however the body is split into chunks, the wire sees the same', () => {
  const options = fc.record({ lineLimit: fc.constantFrom(0, 1, 2, 7, 998), stuff: fc.boolean() });
  fc.assert(
    fc.property(body, places, options, (text, where, given) => {
      const octets = Buffer.from(text, 'latin1');
      assert.deepEqual(encodeChunks(cutAt(octets, where), given), encodeChunks([octets], given));
    }),
    { numRuns: 1000 },
  );
});

test('the server files the body with CRLF line ends, and nothing else is changed', () => {
  fc.assert(
    fc.property(body, (text) => {
      assert.equal(unstuff(encode(text, { lineLimit: 0 })), normalised(text));
    }),
    { numRuns: 1000 },
  );
});

test('joining cut lines again gives the body back', () => {
  fc.assert(
    fc.property(body, fc.constantFrom(2, 7, 998), (text, lineLimit) => {
      // Blanks of the body itself would look like those of a cut.
      const blankless = text.replace(/ |\r(?!\n)/g, '_');
      const joined = unstuff(encode(blankless, { lineLimit })).replaceAll('\r\n ', '');
      assert.equal(joined, normalised(blankless));
    }),
    { numRuns: 1000 },
  );
});

test('no body can end its message early, whatever a server reads as a line end', () => {
  fc.assert(
    fc.property(body, places, fc.constantFrom(0, 2, 7, 998), (text, where, lineLimit) => {
      const wire = encodeChunks(cutAt(Buffer.from(text, 'latin1'), where), { lineLimit }).toString('latin1');
      assert.ok(!`\r\n${wire}`.includes('\r\n.\r\n'), 'ends early');
      assert.doesNotMatch(wire, /\r(?!\n)|(?<!\r)\n/, 'a broken line end');
      assert.ok(wire === '' || wire.endsWith('\r\n'), 'the last line is not ended');
    }),
    { numRuns: 1000 },
  );
});

test('no line is longer than 998 octets and the doubled dot', () => {
  fc.assert(
    fc.property(body, (text) => {
      for (const line of encode(text).split('\r\n')) assert.ok(line.length <= (line.startsWith('.') ? 999 : 998));
    }),
    { numRuns: 500 },
  );
});
