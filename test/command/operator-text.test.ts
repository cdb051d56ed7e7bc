/** The output of the operator's commands: no foreign text in it moves a terminal's cursor, or makes a line. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { statusAsJson, statusAsText } from '../../functions/command/status-text.ts';
import type { DestinationStory, MessageStory } from '../../functions/operator/explain.ts';
import type { StatusReport } from '../../functions/operator/status.ts';
import { emptyRecord } from '../../functions/queue/items/destination-record.ts';
import type { DeliveryItem, HistoryEntry, Hold, LastVerdict } from '../../functions/queue/items/item.ts';
import { type State, states } from '../../functions/queue/items/states.ts';
import { entryOf } from '../../functions/queue/items/summary.ts';
import { ItemFault } from '../../functions/queue/items/unreadable-item.ts';
import {
  destinationAsJson,
  destinationAsText,
  messageAsJson,
  messageAsText,
} from '../../functions/texts/explain-text.ts';
import { programName } from '../../functions/texts/next-command.ts';
import { listedAsBrief, listedAsJson, listedAsText } from '../../functions/texts/queue-text.ts';
import { makeEvent, makeItem, makeVerdict } from '../support/delivery-item.ts';

const now = Date.UTC(2026, 10, 22, 8);
const hour = 3_600_000;

/** Text of an attacker. */
const foreign = fc.oneof(
  fc.string(),
  fc.constantFrom('a\u001b[2J', 'b\r\nc', '\u0000', '\u009b31m', '\u202eevil', '\u2028', '\u007f\b\b'),
);

const hold: fc.Arbitrary<Hold> = fc.record(
  { id: foreign, reason: foreign, by: foreign, since: fc.constant(now - hour), until: fc.constant(now + hour) },
  { requiredKeys: ['id', 'reason', 'by', 'since'] },
);
const history: fc.Arbitrary<readonly HistoryEntry[]> = fc.array(
  fc.record({ at: fc.constant(now), by: foreign, what: foreign, why: foreign }),
  { maxLength: 2 },
);
const verdict: fc.Arbitrary<LastVerdict> = fc
  .record({ text: foreign, relay: foreign, by: foreign })
  .chain((words) =>
    fc
      .constantFrom('sent', 'deferred', 'bounced', 'expired', 'removed')
      .map((status): LastVerdict => ({ ...makeVerdict(status), ...words, inDoubt: true })),
  );
const recipient = fc.record(
  { address: foreign, original: foreign, n: fc.nat(9), last: verdict },
  { requiredKeys: ['address', 'n'] },
);

const item: fc.Arbitrary<DeliveryItem> = fc
  .record({
    id: foreign,
    sender: foreign,
    destination: foreign,
    key: foreign,
    reason: foreign,
    state: fc.constantFrom<State>(...states),
    recipients: fc.array(recipient, { maxLength: 3 }),
    holds: fc.array(hold, { maxLength: 2 }),
    history,
    pending: fc.constantFrom({}, { e: makeEvent('e') }),
    isRemoved: fc.boolean(),
  })
  .map(({ key, isRemoved, reason, ...given }) => ({
    ...makeItem({ ...given, arrival: now - hour, due: now + hour }),
    message: { bucket: key, key, versionId: key, etag: key, size: 4000 },
    reason,
    ...(isRemoved ? { removal: { by: reason, why: reason, at: now, bounces: true } } : {}),
  }));

const record = fc
  .record({ name: foreign, why: foreign, holds: fc.array(hold, { maxLength: 2 }), history, isSuspended: fc.boolean() })
  .map(({ name, why, isSuspended, ...rest }) => ({
    ...emptyRecord(name),
    ...rest,
    caution: { until: now + hour, why },
    release: { since: now, spread: hour },
    window: { size: 5, failedCohorts: 0, failure: 0, failures: 2, at: now },
    ...(isSuspended ? { suspension: { since: now, until: now + hour, why, dsn: '4.4.1' as const, failures: 3 } } : {}),
  }));

const request = fc.record({ id: foreign, reason: foreign, key: foreign, history }).map(({ key, ...rest }) => ({
  ...{ ...rest, at: now, sent: now - hour, copy: { bucket: key, key } },
}));

/** Checks that there is one line for each, without control characters. */
function checkLines(lines: readonly string[]): void {
  for (const line of lines.flatMap((text) => text.split('\n'))) {
    assert.doesNotMatch(line, /[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]/);
  }
}

