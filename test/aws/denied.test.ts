/**
 * Permissions, keys, limits and services fail and recover: whatever AWS replies meanwhile, no mail becomes
 * corrupt because of it.
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

/** S3 errors: status and code. */
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

/** DynamoDB errors: status and code. */
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

/** SQS errors: status and code. */
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

/** Reads the body, as a session does. */
const deliver: Deliver = async ({ recipients }, { message }) => {
  for await (const chunk of message.open()) assert.ok(chunk.length > 0);
  return { verdicts: recipients.map(() => ({ status: 'sent', dsn: '2.0.0', text: 'ok', setUp: 0, transfer: 0 })) };
};

/** The steps of the queue that can mark something corrupt. */
const steps = {
  'a request is admitted': (services, { admission }) =>
    admit({ messageId: 'm', body: request, sent: 1 }, admission, services),
  'an object is admitted': (services, { admission }) =>
    admit({ messageId: 'm', body: objectCreated, sent: 1 }, admission, services),
  'a delivery falls due': (services, { deferred }) => activate(deferred, services),
  'a small message is delivered': (services, { small }) => work(small, services, deliver, deadline),
  'a large message is delivered': (services, { large }) => work(large, services, deliver, deadline),
  'a dead letter is read': (services, { small }) =>
    handleDeadLetter({ messageId: 'm', body: formatWakeUp(small), received: 10 }, services),
} as const satisfies Readonly<Record<string, (services: QueueServices, given: Given) => Promise<unknown>>>;

interface Given {
  readonly admission: Admission;
  readonly deferred: DeliveryItem;
  readonly small: DeliveryItem;
  readonly large: DeliveryItem;
}

/** Deliveries in the table, and the settings of admission. */
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
    contents: services.bodies,
  };
  return { admission, small, large, deferred };
}

/** An AWS that gives every request the same reply. */
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

/** Checks that nothing was filed as corrupt, and that no delivery in the table is corrupt. */
function checkNothingCorrupt({ notices, ledger }: CapturingServices): void {
  assert.deepEqual(notices, []);
  for (const { state } of ledger.items) assert.notEqual(state, 'corrupt');
}

for (const [step, take] of Object.entries(steps)) {
  describe(`when ${step}, nothing becomes corrupt`, () => {
    for (const [status, code] of s3Faults) {
      test(`although S3 says ${status} ${code}`, async () => {
        const captured = captureServices({ allow_local_destinations: 'yes' });
        const given = await prepare(captured);
        await using aws = await startFailing(status, 'application/xml', xml(code));
        const admission = { ...given.admission, objects: new S3ObjectMetadata(aws.s3) };
        const services = { ...captured, bodies: new S3Bodies(aws.s3) };
        // A request stays in its queue; a delivery is retried.
        const isAdmitted = step.endsWith('admitted');
        const taking = take(services, { ...given, admission });
        if (isAdmitted) await assert.rejects(taking);
        else await taking;
        checkNothingCorrupt(captured);
        const tried = captured.lines.map(({ status }) => status);
        if (step.endsWith('message is delivered')) assert.deepEqual(tried, ['deferred']);
      });
    }

    for (const [status, code] of tableFaults) {
      test(`although DynamoDB says ${status} ${code}`, async () => {
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

describe('a corrupt request or delivery stays where it is while filing it fails:', () => {
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
