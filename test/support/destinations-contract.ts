/** The contract of every store of destination records: one suite, for the table in DynamoDB and for memory. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { changeDestination } from '../../functions/queue/destinations/change-destination.ts';
import { type DestinationRecord, emptyRecord } from '../../functions/queue/items/destination-record.ts';
import type { Destinations } from '../../functions/queue/items/ports.ts';

/** A record with every possible member: a missing one would not be tested. */
const full: Required<Omit<DestinationRecord, 'name' | 'revision' | 'active' | 'backlog' | 'faults'>> = {
  holds: [{ id: 'h1', reason: 'a move', by: 'arn:aws:iam::1:user/ann', since: 1, until: 900 }],
  suspension: { since: 1, until: 2, why: 'connect to "x"[::1]:24: refused', dsn: '4.4.1', failures: 3 },
  window: { size: 7, failedCohorts: 0.2, failure: 1, failures: 1, succeededAt: 5, failedAt: 6, failedAfter: 7, at: 6 },
  probe: { token: 't', until: 9 },
  trials: [{ token: 'u', since: 1, until: 9 }],
  caution: { until: 10, why: '1 final reply for 3 recipients' },
  release: { since: 3, spread: 1000 },
  history: [{ at: 1, by: 'ann', what: 'held (h1)', why: 'a move' }],
  due: 900,
};

/** Declares the tests. Each test calls `destinations` when it begins. */
export function describeDestinations(name: string, destinations: () => Destinations): void {
  const aName = () => `inet:${crypto.randomUUID()}.test:24`;

  describe(`records of destinations ${name}`, () => {
    test('an unknown destination has an empty record', async () => {
      const destination = aName();
      assert.deepEqual(await destinations().read(destination), emptyRecord(destination));
    });

    test('a written record is returned, under its own revision', async () => {
      const record = { ...emptyRecord(aName()), ...full };
      assert.equal(await destinations().write(record), true);
      assert.deepEqual(await destinations().read(record.name), { ...record, revision: 1 });
    });

    test('a removed member of a record is gone', async () => {
      const record = { ...emptyRecord(aName()), ...full };
      await destinations().write(record);
      await destinations().write({ ...emptyRecord(record.name), revision: 1 });
      assert.deepEqual(await destinations().read(record.name), { ...emptyRecord(record.name), revision: 2 });
    });

    test('of two writers who read the same record one succeeds', async () => {
      const seen = await destinations().read(aName());
      const written = await Promise.all(
        ['a', 'b'].map((why) => destinations().write({ ...seen, caution: { until: 1, why } })),
      );
      assert.deepEqual(written.sort(), [false, true]);
      assert.equal(await destinations().write(seen), false, 'and the other changes nothing');
      assert.equal((await destinations().read(seen.name)).revision, 1);
    });

    test('a writer that loses reads again, and writes the result for the new record', async () => {
      const name = aName();
      const add = (id: string) =>
        changeDestination(destinations(), name, (record) => ({
          ...record,
          holds: [...record.holds, { id, reason: '', by: '', since: 0 }],
        }));
      await Promise.all(['a', 'b', 'c', 'd'].map(add));
      const { holds } = await destinations().read(name);
      assert.deepEqual(holds.map(({ id }) => id).sort(), ['a', 'b', 'c', 'd']);
    });

    test('a name may have any length and any characters', async () => {
      for (const text of [`unix:/${'x'.repeat(3000)}`, 'bob+ext@b\u00fccher.example@unix:/var/run/a b#c']) {
        const record = { ...emptyRecord(`${aName()},${text}`), caution: { until: 1, why: 'x' } };
        await destinations().write(record);
        assert.deepEqual(await destinations().read(record.name), { ...record, revision: 1 });
      }
    });

    test('places are counted up to a limit, and never beyond it', async () => {
      const name = aName();
      const answers = await Promise.all(Array.from({ length: 12 }, () => destinations().occupy(name, 1, 10)));
      assert.equal(answers.filter((isTaken) => isTaken).length, 10);
      assert.equal((await destinations().read(name)).active, 10);
      assert.equal(await destinations().occupy(name, 1, 10), false);
      assert.equal(await destinations().occupy(name, 3, 13), true);
      assert.equal(await destinations().occupy(name, 2, 14), false, 'all or none');
      assert.equal((await destinations().read(name)).active, 13);
    });

    test('one request gets at most all places', async () => {
      assert.equal(await destinations().occupy(aName(), 11, 10), false);
    });

    test('places that are given back can be taken again, and the count never falls below zero', async () => {
      const name = aName();
      await destinations().occupy(name, 4, 10);
      assert.deepEqual(await destinations().vacate(name, 3), { active: 1 });
      assert.deepEqual(await destinations().vacate(name, 3), { active: 0 });
      assert.deepEqual(await destinations().vacate(name, 1), { active: 0 });
      assert.deepEqual(await destinations().adjust(name, 5), { active: 5 });
      assert.deepEqual(await destinations().adjust(name, -2), { active: 3 });
    });

    test('counting conflicts with no other write, and a written record leaves the count unchanged', async () => {
      const seen = await destinations().read(aName());
      await destinations().occupy(seen.name, 2, 10);
      assert.equal(await destinations().write({ ...seen, ...full, active: 77 }), true);
      assert.equal((await destinations().read(seen.name)).active, 2);
      await destinations().vacate(seen.name, 1);
      assert.deepEqual(await destinations().read(seen.name), { ...seen, ...full, active: 1, revision: 1 });
    });

    test('the delivery that gives a place back learns that others wait, until that is forgotten', async () => {
      const name = aName();
      await destinations().recordBacklog(name, 100);
      assert.deepEqual(await destinations().vacate(name, 1), { active: 0, backlog: 100 });
      await destinations().recordBacklog(name, 200);
      await destinations().forgetBacklog(name, 100);
      assert.equal((await destinations().read(name)).backlog, 200, 'it was noted again');
      await destinations().forgetBacklog(name, 200);
      assert.deepEqual(await destinations().adjust(name, 1), { active: 1 });
    });

    test('all records can be listed, without those that only count places', async () => {
      const [written, counted] = [aName(), aName()];
      await destinations().write({ ...emptyRecord(written), ...full });
      await destinations().occupy(counted, 1, 10);
      const listed = await Array.fromAsync(destinations().list());
      assert.deepEqual(
        listed.filter((record) => record.name === written),
        [{ ...emptyRecord(written), ...full, revision: 1 }],
      );
      assert.ok(!listed.some((record) => record.name === counted));
    });
  });
}
