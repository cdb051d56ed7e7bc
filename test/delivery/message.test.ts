import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  inspectContent,
  messageInMemory,
  streamedMessage,
  unseenContent,
  wireContent,
} from '../../functions/delivery/message.ts';

describe('the facts about a message in memory', () => {
  for (const [what, text, wanted] of [
    ['plain', 'Subject: x\n\nhello\n', [false, false, 21]],
    ['8-bit body', 'Subject: x\r\n\r\ngr\xfc\xdfe\r\n', [true, false, 21]],
    ['8-bit header', 'Subject: gr\xfc\xdfe\n\nhello\n', [false, true, 25]],
    ['both', 'Subject: \xfc\n\n\xfc\n', [true, true, 17]],
    ['header only', 'Subject: \xfc\n', [false, true, 12]],
    ['no header', '\n\xfc', [true, false, 5]],
    ['empty', '', [false, false, 0]],
  ] as const) {
    test(what, () => {
      const { is8Bit, has8BitHeader, size, isExact } = inspectContent(Buffer.from(text, 'latin1'));
      assert.deepEqual([is8Bit, has8BitHeader, size], wanted);
      assert.equal(isExact, true);
    });
  }
});

test('of a large message only the header is examined, and a lower bound of its size is known', () => {
  const facts = { size: 10, isExact: false, is8Bit: undefined, deliveredTo: [] };
  assert.deepEqual(unseenContent(10, Buffer.from('Subject: x\n\ngrüße')), { ...facts, has8BitHeader: false });
  assert.deepEqual(unseenContent(10, Buffer.from('Subject: grüße\n\nx')), { ...facts, has8BitHeader: true });
});

describe('whether a large message has octets above 127 in its body is known', () => {
  const large = (text: string, cuts: number) => {
    const content = Buffer.from(text, 'latin1');
    const size = Math.ceil(content.length / cuts);
    return streamedMessage({
      size: content.length,
      beginning: content.subarray(0, 40),
      async *open() {
        for (let at = 0; at < content.length; at += size) yield content.subarray(at, at + size);
      },
    });
  };
  for (const [what, text, is8Bit] of [
    ['in its body', `Subject: x\n\n${'a\n'.repeat(100)}gr\xfc\xdfe\n`, true],
    ['at the beginning of its body', 'Subject: x\n\n\xfc', true],
    ['nowhere', `Subject: x\n\n${'a\n'.repeat(100)}`, false],
    ['only in its header', `Subject: gr\xfc\xdfe\n\n${'a\n'.repeat(100)}`, false],
  ] as const) {
    test(`after it was read once: ${what}`, async () => {
      for (const cuts of [1, 3, 50]) {
        const message = large(text, cuts);
        assert.equal(message.is8Bit, undefined);
        await Array.fromAsync(message.open());
        assert.equal(message.is8Bit, is8Bit);
      }
    });
  }

  test('after a part of it was read, only if that has such octets', async () => {
    for (const [text, is8Bit] of [
      [`Subject: x\n\n\xfc${'a\n'.repeat(100)}`, true],
      [`Subject: x\n\n${'a\n'.repeat(100)}\xfc`, undefined],
    ] as const) {
      const message = large(text, 4);
      for await (const _ of message.open()) break;
      assert.equal(message.is8Bit, is8Bit);
    }
  });
});

describe('A large message with a malformed header', () => {
  /** Returns the same content as a large message, and as one in memory. */
  function bothWays(text: string) {
    const content = Buffer.from(text, 'latin1');
    const large = streamedMessage({
      size: content.length,
      beginning: content,
      async *open() {
        yield content.subarray(0, 7);
        yield content.subarray(7);
      },
    });
    return { large, small: messageInMemory(content) };
  }

  for (const [what, text] of [
    ['begins with text', 'gr\xfc\xdfe\nSubject: x\n\nhello\n'],
    ['has fields that are dropped', 'Bcc: a\nReturn-Path: <b>\nSubject : x\n\nhello\n'],
    ['has a part with blanks before a colon', 'Content-Type: multipart/mixed; boundary=q\n\n--q\nX  : y\n\nz\n--q--\n'],
    ['names an earlier delivery behind the end of its header', 'Subject: x\ntext\nDelivered-To: a@b\n\n'],
  ] as const) {
    test(`${what}: header and content are those of the same message in memory, and its size is no larger`, async () => {
      const { large, small } = bothWays(text);
      assert.deepEqual(
        [large.has8BitHeader, large.deliveredTo, Buffer.concat(await Array.fromAsync(large.open()))],
        [small.has8BitHeader, small.deliveredTo, Buffer.concat(await Array.fromAsync(small.open()))],
      );
      assert.ok(large.size <= small.size, `${large.size} octets announced, ${small.size} sent`);
    });
  }
});

test('a message is sent encoded, in step with its gate', async () => {
  const asked: string[] = [];
  const content = wireContent(
    {
      ...inspectContent(Buffer.from('.a\nb')),
      async *open() {
        yield Buffer.from('.a\n');
        yield Buffer.from('b');
      },
    },
    {
      prepare: () => asked.push('prepare'),
      admit: async () => {
        asked.push('admit');
      },
      mayGoOn: () => {
        asked.push('may go on');
        return false;
      },
    },
    { lineLimit: 998 },
  );
  await content.admit();
  assert.equal(content.mayGoOn(), false);
  assert.deepEqual(asked, ['admit', 'may go on']);
  const chunks = await Array.fromAsync(content.chunks());
  assert.equal(Buffer.concat(chunks).toString(), '..a\r\nb\r\n');
});
