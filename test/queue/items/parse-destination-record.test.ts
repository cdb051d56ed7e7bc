import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { emptyRecord } from '../../../functions/queue/items/destination-record.ts';
import { readPlaces, readRecord } from '../../../functions/queue/items/parse-destination-record.ts';
import { SchemaVersionError } from '../../../functions/queue/items/schema-version.ts';
import { anyAttribute } from '../../support/arbitrary-items.ts';

const name = 'inet:mail.test:24';

const known = {
  holds: [{ id: 'h1', reason: 'a move', by: 'ann', since: 1, until: 900 }],
  suspension: { since: 1, until: 2, why: 'refused', dsn: '4.4.1', failures: 3 },
  window: { size: 7, failedCohorts: 0.2, failure: 1, failures: 1, succeededAt: 2, failedAt: 5, failedAfter: 3, at: 6 },
  probe: { token: 't', until: 9 },
  trials: [{ token: 'u', since: 4, until: 9 }],
  caution: { until: 10, why: 'x' },
  release: { since: 3, spread: 1000 },
  history: [{ at: 1, by: 'ann', what: 'held (h1)', why: 'a move' }],
  addition: { since: 7 },
};
const item = { version: 1, revision: 4, active: 2, backlog: 8, due: 900, known };

describe('the record of a destination', () => {
  test('is read completely, with unknown attributes of a later release', () => {
    assert.deepEqual(readRecord(name, item), { name, revision: 4, active: 2, backlog: 8, due: 900, ...known });
  });

  test('is empty if it is missing or only counts places', () => {
    assert.deepEqual(readRecord(name), emptyRecord(name));
    assert.deepEqual(readRecord(name, { active: 3 }), { ...emptyRecord(name), active: 3 });
  });

  test('with one malformed member is read without it, and names it', () => {
    const { suspension, ...rest } = known;
    const broken = { ...suspension, dsn: '250' };
    const record = readRecord(name, { ...item, known: { ...rest, suspension: broken } });
    assert.deepEqual(record.faults, ['known.suspension.dsn: "250" is not a status such as 4.2.2']);
    assert.deepEqual([record.suspension, record.window, record.active], [undefined, known.window, 2]);
  });

  test('with unreadable holds is held: an operator may have stopped the destination', () => {
    const { holds, faults } = readRecord(name, { ...item, known: { ...known, holds: 'all' } });
    assert.deepEqual(
      holds.map(({ id, until }) => [id, until]),
      [['malformed', undefined]],
    );
    assert.deepEqual(faults, ['known.holds: "all" is not a list']);
  });

  test('of a release that is too new is left to it', () => {
    assert.throws(() => readRecord(name, { ...item, version: 3 }), SchemaVersionError);
  });

  test('is always usable by the scheduler, whatever it contains', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...Object.keys(item)),
        fc.constantFrom(...Object.keys(known)),
        anyAttribute,
        (top, inner, value) => {
          fc.pre(top !== 'version' || !Number.isSafeInteger(value));
          for (const raw of [
            { ...item, [top]: value },
            { ...item, known: { ...known, [inner]: value } },
          ]) {
            const { holds, active, revision, history } = readRecord(name, raw);
            assert.ok(Array.isArray(holds) && Array.isArray(history));
            assert.ok(Number.isFinite(active) && Number.isSafeInteger(revision));
          }
        },
      ),
    );
    assert.deepEqual(readPlaces({ active: 'many', backlog: 'x' }), { active: 0 });
  });
});
