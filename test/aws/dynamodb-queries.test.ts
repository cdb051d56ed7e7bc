import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { DynamoDbLedger } from '../../functions/aws/dynamodb-ledger.ts';
import { DynamoDbQueries } from '../../functions/aws/dynamodb-queries.ts';
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
  let from: string | undefined;
  do {
    const page = await queries.list({ destination }, from);
    consumed += page.consumed;
    from = page.next;
  } while (from !== undefined);
  // Twenty entries of less than a kilobyte, and the empty shards.
  assert.ok(consumed > 0 && consumed <= 20, `${consumed} read units`);
});
