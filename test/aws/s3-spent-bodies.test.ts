import assert from 'node:assert/strict';
import type { RequestListener } from 'node:http';
import { describe, test } from 'node:test';
import { S3Client, S3ServiceException } from '@aws-sdk/client-s3';
import { S3SpentBodies } from '../../functions/aws/s3-spent-bodies.ts';
import { startHttpStub } from '../support/http-stub.ts';

const message = { bucket: 'messages', key: 'in/4bXq1.eml', versionId: 'v1', etag: '"e"', size: 40 };

/** Bodies of finished deliveries over an S3 with scripted replies. */
async function overStub(answer: RequestListener) {
  const stub = await startHttpStub(answer);
  const s3 = new S3Client({
    region: 'us-east-1',
    endpoint: stub.url,
    forcePathStyle: true,
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    maxAttempts: 1,
  });
  return { bodies: new S3SpentBodies(s3), [Symbol.asyncDispose]: () => stub[Symbol.asyncDispose]() };
}

test('a delete marker is put over the body only if the body is the latest version; the version stays', async () => {
  const asked: (string | undefined)[][] = [];
  await using s3 = await overStub(({ method, url, headers }, response) => {
    asked.push([method, url, headers['if-match']]);
    response.writeHead(204, { 'x-amz-delete-marker': 'true', 'x-amz-version-id': 'v2' }).end();
  });
  assert.equal(await s3.bodies.discard(message), true);
  assert.deepEqual(asked, [['DELETE', '/messages/in/4bXq1.eml?x-id=DeleteObject', '"e"']]);
});

function failing(status: number, code: string): RequestListener {
  return (_, response) => {
    response.writeHead(status, { 'content-type': 'application/xml' });
    response.end(`<Error><Code>${code}</Code><Message>no</Message></Error>`);
  };
}

describe('an object that is not the delivered body stays:', () => {
  const answers = [
    [412, 'PreconditionFailed'],
    [409, 'ConditionalRequestConflict'],
    [404, 'NoSuchKey'],
  ] as const;
  for (const [status, code] of answers) {
    test(`${status} ${code}`, async () => {
      await using s3 = await overStub(failing(status, code));
      assert.equal(await s3.bodies.discard(message), false);
    });
  }
});

describe('a failure is reported:', () => {
  const answers = [
    [403, 'AccessDenied'],
    [503, 'SlowDown'],
    [500, 'InternalError'],
  ] as const;
  for (const [status, code] of answers) {
    test(`${status} ${code}`, async () => {
      await using s3 = await overStub(failing(status, code));
      await assert.rejects(s3.bodies.discard(message), S3ServiceException);
    });
  }
});
