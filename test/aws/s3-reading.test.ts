/** Objects of S3 are read whole or not at all, whatever the transport says. */
import assert from 'node:assert/strict';
import type { RequestListener } from 'node:http';
import { describe, test } from 'node:test';
import { makeClients } from '../../functions/aws/clients.ts';
import { DynamoDbCorruptRequests } from '../../functions/aws/dynamodb-corrupt-requests.ts';
import { S3Bodies } from '../../functions/aws/s3-bodies.ts';
import { S3MapSource } from '../../functions/aws/s3-map-source.ts';
import { startHttpStub } from '../support/http-stub.ts';

const text = 'example.com lmtp:one\nexample.org lmtp:two\n';
const place = { bucket: 'b', key: 'k' };

/** Runs something with the clients of a stack whose S3 answers this way. */
async function overStub<T>(answer: RequestListener, read: (clients: ReturnType<typeof makeClients>) => Promise<T>) {
  await using stub = await startHttpStub(answer);
  const settings = {
    region: 'us-east-1',
    endpoint: stub.url,
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    limits: { attempts: 1 },
  };
  return await read(makeClients({}, { env: {}, aws: () => settings }));
}

/** Sends a body without Content-Length, whose size only HEAD says. */
const unannounced =
  (sent: string): RequestListener =>
  ({ method }, response) => {
    if (method === 'HEAD') {
      response.writeHead(200, { etag: '"e"', 'content-length': text.length });
      response.end();
      return;
    }
    response.useChunkedEncodingByDefault = false;
    response.writeHead(200, { etag: '"e"', connection: 'close' });
    response.end(sent);
  };

/** What reads text of S3. */
const readers: Readonly<Record<string, (clients: ReturnType<typeof makeClients>) => Promise<string | undefined>>> = {
  'a transport map': async ({ s3 }) => {
    const found = await new S3MapSource(s3, place).read(undefined);
    return found === 'unchanged' ? undefined : found.text;
  },
  'the copy of a corrupt request': async (clients) =>
    await new DynamoDbCorruptRequests(clients, { table: 't', incomingUrl: 'u' }).readBody({
      ...{ id: 'x', reason: 'y', at: 1 },
      copy: place,
    }),
};

for (const [name, read] of Object.entries(readers)) {
  describe(name, () => {
    test('is not used if it ends early, and the error names both sizes', async () => {
      await assert.rejects(overStub(unannounced(text.slice(0, 21)), read), {
        name: 'CutBodyError',
        message: 'object "k" in bucket "b" has 42 octets, and 21 were read',
      });
    });

    test('is used if it is whole, although the transport announces no length', async () => {
      assert.equal(await overStub(unannounced(text), read), text);
    });

    test('is not used if it was overwritten meanwhile, because then its size is unknown', async () => {
      const answer: RequestListener = (request, response) => {
        if (request.method !== 'HEAD') return unannounced(text)(request, response);
        response.writeHead(200, { etag: '"other"', 'content-length': text.length });
        response.end();
      };
      await assert.rejects(overStub(answer, read), /S3 did not give the size of object "k" in bucket "b"/);
    });

    test('of which the connection breaks is reported as an answer that is not whole', async () => {
      const answer: RequestListener = (_, response) => {
        response.writeHead(200, { etag: '"e"', 'content-length': text.length });
        response.write(text.slice(0, 21), () => response.destroy());
      };
      await assert.rejects(overStub(answer, read), /S3 gave no whole answer to s3:GetObject on s3:\/\/b\/k/);
    });
  });
}

describe('a body is not pinned, and its request waits, if HEAD does not give', () => {
  for (const [name, headers] of [
    ['its size', { etag: '"e"' }],
    ['its entity tag', { 'content-length': 10 }],
  ] as const) {
    test(name, async () => {
      const answer: RequestListener = (_, response) => {
        response.useChunkedEncodingByDefault = false;
        response.writeHead(200, { ...headers, connection: 'close' });
        response.end();
      };
      await assert.rejects(
        overStub(answer, ({ s3 }) => new S3Bodies(s3).pin(place)),
        { name: 'Error', message: 'S3 did not give the entity tag and size of object "k" in bucket "b"' },
      );
    });
  }
});
