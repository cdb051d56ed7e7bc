/** The content of the screens, and that no foreign text in them is markup. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { Causes } from '../../functions/operator/causes.ts';
import { DestinationTallies } from '../../functions/operator/destination-tallies.ts';
import type { Change } from '../../functions/operator/operator.ts';
import { Shape } from '../../functions/operator/shape.ts';
import type { StatusReport } from '../../functions/operator/status.ts';
import type { Survey } from '../../functions/operator/survey.ts';
import { type DestinationRecord, emptyRecord } from '../../functions/queue/items/destination-record.ts';
import type { QueueEntry } from '../../functions/queue/items/queue-entry.ts';
import { states } from '../../functions/queue/items/states.ts';
import { answer } from '../../functions/screens/answer.ts';
import { changed } from '../../functions/screens/changes.ts';
import { mailList } from '../../functions/screens/mail-list.ts';
import { framed, lines, page, screenNames, sentence } from '../../functions/screens/page.ts';
import { actionsOf, skeleton } from '../support/html.ts';

const now = 1_800_000_000_000;
const hour = 3_600_000;
const endpoints = {
  showq: 'arn:aws:lambda:eu-west-1:1:function:showq',
  postsuper: 'arn:aws:lambda:eu-west-1:1:function:postsuper',
};

function entryOf(given: Partial<QueueEntry>, text?: string): QueueEntry {
  const replies = text === undefined ? [] : [{ dsn: '4.2.2' as const, text }];
  return {
    ...{
      id: 'a',
      delivery: '0000',
      state: 'deferred',
      generation: 1,
      arrival: now,
      sender: 'ann@example.org',
      attempt: 1,
    },
    destination: 'inet:imap-a:24',
    summary: { addresses: ['bob@example.com'], moreAddresses: 0, replies, moreReplies: 0, inDoubt: 0 },
    ...given,
  };
}

const none = { deliveries: 0 };

/** A survey of these entries and records, with the given part of the status. */
function surveyOf(
  entries: readonly QueueEntry[],
  records: readonly DestinationRecord[] = [],
  status: Partial<StatusReport> = {},
): Survey {
  const [shape, causes, tallies] = [new Shape('destination', now), new Causes(), new DestinationTallies(now - hour)];
  for (const entry of entries) for (const counter of [shape, causes, tallies]) counter.add(entry);
  const oldest = Math.min(...entries.map(({ arrival }) => arrival));
  const late = entries.filter(({ arrival }) => arrival < now - hour);
  const waiting = { deliveries: entries.length, oldest: { id: 'a', delivery: '0000', at: oldest } };
  return {
    status: {
      now,
      isWell: late.length === 0,
      states: Object.fromEntries(states.map((state) => [state, 0])) as StatusReport['states'],
      waiting: entries.length === 0 ? none : waiting,
      queuedForLater: 0,
      late: late.length === 0 ? none : { ...waiting, deliveries: late.length },
      ...{ expiring: none, held: none, inDoubt: { ...none, recipients: 0 }, corrupt: none, overdue: none },
      ...{
        dropping: none,
        malformed: none,
        unpublished: none,
        corruptRequests: { requests: 0 },
        suspended: [],
        heldDestinations: [],
        cautioned: [],
      },
      ...{ deadLetters: [], unreachable: [] },
      ...status,
    },
    lateAfter: hour,
    ...{ shape, causes, destinations: tallies.with(records, now), isCut: false },
    cost: { entries: entries.length, pages: 3, consumed: 12.5, milliseconds: 420 },
  };
}

const old = (destination: string) => entryOf({ destination, arrival: now - 3 * hour });
const text = (html: string) =>
  html.replace(/<style>.*?<\/style>|<cwdb-action.*?<\/cwdb-action>|<[^>]*>/gs, ' ').replace(/\s+/g, ' ');

