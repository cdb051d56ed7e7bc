/** The contract of every store of corrupt requests: one suite, for the one in AWS and for the one in memory. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { CorruptRequests } from '../../functions/operator/ports.ts';
import type { CorruptNotice, CorruptQueue } from '../../functions/queue/items/ports.ts';

/** A store, and the queue that fills it. */
export interface CorruptStore {
  readonly requests: CorruptRequests;
  readonly queue: CorruptQueue;
  /** What was sent to incoming so far. */
  submitted(): readonly string[];
  /** Deletes the copy of a request. */
  loseBody(id: string): Promise<void>;
}

/** Declares the tests. Each test calls `store` when it begins. */
export function describeCorruptRequests(name: string, store: () => CorruptStore): void {
  const entry = { at: 9_000_000, by: 'local/ann', what: 'requeued', why: 'put right' };

  async function file(notice: Partial<CorruptNotice> = {}): Promise<CorruptNotice> {
    const whole = { id: crypto.randomUUID(), reason: 'sender: is missing', body: '{"version":1}', ...notice };
    await store().queue.file(whole);
    return whole;
  }

  async function listed(): Promise<readonly string[]> {
    return (await Array.fromAsync(store().requests.list())).map(({ id }) => id);
  }

  describe(`corrupt requests ${name}`, () => {
    test('are stored with their fault, and as submitted', async () => {
      const { id } = await file({ sent: 5_000_000 });
      const request = await store().requests.read(id);
      assert.ok(request !== undefined);
      assert.deepEqual([request.id, request.reason, request.sent], [id, 'sender: is missing', 5_000_000]);
      assert.equal(await store().requests.readBody(request), '{"version":1}');
    });

    test('that were never filed are missing', async () => {
      assert.equal(await store().requests.read('never'), undefined);
    });

    test('are listed as long as they wait for an operator', async () => {
      const [one, other] = [await file(), await file()];
      const ours = (ids: readonly string[]) => ids.filter((id) => id === one.id || id === other.id).sort();
      assert.deepEqual(ours(await listed()), [one.id, other.id].sort());
      const request = await store().requests.read(one.id);
      assert.ok(request !== undefined);
      assert.equal(await store().requests.close(request, entry), true);
      assert.deepEqual(ours(await listed()), [other.id]);
      assert.partialDeepStrictEqual(await store().requests.read(one.id), { isClosed: true, history: [entry] });
      assert.equal(await store().requests.close(request, entry), false);
    });

    test('are not listed if they are the remains of a delivery', async () => {
      const { id } = await file({ isDelivery: true });
      assert.equal((await listed()).includes(id), false);
      assert.equal((await store().requests.read(id))?.id, id);
    });

    test('are found by the id of their producer, even when they do not wait any more; several may have one id', async () => {
      const requestId = `order-${crypto.randomUUID()}`;
      const [one, other] = [await file({ requestId }), await file({ requestId })];
      await file({ requestId: `${requestId}-other` });
      const found = async () => await store().requests.findByRequestId(requestId);
      assert.deepEqual((await found()).map(({ id }) => id).sort(), [one.id, other.id].sort());
      const request = (await found()).find(({ id }) => id === one.id);
      assert.ok(request !== undefined);
      assert.equal(await store().requests.close(request, entry), true);
      assert.deepEqual(
        (await found()).map(({ id, isClosed }) => [id, isClosed ?? false]).sort(),
        [
          [one.id, true],
          [other.id, false],
        ].sort(),
      );
      assert.deepEqual(await store().requests.findByRequestId(crypto.randomUUID()), []);
    });

    test('whose copy was deleted have none', async () => {
      const { id } = await file();
      await store().loseBody(id);
      const request = await store().requests.read(id);
      assert.ok(request !== undefined);
      assert.equal(await store().requests.readBody(request), undefined);
    });

    test('are sent to incoming when they are requeued', async () => {
      const body = `{"id":"${crypto.randomUUID()}"}`;
      await store().requests.submit(body);
      assert.deepEqual(
        store()
          .submitted()
          .filter((one) => one === body),
        [body],
      );
    });
  });
}
