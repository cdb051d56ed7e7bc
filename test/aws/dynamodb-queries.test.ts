import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { DynamoDbLedger } from '../../functions/aws/dynamodb-ledger.ts';
import { DynamoDbQueries } from '../../functions/aws/dynamodb-queries.ts';
import { listEntries } from '../../functions/operator/selection.ts';
import type { DeliveryItem } from '../../functions/queue/items/item.ts';
import type { TransitionName } from '../../functions/queue/items/states.ts';
import { makeItem, makeRecipients } from '../support/delivery-item.ts';
import { type EmulatedClients, startEmulatedClients } from '../support/emulated-clients.ts';
import { describeQueries } from '../support/queries-contract.ts';

let aws: EmulatedClients;
let ledger: DynamoDbLedger;
let queries: DynamoDbQueries;

before(async () => {
  aws = await startEmulatedClients();
  ledger = new DynamoDbLedger(aws.clients.table, aws.emulators.table);
  queries = new DynamoDbQueries(aws.clients.table, aws.emulators.table);
});
after(() => aws?.[Symbol.asyncDispose]());

describeQueries('in DynamoDB', () => ({ ledger, queries }));

test('a list reports the read units that it consumed', async () => {
  const destination = 'inet:costly.test:24';
  const recipients = makeRecipients(...Array.from({ length: 50 }, (_, n) => `recipient-${n}@example.com`));
  await Promise.all(
    Array.from({ length: 20 }, () => ledger.admit(makeItem({ state: 'deferred', destination, recipients }))),
  );
  let consumed = 0;
  const entries = listEntries({ destination }, queries, (units) => {
    consumed += units;
  });
  assert.equal((await Array.fromAsync(entries)).length, 20);
  // Twenty entries of less than a kilobyte, and the empty shards.
  assert.ok(consumed > 0 && consumed <= 20, `${consumed} read units`);
});

/** Lists a destination, and runs something just before the n-th request to the table. Returns ids, and the number of requests. */
async function listWhile(destination: string, n: number, act: () => Promise<unknown>) {
  let requests = 0;
  const { table } = aws.clients;
  const client = new Proxy(table, {
    get: (target, name) =>
      name !== 'send'
        ? Reflect.get(target, name)
        : async (...given: Parameters<typeof table.send>) => {
            if (requests === n) await act();
            requests += 1;
            return await table.send(...given);
          },
  });
  const ids: string[] = [];
  for await (const { id } of listEntries({ destination }, new DynamoDbQueries(client, aws.emulators.table)))
    ids.push(id);
  return { ids, requests };
}

const moves: Readonly<Record<string, { readonly state: DeliveryItem['state']; readonly move: TransitionName }>> = {
  'is woken': { state: 'deferred', move: 'activate' },
  'is deferred again': { state: 'active', move: 'deferUnclaimed' },
};

for (const [what, { state, move }] of Object.entries(moves)) {
  test(`a delivery that ${what} while the queue is listed is in the list once, whenever that happens`, async () => {
    const destination = `inet:${move}.test:24`;
    let item = makeItem({ state, destination, due: 1 });
    await ledger.admit(item);
    const { requests } = await listWhile(destination, -1, async () => {});
    for (let n = 0; n < requests; n += 1) {
      item = makeItem({ state, destination, due: 1 });
      await ledger.admit(item);
      const { ids } = await listWhile(destination, n, async () => {
        const moved = await ledger.move(move, item, { due: 2 });
        assert.equal(moved.kind, 'moved');
      });
      assert.deepEqual(
        ids.filter((id) => id === item.id),
        [item.id],
        `moved before request ${n} of ${requests}`,
      );
    }
  });
}