describe('the summary says', () => {
  const answers: Readonly<Record<string, readonly [Survey, 'well' | 'late' | 'bad', string]>> = {
    'that all mail is delivered': [surveyOf([]), 'well', 'All mail is delivered; nothing waits.'],
    'that mail flows': [
      surveyOf([entryOf({ arrival: now - 42_000 })]),
      'well',
      'All is well: nothing is late, nothing is lost. 1 delivery waits, the oldest for 42s.',
    ],
    'who is late': [
      surveyOf([old('inet:imap-b:24'), entryOf({})]),
      'late',
      'imap-b:24 is late: 2 deliveries wait, the oldest for 3h. Nothing is lost.',
    ],
    'how many are late': [
      surveyOf([old('inet:b:24'), old('inet:b:24'), old('inet:a:24'), old('inet:c:24'), old('inet:d:24')]),
      'late',
      'b:24, a:24 and 2 more are late: 5 deliveries wait, the oldest for 3h. Nothing is lost.',
    ],
    'that a recipient is in doubt': [
      surveyOf([entryOf({})], [], { isWell: false, inDoubt: { deliveries: 1, recipients: 1 } }),
      'late',
      'Some mail may be delivered twice; nothing is lost. 1 delivery waits, the oldest for 0s.',
    ],
    'that the sweep does not run': [
      surveyOf([old('inet:a:24')], [], { isWell: false, corrupt: { deliveries: 1 } }),
      'bad',
      'Action required. No mail has been lost. 1 delivery waits, the oldest for 3h.',
    ],
    'the dead letters too': [
      surveyOf([], [], { isWell: false, deadLetters: [{ name: 'x', kind: 'dead letters', messages: 2 }] }),
      'bad',
      'Action required. No mail has been lost. Nothing waits.',
    ],
    'a lower bound where reading stopped': [
      { ...surveyOf([entryOf({})]), isCut: true },
      'well',
      'All is well: nothing is late, nothing is lost. At least 1 delivery waits, the oldest for 0s.',
    ],
  };
  for (const [what, [survey, kind, wanted]] of Object.entries(answers)) {
    test(what, () => assert.deepEqual(answer(survey), { kind, text: wanted }));
  }
});

test('warnings are below the summary, with their age; a summary without a fault says so too', () => {
  const suspension = { since: now, until: now, why: 'refused', dsn: '4.4.1', failures: 9 } as const;
  const shown = text(
    page(
      ['answer'],
      surveyOf([], [], {
        held: { deliveries: 3, oldest: { id: 'a', delivery: '0000', at: now - hour } },
        dropping: { deliveries: 2, oldest: { id: 'b', delivery: '0000', at: now + hour } },
        inDoubt: { deliveries: 2, recipients: 5 },
        corruptRequests: { requests: 1 },
        expiring: { deliveries: 7 },
        deadLetters: [{ name: 'incoming dead letters', kind: 'dead letters', messages: 4 }],
        suspended: [{ ...emptyRecord('inet:imap-b:24'), suspension }],
        unreachable: ['bounce: AccessDenied: no'],
      }),
      endpoints,
    ),
  );
  for (const wanted of [
    '0 deliveries late (over 1h)',
    '3 deliveries held (since 1h)',
    '2 deliveries dropped unless released, the first in 1h',
    '5 recipients in doubt',
    '1 request corrupt',
    '7 deliveries expiring within 6h',
    '4 dead letters: incoming dead letters',
    '1 destination suspended: inet:imap-b:24',
    '0 destinations held',
    'Not read: bounce: AccessDenied: no',
  ]) {
    assert.ok(shown.includes(wanted), `${wanted}\n${shown}`);
  }
});

/** The classes of the cells in the row of a destination, from the youngest mail to the oldest; empty cells left out. */
function tints(html: string, destination: string): readonly string[] {
  const row = html.split('<tr>').find((one) => one.includes(`>${destination}<`)) ?? '';
  return [...row.matchAll(/<td class="lmtp-number (lmtp-(?:calm|warm|hot)) lmtp-\d">/g)].map(([, tint]) => tint ?? '');
}

