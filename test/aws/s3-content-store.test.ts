import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { S3ContentStore } from '../../functions/aws/s3-content-store.ts';
import { type EmulatedClients, startEmulatedClients } from '../support/emulated-clients.ts';
import { startHttpStub } from '../support/http-stub.ts';

let aws: EmulatedClients;
before(async () => {
  aws = await startEmulatedClients();
});
after(() => aws?.[Symbol.asyncDispose]());

test('content is stored with its octets', async () => {
  const { bucket } = aws.emulators;
  const Key = 'notified/x/y.eml';
  const octets = Buffer.from([0, 13, 10, 255]);
  await new S3ContentStore(aws.clients.s3, bucket).putOnce(Key, octets);
  const { Body, ContentType } = await aws.clients.s3.send(new GetObjectCommand({ Bucket: bucket, Key }));
  assert.deepEqual(Buffer.from((await Body?.transformToByteArray()) ?? []), octets);
  assert.equal(ContentType, 'message/rfc822');
});

test('content that is stored already stays, and that is no error', async () => {
  // The emulator does not know If-None-Match on a PUT.
  const seen: unknown[] = [];
  await using stub = await startHttpStub((request, response) => {
    seen.push(request.headers['if-none-match']);
    request.resume().on('end', () => response.writeHead(412).end('<Error><Code>PreconditionFailed</Code></Error>'));
  });
  const s3 = new S3Client({ endpoint: stub.url, forcePathStyle: true, region: 'us-east-1' });
  await new S3ContentStore(s3, 'messages').putOnce('notified/x/y.eml', Buffer.from('x'));
  s3.destroy();
  assert.deepEqual(seen, ['*']);
});

test('an error of S3 is thrown: the message stays in incoming', async () => {
  const store = new S3ContentStore(aws.clients.s3, 'no-such-bucket');
  await assert.rejects(store.putOnce('notified/x/y.eml', Buffer.from('x')), { name: 'NoSuchBucket' });
});
