/** Several log groups read as one log, in any order of arrival. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { LogEvent, Logs } from '../../functions/aws/cloudwatch-logs.ts';
import { follow, lateness, readInOrder } from '../../functions/command/log-reading.ts';
import { parseLogGroups } from '../../functions/command/log-source.ts';

const groups = parseLogGroups('qmgr=/q lmtp=/l sweep=/s');

/** Logs in memory, to which lines can be added. */
class MemoryLogs implements Logs {
  readonly events = new Map<string, LogEvent[]>();

  add(group: string, id: string, at: number): void {
    this.events.set(group, [...(this.events.get(group) ?? []), { id, at, stream: 's', text: id }]);
  }

  async *read(group: string, { from, until = Number.POSITIVE_INFINITY }: { from: number; until?: number }) {
    const all = (this.events.get(group) ?? []).filter(({ at }) => at >= from && at <= until);
    yield* all.toSorted((one, other) => one.at - other.at);
  }
}

const lines = fc.array(fc.record({ group: fc.constantFrom('/q', '/l', '/s'), at: fc.integer({ min: 0, max: 50 }) }));

test('all lines are read, in the order of time, each with its program', async () => {
  await fc.assert(
    fc.asyncProperty(lines, async (all) => {
      const logs = new MemoryLogs();
      for (const [index, { group, at }] of all.entries()) logs.add(group, String(index), at);
      const read = await Array.fromAsync(readInOrder(logs, groups, { from: 0 }));
      assert.deepEqual(
        read.map(({ at }) => at),
        all.map(({ at }) => at).toSorted((one, other) => one - other),
      );
      for (const { id, program } of read) {
        assert.equal(groups.find(({ name }) => name === all[Number(id)]?.group)?.program, program);
      }
    }),
  );
});

describe('a reader that follows', () => {
  const rounds = fc.array(
    fc.array(
      fc.record({ group: fc.constantFrom('/q', '/l', '/s'), behind: fc.integer({ min: 0, max: lateness - 1 }) }),
    ),
    { maxLength: 6 },
  );

  test('sees every line once, including those that are less than a minute late', async () => {
    await fc.assert(
      fc.asyncProperty(rounds, async (all) => {
        const logs = new MemoryLogs();
        const waiting = [...all];
        const written: string[] = [];
        let newest = 0;
        const done = new Error('enough');
        const seen: string[] = [];
        const nextRound = async () => {
          const round = waiting.shift();
          if (round === undefined) throw done;
          newest += 30_000;
          for (const { group, behind } of round) {
            const id = String(written.length);
            written.push(id);
            logs.add(group, id, Math.max(0, newest - behind));
          }
        };
        await assert.rejects(async () => {
          for await (const { id } of follow(logs, groups, { from: 0 }, nextRound)) seen.push(id);
        }, done);
        assert.deepEqual(seen.toSorted(), written.toSorted());
      }),
    );
  });

  test('does not read old lines again', async () => {
    const asked: number[] = [];
    const logs = new MemoryLogs();
    logs.add('/l', 'old', 0);
    logs.add('/l', 'new', 10 * lateness);
    const watched: Logs = {
      read: (group, wish) => {
        asked.push(wish.from);
        return logs.read(group, wish);
      },
    };
    let rounds = 0;
    const pause = async () => {
      rounds += 1;
      if (rounds === 2) throw new Error('enough');
    };
    await assert.rejects(async () => await Array.fromAsync(follow(watched, groups, { from: 0 }, pause)), /enough/);
    assert.deepEqual(asked, [0, 0, 0, 9 * lateness, 9 * lateness, 9 * lateness]);
  });
});
