/**
 * A table that refuses writes before and after the reply of the server: known results are written, and
 * nothing new is begun.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Verdict } from '../../functions/delivery/verdict.ts';
import { holdMessage } from '../../functions/operator/operator-change.ts';
import { removeMessage } from '../../functions/operator/removal-change.ts';
import type { DeliveryItem } from '../../functions/queue/items/item.ts';
import { parseWakeUp } from '../../functions/queue/items/messages.ts';
import type { Ledger } from '../../functions/queue/items/ports.ts';
import { Lease } from '../../functions/queue/work/lease.ts';
import { Progress } from '../../functions/queue/work/progress.ts';
import { work } from '../../functions/queue/work/worker.ts';
import { TableTrouble } from '../../functions/queue/writes/table-trouble.ts';
import { TableWrites } from '../../functions/queue/writes/table-writes.ts';
import { captureServices } from '../support/capturing-services.ts';
import { makeItem, makeRecipients } from '../support/delivery-item.ts';
import type { Interference } from '../support/queue-process.ts';
import { QueueWorld } from '../support/queue-world.ts';
import { type ScriptedServer, startScriptedServer } from '../support/scripted-server.ts';
import { waitUntil } from '../support/wait-until.ts';

interface Scene extends AsyncDisposable {
  readonly world: QueueWorld;
  readonly server: ScriptedServer;
}

async function setScene(interfere: Interference): Promise<Scene> {
  // The claim is written before content may begin.
  const server = await startScriptedServer({ data: { reply: '354 go on', delay_ms: 100 } });
  const world = new QueueWorld({ destination: `inet:127.0.0.1:${server.port}`, interfere });
  const close = async () => {
    await world.close();
    await server.close();
  };
  return { world, server, [Symbol.asyncDispose]: close };
}

/** Admits a request, whose delivery is then in active, and processes active once. */
async function deliverOnce(world: QueueWorld): Promise<void> {
  world.submit({ recipients: ['bob@x'] });
  for (let turn = 0; turn < 2; turn += 1) {
    for (const message of world.messages.filter(({ visible }) => visible <= world.clock.wall)) {
      await world.receive(message);
    }
  }
}

const refused = () => new TableTrouble('throttled', 'slow down');

/** How many messages arrived completely. */
const contents = ({ server }: Scene) =>
  server
    .transcript()
    .flatMap(({ commands }) => commands)
    .filter((line) => line === '.');

describe('the verdicts of a delivery', () => {
  test('are written when the table accepts writes again, while the lease lasts', async () => {
    let until = 0;
    await using scene: Scene = await setScene(async ({ name }, act) => {
      if (name === 'ledger.finish') {
        until ||= scene.world.clock.wall + 45_000;
        if (scene.world.clock.wall < until) throw refused();
      }
      return await act();
    });
    const { world } = scene;
    await deliverOnce(world);
    assert.equal(world.onlyItem().state, 'done');
    assert.partialDeepStrictEqual(world.lines, [{ status: 'sent', attempt: 1 }]);
    assert.equal(world.notes.filter((note) => note === 'warn: write refused; it is repeated').length, 1);
    assert.ok(world.clock.wall >= until);
  });

  test('are written and reported once if the response to the write was lost', async () => {
    let lost = 0;
    await using scene = await setScene(async ({ name }, act) => {
      const answer = await act();
      if (name !== 'ledger.finish' || lost >= 2) return answer;
      lost += 1;
      throw new TableTrouble('lost', 'connection reset');
    });
    const { world } = scene;
    await deliverOnce(world);
    assert.equal(lost, 2);
    assert.equal(world.onlyItem().state, 'done');
    assert.equal(world.lines.length, 1);
    assert.ok(!world.notes.includes('error: verdicts came too late'));
  });

  test('are lost to the table if it refuses them until the lease ends: the log has them, and reports doubt', async () => {
    await using scene = await setScene(async ({ name }, act) => {
      if (name === 'ledger.finish') throw refused();
      return await act();
    });
    const { world } = scene;
    await deliverOnce(world);
    assert.ok(world.notes.includes('error: verdicts not written'));
    const { state, claim } = world.onlyItem();
    assert.equal(state, 'delivering');
    assert.ok((claim?.until ?? 0) > world.clock.wall, 'the last try was made before the lease ended');
    world.clock.advance(120_000);
    await world.sweep();
    assert.deepEqual(world.doubted, ['bob@x']);
  });

  test('are written in the same way if they are temporary', async () => {
    let refusals = 0;
    const server = await startScriptedServer({ final: { default: '452 4.2.2 mailbox full' } });
    const world = new QueueWorld({
      destination: `inet:127.0.0.1:${server.port}`,
      interfere: async ({ name }, act) => {
        if (name !== 'ledger.defer' || refusals >= 8) return await act();
        refusals += 1;
        throw refused();
      },
    });
    await deliverOnce(world);
    assert.equal(refusals, 8);
    assert.partialDeepStrictEqual(world.onlyItem(), { state: 'deferred', attempt: 1 });
    await world.close();
    await server.close();
  });
});

