/** Mail of our own, sent to the incoming queue. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { S3IncomingOutlet } from '../../functions/aws/incoming-outlet.ts';
import { isOwnObject } from '../../functions/incoming/own-objects.ts';
import type { OutgoingMail } from '../../functions/report/ports.ts';
import { parseRequest } from '../../functions/request/request.ts';
import { type EmulatedClients, startEmulatedClients } from '../support/emulated-clients.ts';
import { startHttpStub } from '../support/http-stub.ts';
import { waitUntil } from '../support/wait-until.ts';

let aws: EmulatedClients;
let outlet: S3IncomingOutlet;

before(async () => {
  aws = await startEmulatedClients();
  const { bucket, queues } = aws.emulators;
  outlet = new S3IncomingOutlet(aws.clients, { bucket, queueUrl: queues.incoming.url });
});
after(() => aws?.[Symbol.asyncDispose]());

const parcel = (given: Partial<OutgoingMail> = {}): OutgoingMail => ({
  reportId: 'r1',
  envelopeSender: '',
  recipient: 'alice@example.org',
  date: Date.UTC(2026, 10, 22, 9),
  content: Buffer.from('Subject: x\r\n\r\nx\r\n'),
  isInternational: false,
  is8Bit: false,
  ...given,
});

async function requests(count: number): Promise<readonly string[]> {
  const ready = await waitUntil('requests', () => {
    const found = aws.emulators.inspectQueue('incoming').ready;
    return found.length >= count && found;
  });
  return ready.map(({ body }) => body);
}

async function stored(key: string): Promise<string> {
  const { Body } = await aws.clients.s3.send(new GetObjectCommand({ Bucket: aws.emulators.bucket, Key: key }));
  return (await Body?.transformToString()) ?? '';
}

test('a mail is stored, then its delivery is requested; a repetition changes nothing', async () => {
  await outlet.send(parcel());
  await outlet.send(parcel());
  const [first = '', second] = await requests(2);
  assert.equal(first, second);
  const rules = { allowFiles: false, defaultPort: 24, now: Date.now() + 1e12 };
  const request = parseRequest(first, rules);
  assert.deepEqual(request, {
    id: 'r1',
    arrival: Date.UTC(2026, 10, 22, 9),
    sender: '',
    recipients: [{ address: 'alice@example.org' }],
    message: { bucket: aws.emulators.bucket, key: 'reports/r1.eml' },
    body: '7BIT',
  });
  assert.ok(isOwnObject('reports/r1.eml'), 'it is not mistaken for received mail');
  assert.equal(await stored('reports/r1.eml'), String(parcel().content));
});

test('a stored mail is not overwritten, because its request may have been admitted; the request is sent again', async () => {
  // The emulator does not know If-None-Match on a PUT.
  const seen: unknown[] = [];
  await using stub = await startHttpStub((request, response) => {
    seen.push(request.headers['if-none-match']);
    request.resume().on('end', () => response.writeHead(412).end('<Error><Code>PreconditionFailed</Code></Error>'));
  });
  const s3 = new S3Client({ endpoint: stub.url, forcePathStyle: true, region: 'us-east-1' });
  const { bucket, queues } = aws.emulators;
  const careful = new S3IncomingOutlet({ s3, sqs: aws.clients.sqs }, { bucket, queueUrl: queues.incoming.url });
  await careful.send(parcel({ reportId: 'r2' }));
  s3.destroy();
  assert.deepEqual(seen, ['*']);
  assert.ok((await requests(3)).some((body) => JSON.parse(body).id === 'r2'));
});

test('the request declares 8-bit content and addresses beyond ASCII', async () => {
  await outlet.send(parcel({ reportId: 'r3', is8Bit: true, isInternational: true }));
  const body = (await requests(4)).map((each) => JSON.parse(each)).find(({ id }) => id === 'r3');
  assert.partialDeepStrictEqual(body, { body: '8BITMIME', smtputf8: true });
});

test('a missing bucket is an error: the event stays in its queue', async () => {
  const { queues } = aws.emulators;
  const lost = new S3IncomingOutlet(aws.clients, { bucket: 'lost', queueUrl: queues.incoming.url });
  await assert.rejects(lost.send(parcel({ reportId: 'r4' })), { name: /NoSuchBucket/ });
});
