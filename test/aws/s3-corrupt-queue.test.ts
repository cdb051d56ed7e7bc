import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { GetCommand } from '@aws-sdk/lib-dynamodb';
import { S3CorruptQueue } from '../../functions/aws/s3-corrupt-queue.ts';
import { type EmulatedClients, startEmulatedClients } from '../support/emulated-clients.ts';

let aws: EmulatedClients;
let corrupt: S3CorruptQueue;

before(async () => {
  aws = await startEmulatedClients();
  const { bucket, table, queues } = aws.emulators;
  corrupt = new S3CorruptQueue(aws.clients, { bucket, table, queueUrl: queues.corrupt.url });
});
after(() => aws?.[Symbol.asyncDispose]());

/** Notices in the queue about a request. */
function notices(id: string) {
  const { ready } = aws.emulators.inspectQueue('corrupt');
  return ready.filter(({ attributes }) => attributes['copy']?.endsWith(`/corrupt/${id}.json`));
}

async function copyOf(id: string): Promise<string> {
  const { bucket } = aws.emulators;
  const { Body } = await aws.clients.s3.send(new GetObjectCommand({ Bucket: bucket, Key: `corrupt/${id}.json` }));
  return (await Body?.transformToString()) ?? '';
}

async function itemOf(id: string): Promise<Record<string, unknown>> {
  const Key = { id, delivery: 'corrupt' };
  const { Item = {} } = await aws.clients.table.send(new GetCommand({ TableName: aws.emulators.table, Key }));
  return Item;
}

test('an unusable request is kept in three places: a notice with its reason, an item, a copy', async () => {
  const body = '{"version":2}';
  await corrupt.file({ id: 'one', reason: 'version: 2 is not allowed; expected 1', body, sent: 1_795_334_400_000 });
  const copy = { bucket: aws.emulators.bucket, key: 'corrupt/one.json' };
  assert.deepEqual(
    notices('one').map((notice) => [notice.body, notice.attributes]),
    [[body, { reason: 'version: 2 is not allowed; expected 1', copy: 's3://messages/corrupt/one.json' }]],
  );
  const { at, ...item } = await itemOf('one');
  assert.deepEqual(item, {
    id: 'one',
    delivery: 'corrupt',
    version: 1,
    state: 'corrupt',
    reason: 'version: 2 is not allowed; expected 1',
    copy,
    sent: 1_795_334_400_000,
    // The shard of the index, and since when it waits.
    waits: 'corrupt',
    order: '001795334400000',
    arrival: 1_795_334_400_000,
  });
  assert.equal(typeof at, 'number');
  assert.equal(await copyOf('one'), body);
});

test('the remains of a delivery are kept too, and are not listed: the delivery itself waits in the queue', async () => {
  await corrupt.file({ id: '4bXq1.0000', reason: 'message.key: gone', body: '{}', isDelivery: true });
  const { waits, order, state } = await itemOf('4bXq1.0000');
  assert.deepEqual([waits, order, state], [undefined, undefined, 'corrupt']);
  assert.equal(await copyOf('4bXq1.0000'), '{}');
});

test('a request that leaves no room for its reason is replaced by a pointer to its copy', async () => {
  const body = `"${'x'.repeat(1024 * 1024 - 3)}"`;
  await corrupt.file({ id: 'large', reason: 'request: is no object', body });
  assert.deepEqual(JSON.parse(notices('large')[0]?.body ?? ''), {
    version: 1,
    id: 'large',
    copy: { bucket: 'messages', key: 'corrupt/large.json' },
  });
  assert.equal(await copyOf('large'), body);
});

test('the largest request that leaves room for its reason is sent unchanged', async () => {
  const reason = 'r'.repeat(5000);
  const body = 'x'.repeat(1024 * 1024 - 1000 - 2003 - 1);
  await corrupt.file({ id: 'fits', reason, body });
  assert.equal(notices('fits')[0]?.body, body);
});

test('an empty request is replaced by a pointer: SQS accepts no empty message', async () => {
  await corrupt.file({ id: 'empty', reason: 'request: is empty', body: '' });
  assert.match(notices('empty')[0]?.body ?? '', /"key":"corrupt\/empty.json"/);
});

for (const character of ['\u0000', '\u001b', '\ufffe', '\uffff', '\ud800']) {
  const name = character.charCodeAt(0).toString(16);
  test(`a request with U+${name} is replaced by a pointer: SQS accepts no message with it`, async () => {
    await corrupt.file({ id: `odd-${name}`, reason: 'x: y', body: `{"a":"${character}"}` });
    assert.match(notices(`odd-${name}`)[0]?.body ?? '', /"key":"corrupt\/odd-/);
  });
}

/** What SQS accepts in an attribute: the characters of XML 1.0. */
const allowed = /^[\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]+$/u;

test('characters that SQS does not accept in an attribute are escaped, or become question marks', async () => {
  await corrupt.file({
    id: 'odd',
    reason: 'sender: "a\u0000\u001b[31m\u007f\u0085\ud800\ufffe\uffff\u00e9\u{1f4ec}"',
    body: '{}',
  });
  const reason = notices('odd')[0]?.attributes['reason'] ?? '';
  assert.equal(reason, 'sender: "a\\u0000\\u001b[31m\\u007f\\u0085\\ud800??\u00e9\u{1f4ec}"');
  assert.match(reason, allowed);
});

test('a very long reason is cut between two characters', async () => {
  await corrupt.file({ id: 'long', reason: `x${'\u{1f4ec}'.repeat(1000)}`, body: '{}' });
  const reason = notices('long')[0]?.attributes['reason'] ?? '';
  assert.equal(reason, `x${'\u{1f4ec}'.repeat(499)}...`);
});

test('an empty reason is still a reason', async () => {
  await corrupt.file({ id: 'none', reason: '', body: '{}' });
  assert.equal(notices('none')[0]?.attributes['reason'], 'unknown');
});

test('filing the same request again changes nothing but sends a second notice', async () => {
  const notice = { id: 'again', reason: 'id: is used', body: '{}' };
  await corrupt.file(notice);
  await corrupt.file(notice);
  assert.equal(notices('again').length, 2);
  assert.equal((await itemOf('again'))['reason'], 'id: is used');
});

test('no notice is sent where the copy cannot be written, so that every notice leads to its copy', async () => {
  const { table, queues } = aws.emulators;
  const lost = new S3CorruptQueue(aws.clients, { bucket: 'no-such-bucket', table, queueUrl: queues.corrupt.url });
  await assert.rejects(lost.file({ id: 'lost', reason: 'x: y', body: '{}' }), { name: 'NoSuchBucket' });
  assert.deepEqual(notices('lost'), []);
  assert.deepEqual(await itemOf('lost'), {});
});
