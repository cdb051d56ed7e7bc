/** The contract of records of reports, wherever they are stored. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Group, ReportRecords, SealedReport } from '../../functions/report/ports.ts';
import { bounced, only } from './report-events.ts';

/** Runs the contract tests against records. Each test has its own group. */
export function reportRecordsContract(name: string, records: () => ReportRecords): void {
  const group = (given: Partial<Group> = {}): Group => ({ id: crypto.randomUUID(), kind: 'bounce', pass: 1, ...given });
  const sealed = (given: Partial<SealedReport> = {}): SealedReport => ({
    number: 0,
    eventIds: ['e1'],
    sealedAt: 5,
    lease: 100,
    by: 'me',
    handedOver: [],
    isDone: false,
    ...given,
  });
  const event = (delivery = '0000') => only(bounced({ item: { delivery } }));

  describe(name, () => {
    test('a group without events is empty', async () => {
      assert.deepEqual(await records().read(group()), { events: [], reports: [] });
    });

    test('an event is stored completely, once, with the time of its first arrival', async () => {
      const here = group();
      await records().keep(here, { event: event(), at: 1 });
      await records().keep(here, { event: event(), at: 2 });
      await records().keep(here, { event: event('0001'), at: 3 });
      const { events } = await records().read(here);
      assert.deepEqual(
        events.toSorted((a, b) => a.at - b.at),
        [
          { event: event(), at: 1 },
          { event: event('0001'), at: 3 },
        ],
      );
    });

    test('groups of one request are independent', async () => {
      const here = group();
      await records().keep(here, { event: event(), at: 1 });
      for (const other of [
        { ...here, pass: 11 },
        { ...here, kind: 'delay' as const },
        { ...here, id: `${here.id}x` },
      ]) {
        assert.deepEqual(await records().read(other), { events: [], reports: [] });
      }
    });

    test('an existing report stays as it was sealed first', async () => {
      const here = group();
      await records().seal(here, sealed());
      await records().seal(here, sealed({ by: 'other', eventIds: ['e2'] }));
      await records().seal(here, sealed({ number: 1, eventIds: ['e3'] }));
      assert.deepEqual((await records().read(here)).reports, [sealed(), sealed({ number: 1, eventIds: ['e3'] })]);
    });

    test('a report is taken over by one function only, and not after it is done', async () => {
      const here = group();
      await records().seal(here, sealed());
      const results = await Promise.all(['a', 'b', 'c'].map((by) => records().takeOver(here, sealed(), by, 200)));
      assert.equal(results.filter((isOurs) => isOurs).length, 1);
      const [taken] = (await records().read(here)).reports;
      assert.equal(taken?.lease, 200);
      assert.equal(taken?.by, ['a', 'b', 'c'][results.indexOf(true)]);
      await records().markDone(here, 0);
      assert.equal(await records().takeOver(here, taken ?? sealed(), 'late', 300), false);
    });

    test('each handed-over part is remembered, and so is the completion', async () => {
      const here = group();
      await records().seal(here, sealed());
      await records().recordHandedOver(here, 0, 'sender');
      await records().recordHandedOver(here, 0, 'sender');
      await records().recordHandedOver(here, 0, 'bounce');
      const [report] = (await records().read(here)).reports;
      assert.deepEqual(report?.handedOver.toSorted(), ['bounce', 'sender']);
      assert.equal(report?.isDone, false);
      await records().markDone(here, 0);
      await records().markDone(here, 0);
      assert.equal((await records().read(here)).reports[0]?.isDone, true);
    });
  });
}