describe('while the table refuses the writes of a container', () => {
  test('no other delivery begins in it: no connection, no attempt, no call to the table', async () => {
    await using scene = await setScene((_, act) => act());
    const { world, server } = scene;
    world.submit({ recipients: ['bob@x'] });
    const [request] = world.messages;
    assert.ok(request !== undefined);
    await world.receive(request);
    const [message] = world.messages;
    assert.ok(message !== undefined);
    const process = world.undisturbed();
    const { promise, resolve } = Promise.withResolvers<void>();
    let tries = 0;
    const write = async () => {
      tries += 1;
      if (tries === 1) throw refused();
      await promise;
    };
    const repeated = process.services.writes.repeat(write, { left: () => 60_000 });
    await waitUntil('the write is tried again', () => tries === 2);
    await assert.rejects(world.handle(message, process), { name: 'TableTrouble' });
    assert.deepEqual(server.transcript(), []);
    assert.partialDeepStrictEqual(world.onlyItem(), { state: 'active', attempt: 0, generation: 1 });
    resolve();
    await repeated;
    await world.handle(message, process);
    assert.partialDeepStrictEqual(world.onlyItem(), { state: 'done', attempt: 1 });
  });

  /** The writes of a container are refused just after its claim was written. */
  const refusedAfterClaim =
    (takenFrom: (name: string) => boolean): Interference =>
    async ({ name, process }, act) => {
      if (name === 'ledger.progress' && !takenFrom(name)) throw refused();
      const answer = await act();
      if (name !== 'ledger.claim') return answer;
      setImmediate(() => process.services.writes.once(() => Promise.reject(refused())).catch(() => {}));
      return answer;
    };

  test('content waits for a write that succeeds', async () => {
    let asked = 0;
    const interfere = refusedAfterClaim(() => {
      asked += 1;
      return asked > 5;
    });
    await using scene = await setScene(interfere);
    await deliverOnce(scene.world);
    assert.equal(asked, 6);
    assert.partialDeepStrictEqual(scene.world.onlyItem(), { state: 'done', attempt: 1 });
    assert.equal(contents(scene).length, 1);
  });

  test('a claim whose content could not be begun is given back: no attempt is counted, no recipient is in doubt', async () => {
    let isOver = false;
    await using scene = await setScene(refusedAfterClaim(() => isOver));
    const { world } = scene;
    await deliverOnce(world);
    assert.partialDeepStrictEqual(world.onlyItem(), { state: 'queued', attempt: 0, generation: 1 });
    assert.equal('claim' in world.onlyItem(), false);
    assert.deepEqual(contents(scene), []);
    isOver = true;
    await world.runToEnd();
    assert.partialDeepStrictEqual(world.lines, [{ status: 'sent', attempt: 1 }]);
    assert.deepEqual(world.doubted, []);
    assert.equal(contents(scene).length, 1);
  });

  /**
   * Gives a claim back that an operator changed meanwhile, and goes on to the end with a table that accepts
   * writes.
   */
  async function giveBackChanged(change: (world: QueueWorld) => Promise<unknown>): Promise<Scene> {
    let isOver = false;
    let changed: Promise<unknown> | undefined;
    const scene: Scene = await setScene(
      refusedAfterClaim(() => {
        changed ??= change(scene.world);
        return isOver;
      }),
    );
    await deliverOnce(scene.world);
    await changed;
    assert.partialDeepStrictEqual(scene.world.onlyItem(), { state: 'queued', attempt: 0 });
    isOver = true;
    await scene.world.runToEnd();
    return scene;
  }

  test('a message that an operator removes meanwhile is not sent after its claim was given back', async () => {
    const order = { by: 'ann', why: 'sent by mistake', bounces: true };
    await using scene = await giveBackChanged((world) =>
      removeMessage(world.onlyItem(), order, world.undisturbed().services),
    );
    const { world } = scene;
    assert.deepEqual(contents(scene), []);
    assert.equal(world.onlyItem().state, 'done');
    assert.equal(world.recipients().get('bob@x')?.last?.status, 'bounced');
    assert.deepEqual(
      world.events.map(({ lmtp }) => lmtp.kind),
      ['bounce'],
    );
  });

  test('a message that an operator holds meanwhile is held after its claim was given back', async () => {
    const order = { by: 'ann', why: 'to be looked at', hold: 'legal' };
    await using scene = await giveBackChanged((world) =>
      holdMessage(world.onlyItem(), order, world.undisturbed().services),
    );
    assert.deepEqual(contents(scene), []);
    assert.partialDeepStrictEqual(scene.world.onlyItem(), { state: 'held', attempt: 0, holds: [{ id: 'legal' }] });
  });
});

