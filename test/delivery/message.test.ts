import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { inspectContent, unseenContent, wireContent } from '../../functions/delivery/message.ts';

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
