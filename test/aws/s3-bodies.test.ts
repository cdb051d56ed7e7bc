import assert from 'node:assert/strict';
import type { RequestListener } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { S3Client } from '@aws-sdk/client-s3';
import { putMessage } from '../../functions/aws/put-message.ts';
import { S3Bodies } from '../../functions/aws/s3-bodies.ts';
import type { Message } from '../../functions/delivery/message.ts';
import { inMemoryLimit } from '../../functions/delivery/message.ts';
import type { PinnedMessage } from '../../functions/queue/items/item.ts';
import { BodyFault } from '../../functions/queue/items/ports.ts';
import { type EmulatedClients, startEmulatedClients } from '../support/emulated-clients.ts';
import { type HttpStub, startHttpStub } from '../support/http-stub.ts';
import { waitUntil } from '../support/wait-until.ts';

let aws: EmulatedClients;
let bodies: S3Bodies;
let bucket: string;

before(async () => {
  aws = await startEmulatedClients();
  bodies = new S3Bodies(aws.clients.s3);
  bucket = aws.emulators.bucket;
});
after(() => aws?.[Symbol.asyncDispose]());

async function put(key: string, body: string | Buffer): Promise<{ bucket: string; key: string }> {
  await putMessage(aws.clients.s3, { Bucket: bucket, Key: key }, body);
  return { bucket, key };
}

async function contentOf(message: Message): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(message.open()));
}

const large = Buffer.concat([Buffer.from('\n'), Buffer.alloc(inMemoryLimit, 'mail ')]);

test('a body is pinned by its entity tag and size', async () => {
  const pinned = await bodies.pin(await put('pinned.eml', 'Subject: x\n\nhello\n'));
  assert.deepEqual({ ...pinned, etag: '' }, { bucket, key: 'pinned.eml', size: 18, etag: '' });
  assert.match(pinned.etag, /^"[0-9a-f]{32}"$/);
});

test('the encoding of a small body is known, as it will be on the wire', async () => {
  const message = await bodies.load(await bodies.pin(await put('small.eml', 'Subject: x\n\nhello\n')));
  const { size, isExact, is8Bit } = message;
  assert.deepEqual({ size, isExact, is8Bit }, { size: 21, isExact: true, is8Bit: false });
  assert.equal(String(await contentOf(message)), 'Subject: x\n\nhello\n');
});

test('a small body with octets above 127 is known to have them', async () => {
  const message = await bodies.load(await bodies.pin(await put('caf\u00e9.eml', 'Subject: x\r\n\r\ncaf\u00e9\r\n')));
  assert.equal(message.is8Bit, true);
});

test('a large body is streamed, and the next host can read it again', async () => {
  const message = await bodies.load(await bodies.pin(await put('large.eml', large)));
  const { size, isExact, is8Bit } = message;
  assert.deepEqual({ size, isExact, is8Bit }, { size: large.length, isExact: false, is8Bit: undefined });
  assert.ok(large.equals(await contentOf(message)));
  assert.ok(large.equals(await contentOf(message)));
});

test('an empty body becomes an empty line, which ends its header', async () => {
  const message = await bodies.load(await bodies.pin(await put('empty.eml', '')));
  assert.deepEqual([message.size, String(await contentOf(message))], [2, '\r\n']);
});

test('a missing key is a permanent fault, at admission and at delivery', async () => {
  const absent = { bucket, key: 'absent.eml' };
  const words = /there is no object "absent\.eml" in bucket "messages"/;
  await assert.rejects(bodies.pin(absent), isFault(words));
  await assert.rejects(bodies.load({ ...absent, etag: '"e"', size: 10 }), isFault(words));
  await assert.rejects(bodies.load({ ...absent, etag: '"e"', size: large.length }), isFault(words));
});

