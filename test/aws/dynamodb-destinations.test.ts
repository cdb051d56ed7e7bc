import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { GetCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { DynamoDbDestinations } from '../../functions/aws/dynamodb-destinations.ts';
import { DynamoDbLedger } from '../../functions/aws/dynamodb-ledger.ts';
import { emptyRecord } from '../../functions/queue/items/destination-record.ts';
import { describeDestinations } from '../support/destinations-contract.ts';
import { type EmulatedClients, startEmulatedClients } from '../support/emulated-clients.ts';
import { losingAnswers } from '../support/losing-answers.ts';

let aws: EmulatedClients;
let destinations: DynamoDbDestinations;

before(async () => {
  aws = await startEmulatedClients();
  destinations = new DynamoDbDestinations(aws.clients.table, aws.emulators.table);
});
after(() => aws?.[Symbol.asyncDispose]());

describeDestinations('in DynamoDB', () => destinations);

test('a record whose response was lost is recognised as our own when it is sent again', async () => {
  const losing = losingAnswers(1);
  const record = { ...emptyRecord('inet:lost.test:24'), caution: { until: 1, why: 'x' } };
  assert.equal(await new DynamoDbDestinations(losing.table, aws.emulators.table).write(record), true);
  assert.equal(losing.requests(), 3, 'update, update again, read back');
  assert.equal((await destinations.read(record.name)).revision, 1);
});

test('the sweep finds a record that is due, and not one that is no longer due', async () => {
  const ledger = new DynamoDbLedger(aws.clients.table, aws.emulators.table);
  const name = 'inet:due.test:24';
  await destinations.write({ ...emptyRecord(name), due: 400 });
  const ours = async () =>
    (await Array.fromAsync(ledger.findDue(500))).filter(({ id }) => id === `destination#${name}`);
  assert.deepEqual(
    (await ours()).map(({ state, due, id }) => [state, due, id]),
    [['destination', 400, `destination#${name}`]],
  );
  await destinations.write({ ...emptyRecord(name), revision: 1 });
  assert.deepEqual(await ours(), []);
});

/** Days until DynamoDB may remove a record. */
async function daysToLive(name: string): Promise<number | undefined> {
  const Key = { id: `destination#${name}`, delivery: 'destination' };
  const { Item } = await aws.clients.table.send(
    new GetCommand({ TableName: aws.emulators.table, Key, ConsistentRead: true }),
  );
  const expires = Item?.['expires'] as number | undefined;
  return expires === undefined ? undefined : Math.round((expires - Date.now() / 1000) / 86_400);
}

test('a record expires a month after its last write; a record with a hold stays', async () => {
  const name = 'inet:ttl.test:24';
  const hold = { id: 'h', reason: 'r', by: 'ann', since: 1 };
  await destinations.write({ ...emptyRecord(name), holds: [hold] });
  assert.equal(await daysToLive(name), undefined);
  await destinations.write({ ...emptyRecord(name), revision: 1 });
  assert.equal(await daysToLive(name), 30);
});

test('a missing table is an error, not a destination without a record', async () => {
  const lost = new DynamoDbDestinations(aws.clients.table, 'no-such-table');
  await assert.rejects(lost.read('x'), { name: 'ResourceNotFoundException' });
  await assert.rejects(lost.write(emptyRecord('x')), { name: 'ResourceNotFoundException' });
  await assert.rejects(lost.occupy('x', 1, 1), { name: 'ResourceNotFoundException' });
});

test('a record of a release that is too new is named in the list and does not affect other records', async () => {
  const name = 'inet:far.test:24';
  await destinations.write(emptyRecord(name));
  await aws.clients.table.send(
    new UpdateCommand({
      TableName: aws.emulators.table,
      Key: { id: `destination#${name}`, delivery: 'destination' },
      UpdateExpression: 'SET version = :far',
      ExpressionAttributeValues: { ':far': 3 },
    }),
  );
  await assert.rejects(destinations.read(name), { name: 'SchemaVersionError' });
  const found = (await Array.fromAsync(destinations.list())).find((record) => record.name === name);
  assert.match(found?.faults?.[0] ?? '', /^record of inet:far\.test:24 has version 3/);
});

test('a malformed record is named in the list, does not affect others, is found by the sweep, and is well-formed after the next write', async () => {
  const [broken, well] = ['inet:broken.test:24', 'inet:beside.test:24'];
  for (const name of [broken, well])
    await destinations.write({ ...emptyRecord(name), due: 400, caution: { until: 1, why: 'x' } });
  await aws.clients.table.send(
    new UpdateCommand({
      TableName: aws.emulators.table,
      Key: { id: `destination#${broken}`, delivery: 'destination' },
      UpdateExpression: 'SET known.caution = :x, #state = :x, destination = :n',
      ExpressionAttributeNames: { '#state': 'state' },
      ExpressionAttributeValues: { ':x': 'careful', ':n': 7 },
    }),
  );
  const listed = (await Array.fromAsync(destinations.list())).filter(({ name }) => name === broken || name === well);
  assert.deepEqual(listed.map(({ name, caution, faults }) => [name, caution?.why, faults]).sort(), [
    [well, 'x', undefined],
    [broken, undefined, ['known.caution: "careful" is not an object']],
  ]);
  const due = await Array.fromAsync(new DynamoDbLedger(aws.clients.table, aws.emulators.table).findDue(500));
  assert.deepEqual(
    due.filter(({ id }) => id === `destination#${broken}`).map(({ state }) => state),
    ['unreadable'],
  );
  assert.equal(await destinations.write(await destinations.read(broken)), true);
  assert.equal((await destinations.read(broken)).faults, undefined);
});