test('a refused claim sends no content, and fails at once', async () => {
  let claims = 0;
  await using scene = await setScene(async ({ name }, act) => {
    if (name !== 'ledger.claim') return await act();
    claims += 1;
    throw refused();
  });
  const { world } = scene;
  await deliverOnce(world);
  assert.equal(claims, 1);
  assert.deepEqual(contents(scene), []);
  assert.partialDeepStrictEqual(world.onlyItem(), { state: 'active', attempt: 0 });
});

describe('progress', () => {
  const sent: Verdict = { status: 'sent', dsn: '2.0.0', text: '250 saved', setUp: 0, transfer: 0 };

  /** A claimed delivery to several recipients, with a gate before its progress writes. */
  async function claimed(onProgress: (changed: readonly number[]) => Promise<void>) {
    const captured = captureServices();
    const item = makeItem({ recipients: makeRecipients(...['a@x', 'b@x', 'c@x', 'd@x']) });
    await captured.ledger.admit(item);
    const seen = await captured.ledger.read(item);
    assert.ok(seen !== undefined);
    const ledger: Ledger = Object.assign(Object.create(captured.ledger), {
      move: async (...[name, from, changes, by]: Parameters<Ledger['move']>) => {
        if (name === 'progress') await onProgress(finished(changes.recipients ?? []));
        return await captured.ledger.move(name, from, changes, by);
      },
      read: (key: DeliveryItem) => captured.ledger.read(key),
    });
    const writes = new TableWrites({
      sleep: (_, signal) => new Promise((wake) => signal?.addEventListener('abort', () => wake())),
    });
    const services = { ...captured, ledger, writes };
    const lease = new Lease(seen, services, { left: () => 60_000, whole: 300_000 });
    await lease.admit();
    return { lease, progress: new Progress(lease, services), services };
  }

  const finished = (recipients: DeliveryItem['recipients']) =>
    recipients.filter(({ last }) => last?.status === 'sent').map(({ n }) => n);

  test('is written once at a time, and the next write includes everything newer', async () => {
    const gate = Promise.withResolvers<void>();
    const written: (readonly number[])[] = [];
    const { progress } = await claimed(async (changed) => {
      written.push(changed);
      await gate.promise;
    });
    progress.add(0, sent);
    await waitUntil('the first write is in progress', () => written.length === 1);
    progress.add(1, sent);
    progress.add(2, sent);
    gate.resolve();
    await waitUntil('the next one was made', () => written.length === 2);
    await progress.finish();
    assert.deepEqual(written, [[0], [0, 1, 2]]);
  });

  test('that is refused gives way to the settlement at once', async () => {
    let tries = 0;
    const { progress, lease, services } = await claimed(async () => {
      tries += 1;
      throw refused();
    });
    progress.add(0, sent);
    await waitUntil('it is refused', () => services.notes.includes('warn: write refused; it is repeated'));
    await progress.finish();
    assert.equal(tries, 1);
    const moved = await lease.move(() => ['finish', { due: null }]);
    assert.equal(moved.kind, 'moved');
    assert.equal(services.writes.areRefused, false);
    assert.ok(!services.notes.includes('warn: progress not written'), 'the settlement includes it');
  });
});

test('the lease outlasts the time in which writes are repeated, and content may not begin in that time', async () => {
  const services = captureServices();
  const item = makeItem();
  await services.ledger.admit(item);
  let left = 20_000;
  const lease = new Lease(item, services, { left: () => left, whole: 300_000, reserve: 32_000 });
  await lease.admit();
  assert.equal((lease.item.claim?.until ?? 0) - services.clock.wall, 52_000);
  assert.equal(lease.mayGoOn(), true);
  left = 0;
  services.clock.advance(20_000);
  assert.equal(lease.mayGoOn(), false, 'the remaining time is reserved for writing');
  const move = services.ledger.move.bind(services.ledger);
  const begun = services.clock.wall;
  services.ledger.move = async (...given) => {
    left = begun - services.clock.wall;
    if (services.clock.wall < begun + 30_000) throw refused();
    return await move(...given);
  };
  assert.equal((await lease.move(() => ['finish', { due: null }])).kind, 'moved');
  assert.equal(services.clock.wall - begun, 30_000);
});

test('a message of active is not even read from the table while another delivery waits for its writes', async () => {
  const services = captureServices();
  const writes = new TableWrites({ sleep: async () => {} });
  const gate = Promise.withResolvers<void>();
  let tries = 0;
  const repeated = writes.repeat(
    async () => {
      tries += 1;
      if (tries === 1) throw refused();
      await gate.promise;
    },
    { left: () => 1000 },
  );
  await waitUntil('the write is tried again', () => tries === 2);
  const wakeUp = parseWakeUp('{"version":1,"id":"a","delivery":"0000","generation":1}');
  const working = work(wakeUp, { ...services, writes }, () => assert.fail('delivered'), {
    left: () => 60_000,
    whole: 300_000,
  });
  await assert.rejects(working, { name: 'TableTrouble' });
  assert.deepEqual(services.notes, []);
  gate.resolve();
  await repeated;
});
