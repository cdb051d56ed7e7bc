import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { ContentEncoder } from '../../functions/smtp/content-encoder.ts';
import { MimeDowngrader, type MimeLimits } from '../../functions/smtp/mime-downgrade.ts';

interface Converted {
  readonly octets: Buffer;
  readonly isFaulty: boolean;
}

function convert(chunks: readonly Buffer[], limits?: MimeLimits): Converted {
  const downgrader = new MimeDowngrader(limits);
  const octets = Buffer.concat([...chunks.map((chunk) => downgrader.push(chunk)), downgrader.end()]);
  return { octets, isFaulty: downgrader.fault !== undefined };
}

function onTheWire(octets: Buffer): string {
  const encoder = new ContentEncoder({ lineLimit: 0, stuff: false });
  return Buffer.concat([encoder.push(octets), encoder.end()]).toString('latin1');
}

/** Decodes quoted-printable as a reader does (RFC 2045 section 6.7). */
function decodeQuotedPrintable(text: string): string {
  return text
    .replaceAll('=\r\n', '')
    .replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

const latin1 = (text: string) => Buffer.from(text, 'latin1');

/** Lines of messages with all relevant elements, in and out of order. */
const piece = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.constantFrom('\n', '\n', '\r\n', '\n\n', '\r', ' ', '\t', '\0', '=', '.', '-', '--', ':'),
  },
  {
    weight: 3,
    arbitrary: fc.constantFrom('\n--b\n', '\r\n--b\r\n', '\n--b--\n', '\n--c\n', '\n--c--\r\n', '\n--\n', '--bx', '-'),
  },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      'Content-Transfer-Encoding: 8bit\n',
      'Content-Transfer-Encoding: 8bit\r\n\r\n',
      'content-transfer-encoding :\n binary\n',
      'Content-Transfer-Encoding: 7bit\n',
      'Content-Type: text/plain\n',
      'Content-Type: message/rfc822\r\n\r\n',
      'Content-Type: message/global\n\n',
      'Content-Type: multipart/mixed; boundary=b\n\n',
      'Content-Type: multipart/mixed;\r\n boundary="c"; boundary=b\r\n\r\n',
      'Content-Type: multipart/digest; (c) boundary="b \n ',
      'Content-Type: ',
      'Subject: \xfc\n',
    ),
  },
  { weight: 2, arbitrary: fc.constantFrom('gr\xfc\xdfe', 'a\tb ', 'x'.repeat(72), '\xe4'.repeat(30)) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 4200 }).map((length) => 'x'.repeat(length)) },
  { weight: 1, arbitrary: fc.integer({ min: 2040, max: 2052 }).map((length) => `${'-'.repeat(length)}\r`) },
);
const message = fc.array(piece, { maxLength: 30 }).map((pieces) => latin1(pieces.join('')));
const anything = fc.oneof(
  message,
  fc.uint8Array({ maxLength: 500 }).map((octets) => Buffer.from(octets)),
);
const places = fc.array(fc.nat(), { maxLength: 20 });
const limits = fc.constantFrom<MimeLimits>(
  {},
  { headerSizeLimit: 40 },
  { nestingLimit: 0 },
  { nestingLimit: 2, boundaryLengthLimit: 1 },
);

function cutAt(octets: Buffer, where: readonly number[]): readonly Buffer[] {
  const cuts = [0, ...where.map((place) => place % (octets.length + 1)), octets.length].sort((a, b) => a - b);
  return cuts.slice(1).map((to, index) => octets.subarray(cuts[index], to));
}

test('however a message is split into chunks, the output is the same', () => {
  fc.assert(
    fc.property(anything, places, limits, (octets, where, given) => {
      assert.deepEqual(convert(cutAt(octets, where), given), convert([octets], given));
    }),
    { numRuns: 1500 },
  );
});

test('the output is the same octet by octet', () => {
  fc.assert(
    fc.property(anything, limits, (octets, given) => {
      const single = Array.from(octets, (_, at) => octets.subarray(at, at + 1));
      assert.deepEqual(convert(single, given), convert([octets], given));
    }),
    { numRuns: 200 },
  );
});

test("the caller's octets are not changed", () => {
  fc.assert(
    fc.property(anything, (octets) => {
      const before = Buffer.from(octets);
      convert([octets]);
      assert.deepEqual(octets, before);
    }),
  );
});

test('whether lines end in LF or CRLF, the wire sees the same', () => {
  fc.assert(
    fc.property(anything, (octets) => {
      const lines = octets.toString('latin1').replaceAll('\r', '');
      const { octets: fromLf } = convert([latin1(lines)]);
      const { octets: fromCrlf } = convert([latin1(lines.replaceAll('\n', '\r\n'))]);
      assert.equal(onTheWire(fromCrlf), onTheWire(fromLf));
    }),
    { numRuns: 1000 },
  );
});

/** A body of anything but boundaries. */
const body = fc.oneof(
  fc.uint8Array({ maxLength: 400 }).map((octets) => Buffer.from(octets)),
  fc.array(piece, { maxLength: 12 }).map((pieces) => latin1(pieces.join('').replaceAll('--', '-_'))),
);

