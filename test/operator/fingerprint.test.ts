/** What replies have in common, and how they are counted by it. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { Causes, isFor } from '../../functions/operator/causes.ts';
import { fingerprintKey, fingerprintOf, wordsOf } from '../../functions/operator/fingerprint.ts';
import type { QueueEntry, SummaryReply } from '../../functions/queue/items/queue-entry.ts';

const key = (text: string, dsn: SummaryReply['dsn'] = '4.2.2') => fingerprintKey(fingerprintOf({ dsn, text }));

describe('the fingerprint of', () => {
  const replies: Readonly<Record<string, readonly [SummaryReply['dsn'], string, string]>> = {
    'a full mailbox': [
      '4.2.2',
      'host imap-a[10.0.4.21]:24 said: 452 4.2.2 <bob@example.com> Quota exceeded (in reply to end of DATA command)',
      '452 4.2.2 quota exceeded',
    ],
    'a full mailbox, cut in the middle of a word': [
      '4.2.2',
      'host imap-a[10.0.4.21]:24 said: 452 4.2.2 <bob@example.com> Quota excee...',
      '452 4.2.2 quota',
    ],
    'a reply of several lines': [
      '4.7.1',
      'host a[::1]:24 said: 451-4.7.1 Try again 451 4.7.1 later',
      '451 4.7.1 try again later',
    ],
    'a closed port': [
      '4.4.1',
      'connect to imap-b.example.net[10.0.4.22]:24: Connection refused',
      '4.4.1 connect to connection refused',
    ],
    'a session id': [
      '4.3.0',
      'host a[10.0.0.1]:24 said: 451 4.3.0 <x@y.example> DS+4BJ9aXmk1AAA Internal error',
      '451 4.3.0 internal error',
    ],
    'a path and a time': [
      '4.3.0',
      'host a[10.0.0.1]:24 said: 451 4.3.0 /var/mail/u is locked since 12:30',
      '451 4.3.0 is locked since',
    ],
    'words without a meaning': ['4.0.0', 'host a[10.0.0.1]:24 said: 450 1234 5.6.7.8', '450 4.0.0'],
    'many words': ['4.0.0', 'a b c d e f g h i j', '4.0.0 a b c d e f g h'],
    'another writing': ['4.2.2', 'Größe ÜBERSCHRITTEN, l’accès', '4.2.2 größe überschritten l’accès'],
    nothing: ['4.0.0', '', '4.0.0'],
  };
  for (const [what, [dsn, text, wanted]] of Object.entries(replies)) {
    test(what, () => assert.equal(key(text, dsn), wanted));
  }
});

test('the fingerprint of a fingerprint is the same, for any reply', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' })), (text) => {
      const words = wordsOf(text);
      assert.deepEqual(wordsOf(words.join(' ')), words);
    }),
  );
});

test('recipient, host and session do not affect it', () => {
  const address = fc.emailAddress();
  const place = fc.tuple(fc.domain(), fc.ipV4(), fc.nat(65_535)).map(([host, ip, port]) => `${host}[${ip}]:${port}`);
  fc.assert(
    fc.property(address, place, fc.nat(), (mailbox, peer, number) => {
      const text = `host ${peer} said: 452 4.2.2 <${mailbox}> has ${number} messages: Quota exceeded`;
      assert.equal(key(text), '452 4.2.2 has messages quota exceeded');
    }),
  );
});

function entry(text: string | undefined, given: Partial<QueueEntry> = {}): QueueEntry {
  const replies = text === undefined ? [] : [{ dsn: '4.2.2' as const, text }];
  return {
    ...{ id: 'a', delivery: '0000', state: 'deferred', generation: 1, arrival: 5, sender: '', attempt: 1 },
    destination: 'inet:a:24',
    summary: { addresses: [], moreAddresses: 0, replies, moreReplies: 0, inDoubt: 0 },
    ...given,
  };
}

const said = (words: string) => `host a[10.0.0.1]:24 said: 452 4.2.2 ${words}`;

test('causes are counted, the commonest first, as a sentence, with the newest reply where a part of it varies', () => {
  const causes = new Causes();
  causes.add(entry(said('<a@x> Mailbox busy')));
  for (const [index, destination] of ['inet:a:24', 'inet:b:24', 'inet:b:24'].entries()) {
    causes.add(entry(said(`<u${index}@x> Quota exceeded`), { destination, arrival: 10 - index }));
  }
  causes.add(entry(undefined));
  assert.equal(causes.untold, 1);
  assert.deepEqual(causes.rows, [
    {
      ...{ key: '452 4.2.2 quota exceeded', deliveries: 3, destinations: 2, oldest: 8 },
      sentence: '452 4.2.2 <…@x> Quota exceeded',
      example: `4.2.2 ${said('<u0@x> Quota exceeded')}`,
    },
    {
      ...{ key: '452 4.2.2 mailbox busy', deliveries: 1, destinations: 1, oldest: 5 },
      sentence: '452 4.2.2 <a@x> Mailbox busy',
    },
  ]);
});

test('a truncated reply is counted with the one that it is the beginning of, unless there are several', () => {
  const causes = new Causes();
  causes.add(entry(said('Quota exceeded today')));
  causes.add(entry(said('Quota excee...'), { destination: 'inet:b:24', arrival: 1 }));
  assert.deepEqual(
    causes.rows.map(({ key: one, deliveries, destinations, oldest }) => [one, deliveries, destinations, oldest]),
    [['452 4.2.2 quota exceeded today', 2, 2, 1]],
  );
  assert.ok(isFor('452 4.2.2 quota exceeded today')(entry(said('Quota excee...'))));
  assert.ok(!isFor('452 4.2.2 quota exceeded today')(entry(said('Quota'))));
  causes.add(entry(said('Quota unknown')));
  assert.equal(causes.rows.length, 3);
});

test('a server that gives a different reply each time does not fill the memory', () => {
  const causes = new Causes();
  const letters = (index: number) => [...String(index)].map((digit) => 'abcdefghij'[Number(digit)]).join('');
  for (let index = 0; index < 5000; index += 1) causes.add(entry(said(`reason ${letters(index)}`)));
  assert.deepEqual([causes.rows.length, causes.others], [2000, 3000]);
});
