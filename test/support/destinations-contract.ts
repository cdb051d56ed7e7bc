/**
 * What every record of destinations promises, whatever it is made of: one suite, for the table in DynamoDB and for memory.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { changeDestination } from '../../functions/queue/destinations/change-destination.ts';
import { type DestinationRecord, emptyRecord } from '../../functions/queue/items/destination-record.ts';
import type { Destinations } from '../../functions/queue/items/ports.ts';

/** A record with something of everything: a member that is not here would not be tried. */
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

/** Declares the tests. `destinations` is asked for at each test, when they have been made. */
export function describeDestinations(name: string, destinations: () => Destinations): void {
  const aName = () => `inet:${crypto.randomUUID()}.test:24`;

  describe(`records of destinations ${name}`, () => {
    test('a destination of which nothing is known has an empty record', async () => {
      const destination = aName();
      assert.deepEqual(await destinations().read(destination), emptyRecord(destination));
    });

    test('what was written is there, under a revision of its own', async () => {
      const record = { ...emptyRecord(aName()), ...full };
      assert.equal(await destinations().write(record), true);
      assert.deepEqual(await destinations().read(record.name), { ...record, revision: 1 });
    });

    test('what was taken out of a record is gone', async () => {
      const record = { ...emptyRecord(aName()), ...full };
      await destinations().write(record);
      await destinations().write({ ...emptyRecord(record.name), revision: 1 });
      assert.deepEqual(await destinations().read(record.name), { ...emptyRecord(record.name), revision: 2 });
    });

    test('of two who saw the same record one is let through', async () => {
      const seen = await destinations().read(aName());
      const written = await Promise.all(
        ['a', 'b'].map((why) => destinations().write({ ...seen, caution: { until: 1, why } })),
      );
      assert.deepEqual(written.sort(), [false, true]);
      assert.equal(await destinations().write(seen), false, 'and who is behind changes nothing');
      assert.equal((await destinations().read(seen.name)).revision, 1);
    });

    test('whoever loses reads again, and writes what is to be written then', async () => {
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

    test('a name of any length and any letters is a name', async () => {
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

    test('nobody gets more places at once than there are in all', async () => {
      assert.equal(await destinations().occupy(aName(), 11, 10), false);
    });

    test('places that are given back can be taken again, and there are never fewer than none', async () => {
      const name = aName();
      await destinations().occupy(name, 4, 10);
      assert.deepEqual(await destinations().vacate(name, 3), { active: 1 });
      assert.deepEqual(await destinations().vacate(name, 3), { active: 0 });
      assert.deepEqual(await destinations().vacate(name, 1), { active: 0 });
      assert.deepEqual(await destinations().adjust(name, 5), { active: 5 });
      assert.deepEqual(await destinations().adjust(name, -2), { active: 3 });
    });

    test("counting is in nobody's way, and a record that is written leaves the count alone", async () => {
      const seen = await destinations().read(aName());
      await destinations().occupy(seen.name, 2, 10);
      assert.equal(await destinations().write({ ...seen, ...full, active: 77 }), true);
      assert.equal((await destinations().read(seen.name)).active, 2);
      await destinations().vacate(seen.name, 1);
      assert.deepEqual(await destinations().read(seen.name), { ...seen, ...full, active: 1, revision: 1 });
    });

    test('that deliveries wait is told to whoever gives a place back, until it is forgotten', async () => {
      const name = aName();
      await destinations().recordBacklog(name, 100);
      assert.deepEqual(await destinations().vacate(name, 1), { active: 0, backlog: 100 });
      await destinations().recordBacklog(name, 200);
      await destinations().forgetBacklog(name, 100);
      assert.equal((await destinations().read(name)).backlog, 200, 'it was noted again');
      await destinations().forgetBacklog(name, 200);
      assert.deepEqual(await destinations().adjust(name, 1), { active: 1 });
    });

    test('all that there is to know can be listed, and what is merely counted is not there', async () => {
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
