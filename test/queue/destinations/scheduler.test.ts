import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { admitItem } from '../../../functions/queue/admission/admit-item.ts';
import { activeLimit, Scheduler } from '../../../functions/queue/destinations/scheduler.ts';
import { type DestinationRecord, emptyRecord } from '../../../functions/queue/items/destination-record.ts';
import { type CapturingServices, captureServices } from '../../support/capturing-services.ts';
import { makeItem } from '../../support/delivery-item.ts';
import { MemoryDestinations } from '../../support/memory-destinations.ts';

const destination = 'inet:mail.test:24';
const item = makeItem({ destination, group: 'group#0' });
const failure = { status: '4.4.1', text: 'connect to mail.test[10.0.0.1]:24: Connection refused' } as const;
const failed = { kind: 'failure', failure } as const;

/** Services whose scheduler keeps its records in this store. */
function makeServices(values: Readonly<Record<string, string>> = {}, destinations = new MemoryDestinations()) {
  const services: CapturingServices = { ...captureServices(values), destinations };
  return { services, destinations, scheduler: new Scheduler(destinations) };
}

/** Every call to an unreachable table fails. */
class BrokenDestinations extends MemoryDestinations {
  override read = () => Promise.reject(new Error('the table is throttled'));
  override write = () => Promise.reject(new Error('the table is throttled'));
  override occupy = () => Promise.reject(new Error('the table is throttled'));
  override vacate = () => Promise.reject(new Error('the table is throttled'));
  override recordBacklog = () => Promise.reject(new Error('the table is throttled'));
}

const suspension = { since: 0, until: 0, why: failure.text, dsn: failure.status, failures: 3 };

async function withRecord(given: Partial<DestinationRecord>) {
  const made = makeServices();
  await made.destinations.write({ ...emptyRecord(destination), ...given });
  return made;
}

