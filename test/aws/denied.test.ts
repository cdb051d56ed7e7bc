/**
 * Rights, keys, limits and services fail, and are mended: whatever AWS says then, no mail lands among the corrupt because of it.
 */
import assert from 'node:assert/strict';
import type { RequestListener } from 'node:http';
import { describe, test } from 'node:test';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { S3Client } from '@aws-sdk/client-s3';
import { SQSClient } from '@aws-sdk/client-sqs';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { DynamoDbLedger } from '../../functions/aws/dynamodb-ledger.ts';
import { S3Bodies } from '../../functions/aws/s3-bodies.ts';
import { S3CorruptQueue } from '../../functions/aws/s3-corrupt-queue.ts';
import { S3ObjectMetadata } from '../../functions/aws/s3-object-metadata.ts';
import { activate } from '../../functions/queue/admission/activate.ts';
import { type Admission, admit } from '../../functions/queue/admission/admit.ts';
import type { QueueServices } from '../../functions/queue/destinations/services.ts';
import type { DeliveryItem } from '../../functions/queue/items/item.ts';
import { formatWakeUp } from '../../functions/queue/items/messages.ts';
import { handleDeadLetter } from '../../functions/queue/settlement/dead-letters.ts';
import { type Deliver, work } from '../../functions/queue/work/worker.ts';
import { parseTransportMap } from '../../functions/request/transport-map.ts';
import { type CapturingServices, captureServices } from '../support/capturing-services.ts';
import { makeItem } from '../support/delivery-item.ts';
import { startHttpStub } from '../support/http-stub.ts';

const destination = 'inet:[127.0.0.1]:24';

/** What S3 says in XML: status and code. */
const s3Faults = [
  [403, 'AccessDenied'],
  [403, 'KMS.AccessDeniedException'],
  [400, 'KMS.DisabledException'],
  [400, 'KMS.KMSInvalidStateException'],
  [400, 'KMS.NotFoundException'],
  [400, 'InvalidArgument'],
  [400, 'ExpiredToken'],
  [403, 'InvalidAccessKeyId'],
  [503, 'SlowDown'],
  [503, 'ServiceUnavailable'],
  [500, 'InternalError'],
] as const;

/** What DynamoDB says in JSON. */
const tableFaults = [
  [400, 'AccessDeniedException'],
  [400, 'KMSAccessDeniedException'],
  [400, 'KMSDisabledException'],
  [400, 'ResourceNotFoundException'],
  [400, 'ProvisionedThroughputExceededException'],
  [400, 'ThrottlingException'],
  [400, 'ExpiredTokenException'],
  [500, 'InternalServerError'],
] as const;

/** What SQS says in JSON. */
const queueFaults = [
  [400, 'AccessDeniedException'],
  [400, 'KmsAccessDenied'],
  [400, 'KmsDisabled'],
  [400, 'KmsThrottled'],
  [400, 'QueueDoesNotExist'],
  [500, 'InternalFailure'],
] as const;

const request = JSON.stringify({
  version: 1,
  id: '4bXq1',
  sender: 'alice@example.org',
  recipients: ['bob@example.com'],
  message: { bucket: 'messages', key: 'in/a.eml' },
});

const objectCreated = JSON.stringify({
  Records: [
    {
      eventVersion: '2.1',
      eventSource: 'aws:s3',
      eventTime: '2026-11-22T08:00:00.000Z',
      eventName: 'ObjectCreated:Put',
      s3: {
        s3SchemaVersion: '1.0',
        bucket: { name: 'messages' },
        object: { key: 'in/a.eml', versionId: 'v1', eTag: 'e', sequencer: '0055AED6DCD90281E5' },
      },
    },
  ],
});

const deadline = { left: () => 60_000, whole: 60_000 };

/** Whoever gets as far as this reads the body, as a session does. */
const deliver: Deliver = async ({ recipients }, { message }) => {
  for await (const chunk of message.open()) assert.ok(chunk.length > 0);
  return { verdicts: recipients.map(() => ({ status: 'sent', dsn: '2.0.0', text: 'ok', setUp: 0, transfer: 0 })) };
};

/** The steps of the queue that may put something among the corrupt. */
const steps = {
  'a request is taken in': (services, { admission }) =>
    admit({ messageId: 'm', body: request, sent: 1 }, admission, services),
  'an object is taken in': (services, { admission }) =>
    admit({ messageId: 'm', body: objectCreated, sent: 1 }, admission, services),
  'a delivery falls due': (services, { deferred }) => activate(deferred, services),
  'a small message is delivered': (services, { small }) => work(small, services, deliver, deadline),
  'a large message is delivered': (services, { large }) => work(large, services, deliver, deadline),
  'a dead letter is taken up': (services, { small }) =>
    handleDeadLetter({ messageId: 'm', body: formatWakeUp(small), received: 10 }, services),
} as const satisfies Readonly<Record<string, (services: QueueServices, given: Given) => Promise<unknown>>>;

interface Given {
  readonly admission: Admission;
  readonly deferred: DeliveryItem;
  readonly small: DeliveryItem;
  readonly large: DeliveryItem;
}