test('the colour of a cell is that of its trouble, however much mail is in it', () => {
  const suspension = { since: now, until: now, why: 'refused', dsn: '4.4.1', failures: 9 } as const;
  const aged = (destination: string, ...minutes: readonly number[]) =>
    minutes.map((age) => entryOf({ destination, arrival: now - age * 60_000 }));
  const entries = [
    ...Array.from({ length: 500 }, () => aged('inet:dead:24', 2)).flat(),
    ...aged('inet:dead:24', 30, 50),
    ...aged('inet:fine:24', 2, 12, 30, 50, 70, 200),
    ...aged('inet:slow:24', 50),
  ];
  const survey = surveyOf(entries, [{ ...emptyRecord('inet:dead:24'), suspension }]);
  const html = page(['ages'], survey, endpoints);
  assert.deepEqual(tints(html, 'inet:dead:24'), ['lmtp-warm', 'lmtp-warm', 'lmtp-warm']);
  // 50 and 70 minutes share a column: some of it is late.
  assert.deepEqual(tints(html, 'inet:fine:24'), ['lmtp-calm', 'lmtp-calm', 'lmtp-warm', 'lmtp-hot', 'lmtp-hot']);
  assert.deepEqual(tints(html, 'inet:slow:24'), ['lmtp-warm']);
  assert.match(text(html), /inet:dead:24 suspended 502/);
  assert.match(text(html), /some of it late \(over 1h\), older than 20m or its destination not open, on its way;/);
});

test('a cell opens the list of its mail', () => {
  const all = [0, 6, 30, 2000].map((minutes) => entryOf({ arrival: now - minutes * 60_000 }));
  const actions = actionsOf(page(['ages'], surveyOf(all), endpoints)).map(({ event }) => event);
  const to = { screen: 'list', destination: 'inet:imap-a:24' };
  for (const wanted of [
    to,
    { ...to, to: 5 },
    { ...to, from: 5, to: 10 },
    { ...to, from: 20, to: 40 },
    { ...to, from: 1280 },
  ]) {
    assert.ok(
      actions.some((event) => JSON.stringify(event) === JSON.stringify(wanted)),
      JSON.stringify([wanted, actions]),
    );
  }
});

test('a destination shows its state, the author, reason and end of a hold, and the possible actions', () => {
  const hold = { id: 'INC-1', reason: 'disk full', by: 'ann', since: now - 1, until: now + hour };
  const suspension = {
    since: now - hour,
    until: now + 60_000,
    why: 'Connection refused',
    dsn: '4.4.1',
    failures: 57,
  } as const;
  const window = { size: 20, failedCohorts: 0, failure: 0, failures: 0, succeededAt: now - 2 * hour, at: now };
  const records = [
    { ...emptyRecord('inet:held:24'), holds: [hold], window },
    { ...emptyRecord('inet:dead:24'), suspension },
    { ...emptyRecord('bob@example.com@inet:dead:24'), suspension },
  ];
  const html = page(
    ['destinations'],
    surveyOf([entryOf({ destination: 'inet:busy:24' }, 'host b said: 452 4.2.2 full')], records),
    endpoints,
  );
  const shown = text(html);
  assert.match(shown, /inet:held:24 held \(INC-1\) by ann, until 2027-01-15T09:00:00Z \(in 1h\): disk full 0 2h ago/);
  assert.match(
    shown,
    /inet:dead:24 suspended for 1h, after 57 failures in a row; tried again in 1m 0 not known 4\.4\.1 Connection refused/,
  );
  assert.match(shown, /inet:busy:24 open 1 0s not known 4\.2\.2 host b said: 452 4\.2\.2 full/);
  const offers = actionsOf(html).flatMap(({ event }) =>
    'action' in event ? [`${event['action']} ${event['destination']}`] : [],
  );
  assert.deepEqual(offers, [
    ...['flush', 'hold'].map((action) => `${action} bob@example.com@inet:dead:24`),
    ...['flush', 'hold', 'check'].map((action) => `${action} inet:dead:24`),
    ...['hold', 'release', 'check'].map((action) => `${action} inet:held:24`),
    ...['flush', 'hold', 'check'].map((action) => `${action} inet:busy:24`),
  ]);
});

test('nothing is changed without a question first', () => {
  const records = [{ ...emptyRecord('inet:a:24'), holds: [{ id: 'h', reason: 'x', by: 'ann', since: now }] }];
  const actions = actionsOf(page(screenNames, surveyOf([entryOf({}, 'x')], records), endpoints));
  const changing = actions.filter(({ endpoint }) => endpoint === endpoints.postsuper);
  assert.ok(changing.length >= 6);
  for (const { confirmation, event } of changing) assert.match(confirmation ?? '', /\?/, JSON.stringify(event));
  for (const { endpoint, confirmation } of actions) {
    if (endpoint !== endpoints.postsuper) assert.deepEqual([endpoint, confirmation], [endpoints.showq, undefined]);
  }
});