describe('whether a delivery may begin', () => {
  test('to a destination without a record: yes', async () => {
    const { scheduler, services } = makeServices();
    assert.deepEqual(await scheduler.permit(item, 0, services), { kind: 'go' });
  });

  test('to a held one: no, whatever else', async () => {
    const { scheduler, services } = await withRecord({
      holds: [{ id: 'h', reason: 'r', by: 'ann', since: 1 }],
      suspension,
    });
    assert.deepEqual(await scheduler.permit(item, 0, services), { kind: 'held' });
  });

  test('to a suspended one: no, with the words of the last failure', async () => {
    const { scheduler, services } = await withRecord({ suspension: { ...suspension, until: 9_000_000_000_000 } });
    assert.deepEqual(await scheduler.permit(item, 0, services), { kind: 'suspended', failure });
  });

  test('after a suspension: one as the probe, until it reports or its lease ends', async () => {
    const { scheduler, services, destinations } = await withRecord({ suspension });
    const leaseEnds = services.clock.wall + 60_000;
    const [first, second] = await Promise.all([
      scheduler.permit(item, leaseEnds, services),
      new Scheduler(destinations).permit(item, leaseEnds, services),
    ]);
    assert.deepEqual([first.kind, second.kind].sort(), ['go', 'suspended']);
    const third = await new Scheduler(destinations).permit(item, leaseEnds, services);
    assert.equal(third.kind, 'suspended');
    services.clock.advance(60_000);
    assert.equal((await new Scheduler(destinations).permit(item, leaseEnds + 1, services)).kind, 'go');
  });

  test('in a slot beyond the window: later, in another slot', async () => {
    const { scheduler, services } = makeServices();
    const [last, beyond] = ['group#4', 'group#5'].map((group) => ({ ...item, group }));
    assert.ok(last !== undefined && beyond !== undefined);
    assert.deepEqual(await scheduler.permit(last, 0, services), { kind: 'go' });
    const permission = await scheduler.permit(beyond, 0, services);
    assert.deepEqual(permission, { kind: 'wait', until: services.clock.wall + 15_000 });
  });

  test('before the first success, with others in active: listed as in progress, until it reports its outcome', async () => {
    const { scheduler, services, destinations } = makeServices();
    const leaseEnds = services.clock.wall + 90_000;
    await destinations.adjust(destination, 1);
    assert.deepEqual(await scheduler.permit(item, leaseEnds, services), { kind: 'go' }, 'alone');
    assert.equal((await destinations.read(destination)).revision, 0);
    await destinations.adjust(destination, 4);
    const permissions = await Promise.all(
      Array.from({ length: 4 }, () => new Scheduler(destinations).permit(item, leaseEnds, services)),
    );
    assert.ok(permissions.every((permission) => permission.kind === 'go' && permission.probe !== undefined));
    assert.equal((await destinations.read(destination)).trials?.length, 4);
    const [first] = permissions;
    assert.ok(first?.kind === 'go');
    await scheduler.recordResult(item, { kind: 'success' }, first, services);
    const { trials, window, revision } = await destinations.read(destination);
    assert.deepEqual([trials, window?.succeededAt], [undefined, services.clock.wall]);
    for (const permission of permissions.slice(1)) {
      assert.ok(permission.kind === 'go');
      await new Scheduler(destinations).recordResult(item, { kind: 'success' }, permission, services);
    }
    assert.deepEqual(await scheduler.permit(item, leaseEnds, services), { kind: 'go' });
    assert.equal((await destinations.read(destination)).revision, revision, 'one success is recorded, for all of them');
  });

  test('without a server, or without suspension: never listed', async () => {
    const never = makeServices({ default_destination_concurrency_failed_cohort_limit: '0' });
    const ending = makeServices();
    for (const [{ scheduler, services, destinations }, name] of [
      [never, destination],
      [ending, 'discard:thrown away'],
    ] as const) {
      await destinations.adjust(name, 5);
      assert.deepEqual(await scheduler.permit({ ...item, destination: name }, 9e12, services), { kind: 'go' });
      assert.equal((await destinations.read(name)).revision, 0);
    }
  });

  test('after a first failure: as soon as fewer are in progress than must fail for a suspension', async () => {
    const { scheduler, services, destinations } = makeServices();
    const leaseEnds = services.clock.wall + 90_000;
    await destinations.adjust(destination, 5);
    const begin = () => new Scheduler(destinations).permit(item, leaseEnds, services);
    const [a, b] = [await begin(), await begin()];
    assert.ok(a.kind === 'go' && b.kind === 'go');
    services.clock.advance(1000);
    await scheduler.recordResult(item, failed, a, services);
    // Three failures suspend it: one is known, one is in progress, and one is missing.
    const c = await begin();
    assert.ok(c.kind === 'go' && c.probe !== undefined);
    assert.deepEqual(await begin(), { kind: 'wait', until: services.clock.wall + 5000 });
    await scheduler.recordResult(item, { kind: 'nothing' }, b, services);
    const d = await begin();
    assert.ok(d.kind === 'go', 'one without an outcome makes room for another');
    services.clock.advance(1000);
    await scheduler.recordResult(item, failed, c, services);
    assert.equal((await begin()).kind, 'wait');
    await scheduler.recordResult(item, failed, d, services);
    assert.equal((await begin()).kind, 'suspended');
  });

  test('after a first failure: a dead worker is waited for no longer than two minutes', async () => {
    const { scheduler, services, destinations } = makeServices();
    await destinations.adjust(destination, 5);
    const begin = () => new Scheduler(destinations).permit(item, services.clock.wall + 300_000, services);
    const [a] = [await begin(), await begin(), await begin()];
    assert.ok(a.kind === 'go');
    await scheduler.recordResult(item, failed, a, services);
    let putBack = 0;
    const { wall } = services.clock;
    for (;;) {
      const permission = await begin();
      if (permission.kind === 'go') break;
      assert.ok(permission.kind === 'wait');
      putBack += 1;
      services.clock.advance(permission.until - services.clock.wall);
    }
    assert.equal(services.clock.wall, wall + 120_000);
    assert.ok(putBack <= 4, `put back ${putBack} times`);
  });

  test('with the knowledge of another container: at once before the first success, else within seconds', async () => {
    const { scheduler, services, destinations } = makeServices();
    const other = new Scheduler(destinations);
    assert.equal((await other.permit(item, 0, services)).kind, 'go');
    for (let n = 0; n < 3; n += 1) await scheduler.recordResult(item, failed, {}, services);
    assert.equal((await other.permit(item, 0, services)).kind, 'suspended');

    const window = { size: 9, failedCohorts: 0, failure: 0, failures: 0, succeededAt: 1, at: services.clock.wall };
    const { suspension: _, ...record } = await destinations.read(destination);
    await destinations.write({ ...record, window });
    services.clock.advance(3000);
    assert.equal((await other.permit(item, 0, services)).kind, 'go');
    await destinations.write({ ...(await destinations.read(destination)), suspension: { ...suspension, until: 9e12 } });
    assert.equal((await other.permit(item, 0, services)).kind, 'go');
    services.clock.advance(3000);
    assert.equal((await other.permit(item, 0, services)).kind, 'suspended');
  });

  test('to a mailbox that is a destination of its own: by its own record, and by the holds of the destination', async () => {
    const { services, destinations } = makeServices();
    const mine = { ...item, mailbox: 'bob@example.com' };
    const name = `bob@example.com@${destination}`;
    await destinations.write({ ...emptyRecord(name), suspension: { ...suspension, until: 9e12 } });
    assert.equal((await new Scheduler(destinations).permit(mine, 0, services)).kind, 'suspended');
    assert.equal((await new Scheduler(destinations).permit(item, 0, services)).kind, 'go');
    const holds = [{ id: 'h', reason: 'r', by: 'ann', since: 1 }];
    await destinations.write({ ...emptyRecord(destination), holds });
    assert.equal((await new Scheduler(destinations).permit(mine, 0, services)).kind, 'held');
  });
});

