/** Records of reports in the queue table. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { PutCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { DynamoDbLedger } from '../../functions/aws/dynamodb-ledger.ts';
import { DynamoDbReports } from '../../functions/aws/dynamodb-reports.ts';
import { makeItem } from '../support/delivery-item.ts';
import { type EmulatedClients, startEmulatedClients } from '../support/emulated-clients.ts';
import { bounced, only, served } from '../support/report-events.ts';
import { reportRecordsContract } from '../support/report-records-contract.ts';

let aws: EmulatedClients;
let records: DynamoDbReports;

before(async () => {
  aws = await startEmulatedClients();
  records = new DynamoDbReports(aws.clients.table, aws.emulators.table);
});
after(() => aws?.[Symbol.asyncDispose]());

reportRecordsContract('records of reports in DynamoDB', () => records);

const group = { id: 'shared', kind: 'bounce', pass: 1 } as const;

test('records of reports share the partition of the deliveries of their request, and are not read as deliveries', async () => {
  const ledger = new DynamoDbLedger(aws.clients.table, aws.emulators.table);
  await ledger.admit(makeItem({ id: 'shared' }));
  await records.keep(group, { event: only(bounced()), at: 1 });
  assert.equal((await ledger.readAll('shared')).length, 1);
  assert.equal((await records.read(group)).events.length, 1);
});

test('records of reports expire when no copy of an event can arrive any more', async () => {
  await records.keep({ ...group, id: 'fleeting' }, { event: only(bounced()), at: 1 });
  const { Items = [] } = await aws.clients.table.send(
    new QueryCommand({
      TableName: aws.emulators.table,
      KeyConditionExpression: 'id = :id',
      ExpressionAttributeValues: { ':id': 'fleeting' },
    }),
  );
  const days = (Number(Items[0]?.['expires']) - Date.now() / 1000) / 86_400;
  assert.ok(days > 29 && days < 31, `${days} days`);
});

test('a group of more than a page is read completely', async () => {
  const here = { id: 'large', kind: 'success', pass: 1 } as const;
  const recipients = Array.from({ length: 70 }, (_, n) => `${'x'.repeat(1000)}${n}@example.com`);
  for (let delivery = 0; delivery < 6; delivery += 1) {
    const [event] = served({ item: { delivery: String(delivery) }, recipients });
    assert.ok(event);
    await records.keep(here, { event, at: delivery });
  }
  const { events } = await records.read(here);
  assert.deepEqual(events.map(({ event }) => event.lmtp.delivery).toSorted(), ['0', '1', '2', '3', '4', '5']);
});

test('an event that cannot be read is named, and the others of its group are read; a report that cannot be read is an error', async () => {
  const here = { id: 'broken', kind: 'bounce', pass: 1 } as const;
  await records.keep(here, { event: only(bounced()), at: 1 });
  const put = async (part: string, rest: Readonly<Record<string, unknown>>) => {
    const Item = { id: 'broken', delivery: `report#bounce#000001#${part}`, version: 1, ...rest };
    await aws.clients.table.send(new PutCommand({ TableName: aws.emulators.table, Item }));
  };
  await put('event#e2', { at: 1, event: '{"mail":' });
  await put('event#e3', { at: 1, event: '{"mail":{}}' });
  const { events, faults } = await records.read(here);
  assert.equal(events.length, 1);
  assert.deepEqual(faults, [
    'record broken/report#bounce#000001#event#e2: event: is not JSON',
    'record broken/report#bounce#000001#event#e3: mail.timestamp: is missing; expected a string',
  ]);
  await put('sealed#0000', { number: 0, eventIds: 'all' });
  await assert.rejects(records.read(here), /sealed#0000: eventIds: "all" is not a list/);
});