/** Deliveries in the table, and how requests are let in. */
async function prepare(services: CapturingServices): Promise<Given> {
  const message = { bucket: 'messages', key: 'in/a.eml', versionId: 'v1', etag: '"e"' };
  const small = makeItem({ destination, arrival: services.clock.wall, message: { ...message, size: 10 } });
  const large = makeItem({ destination, arrival: services.clock.wall, message: { ...message, size: 2_000_000 } });
  const deferred = makeItem({ destination, state: 'deferred' });
  for (const item of [small, large, deferred]) await services.ledger.admit(item);
  services.bodies.put('in/a.eml', 'Subject: x\r\n\r\nhello\r\n');
  const admission: Admission = {
    transportMap: parseTransportMap(`* lmtp:${destination}`, 'lmtp', 24),
    allowedDestinations: new Set(),
    allowedBuckets: new Set(['messages']),
    messageBucket: 'messages',
    objects: services.bodies,
  };
  return { admission, small, large, deferred };
}

/** An AWS that says the same to everybody. */
async function startFailing(status: number, contentType: string, body: string) {
  const answer: RequestListener = ({ method }, response) => {
    response.writeHead(status, { 'content-type': contentType, 'x-amzn-requestid': 'r' });
    response.end(method === 'HEAD' ? '' : body);
  };
  const stub = await startHttpStub(answer);
  const options = {
    region: 'us-east-1',
    endpoint: stub.url,
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    maxAttempts: 1,
  };
  return {
    s3: new S3Client({ ...options, forcePathStyle: true }),
    sqs: new SQSClient(options),
    table: DynamoDBDocumentClient.from(new DynamoDBClient(options)),
    [Symbol.asyncDispose]: () => stub[Symbol.asyncDispose](),
  };
}

const xml = (code: string) => `<Error><Code>${code}</Code><Message>it cannot be done</Message></Error>`;
const json = (code: string) => JSON.stringify({ __type: `com.amazonaws#${code}`, message: 'it cannot be done' });

/** Nothing was filed, and what is in the table lives. */
function checkNothingCorrupt({ notices, ledger }: CapturingServices): void {
  assert.deepEqual(notices, []);
  for (const { state } of ledger.items) assert.notEqual(state, 'corrupt');
}

for (const [step, take] of Object.entries(steps)) {
  describe(`${step},`, () => {
    for (const [status, code] of s3Faults) {
      test(`and S3 says ${status} ${code}`, async () => {
        const captured = captureServices({ allow_local_destinations: 'yes' });
        const given = await prepare(captured);
        await using aws = await startFailing(status, 'application/xml', xml(code));
        const admission = { ...given.admission, objects: new S3ObjectMetadata(aws.s3) };
        const services = { ...captured, bodies: new S3Bodies(aws.s3) };
        // A request stays in its queue; a delivery is tried again.
        const isTakenIn = step.endsWith('taken in');
        const taking = take(services, { ...given, admission });
        if (isTakenIn) await assert.rejects(taking);
        else await taking;
        checkNothingCorrupt(captured);
        const tried = captured.lines.map(({ status }) => status);
        if (step.endsWith('message is delivered')) assert.deepEqual(tried, ['deferred']);
      });
    }

    for (const [status, code] of tableFaults) {
      test(`and DynamoDB says ${status} ${code}`, async () => {
        const captured = captureServices({ allow_local_destinations: 'yes' });
        const given = await prepare(captured);
        await using aws = await startFailing(status, 'application/x-amz-json-1.0', json(code));
        await assert.rejects(take({ ...captured, ledger: new DynamoDbLedger(aws.table, 'queue') }, given));
        checkNothingCorrupt(captured);
        assert.deepEqual(captured.lines, []);
      });
    }
  });
}

describe('what is corrupt indeed stays where it is while it cannot be filed:', () => {
  const places = { bucket: 'messages', table: 'queue', queueUrl: 'http://127.0.0.1/queue' };
  const faults = [
    ...s3Faults.map(([status, code]) => ['S3', status, code, 'application/xml', xml(code)] as const),
    ...queueFaults.map(([status, code]) => ['SQS', status, code, 'application/x-amz-json-1.0', json(code)] as const),
  ];
  for (const [service, status, code, contentType, body] of faults) {
    test(`${service} says ${status} ${code}`, async () => {
      const captured = captureServices({ allow_local_destinations: 'yes' });
      const { small, admission } = await prepare(captured);
      await using aws = await startFailing(status, contentType, body);
      const send = async () => ({});
      const works = { send } as unknown;
      const clients = {
        s3: service === 'S3' ? aws.s3 : (works as S3Client),
        sqs: service === 'SQS' ? aws.sqs : (works as SQSClient),
        table: works as DynamoDBDocumentClient,
      };
      const services = { ...captured, corrupt: new S3CorruptQueue(clients, places) };
      captured.bodies.remove('in/a.eml');
      await assert.rejects(work(small, services, deliver, deadline));
      await assert.rejects(admit({ messageId: 'm', body: '{"version":1}', sent: 1 }, admission, services));
      checkNothingCorrupt(captured);
    });
  }
});
