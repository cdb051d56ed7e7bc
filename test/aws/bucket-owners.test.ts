import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { test } from 'node:test';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { bucketOwners, expectOwners } from '../../functions/aws/bucket-owners.ts';
import { makeClients } from '../../functions/aws/clients.ts';
import { S3Bodies } from '../../functions/aws/s3-bodies.ts';
import { S3MapSource } from '../../functions/aws/s3-map-source.ts';
import { S3ObjectMetadata } from '../../functions/aws/s3-object-metadata.ts';
import { EnvironmentError } from '../../functions/parameters/environment.ts';
import { BodyFault } from '../../functions/queue/items/ports.ts';
import { startEmulatedClients } from '../support/emulated-clients.ts';
import { type HttpStub, startHttpStub } from '../support/http-stub.ts';

const environment = {
  MESSAGE_BUCKET: 'messages',
  MESSAGE_BUCKET_OWNER: '111122223333',
  BUCKET_OWNERS: 'archive=444455556666',
};

/** A client over a server that records the expected bucket owner of each S3 request. */
async function recording(status = 200): Promise<{ s3: S3Client; told: string[]; stub: HttpStub }> {
  const told: string[] = [];
  const stub = await startHttpStub((call: IncomingMessage, response) => {
    const bucket = (call.url ?? '').split('/')[1];
    told.push(`${call.method} ${bucket} ${String(call.headers['x-amz-expected-bucket-owner'])}`);
    response.writeHead(status, { etag: '"e"', 'content-length': 0 }).end();
  });
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  const s3 = new S3Client({
    region: 'us-east-1',
    endpoint: stub.url,
    forcePathStyle: true,
    credentials,
    maxAttempts: 1,
  });
  expectOwners(s3, bucketOwners(environment));
  return { s3, told, stub };
}

test('every S3 request carries the expected bucket owner', async () => {
  const { s3, told, stub } = await recording();
  await using _ = stub;
  const object = { Bucket: 'messages', Key: 'in/a.eml' };
  await s3.send(new HeadObjectCommand(object));
  await s3.send(new GetObjectCommand(object));
  await s3.send(new PutObjectCommand({ ...object, Body: 'x' }));
  await s3.send(new DeleteObjectCommand(object));
  assert.deepEqual(
    told,
    ['HEAD', 'GET', 'PUT', 'DELETE'].map((method) => `${method} messages 111122223333`),
  );
});

test('our own reads of bodies, metadata and maps carry the expected bucket owner', async () => {
  const { s3, told, stub } = await recording();
  await using _ = stub;
  await new S3Bodies(s3).pin({ bucket: 'archive', key: 'a.eml' });
  await new S3ObjectMetadata(s3).read({ bucket: 'messages', key: 'drop/a.eml' });
  await new S3MapSource(s3, { bucket: 'messages', key: 'transport' }).read(undefined);
  assert.deepEqual(told, ['HEAD archive 444455556666', 'HEAD messages 111122223333', 'GET messages 111122223333']);
});

test('a request for a bucket with an unknown owner carries no expected owner', async () => {
  const { s3, told, stub } = await recording();
  await using _ = stub;
  await s3.send(new HeadObjectCommand({ Bucket: 'elsewhere', Key: 'a' }));
  assert.deepEqual(told, ['HEAD elsewhere undefined']);
});

test('access denied because the bucket has another owner now is temporary: the mail waits and is not corrupt', async () => {
  const { s3, stub } = await recording(403);
  await using _ = stub;
  await assert.rejects(new S3Bodies(s3).pin({ bucket: 'messages', key: 'in/a.eml' }), (error) => {
    assert.ok(!(error instanceof BodyFault));
    return true;
  });
});

test('the emulator accepts the expected owner as S3 does', async () => {
  await using aws = await startEmulatedClients();
  const { bucket } = aws.emulators;
  const { s3 } = aws.clients;
  expectOwners(s3, new Map([[bucket, '000000000000']]));
  await s3.send(new PutObjectCommand({ Bucket: bucket, Key: 'a', Body: 'mail' }));
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: 'a' }));
  assert.equal(await Body?.transformToString(), 'mail');
});

test('a malformed bucket owner stops the function at its start', () => {
  assert.throws(() => bucketOwners({ BUCKET_OWNERS: 'archive' }), EnvironmentError);
  assert.deepEqual([...bucketOwners({ MESSAGE_BUCKET: 'messages' })], []);
});

/** What the functions read from these variables. */
function withVariables<T>(variables: Readonly<Record<string, string>>, use: () => T): T {
  const before = Object.keys(variables).map((name) => [name, process.env[name]] as const);
  Object.assign(process.env, variables);
  try {
    return use();
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  }
}

const place = { AWS_REGION: 'eu-west-1', AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' };

test('with IPv6 endpoints, SQS is not called at the host of the queue URL, which has no IPv6 address', async () => {
  const of = (variables: Record<string, string>) =>
    withVariables({ ...place, ...variables }, () => makeClients().sqs.config) as { useQueueUrlAsEndpoint?: boolean };
  assert.equal(of({}).useQueueUrlAsEndpoint, true);
  assert.equal(of({ AWS_USE_DUALSTACK_ENDPOINT: 'true' }).useQueueUrlAsEndpoint, false);
});
