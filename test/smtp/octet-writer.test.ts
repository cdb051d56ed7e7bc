import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { OctetWriter } from '../../functions/smtp/octet-writer.ts';

test('the pieces are taken in their order, and each once', () => {
  const piece = fc.oneof(
    { weight: 5, arbitrary: fc.uint8Array({ maxLength: 5 }) },
    { weight: 1, arbitrary: fc.integer({ min: 4000, max: 70_000 }).map((length) => new Uint8Array(length).fill(7)) },
  );
  fc.assert(
    fc.property(fc.array(fc.array(piece, { maxLength: 30 }), { maxLength: 4 }), (rounds) => {
      const writer = new OctetWriter();
      const taken = rounds.map((pieces) => {
        writer.push(...pieces.map((one) => Buffer.from(one)));
        return writer.take();
      });
      // Octets that were taken are not overwritten by later ones.
      assert.deepEqual(
        taken,
        rounds.map((pieces) => Buffer.concat(pieces)),
      );
    }),
    { numRuns: 300 },
  );
});

test('a part of a buffer is written, and a small piece may be changed afterwards', () => {
  const writer = new OctetWriter();
  const piece = Buffer.from('abcd');
  writer.write(piece, 1, 3);
  piece.fill('x');
  assert.equal(writer.take().toString(), 'bc');
});

const message = new URL('../../functions/delivery/message.ts', import.meta.url).href;

/** Two messages at once, in a process with a heap of 24 MiB. Two buffers for each line would take several times that for one. */
const script = `
import { messageInMemory, openGate, wireContent } from '${message}';
const [head, line] = process.argv.slice(1).map((text) => JSON.parse(text));
const octets = Buffer.concat([Buffer.from(head), Buffer.alloc(1024 * 1024, line)]);
const kept = Array.from({ length: 2 }, () => messageInMemory(octets));
const lengths = await Promise.all(kept.map(async (message) => {
  let length = 0;
  const downgrade = { nestingLimit: 100, boundaryLengthLimit: 2048, headerSizeLimit: 102400 };
  for await (const chunk of wireContent(message, openGate, { lineLimit: 998, downgrade }).chunks()) {
    length += chunk.length;
    await new Promise(setImmediate);
  }
  return length;
}));
if (lengths.some((length) => length < octets.length)) throw new Error('content is missing');
`;

describe('two messages of 1 MiB in very short lines fit into a small heap', () => {
  const plain = 'Subject: x\n\n';
  const multipart = 'Content-Type: multipart/mixed; boundary=b\n\n--b\n\n';
  const eightBit = 'MIME-Version: 1.0\nContent-Type: text/plain\nContent-Transfer-Encoding: 8bit\n\n';
  for (const [what, head, line] of [
    ['lines of two octets', plain, 'a\n'],
    ['lines of dashes in a multipart', multipart, '--\n'],
    ['8-bit lines that are converted', eightBit, '\u00e9\n'],
    ['a header of short fields', '', 'a:\n'],
  ] as const) {
    test(what, () => {
      const args = [
        '--max-old-space-size=24',
        '--input-type=module',
        '-e',
        script,
        JSON.stringify(head),
        JSON.stringify(line),
      ];
      const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
      assert.equal(status, 0, stderr);
    });
  }
});
