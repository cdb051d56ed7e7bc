import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { GetCommand } from '@aws-sdk/lib-dynamodb';
import { DynamoDbLedger } from '../../functions/aws/dynamodb-ledger.ts';
import type { DeliveryItem } from '../../functions/queue/items/item.ts';
import type { TransitionName } from '../../functions/queue/items/states.ts';
import { makeEvent, makeItem } from '../support/delivery-item.ts';
import { type EmulatedClients, startEmulatedClients } from '../support/emulated-clients.ts';
import { describeLedger } from '../support/ledger-contract.ts';
import { losingAnswers } from '../support/losing-answers.ts';

let aws: EmulatedClients;
let ledger: DynamoDbLedger;

before(async () => {
  aws = await startEmulatedClients();
  ledger = new DynamoDbLedger(aws.clients.table, aws.emulators.table);
});
after(() => aws?.[Symbol.asyncDispose]());

describeLedger('in DynamoDB', () => ledger);

/** A ledger whose first responses are lost after the table has carried out the request. */
function losing(lost: number): { readonly ledger: DynamoDbLedger; readonly requests: () => number } {
  const { table, requests } = losingAnswers(lost);
  return { ledger: new DynamoDbLedger(table, aws.emulators.table), requests };
}

test('a new item whose response was lost is recognised as our own when it is sent again', async () => {
  const item = makeItem();
  const loser = losing(1);
  const moved = await loser.ledger.admit(item);
  assert.equal(moved.kind, 'moved');
  assert.equal(loser.requests(), 3, 'put, put again, read back');
  assert.partialDeepStrictEqual(await ledger.read(item), item);
});

const owned: readonly [TransitionName, Partial<DeliveryItem>][] = [
  ['activate', { state: 'deferred' }],
  ['claim', { state: 'active' }],
  ['finish', { state: 'delivering', claim: { token: 'ours', until: 1 } }],
  ['deferUnclaimed', { state: 'active' }],
  ['expireLease', { state: 'delivering', claim: { token: 'dead', until: 1 } }],
];

for (const [transition, state] of owned) {
  test(`${transition} whose response was lost is recognised as our own when it is sent again`, async () => {
    const item = makeItem(state);
    await ledger.admit(item);
    const loser = losing(1);
    const moved = await loser.ledger.move(transition, item, { attempt: 1 });
    assert.equal(moved.kind, 'moved');
    assert.equal(loser.requests(), 3, 'update, update again, read back');
    assert.deepEqual(moved.item, await ledger.read(item));
  });
}

test("another worker's write in between is not mistaken for our own", async () => {
  const item = makeItem();
  await ledger.admit(item);
  const loser = losing(1);
  const [ours, theirs] = await Promise.all([
    loser.ledger.move('claim', item, { claim: { token: 'ours', until: 1 } }),
    ledger.move('claim', item, { claim: { token: 'theirs', until: 1 } }),
  ]);
  assert.deepEqual([ours.kind, theirs.kind].sort(), ['behind', 'moved']);
  const winner = ours.kind === 'moved' ? ours : theirs;
  assert.deepEqual(await ledger.read(item), winner.item);
});

test('a table whose responses are all lost is an error, and the next attempt finds what it did', async () => {
  const item = makeItem();
  const loser = losing(Number.POSITIVE_INFINITY);
  await assert.rejects(loser.ledger.admit(item), /socket hang up/);
  assert.equal((await ledger.read(item))?.by, item.by);
  assert.equal((await ledger.admit(item)).kind, 'moved');
});

test('a missing table is an error, not a missing item', async () => {
  const lost = new DynamoDbLedger(aws.clients.table, 'no-such-table');
  await assert.rejects(lost.read(makeItem()), { name: 'ResourceNotFoundException' });
  await assert.rejects(lost.admit(makeItem()), { name: 'ResourceNotFoundException' });
  await assert.rejects(lost.move('claim', makeItem(), {}), { name: 'ResourceNotFoundException' });
});

/** When DynamoDB may remove an item, in days from now. */
async function daysToLive({ id, delivery }: DeliveryItem): Promise<number | undefined> {
  const { Item } = await aws.clients.table.send(
    new GetCommand({ TableName: aws.emulators.table, Key: { id, delivery }, ConsistentRead: true }),
  );
  const expires = Item?.['expires'] as number | undefined;
  return expires === undefined ? undefined : Math.round((expires - Date.now() / 1000) / 86_400);
}

test('only an item whose reports are all sent expires, later than any copy of its request can arrive', async () => {
  const quiet = makeItem();
  await ledger.admit(quiet);
  assert.equal(await daysToLive(quiet), undefined);
  await ledger.move('finishUnclaimed', quiet, { due: null });
  assert.equal(await daysToLive(quiet), 30);

  const told = makeItem({ pending: { e1: makeEvent('e1') } });
  await ledger.admit(told);
  const { item = told } = await ledger.move('finishUnclaimed', told, { due: 1 });
  assert.equal(await daysToLive(told), undefined);
  await ledger.forgetPending(item, ['e1']);
  assert.equal(await daysToLive(told), 30);
});

test('a corrupt delivery never expires', async () => {
  const item = makeItem();
  await ledger.admit(item);
  await ledger.move('markCorrupt', item, { due: null, reason: 'message.key: gone' });
  assert.equal(await daysToLive(item), undefined);
});
