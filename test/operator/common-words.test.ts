/** What replies have in common, as a sentence that an operator can read. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { sentenceOf } from '../../functions/operator/causes.ts';
import { asSentence, inCommon, wordsToShow } from '../../functions/operator/common-words.ts';
import type { SummaryReply } from '../../functions/queue/items/queue-entry.ts';

const reply = (text: string, dsn: SummaryReply['dsn'] = '4.2.2'): SummaryReply => ({ dsn, text });
const sentence = (first: string, ...others: readonly string[]) =>
  asSentence(others.map((text) => wordsToShow(reply(text))).reduce(inCommon, wordsToShow(reply(first))));
const said = (words: string) => `host imap-a[10.0.4.21]:24 said: ${words}`;

describe('the sentence of', () => {
  const sentences: Readonly<Record<string, readonly [readonly string[], string]>> = {
    'one reply of a server is the reply, without the command that it answers': [
      [said('452 4.2.2 <bob@example.com> Quota exceeded (in reply to end of DATA command)')],
      '452 4.2.2 <bob@example.com> Quota exceeded',
    ],
    'one reason of our own is the whole reason, behind its status': [
      ['connect to imap-b.example.net[10.0.4.22]:24: Connection refused'],
      '4.2.2 connect to imap-b.example.net[10.0.4.22]:24: Connection refused',
    ],
    'mailboxes of one domain keeps the domain': [
      [said('452 4.2.2 <ann@example.com> Quota exceeded'), said('452 4.2.2 <bob@example.com> Quota exceeded')],
      '452 4.2.2 <…@example.com> Quota exceeded',
    ],
    'mailboxes of several domains keeps the brackets': [
      [
        said('452 4.2.2 <ann@example.com>: full'),
        said('452 4.2.2 <ann@example.org>: full'),
        said('452 4.2.2 <x@y>: full'),
      ],
      '452 4.2.2 <…>: full',
    ],
    'several hosts keeps what was said': [
      [
        'connect to a.example[10.0.0.1]:24: Connection refused',
        'connect to b.example[10.0.0.2]:24: Connection refused',
      ],
      '4.2.2 connect to …: Connection refused',
    ],
    'replies of different length has one ellipsis where one says more': [
      [said('451 4.3.0 DS+4BJ9aX session 12 Internal error'), said('451 4.3.0 Internal error')],
      '451 4.3.0 … Internal error',
    ],
    'a reply that was cut ends where it was cut, without half a word': [
      [said('452 4.2.2 <bob@example.com> Quota excee...')],
      '452 4.2.2 <bob@example.com> Quota …',
    ],
    'a reply that was cut in the command that it answers has no trace of it': [
      [said('452 4.2.2 <bob@example.com> Quota exceeded (in reply to end of DA...')],
      '452 4.2.2 <bob@example.com> Quota exceeded …',
    ],
    'a reply that was cut and a whole one is whole': [
      [said('452 4.2.2 <a@x.example> Quota exc...'), said('452 4.2.2 <b@x.example> Quota exceeded today')],
      '452 4.2.2 <…@x.example> Quota exceeded today',
    ],
    'replies with nothing in common is an ellipsis behind the code': [[said('451 a b'), said('451 c d e')], '451 …'],
    nothing: [[''], '4.2.2'],
  };
  for (const [what, [texts, wanted]] of Object.entries(sentences)) {
    const [first = '', ...others] = texts;
    test(what, () => assert.equal(sentence(first, ...others), wanted));
  }
});

test('every word of a sentence was said in each reply, whatever the replies are', () => {
  const texts = fc.array(fc.array(fc.constantFrom<string>('a', 'b', 'c', 'd', '<x@y>', '<z@y>'), { maxLength: 8 }), {
    minLength: 1,
  });
  fc.assert(
    fc.property(texts, (all) => {
      const [first = '', ...others] = all.map((words) => words.join(' '));
      const words = sentence(first, ...others)
        .split(' ')
        .slice(1);
      for (const word of words.filter((one) => !one.includes('…'))) {
        for (const text of all) assert.ok(text.includes(word), `${word} in ${JSON.stringify(all)}`);
      }
      assert.doesNotMatch(words.join(' '), /… …/);
    }),
  );
});

test('a cause that no entry is for is called by its name', () => {
  const entry = (text: string) => ({
    ...{ destination: 'inet:a:24', arrival: 1 },
    summary: { addresses: [], moreAddresses: 0, replies: [reply(text)], moreReplies: 0, inDoubt: 0 },
  });
  const entries = [entry(said('452 4.2.2 <a@x> full')), entry(said('452 4.2.2 <b@y> full'))];
  assert.equal(sentenceOf('452 4.2.2 full', entries), '452 4.2.2 <…> full');
  assert.equal(sentenceOf('450 4.2.0 busy', entries), '450 4.2.0 busy');
});
