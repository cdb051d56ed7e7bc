import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { DeleteObjectCommand } from '@aws-sdk/client-s3';
import { GetCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { DynamoDbCorruptRequests } from '../../functions/aws/dynamodb-corrupt-requests.ts';
import { DynamoDbQueries } from '../../functions/aws/dynamodb-queries.ts';
import { S3CorruptQueue } from '../../functions/aws/s3-corrupt-queue.ts';
import { describeCorruptRequests } from '../support/corrupt-requests-contract.ts';
import { type EmulatedClients, startEmulatedClients } from '../support/emulated-clients.ts';

let aws: EmulatedClients;
let requests: DynamoDbCorruptRequests;
let queue: S3CorruptQueue;

before(async () => {
  aws = await startEmulatedClients();
  const { bucket, table, queues } = aws.emulators;
  requests = new DynamoDbCorruptRequests(aws.clients, { table, incomingUrl: queues.incoming.url });
  queue = new S3CorruptQueue(aws.clients, { bucket, table, queueUrl: queues.corrupt.url });
});
after(() => aws?.[Symbol.asyncDispose]());

describeCorruptRequests('in AWS', () => ({
  requests,
  queue,
  submitted: () => aws.emulators.inspectQueue('incoming').ready.map(({ body }) => body),
  loseBody: async (id) => {
    const Bucket = aws.emulators.bucket;
    await aws.clients.s3.send(new DeleteObjectCommand({ Bucket, Key: `corrupt/${id}.json` }));
  },
}));

test('a finished corrupt request leaves the index at once, and the table after thirty days', async () => {
  await queue.file({ id: 'settled', reason: 'sender: is missing', body: '{}' });
  const request = await requests.read('settled');
  assert.ok(request !== undefined);
  await requests.close(request, { at: 1, by: 'local/ann', what: 'removed', why: 'spam' });
  const { Item = {} } = await aws.clients.table.send(
    new GetCommand({ TableName: aws.emulators.table, Key: { id: 'settled', delivery: 'corrupt' } }),
  );
  assert.deepEqual([Item['state'], Item['waits'], Item['order']], ['done', undefined, undefined]);
  const days = (Number(Item['expires']) - Date.now() / 1000) / 86_400;
  assert.ok(days > 29.9 && days <= 30, `${days} days`);
});

test('corrupt requests that wait for an operator are counted, finished ones are not', async () => {
  const queries = new DynamoDbQueries(aws.clients.table, aws.emulators.table);
  const before = await queries.countCorruptRequests();
  await queue.file({ id: 'counted-1', reason: 'sender: is missing', body: '{}' });
  await queue.file({ id: 'counted-2', reason: 'sender: is missing', body: '{}' });
  assert.equal(await queries.countCorruptRequests(), before + 2);
  const request = await requests.read('counted-1');
  assert.ok(request !== undefined);
  await requests.close(request, { at: 1, by: 'local/ann', what: 'removed', why: 'spam' });
  assert.equal(await queries.countCorruptRequests(), before + 1);
});

test('a copy that cannot be read at the moment is not reported as deleted', async () => {
  const denied = { bucket: 'no-such-bucket', key: 'k' };
  await assert.rejects(requests.readBody({ id: 'x', reason: 'y', at: 1, copy: denied }));
});

test('a corrupt request with a malformed record is listed with the others, without a readable copy', async () => {
  await queue.file({ id: 'beside', reason: 'sender: is missing', body: '{}' });
  await queue.file({ id: 'broken', reason: 'sender: is missing', body: '{}' });
  await aws.clients.table.send(
    new UpdateCommand({
      TableName: aws.emulators.table,
      Key: { id: 'broken', delivery: 'corrupt' },
      UpdateExpression: 'SET #copy = :x',
      ExpressionAttributeNames: { '#copy': 'copy' },
      ExpressionAttributeValues: { ':x': 'somewhere' },
    }),
  );
  const ids = (await Array.fromAsync(requests.list())).map(({ id }) => id);
  assert.ok(ids.includes('broken') && ids.includes('beside'));
  const request = await requests.read('broken');
  assert.ok(request !== undefined);
  assert.equal(request.reason, 'its record is malformed: copy: "somewhere" is not an object; sender: is missing');
  assert.equal(await requests.readBody(request), undefined);
});