describe('a part that declares itself 8bit', () => {
  const header = 'Subject: x\r\nContent-Transfer-Encoding: 8bit\r\n\r\n';
  const newHeader = 'Subject: x\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n';

  test('is the same after decoding', () => {
    fc.assert(
      fc.property(body, (octets) => {
        const sent = onTheWire(convert([latin1(header), octets]).octets);
        assert.ok(sent.startsWith(newHeader));
        assert.equal(decodeQuotedPrintable(sent.slice(newHeader.length)), onTheWire(octets));
      }),
      { numRuns: 2000 },
    );
  });

  test('is sent in printable ASCII, in lines of 76 characters, without a blank at their end', () => {
    fc.assert(
      fc.property(body, (octets) => {
        const sent = onTheWire(convert([latin1(header), octets]).octets);
        assert.match(sent, /^[\t\r\n -~]*$/);
        for (const line of sent.slice(newHeader.length).split('\r\n')) {
          assert.ok(line.length <= 76);
          assert.doesNotMatch(line, /[ \t]$/);
        }
      }),
      { numRuns: 1000 },
    );
  });

  test('is converted in a multipart too, between unchanged boundaries', () => {
    const open = 'Content-Type: multipart/mixed; boundary="=b"\r\nContent-Transfer-Encoding: 8bit\r\n\r\n--=b\r\n';
    fc.assert(
      fc.property(body, body, (first, second) => {
        const next = latin1(`\r\n--=b\r\n${header}`);
        const { octets } = convert([latin1(open + header), first, next, second, latin1('\r\n--=b--\r\n')]);
        const sent = onTheWire(octets);
        assert.match(sent, /^[\t\r\n -~]*$/);
        const [opened = '', one = '', two = '', ...others] = sent.split('--=b');
        assert.ok(opened.includes('Content-Transfer-Encoding: 7bit\r\n\r\n'));
        assert.equal(
          decodeQuotedPrintable(one.slice(2 + newHeader.length)),
          onTheWire(Buffer.concat([first, latin1('\r\n')])),
        );
        assert.equal(
          decodeQuotedPrintable(two.slice(2 + newHeader.length)),
          onTheWire(Buffer.concat([second, latin1('\r\n')])),
        );
        assert.deepEqual(others, ['--\r\n']);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('memory stays bounded, whatever the input', () => {
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;

  /** The least of several measurements: freed buffers are returned a while later. */
  async function memoryInUse(): Promise<number> {
    let least = Number.POSITIVE_INFINITY;
    for (let look = 0; look < 8; look += 1) {
      collectGarbage();
      await nextTurn();
      const { heapUsed, arrayBuffers } = process.memoryUsage();
      least = Math.min(least, heapUsed + arrayBuffers);
    }
    return least;
  }

  const chunk = (text: string) => latin1(text.repeat(Math.ceil(65_536 / text.length)));
  const parts = Array.from(
    { length: 60 },
    (_, level) => `--${level}-\nContent-Type: multipart/mixed; boundary="${level + 1}-"\n\n`,
  );

  for (const [what, beginning, rest] of [
    ['an endless header field', 'Subject: ', 'x'],
    ['an endless name', '', 'x'],
    ['an endless folded field', 'Subject:', '\n x'],
    ['an endless type', 'Content-Type: multipart/mixed; x="', 'y'],
    ['an endless encoding', 'Content-Transfer-Encoding: ', '8bit\n '],
    ['endless header fields', '', 'Content-Type: text/plain\nContent-Transfer-Encoding: 7bit\n'],
    ['an endless boundary', 'Content-Type: multipart/mixed; boundary="', 'x'],
    ['an endless line of dashes', 'Content-Type: multipart/mixed; boundary=b\n\n', '-'],
    ['lines of dashes', 'Content-Type: multipart/mixed; boundary=b\n\n', '--\n'],
    [
      'endless parts',
      'Content-Type: multipart/mixed; boundary=b\n\n',
      '--b\nContent-Transfer-Encoding: 8bit\n\n\xe4\n',
    ],
    ['nested multiparts', `Content-Type: multipart/mixed; boundary="0-"\n\n${parts.join('')}`, '--60-\n\nx\n'],
    ['nested messages', '', 'Content-Type: message/rfc822\n\n'],
    ['an endless line, to be converted', 'Content-Transfer-Encoding: 8bit\n\n', '\xe4'],
    ['endless blanks, to be converted', 'Content-Transfer-Encoding: 8bit\n\n', ' '],
    ['endless CRs', 'Content-Transfer-Encoding: 8bit\n\n', '\r'],
    ['an endless body', '\n', 'x'],
  ] as const) {
    test(what, { timeout: 60_000 }, async () => {
      const downgrader = new MimeDowngrader();
      const octets = chunk(rest);
      downgrader.push(latin1(beginning));
      const before = await memoryInUse();
      for (let sent = 0; sent < 3_000_000; sent += octets.length) downgrader.push(octets);
      const held = (await memoryInUse()) - before;
      assert.ok(held < 1_000_000, `holds ${held} octets`);
      downgrader.end();
    });
  }
});