describe('for any addresses, replies and reasons,', () => {
  test('a list consists of lines', () => {
    fc.assert(
      fc.property(item, request, fc.boolean(), (one, other, isBrief) => {
        const entry = entryOf(one);
        const listed = isBrief
          ? ({ kind: 'delivery', entry } as const)
          : ({ kind: 'delivery', entry, item: one } as const);
        const lines = [...listedAsText(listed, now), ...listedAsText({ kind: 'request', request: other }, now)];
        lines.push(listedAsBrief(listed, now), listedAsBrief({ kind: 'request', request: other }, now));
        for (const line of lines) assert.ok(!line.includes('\n'));
        checkLines(lines);
        assert.ok(!JSON.stringify(listedAsJson(listed, now)).includes('\n'));
        assert.ok(JSON.stringify(listedAsJson({ kind: 'request', request: other }, now)).includes('corrupt'));
      }),
    );
  });

  test('a history consists of lines', () => {
    fc.assert(
      fc.property(foreign, fc.array(item, { minLength: 1, maxLength: 2 }), record, request, (id, items, one, other) => {
        const unread = items.map((one) => new ItemFault(one, { path: id, text: id }, { ...one, state: id }));
        const destinations = new Map(items.map(({ destination }) => [destination, one]));
        const story: MessageStory = { id, now, items, unread, destinations, expires: now + hour, requests: [other] };
        checkLines(messageAsText(story));
        assert.ok(JSON.stringify(messageAsJson(story)).length > 0);
      }),
    );
  });

  test('the description of a destination consists of lines', () => {
    fc.assert(
      fc.property(record, record, foreign, (one, mailbox, text) => {
        const replies = [{ reply: { dsn: '4.2.2' as const, text }, deliveries: 3 }];
        const base = { name: one.name, now, record: one, mailboxes: [mailbox], counts: { deferred: 3 }, replies };
        for (const state of ['open', 'held', 'suspended', 'probing'] as const) {
          const story: DestinationStory = { ...base, state, oldest: { id: text, arrival: now - hour } };
          checkLines(destinationAsText(story));
          assert.ok(JSON.stringify(destinationAsJson(story)).length > 0);
        }
      }),
    );
  });

  test('an answer consists of lines', () => {
    fc.assert(
      fc.property(foreign, record, (text, one) => {
        const count = { deliveries: 1, oldest: { id: text, delivery: '0000', at: now - hour } };
        const none = Object.fromEntries(states.map((state) => [state, 1])) as Record<State, number>;
        const report: StatusReport = {
          ...{
            now,
            isWell: false,
            states: none,
            queuedForLater: 1,
            waiting: count,
            late: count,
            expiring: count,
            held: count,
          },
          ...{
            dropping: count,
            malformed: count,
            corrupt: count,
            overdue: count,
            unpublished: count,
            inDoubt: { ...count, recipients: 2 },
          },
          corruptRequests: { requests: 1, oldest: { id: text, at: now } },
          ...{ suspended: [one], heldDestinations: [one], cautioned: [one], unreachable: [text] },
          deadLetters: [{ name: text, kind: 'dead letters', messages: 3 }],
        };
        checkLines(statusAsText(report, hour));
        assert.ok(JSON.stringify(statusAsJson(report)).length > 0);
      }),
    );
  });
});

describe('the history of a message with recipients in doubt', () => {
  const doubt = { attempts: 3, since: now - 3 * hour, at: now - hour };
  const last: LastVerdict = { ...makeVerdict('deferred'), at: now - hour, inDoubt: true };
  const message = { bucket: 'mail', key: "in/it's.eml", etag: '"e"', size: 40 };
  const until = now + 24 * hour;
  const held = { id: 'in-doubt-limit', reason: 'in doubt', by: 'lmtp', since: now - hour, until };
  const storyOf = (given: Partial<DeliveryItem>): readonly string[] => {
    const item = makeItem({ id: 'm1', message, destination: 'inet:store:24', due: until, ...given });
    return messageAsText({
      id: 'm1',
      now,
      items: [item],
      unread: [],
      destinations: new Map(),
      expires: until,
      requests: [],
      inDoubtLimit: 3,
    });
  };
  const program = programName(process.env);
  /** The proposed commands, each with the note above it. */
  const next = (lines: readonly string[]) =>
    lines.flatMap((line, index) => (line.startsWith('→ ') ? [`${lines[index - 1]} ${line}`] : []));

  test('proposes to look first, then to settle as sent, and to try again last', () => {
    const lines = storyOf({ state: 'held', holds: [held], recipients: [{ address: 'bob@x', n: 0, last, doubt }] });
    assert.deepEqual(next(lines), [
      `Look for this Message-ID in the log of inet:store:24: was it delivered from 2026-11-22T05:00:00Z to 2026-11-22T07:00:00Z? → aws s3 cp 's3://mail/in/it'\\''s.eml' - | grep -i -m 1 -A 1 '^message-id:'`,
      `If the log shows its delivery: → ${program} delete m1 --as sent`,
      `Only if it was not delivered (it is sent once more): → ${program} release m1`,
    ]);
    assert.ok(
      lines.some((line) =>
        line.includes(
          'IN DOUBT: may have been delivered; the server did not confirm it (3 attempts in doubt; not tried again)',
        ),
      ),
    );
    assert.match(
      lines.join('\n'),
      /held, not tried yet; returned after 2026-11-23T08:00:00Z, as mail that may have been/,
    );
  });

  test('names flush last if it is deferred', () => {
    const lines = next(storyOf({ state: 'deferred', recipients: [{ address: 'bob@x', n: 0, last }] }));
    assert.match(lines[1] ?? '', /delete m1 --as sent/);
    assert.match(lines[2] ?? '', /^Only if it was not delivered .*flush m1$/);
    assert.equal(lines.length, 3);
  });

  test('says of an expired recipient that it may have the message', () => {
    const given = { ...last, status: 'expired' } as const;
    const lines = storyOf({ state: 'done', recipients: [{ address: 'bob@x', n: 0, last: given, doubt }] });
    assert.ok(lines.some((line) => line.includes('expired, IN DOUBT: may have been delivered')));
    assert.deepEqual(next(lines), []);
  });
});
