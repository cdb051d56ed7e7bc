/** Malformed items of the table, as DynamoDB returns them. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { DynamoDbLedger } from '../../functions/aws/dynamodb-ledger.ts';
import { DynamoDbQueries } from '../../functions/aws/dynamodb-queries.ts';
import { ItemFault, type RawItem } from '../../functions/queue/items/unreadable-item.ts';
import { makeItem } from '../support/delivery-item.ts';
import { type EmulatedClients, startEmulatedClients } from '../support/emulated-clients.ts';
import { losingAnswers } from '../support/losing-answers.ts';
import { describeMalformed, rawItem } from '../support/malformed-contract.ts';

let aws: EmulatedClients;
let ledger: DynamoDbLedger;
let queries: DynamoDbQueries;

before(async () => {
  aws = await startEmulatedClients();
  ledger = new DynamoDbLedger(aws.clients.table, aws.emulators.table);
  queries = new DynamoDbQueries(aws.clients.table, aws.emulators.table);
});
after(() => aws?.[Symbol.asyncDispose]());

async function plant(raw: RawItem): Promise<void> {
  await aws.clients.table.send(new PutCommand({ TableName: aws.emulators.table, Item: { ...raw } }));
}

describeMalformed('in DynamoDB', () => ({ ledger, queries, plant }));

test('a write over a malformed item whose response was lost is recognised as our own', async () => {
  const raw = rawItem({ state: 'deferred' }, { sender: 7 });
  await plant(raw);
  const seen = await ledger.read(makeItem({ id: String(raw['id']) })).catch((error: unknown) => error);
  assert.ok(seen instanceof ItemFault);
  const { table, requests } = losingAnswers(1);
  assert.equal(await new DynamoDbLedger(table, aws.emulators.table).overwrite(seen, { state: 'held' }), true);
  assert.equal(requests(), 3, 'update, update again, read back');
});

test('a number that JavaScript cannot hold is a malformed attribute, and does not affect other items of its page', async () => {
  const id = crypto.randomUUID();
  await ledger.admit(makeItem({ id, delivery: '0001' }));
  const TableName = aws.emulators.table;
  for (const N of ['12345678901234567890.5', '123456789012345678901234567890']) {
    const Item = {
      id: { S: id },
      delivery: { S: '0000' },
      version: { N: '1' },
      state: { S: 'deferred' },
      generation: { N },
    };
    await aws.clients.table.send(new PutItemCommand({ TableName, Item }));
    const [broken, well] = await ledger.readAll(id);
    assert.ok(broken instanceof ItemFault);
    assert.equal(well?.delivery, '0001');
  }
});