describe('the outcome of a delivery', () => {
  test('is recorded only if it changes something', async () => {
    const { scheduler, services, destinations } = makeServices();
    for (let n = 0; n < 10; n += 1) {
      await scheduler.permit(item, 0, services);
      await scheduler.recordResult(item, { kind: 'success' }, {}, services);
    }
    assert.equal((await destinations.read(destination)).revision, 0);
  });

  test('suspends the destination after three failures in a row, and the log says why', async () => {
    const { scheduler, services, destinations } = makeServices();
    for (let n = 0; n < 3; n += 1) await scheduler.recordResult(item, failed, {}, services);
    assert.equal((await destinations.read(destination)).suspension?.why, failure.text);
    assert.deepEqual(services.notes, ['warn: destination suspended']);
  });

  test('opens it after a successful probe, and the log says so', async () => {
    const { scheduler, services, destinations } = await withRecord({ suspension });
    const permission = await scheduler.permit(item, services.clock.wall + 60_000, services);
    assert.ok(permission.kind === 'go' && permission.probe !== undefined);
    await scheduler.recordResult(item, { kind: 'success' }, permission, services);
    const { suspension: after, probe } = await destinations.read(destination);
    assert.deepEqual([after, probe], [undefined, undefined]);
    assert.equal(services.notes.at(-1), 'info: destination takes mail again');
  });

  test('leaves the probe to another delivery if it shows nothing', async () => {
    const { scheduler, services, destinations } = await withRecord({ suspension });
    const permission = await scheduler.permit(item, services.clock.wall + 60_000, services);
    assert.ok(permission.kind === 'go');
    await scheduler.recordResult(item, { kind: 'nothing' }, permission, services);
    assert.deepEqual((await destinations.read(destination)).suspension, suspension);
    assert.equal((await scheduler.permit(item, services.clock.wall + 60_000, services)).kind, 'go');
  });
});

describe('an unreachable table', () => {
  test('delays no mail: deliveries begin, and new ones enter active', async () => {
    const { scheduler, services } = makeServices({}, new BrokenDestinations());
    assert.deepEqual(await scheduler.permit(item, 0, services), { kind: 'go' });
    assert.equal(await scheduler.place(item, services), 'active');
    scheduler.giveBackPlace(item);
    assert.deepEqual(await scheduler.flushPlaces(services), new Map());
    await scheduler.recordBacklog(destination, services);
    for (const note of services.notes) assert.match(note, /^warn: /);
  });

  test('still keeps this container from a dead host', async () => {
    const { scheduler, services } = makeServices({}, new BrokenDestinations());
    for (let n = 0; n < 3; n += 1) await scheduler.recordResult(item, failed, {}, services);
    assert.notEqual((await scheduler.permit(item, 0, services)).kind, 'go');
    assert.ok(services.notes.includes('warn: record of the destination not written; only this container knows'));
  });

  test('makes no delivery the probe', async () => {
    const { scheduler, services, destinations } = await withRecord({ suspension });
    destinations.write = () => Promise.reject(new Error('the table is throttled'));
    assert.equal((await scheduler.permit(item, 0, services)).kind, 'suspended');
  });
});