function changesOf(foreign: string): readonly Change[] {
  return [
    { kind: 'refused', id: foreign, text: foreign },
    { kind: 'changed', id: foreign, delivery: '0000', text: foreign },
  ];
}

/** Every place with foreign text, filled with one text. */
function everywhere(foreign: string): string {
  const hold = { id: foreign, reason: foreign, by: foreign, since: now };
  const suspension = { since: now, until: now, why: foreign, dsn: '4.4.1', failures: 2 } as const;
  const held = { ...emptyRecord(`1${foreign}`), holds: [hold], suspension };
  const entry = entryOf({
    ...{ id: foreign, destination: `2${foreign}`, sender: foreign },
    summary: {
      ...{ addresses: [foreign], moreAddresses: 0, moreReplies: 0, inDoubt: 0, held: foreign, reason: foreign },
      replies: [{ dsn: '4.2.2', text: `word ${foreign}` }],
    },
  });
  const survey = surveyOf([entry], [held], {
    ...{ suspended: [held], heldDestinations: [held], cautioned: [held], unreachable: [foreign] },
    deadLetters: [{ name: foreign, kind: 'dead letters', messages: 1 }],
  });
  const request = { id: foreign, reason: foreign, at: now, copy: { bucket: 'b', key: 'k' } };
  return [
    page(screenNames, survey, endpoints),
    framed(
      mailList({
        ...{ title: foreign, matching: 9, isCut: true, now, endpoints },
        listed: [
          { kind: 'delivery', entry },
          { kind: 'request', request },
        ],
      }),
    ),
    lines(foreign, [foreign, foreign]),
    sentence(foreign),
    framed(changed({ title: foreign, remarks: [foreign], changes: changesOf(foreign) }, endpoints)),
  ].join('\n');
}

const hostile = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.constantFrom(
    '<script>alert(1)</script>',
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    '</cwdb-action><cwdb-action action="call" endpoint="arn:evil">{}</cwdb-action>',
    '<!-- ',
    '<![CDATA[',
    '&lt;b&gt;',
    '</style><style>*{display:none}',
    '\u2028\u202e\u0000\ud800',
    '{"action":"release"}',
  ),
);

test('no text of a server, a sender or an operator becomes markup, or another action', () => {
  // Replaced word by word: the layout may depend on the presence of text.
  const plain = skeleton(everywhere('zzz'));
  fc.assert(
    fc.property(hostile, (foreign) => {
      const html = everywhere(foreign);
      assert.deepEqual(skeleton(html), plain);
      for (const { endpoint } of actionsOf(html)) assert.ok(Object.values(endpoints).includes(endpoint));
      assert.doesNotMatch(html, /[\p{Cs}\u202a-\u202e\u2066-\u2069\u2028\u2029]/u);
    }),
    { numRuns: 300 },
  );
});

test('an action does the same, whatever the name of the destination', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 80 }), (name) => {
      const destination = `inet:${name}`;
      const html = page(['destinations'], surveyOf([entryOf({ destination })]), endpoints);
      const called = actionsOf(html).filter(({ event }) => event['action'] === 'hold');
      assert.deepEqual(
        called.map(({ event }) => event['destination']),
        [destination.toWellFormed()],
      );
    }),
  );
});

test('the screens stay small with 100,000 deliveries, 1,000 destinations and endless replies', () => {
  const long = 'x'.repeat(250);
  const entries = Array.from({ length: 100_000 }, (_, index) =>
    entryOf(
      { destination: `inet:${long}${index % 1000}.example.net:24`, arrival: now - (index % 2000) * 60_000 },
      `host a said: 452 4.2.2 ${[...String(index)].map((digit) => 'abcdefghij'[Number(digit)]).join('')} ${'<&">'.repeat(25)}`,
    ),
  );
  const html = page(screenNames, surveyOf(entries), endpoints);
  assert.ok(html.length < 450_000, String(html.length));
  const shown = text(html);
  assert.match(shown, /and 980 more destinations/);
  assert.match(shown, /and 975 more destinations/);
  assert.match(shown, /and 1,985 more causes; 98,000 deliveries with others still/);
});
