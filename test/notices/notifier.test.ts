import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Notice, parseNotice } from '../../functions/notices/notice.ts';
import { type NoticeCounts, Notifier, type NotifierParts, noticePause } from '../../functions/notices/notifier.ts';
import { TestClock } from '../support/test-clock.ts';

/** Counts as the table keeps them. */
class MemoryCounts implements NoticeCounts {
  writes = 0;
  readonly #counts = new Map<string, { times: number; until: number }>();

  async count(key: string, times: number, now: number, pause: number): Promise<number | undefined> {
    this.writes += 1;
    const known = this.#counts.get(key) ?? { times: 0, until: 0 };
    const counted = known.times + times;
    const isDue = known.until <= now;
    this.#counts.set(key, isDue ? { times: 0, until: now + pause } : { ...known, times: counted });
    return isDue ? counted : undefined;
  }
}

function makeNotifier(given: Partial<NotifierParts> = {}) {
  const clock = new TestClock();
  const counts = new MemoryCounts();
  const notices: Notice[] = [];
  const failures: unknown[] = [];
  const notifier = new Notifier({
    topic: {
      publish: async (notice) => {
        notices.push(notice);
      },
    },
    counts,
    classes: ['protocol', 'software'],
    transport: 'lmtp',
    clock,
    onFailure: (error) => failures.push(error),
    ...given,
  });
  return { notifier, clock, counts, notices, failures };
}

const trouble = { class: 'protocol', subject: 'odd words', destination: 'inet:mail.example:24' } as const;

describe('a notice', () => {
  test('has the form that its readers expect', async () => {
    const { notifier, notices } = makeNotifier();
    notifier.raise({ ...trouble, peer: 'mail.example[10.0.0.1]:24', queueId: 'x', transcript: ['In:  220 hi'] });
    await notifier.awaitSent();
    const [notice] = notices;
    assert.deepEqual(parseNotice(JSON.parse(JSON.stringify(notice))), notice);
    assert.partialDeepStrictEqual(notice, {
      ...trouble,
      count: 1,
      transport: 'lmtp',
      time: '2026-11-22T08:00:00.000Z',
    });
  });
  test('is not sent for a class that is not in notify_classes', async () => {
    const { notifier, notices, counts } = makeNotifier();
    notifier.raise({ ...trouble, class: 'policy' });
    await notifier.awaitSent();
    assert.deepEqual([notices.length, counts.writes], [0, 0]);
  });
  test('includes all events since the one before', async () => {
    const { notifier, clock, notices } = makeNotifier();
    for (let minute = 0; minute <= 60; minute += 1) {
      notifier.raise(trouble);
      await notifier.awaitSent();
      clock.advance(60_000);
    }
    assert.deepEqual(
      notices.map(({ count }) => count),
      [1, 60],
    );
  });
  test('of another class or destination does not wait', async () => {
    const { notifier, notices } = makeNotifier();
    notifier.raise(trouble);
    notifier.raise({ ...trouble, destination: 'inet:other.example:24' });
    notifier.raise({ class: 'software', subject: 'a bug' });
    await notifier.awaitSent();
    assert.equal(notices.length, 3);
  });
  test('that cannot be sent delays no delivery', async () => {
    const denied = new Error('denied');
    const { notifier, failures } = makeNotifier({ topic: { publish: () => Promise.reject(denied) } });
    notifier.raise(trouble);
    await notifier.awaitSent();
    assert.deepEqual(failures, [denied]);
  });
});

test('a burst is one write, and all of it is counted', async () => {
  const { notifier, clock, counts, notices } = makeNotifier();
  for (let n = 0; n < 1000; n += 1) notifier.raise(trouble);
  await notifier.awaitSent();
  assert.equal(counts.writes, 1);
  clock.advance(noticePause);
  notifier.raise(trouble);
  await notifier.awaitSent();
  assert.deepEqual(
    notices.map(({ count }) => count),
    [1, 1000],
  );
});