test('a body that changed after it was pinned is a permanent fault', async () => {
  const small = await bodies.pin(await put('altered.eml', 'one'));
  await put('altered.eml', 'two');
  const words = /object "altered\.eml" was altered after its request had been taken in \(entity tag was "[0-9a-f]+"/;
  await assert.rejects(bodies.load(small), isFault(words));

  const pinned = await bodies.pin(await put('altered.eml', large));
  const message = await bodies.load(pinned);
  await put('altered.eml', Buffer.alloc(large.length, 'spam '));
  await assert.rejects(contentOf(message), isFault(words));
});

test('the same octets written again are the same body', async () => {
  const pinned = await bodies.pin(await put('again.eml', '\nsame'));
  await put('again.eml', '\nsame');
  assert.equal(String(await contentOf(await bodies.load(pinned))), '\nsame');
});

describe('A body that ends before its pinned size', () => {
  /** Sends the first octets only, and ends as if that were all. */
  const cut = (octets: Buffer) =>
    overStub((_, response) => {
      // Without a Content-Length the end of the connection is the end of the body.
      response.useChunkedEncodingByDefault = false;
      response.writeHead(200, { etag: '"e"', connection: 'close' });
      response.end(octets);
    });

  test('is not loaded, and the error names both sizes', async () => {
    const { stub, bodies } = await cut(Buffer.from('\nhalf'));
    await using _ = stub;
    await assert.rejects(bodies.load(pinned), /has 10 octets, and 5 were read/);
  });

  test('ends with an error where it is streamed, so that no final dot follows', async () => {
    const { stub, bodies } = await cut(large.subarray(0, 100_000));
    await using _ = stub;
    const message = await bodies.load(streamed);
    await assert.rejects(contentOf(message), /octets, and 100000 were read/);
  });
});

const pinned: PinnedMessage = { bucket: 'b', key: 'in/a.eml', etag: '"e"', size: 10 };
const streamed: PinnedMessage = { ...pinned, size: large.length };

/** Bodies over an S3 with scripted replies, one attempt for each request, so that the test never waits. */
async function overStub(answer: RequestListener): Promise<{ readonly stub: HttpStub; readonly bodies: S3Bodies }> {
  const stub = await startHttpStub(answer);
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  const s3 = new S3Client({
    region: 'us-east-1',
    endpoint: stub.url,
    forcePathStyle: true,
    credentials,
    maxAttempts: 1,
  });
  return { stub, bodies: new S3Bodies(s3) };
}

test('in a versioned bucket the pinned version is delivered, even after the key is overwritten', async () => {
  const asked: string[] = [];
  const { stub, bodies } = await overStub(({ method, url = '' }, response) => {
    asked.push(`${method} ${new URL(url, 'http://s3').searchParams.get('versionId')}`);
    response.writeHead(200, { etag: '"e"', 'x-amz-version-id': 'v1', 'content-length': 3 });
    response.end(method === 'HEAD' ? undefined : 'one');
  });
  await using _ = stub;
  const seen = await bodies.pin({ bucket: 'b', key: 'in/a.eml' });
  assert.deepEqual(seen, { bucket: 'b', key: 'in/a.eml', versionId: 'v1', etag: '"e"', size: 3 });
  await bodies.load(seen);
  assert.equal((await bodies.pin({ bucket: 'b', key: 'in/a.eml', versionId: 'v0' })).versionId, 'v0');
  assert.deepEqual(asked, ['HEAD null', 'GET v1', 'HEAD v0']);
});

test('a body from before versioning has no version', async () => {
  const { stub, bodies } = await overStub((_, response) => {
    response.writeHead(200, { etag: '"e"', 'x-amz-version-id': 'null', 'content-length': 3 }).end();
  });
  await using _ = stub;
  assert.ok(!('versionId' in (await bodies.pin({ bucket: 'b', key: 'in/a.eml' }))));
});

test('a deleted version is a permanent fault', async () => {
  const { stub, bodies } = await overStub((_, response) => {
    response.writeHead(404, { 'content-type': 'application/xml' });
    response.end('<Error><Code>NoSuchVersion</Code><Message>no</Message></Error>');
  });
  await using _ = stub;
  await assert.rejects(bodies.load({ ...pinned, versionId: 'v1' }), isFault(/has no such version/));
});

test('an impossible version is a permanent fault, although HEAD only calls it a bad request', async () => {
  const { stub, bodies } = await overStub(({ method }, response) => {
    response.writeHead(400, { 'content-type': 'application/xml' });
    response.end(
      method === 'HEAD' ? '' : '<Error><Code>InvalidArgument</Code><Message>Invalid version id</Message></Error>',
    );
  });
  await using _ = stub;
  await assert.rejects(
    bodies.pin({ bucket: 'b', key: 'in/a.eml', versionId: '../..' }),
    isFault(/has no such version/),
  );
});

test('a version that is a delete marker is a permanent fault', async () => {
  const { stub, bodies } = await overStub((_, response) => {
    response.writeHead(405, { 'content-type': 'application/xml', 'x-amz-delete-marker': 'true' });
    response.end('<Error><Code>MethodNotAllowed</Code><Message>no</Message></Error>');
  });
  await using _ = stub;
  const marked = { ...pinned, versionId: 'v1' };
  await assert.rejects(bodies.pin(marked), isFault(/has no such version/));
  await assert.rejects(bodies.load(marked), isFault(/has no such version/));
});

test('an expired session is a bad request too, and temporary', async () => {
  const { stub, bodies } = await overStub(({ method }, response) => {
    response.writeHead(400, { 'content-type': 'application/xml' });
    response.end(method === 'HEAD' ? '' : '<Error><Code>ExpiredToken</Code><Message>no</Message></Error>');
  });
  await using _ = stub;
  await assert.rejects(bodies.pin({ bucket: 'b', key: 'in/a.eml', versionId: 'v1' }), isNoFault);
  await assert.rejects(bodies.pin({ bucket: 'b', key: 'in/a.eml' }), isNoFault);
});

for (const mark of ['x-amz-key-v2', 'x-amz-wrap-alg', 'x-amz-iv', 'x-amz-3']) {
  test(`an object with ${mark} was encrypted before it was stored: a fault, because its octets are not a message`, async () => {
    const { stub, bodies } = await overStub((_, response) => {
      response.writeHead(200, { etag: '"e"', 'content-length': 3, [`x-amz-meta-${mark}`]: 'kms' }).end();
    });
    await using _ = stub;
    const fault = new RegExp(
      `"in/a\\.eml" in bucket "b" was encrypted before it was stored \\(it has x-amz-meta-${mark}\\)`,
    );
    await assert.rejects(bodies.pin({ bucket: 'b', key: 'in/a.eml' }), isFault(fault));
  });
}

test('encryption by S3 itself and metadata of other programs are no fault', async () => {
  const { stub, bodies } = await overStub((_, response) => {
    const encryption = {
      'x-amz-server-side-encryption': 'aws:kms',
      'x-amz-server-side-encryption-aws-kms-key-id': 'k',
    };
    response.writeHead(200, { etag: '"e"', 'content-length': 3, ...encryption, 'x-amz-meta-key': 'x' }).end();
  });
  await using _ = stub;
  assert.equal((await bodies.pin({ bucket: 'b', key: 'in/a.eml' })).size, 3);
});

const troubles: Readonly<Record<string, readonly [number, string]>> = {
  'access denied to a body': [403, 'AccessDenied'],
  'access denied to a KMS key': [403, 'KMS.AccessDeniedException'],
  'a disabled KMS key': [400, 'KMS.DisabledException'],
  'a KMS key that is scheduled for deletion': [400, 'KMS.KMSInvalidStateException'],
  'a deleted KMS key': [400, 'KMS.NotFoundException'],
  'a throttled KMS': [503, 'KMS.ThrottlingException'],
  'an invalid argument other than the version': [400, 'InvalidArgument'],
  'a wrong signature': [403, 'SignatureDoesNotMatch'],
  'a wrong clock': [403, 'RequestTimeTooSkewed'],
  'an internal error of S3': [500, 'InternalError'],
  'a busy S3': [503, 'SlowDown'],
};

for (const [what, [status, code]] of Object.entries(troubles)) {
  test(`${what} is temporary trouble, never a fault of the mail`, async () => {
    const { stub, bodies } = await overStub((_, response) => {
      response.writeHead(status, { 'content-type': 'application/xml' });
      response.end(`<Error><Code>${code}</Code><Message>no</Message></Error>`);
    });
    await using _ = stub;
    await assert.rejects(bodies.pin(pinned), isNoFault);
    await assert.rejects(bodies.pin({ ...pinned, versionId: 'v1' }), isNoFault);
    await assert.rejects(bodies.load(pinned), isNoFault);
    await assert.rejects(bodies.load(streamed), isNoFault);
  });
}

test('an unreachable S3 is temporary trouble', async () => {
  const { stub, bodies } = await overStub(() => {});
  await stub[Symbol.asyncDispose]();
  await assert.rejects(bodies.pin(pinned), isNoFault);
  await assert.rejects(bodies.load(pinned), isNoFault);
});

for (const [what, message] of Object.entries({ small: pinned, large: streamed })) {
  test(`a ${what} body that breaks off is an error, never a shorter message`, async () => {
    const { stub, bodies } = await overStub((_, response) => {
      response.writeHead(200, { etag: '"e"', 'content-length': message.size });
      response.write('half', () => response.destroy());
    });
    await using _ = stub;
    await assert.rejects(async () => contentOf(await bodies.load(message)), isNoFault);
  });
}

test('an S3 that ignores the condition and sends another body is detected', async () => {
  const { stub, bodies } = await overStub((_, response) => {
    response.writeHead(200, { etag: '"f"', 'content-length': 3 });
    response.end('two');
  });
  await using _ = stub;
  await assert.rejects(bodies.load(pinned), isFault(/was altered .* was "e", is "f" now/));
  await assert.rejects(bodies.load(streamed), isFault(/was altered/));
});

test('a body that is abandoned half-way releases its connection', async () => {
  const { stub, bodies } = await overStub((_, response) => {
    response.writeHead(200, { etag: '"e"', 'content-length': 1024 * 1024 * 1024 });
    response.on('error', () => {});
    const write = () => response.write(Buffer.alloc(64 * 1024), (error) => error ?? write());
    write();
  });
  await using _ = stub;
  const { open } = await bodies.load({ ...streamed, size: 1024 * 1024 * 1024 });
  for await (const chunk of open()) {
    assert.ok(chunk.length > 0);
    assert.equal(await stub.connections(), 1);
    break;
  }
  await waitUntil('the connection is closed', async () => (await stub.connections()) === 0);
});

test('of a large body that is never opened, only the beginning is read, even if S3 sends all of it', async () => {
  const ranges: (string | undefined)[] = [];
  const { stub, bodies } = await overStub(({ headers }, response) => {
    ranges.push(headers.range);
    response.on('error', () => {});
    response.writeHead(200, { etag: '"e"', 'content-length': large.length }).end(large);
  });
  await using _ = stub;
  await bodies.load(streamed);
  assert.deepEqual(ranges, ['bytes=0-65535']);
  await waitUntil('the connection is closed', async () => (await stub.connections()) === 0);
});

function isFault(words: RegExp): (error: unknown) => true {
  return (error) => {
    assert.ok(error instanceof BodyFault, String(error));
    assert.match(error.message, words);
    return true;
  };
}

function isNoFault(error: unknown): true {
  assert.ok(error instanceof Error && !(error instanceof BodyFault), String(error));
  return true;
}