describe('places in active', () => {
  /** Counts writes. */
  class CountedDestinations extends MemoryDestinations {
    writes = 0;
    override async occupy(name: string, places: number, limit: number): Promise<boolean> {
      this.writes += 1;
      await new Promise((resolve) => setImmediate(resolve));
      return await super.occupy(name, places, limit);
    }
    override async vacate(name: string, places: number) {
      this.writes += 1;
      return await super.vacate(name, places);
    }
  }

  test('cost two writes for a batch that arrives, and one for a batch that is done', async () => {
    const destinations = new CountedDestinations();
    const { scheduler, services } = makeServices({}, destinations);
    const batch = Array.from({ length: 10 }, () => item);
    const places = await Promise.all(batch.map((one) => scheduler.place(one, services)));
    assert.deepEqual(new Set(places), new Set(['active']));
    assert.equal(destinations.writes, 2);
    for (const one of batch) scheduler.giveBackPlace(one);
    await scheduler.flushPlaces(services);
    await scheduler.flushPlaces(services);
    assert.equal(destinations.writes, 3);
    assert.equal((await destinations.read(destination)).active, 0);
  });

  test('are used up to the last one, and not beyond', async () => {
    const { scheduler, services } = makeServices({ qmgr_message_active_limit: '7' });
    const places = await Promise.all(Array.from({ length: 20 }, () => scheduler.place(item, services)));
    assert.equal(places.filter((place) => place === 'active').length <= 7, true);
    for (let n = 0; n < 20; n += 1) await scheduler.place({ ...item, state: 'queued' }, services);
    assert.equal((await services.destinations.read(destination)).active, 7);
  });

  test('are as many as qmgr_message_active_limit says, or fifty for each slot', () => {
    const limits = (values: Readonly<Record<string, string>>) => activeLimit(captureServices(values).parameters);
    assert.deepEqual(
      [limits({}), limits({ lmtp_destination_concurrency_limit: '3' }), limits({ qmgr_message_active_limit: '10' })],
      [1000, 150, 10],
    );
  });

  test('are not taken by a duplicate', async () => {
    const services = captureServices();
    const request = makeItem({ destination });
    await admitItem(request, services);
    await admitItem({ ...request, by: 'another' }, services);
    await services.scheduler.flushPlaces(services);
    assert.equal((await services.destinations.read(destination)).active, 1);
  });

  test('are requested again a second after active was full', async () => {
    const { scheduler, services, destinations } = makeServices({ qmgr_message_active_limit: '1' });
    assert.equal(await scheduler.place(item, services), 'active');
    assert.equal(await scheduler.place(item, services), 'queued');
    await destinations.vacate(destination, 1);
    assert.equal(await scheduler.place(item, services), 'queued', 'it was full a moment ago');
    assert.equal(
      await scheduler.place({ ...item, state: 'queued' }, services),
      'active',
      'a woken delivery requests a place',
    );
    await destinations.vacate(destination, 1);
    services.clock.advance(1000);
    assert.equal(await scheduler.place(item, services), 'active');
  });
});

describe('with lmtp_destination_recipient_limit=1', () => {
  const admitted = async (address: string, values: Readonly<Record<string, string>> = {}) => {
    const services = captureServices({ lmtp_destination_recipient_limit: '1', ...values });
    const { item: there } = await admitItem(makeItem({ destination, recipients: [{ address, n: 0 }] }), services);
    return there;
  };

  test('deliveries to one mailbox share a limit: another mailbox has another group', async () => {
    const [bob, carol] = [await admitted('bob@example.com'), await admitted('carol@example.com')];
    assert.deepEqual([bob?.mailbox, carol?.mailbox], ['bob@example.com', 'carol@example.com']);
    assert.notEqual(bob?.group.split('#')[0], carol?.group.split('#')[0]);
  });

  test('extensions of a mailbox share its limit (recipient_delimiter)', async () => {
    const delimiter = { recipient_delimiter: '+-' };
    const groups = await Promise.all(
      ['bob@example.com', 'bob+a@example.com', 'Bob-b+c@EXAMPLE.com'].map((address) => admitted(address, delimiter)),
    );
    assert.equal(new Set(groups.map((there) => there?.group.split('#')[0])).size, 1);
    assert.notEqual((await admitted('bob+a@example.com'))?.mailbox, 'bob@example.com', 'unless there are none');
  });

  test('other destinations have no such groups', async () => {
    const services = captureServices({ lmtp_destination_recipient_limit: '2' });
    const { item: there } = await admitItem(makeItem({ destination }), services);
    assert.equal(there?.mailbox, undefined);
  });
});
