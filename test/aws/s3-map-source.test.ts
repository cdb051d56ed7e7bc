import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { S3MapSource } from '../../functions/aws/s3-map-source.ts';
import { startEmulatedClients } from '../support/emulated-clients.ts';

test('a map in S3 is read, and read again only after it changed', async () => {
  await using aws = await startEmulatedClients();
  const { s3 } = aws.clients;
  const place = { Bucket: aws.emulators.bucket, Key: 'configuration/transport' };
  await s3.send(new PutObjectCommand({ ...place, Body: 'caf\u00e9.example lmtp:one\n' }));
  const source = new S3MapSource(s3, { bucket: place.Bucket, key: place.Key });
  const first = await source.read(undefined);
  assert.ok(first !== 'unchanged');
  assert.equal(first.text, 'caf\u00e9.example lmtp:one\n');
  assert.equal(await source.read(first.version), 'unchanged');
  await s3.send(new PutObjectCommand({ ...place, Body: 'x lmtp:two\n' }));
  assert.partialDeepStrictEqual(await source.read(first.version), { text: 'x lmtp:two\n' });
  await assert.rejects(new S3MapSource(s3, { bucket: place.Bucket, key: 'none' }).read(undefined), {
    name: 'NoSuchKey',
  });
});
